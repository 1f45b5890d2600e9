package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.globalsessions.segment.SteppedOperation.Shown;
import org.globalsessions.segment.SteppedOperation.Stop;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A process killed with SIGKILL before each line that is a step of {@code LAYOUT.md}: what others see then, how soon they write,
 * and what the sweep makes of it.
 */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KilledAtStepTest {
    private final Waits waits = new Waits("next writer after a kill");
    private ReadyVictims<SteppedJvm> victims;
    private SteppedJvm holder;

    @TempDir
    Path folder;

    @BeforeAll
    void startVictims() throws Exception {
        int total = Math.toIntExact(stops().count() + writes().count());
        victims = new ReadyVictims<>(SteppedJvm::start, total, 3);
        holder = SteppedJvm.start();
        Waits.warmUp();
    }

    @AfterAll
    void endVictims() throws Exception {
        holder.close();
        victims.close();
        waits.check();
    }

    static Stream<Stop> stops() throws Exception {
        return SteppedOperation.stops();
    }

    /** Those that change most; the others leave what these leave. */
    static Stream<Stop> writes() throws Exception {
        return stops().filter(stop -> List.of(
                        SteppedOperation.SET_OVER, SteppedOperation.SET_LARGE_OVER, SteppedOperation.DELETE)
                .contains(stop.operation()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stops")
    void shouldShowAWholeEntryAndTakeTheNextWriteWhenAProcessIsKilled(Stop stop) throws Exception {
        Path file = folder.resolve("segment");
        SteppedOperation operation = stop.operation();
        try (SharedLru lru = SharedLru.open(SteppedOperation.settings(file));
                SteppedJvm victim = victims.take()) {
            operation.prepare(lru, holder);
            AttachedSlot slot = victim.open(file);
            victim.runUntil(stop.marker(), operation.command(lru));
            victim.child().killWithoutWaiting();

            assertThat(SteppedOperation.get(lru)).isIn(shown(stop));
            if (stop.shown() == Shown.BEFORE) {
                assertThat(SteppedOperation.get(lru)).isEqualTo(operation.before());
            }
            waits.timed(() -> assertThat(SteppedOperation.set(lru, SteppedOperation.KEY, SteppedOperation.NEXT)
                            .status())
                    .isEqualTo(WriteOutcome.Status.STORED));
            assertThat(SteppedOperation.get(lru)).isEqualTo(SteppedOperation.NEXT);
            String last = SteppedOperation.NEXT;
            if (operation.isOfTwo()) {
                SteppedOperation.finish(holder);
                last = SteppedOperation.HELD;
            }
            slot.sweepUntilFree(lru);
            assertThat(SteppedOperation.get(lru)).isEqualTo(last);
            SegmentWholeness.check(lru);
        } finally {
            FileTree.empty(folder);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("writes")
    void shouldLeaveOneWholeEntryOrNoneWhenOnlyTheSweepFollows(Stop stop) throws Exception {
        Path file = folder.resolve("segment");
        try (SharedLru lru = SharedLru.open(SteppedOperation.settings(file));
                SteppedJvm victim = victims.take()) {
            stop.operation().prepare(lru, holder);
            AttachedSlot slot = victim.open(file);
            victim.runUntil(stop.marker(), stop.operation().command(lru));
            victim.child().killWithoutWaiting();
            slot.sweepUntilFree(lru);
            assertThat(SteppedOperation.get(lru)).isIn(shown(stop));
            if (stop.shown() == Shown.AFTER) {
                assertThat(SteppedOperation.get(lru)).isEqualTo(stop.operation().after());
            }
            SegmentWholeness.check(lru);
            try (SharedLru next = SharedLru.open(SteppedOperation.settings(file))) {
                assertThat(next.file().slot()).as("the dead one's slot").isEqualTo(slot.number());
            }
        } finally {
            FileTree.empty(folder);
        }
    }

    /** What may be there: the acknowledged value, or the one on its way. */
    private static Object[] shown(Stop stop) {
        String before = stop.operation().before();
        String after = stop.operation().after();
        return switch (stop.shown()) {
            case BEFORE -> new Object[] {before};
            case EITHER -> new Object[] {before, after};
            // A delete that is not applied yet shows the entry until somebody does.
            case AFTER -> after == null ? new Object[] {before, null} : new Object[] {after};
        };
    }
}
