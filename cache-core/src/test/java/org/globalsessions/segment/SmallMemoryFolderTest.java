package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real memory file system of 64 MB, which is what a container gets as /dev/shm: needs the right to mount. */
class SmallMemoryFolderTest {
    private static final long SIZE = 64L << 20;

    @TempDir
    private Path folder;

    private SmallMemoryFolder memory;
    private Path mounted;

    @BeforeEach
    void mount() throws Exception {
        memory = SmallMemoryFolder.mount(folder, SIZE);
        mounted = memory.path();
    }

    @AfterEach
    void unmount() throws Exception {
        if (memory != null) {
            memory.close();
        }
    }

    @Test
    void shouldRefuseAtCreationWithAskedAndFreeBytesWhenTheSegmentDoesNotFit() throws Exception {
        SegmentSettings settings = new SegmentSettings(mounted.resolve("one.segment")).elCount(300_000);
        assertThatThrownBy(() -> SharedLru.open(settings))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("asked=" + settings.fileLength() + " bytes, free=" + SIZE + " bytes, folder="
                        + mounted.toRealPath());
        try (Stream<Path> left = Files.list(mounted)) {
            assertThat(left.map(Path::getFileName).map(Path::toString)).allMatch(name -> name.endsWith(".lock"));
        }
    }

    @Test
    void shouldHoldAsManySessionsAsItSaysWhenTheSegmentFitsJustSo() throws Exception {
        int elCount = 100_000;
        SegmentSettings settings = new SegmentSettings(mounted.resolve("one.segment")).elCount(elCount);
        assertThat(settings.fileLength()).isBetween(SIZE * 3 / 4, SIZE - 1_000_000);
        try (SharedLru lru = SharedLru.open(settings)) {
            WriteOutcome outcome = new WriteOutcome();
            byte[] value = new byte[300];
            for (int i = 0; i < elCount; i++) {
                lru.set(lru.encode("key-" + i), value, 0, value.length, 0, null, false, outcome);
            }
            assertThat(lru.size()).isEqualTo(elCount);
            assertThat(Files.getFileStore(mounted).getUsableSpace()).isLessThan(SIZE - settings.fileLength() + 1);
        }
    }
}
