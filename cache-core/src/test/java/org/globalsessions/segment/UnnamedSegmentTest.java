package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A segment for one opening alone. */
class UnnamedSegmentTest {
    @TempDir
    Path folder;

    private SegmentSettings settings() {
        return new SegmentSettings(folder.resolve("segment")).elCount(100).unnamed(true);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static void set(SharedLru lru, String key, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        lru.set(lru.encode(key), bytes, 0, bytes.length, 0, null, false, new WriteOutcome());
    }

    private static String get(SharedLru lru, String key) {
        byte[] value = lru.get(lru.encode(key));
        return value == null ? null : new String(value, StandardCharsets.UTF_8);
    }

    @Test
    void shouldShareNothingAndLeaveNothingWhenASegmentIsUnnamed() throws IOException {
        try (SharedLru one = SharedLru.open(settings());
                SharedLru other = SharedLru.open(
                        settings().role(SegmentSettings.Role.HOST).relays(1, 2))) {
            assertThat(names()).isEmpty();
            set(one, "k", "ones");
            assertThat(get(other, "k")).isNull();
            set(other, "k", "others");
            one.sweep(0, one.bucketCount());
            assertThat(get(one, "k")).isEqualTo("ones");
            assertThat(get(other, "k")).isEqualTo("others");
            assertThat(names()).isEmpty();
        }
        assertThat(names()).isEmpty();
    }

    @Test
    void shouldTakeAwayWhatAKilledProcessHasLeftButNothingYoungOrOfAnotherKind() throws IOException {
        Instant longAgo = Instant.now().minus(Duration.ofMinutes(11));
        String name = "passing-00000000-0000-0000-0000-00000000000%d.segment";
        Path old = Files.write(folder.resolve(name.formatted(1)), new byte[10]);
        Path slots = Files.createDirectory(folder.resolve(name.formatted(1) + ".slots"));
        Files.createFile(slots.resolve("000"));
        Files.write(folder.resolve(name.formatted(2)), new byte[10]);
        Path users = Files.write(folder.resolve("passing-thoughts"), new byte[10]);
        Path shared = Files.write(folder.resolve("shared.segment"), new byte[10]);
        for (Path file : List.of(old, slots, users, shared)) {
            Files.setLastModifiedTime(file, FileTime.from(longAgo));
        }

        SharedLru.open(settings()).close();

        assertThat(names()).containsExactly(name.formatted(2), "passing-thoughts", "shared.segment");
    }

    @Test
    void shouldLeaveNothingWhenTheOpeningFails() throws IOException {
        SegmentSettings tooLarge = settings().elCount(16_000_000).recordSize(65_536);
        assertThatThrownBy(() -> SharedLru.open(tooLarge)).hasMessageContaining("no room for the segment");
        assertThat(names()).isEmpty();
    }
}
