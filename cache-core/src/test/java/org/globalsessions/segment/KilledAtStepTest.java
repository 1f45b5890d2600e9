package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.globalsessions.segment.StepStops.Shown;
import org.globalsessions.segment.StepStops.Stop;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
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
        int total = Math.toIntExact(stops().count() + leftToSweep().count()) + 2;
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
        return StepStops.all();
    }

    static Stream<Stop> leftToSweep() throws Exception {
        return stops().filter(stop -> stop.operation().isLeftToSweep());
    }

    /** Where a lock is taken whose holder has given it up while this process waited. */
    static StepMarker lockGivenUpMeanwhile() throws IOException {
        return StepStops.markerOf("lock 1", BucketLock.class, "if (buckets.casLockWord(bucket, word, mine))");
    }

    /** Where a process frees the way that another one has set aside. */
    static StepMarker wayThatWasSetAside() throws IOException {
        return StepStops.markerOf("set 9", EntryWriter.class, "records.casState(way, aside, free)");
    }

    @Test
    void shouldGoOnWhenAProcessIsKilledThatHadWaitedForTheLock() throws Exception {
        Path file = folder.resolve("segment");
        try (SharedLru lru = SharedLru.open(SteppedOperation.standalone(file));
                SteppedJvm victim = victims.take()) {
            holder.open(file);
            holder.runUntil(StepStops.markerOf("set 9"), "set\t" + SteppedOperation.KEY + "\t" + SteppedOperation.OLD);
            AttachedSlot slot = victim.open(file);
            victim.runUntil(
                    StepStops.markerOf("lock 2", BucketLock.class, "long seen"),
                    "set\t" + SteppedOperation.KEY + "\t" + SteppedOperation.NEW);
            StepStops.finish(holder);
            victim.resumeUntil(lockGivenUpMeanwhile());
            checkAfterKill(lru, victim, slot, SteppedOperation.OLD);
        } finally {
            FileTree.empty(folder);
        }
    }

    @Test
    void shouldFreeTheWayWhenAProcessIsKilledThatFoundItSetAside() throws Exception {
        Path file = folder.resolve("segment");
        try (SharedLru lru = SharedLru.open(SteppedOperation.standalone(file));
                SteppedJvm victim = victims.take()) {
            SteppedOperation.set(lru, SteppedOperation.KEY, SteppedOperation.OLD);
            AttachedSlot slot = victim.open(file);
            victim.runUntil(StepStops.markerOf("set 9"), "set\t" + SteppedOperation.KEY + "\t" + SteppedOperation.NEW);
            SteppedOperation.set(lru, SteppedOperation.KEY, SteppedOperation.HELD);
            victim.resumeUntil(wayThatWasSetAside());
            checkAfterKill(lru, victim, slot, SteppedOperation.HELD);
        } finally {
            FileTree.empty(folder);
        }
    }

    private void checkAfterKill(SharedLru lru, SteppedJvm victim, AttachedSlot slot, String acknowledged)
            throws Exception {
        victim.child().killWithoutWaiting();
        assertThat(SteppedOperation.get(lru)).isEqualTo(acknowledged);
        waits.timed(() -> TableOperation.SET_OVER.writeNext(lru));
        slot.sweepUntilFree(lru);
        assertThat(SteppedOperation.get(lru)).isEqualTo(SteppedOperation.NEXT);
        SegmentWholeness.check(lru);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stops")
    void shouldShowAWholeEntryAndTakeTheNextWriteWhenAProcessIsKilled(Stop stop) throws Exception {
        Path file = folder.resolve("segment");
        SteppedOperation operation = stop.operation();
        try (SharedLru lru = SharedLru.open(stop.operation().settings(file));
                SteppedJvm victim = victims.take()) {
            operation.prepare(lru, holder);
            AttachedSlot slot = victim.open(stop.operation(), file);
            victim.runUntil(stop.marker(), operation.command(lru));
            victim.child().killWithoutWaiting();

            assertThat(SteppedOperation.get(lru)).isIn(stop.operation().shown(stop.shown()));
            if (stop.shown() == Shown.BEFORE) {
                assertThat(SteppedOperation.get(lru)).isEqualTo(operation.before());
            }
            waits.timed(() -> operation.writeNext(lru));
            assertThat(SteppedOperation.get(lru)).isEqualTo(SteppedOperation.NEXT);
            String last = SteppedOperation.NEXT;
            if (operation.isOfTwo()) {
                StepStops.finish(holder);
                last = SteppedOperation.HELD;
            }
            slot.sweepUntilFree(lru);
            assertThat(SteppedOperation.get(lru)).isEqualTo(last);
            stop.operation().checkWhole(lru);
        } finally {
            FileTree.empty(folder);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("leftToSweep")
    void shouldLeaveOneWholeEntryOrNoneWhenOnlyTheSweepFollows(Stop stop) throws Exception {
        Path file = folder.resolve("segment");
        try (SharedLru lru = SharedLru.open(stop.operation().settings(file));
                SteppedJvm victim = victims.take()) {
            stop.operation().prepare(lru, holder);
            AttachedSlot slot = victim.open(stop.operation(), file);
            victim.runUntil(stop.marker(), stop.operation().command(lru));
            victim.child().killWithoutWaiting();
            slot.sweepUntilFree(lru);
            assertThat(SteppedOperation.get(lru)).isIn(stop.operation().shown(stop.shown()));
            if (stop.shown() == Shown.AFTER) {
                assertThat(SteppedOperation.get(lru)).isEqualTo(stop.operation().after());
            }
            stop.operation().checkLeft(lru);
            stop.operation().checkWhole(lru);
            try (SharedLru next = SharedLru.open(stop.operation().settings(file))) {
                assertThat(next.file().slot()).as("the dead one's slot").isEqualTo(slot.number());
            }
        } finally {
            FileTree.empty(folder);
        }
    }
}
