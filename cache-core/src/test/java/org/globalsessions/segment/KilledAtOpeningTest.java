package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.globalsessions.segment.SteppedOpening.Stop;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A process killed or stopped before each line that is a step of creating, attaching, carrying time over a boot or claiming a
 * slot: the next one gets a whole segment, and nothing of the first stays behind.
 */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KilledAtOpeningTest {
    private static final Duration SHORT = Duration.ofMillis(150);

    private ReadyVictims<SteppedJvm> victims;
    private SteppedJvm stopped;

    @TempDir
    Path folder;

    private Path file;

    @BeforeAll
    void startVictims() throws Exception {
        victims = new ReadyVictims<>(SteppedJvm::start, Math.toIntExact(stops().count()), 3);
        stopped = SteppedJvm.start();
    }

    @AfterAll
    void endVictims() throws Exception {
        victims.close();
        stopped.close();
    }

    @BeforeEach
    void nameFile() throws IOException {
        FileTree.empty(folder);
        file = folder.toRealPath().resolve("segment");
    }

    static Stream<Stop> stops() throws Exception {
        return SteppedOpening.stops();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stops")
    void shouldGiveTheNextProcessAWholeSegmentWhenOneIsKilledWhileItOpensIt(Stop stop) throws Exception {
        stop.opening().prepare(file);
        long lastTick = tickInFile();
        try (SteppedJvm victim = victims.take()) {
            victim.runUntil(stop.marker(), SteppedOpening.command(file));
            victim.child().kill();
        }
        assertThat(Files.exists(file)).as("has its name").isEqualTo(stop.isCreated());
        if (stop.isCreated()) {
            assertThat(SegmentInspector.open(file).check().isWhole()).isTrue();
        }
        try (SharedLru next = SharedLru.open(SteppedOperation.standalone(file))) {
            checkTime(next, lastTick);
            checkUse(next);
            awaitNoSlotButOf(next);
            assertThat(SegmentInspector.open(file).processes())
                    .extracting(process -> (long) process.pid())
                    .containsExactly(ProcessHandle.current().pid());
            SegmentWholeness.check(next);
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(Path::getFileName).map(Path::toString))
                    .containsExactlyInAnyOrder("segment", "segment.lock", "segment.slots");
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stops")
    void shouldLetOthersAttachOrTellThemWhatTheyWaitForWhenOneIsStoppedWhileItOpensIt(Stop stop) throws Exception {
        stop.opening().prepare(file);
        long lastTick = tickInFile();
        boolean done = false;
        try {
            stopped.runUntil(stop.marker(), SteppedOpening.command(file));
            stopped.child().stop();
            if (stop.holdsLock()) {
                assertThatThrownBy(() ->
                                SharedLru.open(SteppedOperation.standalone(file).attachTimeout(SHORT)))
                        .isInstanceOf(SegmentException.class)
                        .hasMessageContaining("attach_timeout is over: another process has kept the creation lock");
                AttachedSlot slot = goOn(stopped);
                try (SharedLru next = SharedLru.open(SteppedOperation.standalone(file))) {
                    checkBeside(next, stopped, slot, lastTick);
                }
            } else {
                try (SharedLru next = SharedLru.open(SteppedOperation.standalone(file))) {
                    // Whoever has only taken a slot's word is found dead, and its slot is given out again.
                    next.sweep(0, next.bucketCount());
                    AttachedSlot slot = goOn(stopped);
                    checkBeside(next, stopped, slot, lastTick);
                }
            }
            done = true;
        } finally {
            if (!done) {
                // A case that fails leaves its process where it is: the next one gets another.
                stopped.close();
                stopped = SteppedJvm.start();
            }
        }
    }

    private static AttachedSlot goOn(SteppedJvm stopped) throws Exception {
        stopped.child().goOn();
        stopped.resume();
        return AttachedSlot.of(stopped.child().answer());
    }

    /** Both have the same segment, each a slot of its own that stays its own. */
    private static void checkBeside(SharedLru next, SteppedJvm other, AttachedSlot slot, long lastTick)
            throws Exception {
        checkTime(next, lastTick);
        checkUse(next);
        assertThat(other.child().ask("get\t" + SteppedOperation.KEY)).isEqualTo("found");
        assertThat(slot.number()).isNotEqualTo(next.file().slot());
        awaitNoSlotButOf(next, slot.number());
        assertThat(next.file().isDead(slot.number(), slot.incarnation())).isFalse();
        assertThat(other.child().ask("close")).isEqualTo("closed");
        SegmentWholeness.check(next);
    }

    private long tickInFile() throws IOException {
        if (!Files.exists(file)) {
            return 0;
        }
        return SegmentInspector.open(file).tick();
    }

    /** Time goes on from where it was, and neither stands still nor leaps. */
    private static void checkTime(SharedLru lru, long lastTick) {
        if (lastTick > 0) {
            assertThat(lru.file().tick()).isBetween(lastTick, lastTick + SteppedOpening.BOOT_TICKS / 2);
        }
        WorkForSweep.awaitTicks(lru, 2);
    }

    private static void checkUse(SharedLru lru) {
        assertThat(SteppedOperation.get(lru)).isNull();
        assertThat(SteppedOperation.set(lru, SteppedOperation.KEY, SteppedOperation.NEXT)
                        .status())
                .isEqualTo(WriteOutcome.Status.STORED);
        assertThat(SteppedOperation.get(lru)).isEqualTo(SteppedOperation.NEXT);
    }

    private static void awaitNoSlotButOf(SharedLru lru, int... others) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(1))
                .until(() -> {
                    lru.sweep(0, lru.bucketCount());
                    return takenSlots(lru) == 1 + others.length;
                });
    }

    private static int takenSlots(SharedLru lru) {
        int taken = 0;
        for (int slot = 0; slot < SegmentDescriptor.SLOT_COUNT; slot++) {
            long word = (long) Words.LONG.getVolatile(lru.file().header(), ProcessTable.base(slot));
            taken += ProcessTable.state(word) == ProcessTable.FREE ? 0 : 1;
        }
        return taken;
    }
}
