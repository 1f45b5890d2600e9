package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Creation and attachment: of one process, of two at the same moment, and of two copies in one process. */
class SegmentFileTest {
    @TempDir
    private Path folder;

    private SegmentSettings settings() {
        return new SegmentSettings(folder.resolve("made/one.segment")).elCount(1_000);
    }

    @Test
    void shouldHaveWholeFileOfItsUserAloneWhenCreated() throws IOException {
        try (SegmentFile segment = SegmentFile.open(settings())) {
            SegmentGeometry geometry = SegmentGeometry.of(settings());
            assertThat(Files.size(segment.path())).isEqualTo(geometry.fileLength());
            // Written, not a hole: as many blocks as bytes.
            long blocks = Long.parseLong(run("stat", "-c", "%b", segment.path().toString()));
            assertThat(blocks * 512).isGreaterThanOrEqualTo(geometry.fileLength());
            assertThat(mode(segment.path())).isEqualTo("rw-------");
            assertThat(mode(segment.path().getParent())).isEqualTo("rwx------");
            assertThat(mode(LivenessLocks.folderOf(segment.path()))).isEqualTo("rwx------");
            assertThat(mode(LivenessLocks.fileOf(segment.path(), segment.slot())))
                    .isEqualTo("rw-------");
            assertThat(segment.path().resolveSibling("one.segment.creating")).doesNotExist();
            assertThat(segment.origin()).isPositive();
            assertThat(segment.bucketCount()).isEqualTo(76);
            assertThat(segment.incarnation()).isPositive();
        }
    }

    @Test
    void shouldKeepIdentityAndGiveSlotsWhenAttachedTwiceInOneProcess() throws Exception {
        try (SegmentFile first = SegmentFile.open(settings());
                SegmentFile second = SegmentFile.open(settings().initializer(false))) {
            assertThat(second.identityHigh()).isEqualTo(first.identityHigh());
            assertThat(second.slot()).isNotEqualTo(first.slot());
            // Each looks at the other's slot; neither may lose its lock by that, as a third process sees.
            assertThat(first.isDead(second.slot(), second.incarnation())).isFalse();
            assertThat(second.isDead(first.slot(), first.incarnation())).isFalse();
            try (ChildJvm child = child(false)) {
                child.ask("open");
                assertThat(child.ask("dead " + first.slot() + " " + first.incarnation()))
                        .isEqualTo("false");
                assertThat(child.ask("dead " + second.slot() + " " + second.incarnation()))
                        .isEqualTo("false");
            }
        }
    }

    @Test
    void shouldGiveFreedSlotAgainWithNextIncarnationWhenClosed() throws IOException {
        SegmentFile first = SegmentFile.open(settings());
        int incarnation = first.incarnation();
        first.close();
        first.close();
        try (SegmentFile second = SegmentFile.open(settings())) {
            assertThat(second.slot()).isEqualTo(first.slot());
            assertThat(second.incarnation()).isEqualTo(incarnation + 1);
            assertThat(second.isDead(first.slot(), incarnation)).isTrue();
        }
    }

    @Test
    void shouldAllAttachToOneSegmentWhenProcessesCreateItAtTheSameMoment() throws Exception {
        List<ChildJvm> children = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                children.add(child(i != 3));
            }
            children.forEach(child -> child.send("open"));
            List<String> slots = new ArrayList<>();
            List<String> identities = new ArrayList<>();
            for (ChildJvm child : children) {
                String[] answer = child.answer().split(" ", -1);
                slots.add(answer[0]);
                identities.add(answer[2]);
            }
            assertThat(slots).doesNotHaveDuplicates();
            assertThat(identities).containsOnly(identities.get(0));
            for (ChildJvm child : children) {
                assertThat(child.end()).isZero();
                assertThat(child.errors()).as("standard error without any flag").isEmpty();
            }
        } finally {
            for (ChildJvm child : children) {
                child.close();
            }
        }
    }

    private ChildJvm child(boolean initializer) throws IOException, InterruptedException {
        return ChildJvm.start(AttachedChild.class, settings().file().toString(), "1000", Boolean.toString(initializer));
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private static String run(String... command) throws IOException {
        return new String(new ProcessBuilder(command).start().getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .strip();
    }
}
