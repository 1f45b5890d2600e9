package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Set;
import org.globalsessions.segment.SegmentInspector.AttachedProcess;
import org.globalsessions.segment.SegmentInspector.ProcessState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Attach slots: the kernel tells who is dead, and a dead one's slot waits until it is freed. */
class ProcessTableTest {
    @TempDir
    private Path folder;

    private SegmentSettings settings() {
        return new SegmentSettings(folder.resolve("one.segment")).elCount(100);
    }

    private ChildJvm child() throws IOException, InterruptedException {
        return ChildJvm.start(AttachedChild.class, settings().file().toString(), "100", "false");
    }

    @Test
    void shouldGiveSlotOutOnlyAfterItWasFreedWhenItsProcessWasKilled() throws Exception {
        try (SegmentFile survivor = SegmentFile.open(settings());
                ChildJvm child = child()) {
            String[] answer = child.ask("open").split(" ", -1);
            int slot = Integer.parseInt(answer[0]);
            int incarnation = Integer.parseInt(answer[1]);
            assertThat(survivor.isDead(slot, incarnation)).isFalse();
            assertThat(survivor.deadIncarnation(slot)).isZero();

            child.kill();
            await().atMost(Duration.ofSeconds(5)).until(() -> survivor.isDead(slot, incarnation));
            try (SegmentFile other = SegmentFile.open(settings())) {
                assertThat(other.slot()).as("not yet freed").isNotEqualTo(slot);
            }
            survivor.freeDeadSlot(slot, incarnation + 1);
            assertThat(survivor.deadIncarnation(slot))
                    .as("another incarnation was named")
                    .isEqualTo(incarnation);
            survivor.freeDeadSlot(slot, incarnation);
            try (SegmentFile next = SegmentFile.open(settings())) {
                assertThat(next.slot()).isEqualTo(slot);
                assertThat(next.incarnation()).isEqualTo(incarnation + 1);
                assertThat(survivor.isDead(slot, incarnation))
                        .as("the old incarnation stays dead")
                        .isTrue();
                assertThat(survivor.isDead(slot, incarnation + 1)).isFalse();
            }
        }
    }

    @Test
    void shouldShowProcessesWithTheirStatesWhenReadByFileAlone() throws Exception {
        try (SegmentFile survivor = SegmentFile.open(settings());
                ChildJvm living = child();
                ChildJvm killed = child()) {
            living.ask("open");
            int deadSlot = Integer.parseInt(killed.ask("open").split(" ", -1)[0]);
            SegmentInspector inspector = SegmentInspector.open(settings().file());
            killed.kill();
            await().atMost(Duration.ofSeconds(5))
                    .until(() -> inspector.processes().get(deadSlot).state() == ProcessState.DEAD);
            assertThat(inspector.processes())
                    .extracting(AttachedProcess::pid, AttachedProcess::state)
                    .containsExactly(
                            tuple((int) ProcessHandle.current().pid(), ProcessState.ALIVE),
                            tuple((int) living.pid(), ProcessState.ALIVE),
                            tuple((int) killed.pid(), ProcessState.DEAD));
            // The look must not have cost this process its own lock, as another process sees.
            assertThat(living.ask("dead " + survivor.slot() + " " + survivor.incarnation()))
                    .isEqualTo("false");
        }
    }

    @Test
    void shouldTakeOldestIncarnationsSlotWhenAllAreDeadAndNobodySweeps() throws IOException {
        SegmentFile.open(settings()).close();
        setAllSlots(ProcessTable.word(ProcessTable.DEAD, 9, 4711));
        try (SegmentFile segment = SegmentFile.open(settings())) {
            assertThat(segment.incarnation()).isEqualTo(10);
            assertThat(segment.isDead(segment.slot(), 9)).isTrue();
            assertThat(segment.deadIncarnation(200)).isEqualTo(9);
        }
    }

    @Test
    void shouldRefuseWhenNoSlotIsFree() throws IOException {
        SegmentFile.open(settings()).close();
        ProcessIdentity self = ProcessIdentity.current();
        // Slots of this process are alive by definition, without a look at their lock files.
        setAllSlots(ProcessTable.word(ProcessTable.LIVE, 1, self.pid()), self);
        assertThatThrownBy(() -> SegmentFile.open(settings()))
                .isInstanceOf(SegmentException.class)
                .hasMessageContaining("slots=256, all of living processes");
    }

    @Test
    void shouldFreeSlotOfClaimerThatDiedBetweenWordAndLock() throws IOException {
        try (SegmentFile survivor = SegmentFile.open(settings())) {
            LivenessLocks locks = new LivenessLocks(survivor.path());
            locks.createFile(5);
            Words.LONG.setVolatile(
                    survivor.header(), ProcessTable.base(5), ProcessTable.word(ProcessTable.CLAIMED, 3, 1));
            assertThat(survivor.deadIncarnation(5)).isEqualTo(3);
            // Without its lock file nothing can be said of a slot: somebody has tampered with the folder.
            Words.LONG.setVolatile(survivor.header(), ProcessTable.base(6), ProcessTable.word(ProcessTable.LIVE, 3, 1));
            Files.deleteIfExists(LivenessLocks.fileOf(survivor.path(), 6));
            assertThat(survivor.isDead(6, 3)).isFalse();
            assertThat(survivor.errors().read())
                    .anySatisfy(error -> assertThat(error.text()).startsWith("liveness of a process"));
        }
    }

    @Test
    void shouldRememberProcessByPidStartAndNamespaceWhenAsked() throws IOException {
        ProcessIdentity self = ProcessIdentity.current();
        assertThat(self.pid()).isEqualTo((int) ProcessHandle.current().pid());
        assertThat(Set.of(self.startTime(), self.pidNamespace(), self.bootIdHigh(), self.bootIdLow()))
                .doesNotContain(0L);
        assertThat(ProcessIdentity.current()).isEqualTo(self);
    }

    private void setAllSlots(long word, ProcessIdentity... owner) throws IOException {
        try (FileChannel channel =
                FileChannel.open(settings().file(), Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE))) {
            SegmentMapping mapping = SegmentMapping.map(channel, SegmentGeometry.of(settings()), 1);
            for (int i = 0; i < SegmentDescriptor.SLOT_COUNT; i++) {
                int base = ProcessTable.base(i);
                for (ProcessIdentity process : owner) {
                    mapping.header().putLong(base + SegmentDescriptor.SLOT_START_TIME_OFFSET, process.startTime());
                    mapping.header()
                            .putLong(base + SegmentDescriptor.SLOT_PID_NAMESPACE_OFFSET, process.pidNamespace());
                    mapping.header().putLong(base + SegmentDescriptor.SLOT_BOOT_ID_OFFSET, process.bootIdLow());
                }
                Words.LONG.setVolatile(mapping.header(), base, word);
            }
        }
    }
}
