package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.StandaloneCaches;
import org.globalsessions.Version;
import org.globalsessions.segment.StepStops.Shown;
import org.globalsessions.segment.StepStops.Stop;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A process stopped with SIGSTOP before each line that is a step of {@code LAYOUT.md}: readers and writers go on beside it, and
 * when it goes on, its late bytes reach nobody and it learns what became of its write.
 */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StoppedAtStepTest {
    private final Waits reads = new Waits("reader beside a stopped process");
    private final Waits writes = new Waits("writer beside a stopped process");
    private SteppedJvm stopped;
    private SteppedJvm holder;

    @TempDir
    Path folder;

    @BeforeAll
    void startProcesses() throws Exception {
        stopped = SteppedJvm.start();
        holder = SteppedJvm.start();
        Waits.warmUp();
    }

    /** A case that fails leaves its processes where they are: the next one gets others. */
    private void startAgain() throws Exception {
        stopped.close();
        holder.close();
        stopped = SteppedJvm.start();
        holder = SteppedJvm.start();
    }

    @AfterAll
    void endProcesses() throws Exception {
        stopped.close();
        holder.close();
        reads.check();
        writes.check();
    }

    static Stream<Stop> stops() throws Exception {
        return StepStops.all().filter(stop -> stop.operation().isStopped());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stops")
    void shouldLetOthersGoOnAndTellTheStoppedOneWhenItGoesOnLate(Stop stop) throws Exception {
        Path file = folder.resolve("segment");
        SteppedOperation operation = stop.operation();
        boolean done = false;
        try (SharedLru lru = SharedLru.open(operation.settings(file))) {
            operation.prepare(lru, holder);
            stopped.open(operation, file);
            stopped.runUntil(stop.marker(), operation.command(lru));
            stopped.child().stop();
            reads.timed(() -> assertThat(SteppedOperation.get(lru)).isIn(operation.before(), operation.after()));
            long[] version = new long[1];
            writes.timed(() -> version[0] = operation.writeNext(lru));
            assertThat(SteppedOperation.get(lru)).isEqualTo(SteppedOperation.NEXT);
            int entries = operation.meanwhile(lru);

            stopped.child().goOn();
            stopped.resume();
            List<String> seen = new ArrayList<>();
            while (!stopped.child().hasAnswered()) {
                seen.add(SteppedOperation.get(lru));
            }
            checkEnd(stop, lru, version[0], stopped.child().answer(), seen);
            operation.checkLate(lru, entries);
            if (operation.isOfTwo()) {
                StepStops.finish(holder);
                assertThat(SteppedOperation.get(lru)).isEqualTo(SteppedOperation.HELD);
            }
            assertThat(stopped.child().ask("close")).isEqualTo("closed");
            lru.sweep(0, lru.bucketCount());
            stop.operation().checkWhole(lru);
            done = true;
        } finally {
            if (!done) {
                startAgain();
            }
            FileTree.empty(folder);
        }
    }

    @Test
    void shouldEvictNothingWhenOthersTookTheFreeWaysBeforeTheLockWasHeld() throws Exception {
        Path file = folder.resolve("segment");
        boolean done = false;
        try (SharedLru lru = SharedLru.open(SteppedOperation.standalone(file))) {
            stopped.open(file);
            StepMarker beforeLock = stops().filter(stop -> stop.operation() == TableOperation.SET_FIRST
                            && stop.marker().is("set 1"))
                    .findFirst()
                    .orElseThrow()
                    .marker();
            stopped.runUntil(beforeLock, TableOperation.SET_FIRST.command(lru));
            int others = 10;
            for (int i = 0; i < others; i++) {
                SteppedOperation.set(lru, "other-" + i, SteppedOperation.NEXT);
            }
            stopped.resume();
            assertThat(stopped.child().answer()).startsWith("STORED ");
            for (int i = 0; i < others; i++) {
                assertThat(lru.get(lru.encode("other-" + i)))
                        .as("entry %d, of 11 in 32 ways", i)
                        .isNotNull();
            }
            assertThat(lru.size()).isEqualTo(others + 1);
            assertThat(stopped.child().ask("close")).isEqualTo("closed");
            done = true;
        } finally {
            if (!done) {
                startAgain();
            }
            FileTree.empty(folder);
        }
    }

    @Test
    void shouldStoreTheLargestValuesOfTwoWritersWhenAProcessIsStoppedWithHalfOfThePages() throws Exception {
        Path file = folder.resolve("segment");
        boolean done = false;
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (SharedLru lru = SharedLru.open(new SegmentSettings(file).elCount(1_000))) {
            assertThat(new OverflowArea(lru.file()).pageCount()).isEqualTo(32);
            stopped.child().ask("open sized\t" + file + "\t1000");
            stopped.runUntil(StepStops.markerOf("set 9"), "set\tstopped\t" + "v".repeat(64 << 10));
            stopped.child().stop();
            Future<Integer> first = threads.submit(() -> setLargest(lru, "first-"));
            Future<Integer> second = threads.submit(() -> setLargest(lru, "second-"));
            assertThat(first.get(60, TimeUnit.SECONDS)).isZero();
            assertThat(second.get(60, TimeUnit.SECONDS)).isZero();
            stopped.child().goOn();
            stopped.resume();
            assertThat(stopped.child().answer()).startsWith("STORED ");
            assertThat(stopped.child().ask("close")).isEqualTo("closed");
            done = true;
        } finally {
            threads.shutdownNow();
            if (!done) {
                startAgain();
            }
            FileTree.empty(folder);
        }
    }

    @Test
    void shouldRefuseOnlyLargeValuesAndSaySoAfterASecondWhenStoppedProcessesHoldAllPages() throws Exception {
        Path file = folder.resolve("segment");
        boolean done = false;
        SegmentSettings settings = new SegmentSettings(file).elCount(1_000);
        byte[] large = "large ".repeat(10_000).getBytes(StandardCharsets.UTF_8);
        try (SharedLru lru = SharedLru.open(settings);
                SessionCacheManager cache = StandaloneCaches.open(settings, Runnable::run)) {
            assertThat(new OverflowArea(lru.file()).pageCount()).isEqualTo(32);
            cache.set("there", "a value in its record".getBytes(StandardCharsets.UTF_8));
            for (SteppedJvm each : List.of(stopped, holder)) {
                each.child().ask("open sized\t" + file + "\t1000");
                each.runUntil(
                        StepStops.markerOf("set 9"), "set\tof " + each.child().pid() + "\t" + "v".repeat(64 << 10));
                each.child().stop();
            }
            long startNs = System.nanoTime();
            assertThatThrownBy(() -> cache.set("refused", large))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no room for a value, nothing stored")
                    .hasMessageContaining("bytes=60000")
                    .hasMessageContaining("stopped inside a set")
                    .hasMessageNotContaining("refused");
            assertThat(Duration.ofNanos(System.nanoTime() - startNs))
                    .isBetween(Duration.ofMillis(900), Duration.ofSeconds(5));
            assertThat(cache.getLocal("refused")).isNull();
            assertThat(cache.getLocal("there")).isNotNull();
            writes.timed(() -> cache.set("small", "another one".getBytes(StandardCharsets.UTF_8)));
            for (SteppedJvm each : List.of(stopped, holder)) {
                each.child().goOn();
                each.resume();
                assertThat(each.child().answer()).startsWith("STORED ");
                assertThat(each.child().ask("close")).isEqualTo("closed");
            }
            cache.set("refused", large);
            assertThat(cache.getLocal("refused")).isEqualTo(large);
            done = true;
        } finally {
            if (!done) {
                startAgain();
            }
            FileTree.empty(folder);
        }
    }

    /** How many of many sets of new keys did not end STORED. */
    private static int setLargest(SharedLru lru, String name) {
        int refused = 0;
        String value = name.repeat((64 << 10) / name.length());
        for (int i = 0; i < 500; i++) {
            WriteOutcome.Status status =
                    SteppedOperation.set(lru, name + i, value).status();
            refused += status == WriteOutcome.Status.STORED ? 0 : 1;
        }
        return refused;
    }

    private static void checkEnd(Stop stop, SharedLru lru, long nextVersion, String answer, List<String> seen) {
        EntrySnapshot entry = new EntrySnapshot();
        boolean there = lru.find(lru.encode(SteppedOperation.KEY), entry);
        String last = SteppedOperation.get(lru);
        SteppedOperation operation = stop.operation();
        switch (operation.whenLate()) {
            case LEAVES_IT -> {
                assertThat(last).isEqualTo(SteppedOperation.NEXT);
                assertThat(seen).isSubsetOf(SteppedOperation.NEXT);
                if (stop.shown() == Shown.BEFORE) {
                    assertThat(answer).startsWith(operation.tooLate(nextVersion));
                } else if (stop.shown() == Shown.AFTER) {
                    assertThat(answer).startsWith(operation.done());
                    if (answer.startsWith("STORED ")) {
                        assertThat(clockOf(answer)).isLessThan(nextVersion);
                    }
                }
            }
            case TAKES_AWAY -> {
                // It had not returned, so either order is right; where the last look shows the lock lost, it comes
                // second.
                assertThat(answer).startsWith(operation.done());
                assertThat(last).isIn(null, SteppedOperation.NEXT);
                if (stop.shown() == Shown.BEFORE) {
                    assertThat(last).isNull();
                }
                assertThat(seen).isSubsetOf(null, SteppedOperation.NEXT);
                assertThat(changes(seen)).isLessThanOrEqualTo(1);
            }
            case WRITES_AFTER -> {
                assertThat(answer).startsWith(operation.done());
                assertThat(there).isTrue();
                if (stop.shown() == Shown.BEFORE) {
                    // It started again: a write of its own after the other one's, with a version above.
                    assertThat(last).isEqualTo(operation.after());
                    assertThat(clockOf(answer)).isEqualTo(entry.versionClock).isGreaterThan(nextVersion);
                } else if (stop.shown() == Shown.AFTER) {
                    assertThat(last).isEqualTo(SteppedOperation.NEXT);
                    assertThat(clockOf(answer)).isLessThan(nextVersion);
                }
                assertThat(seen).isSubsetOf(SteppedOperation.NEXT, operation.after());
                assertThat(changes(seen)).isLessThanOrEqualTo(1);
            }
        }
    }

    private static long clockOf(String answer) {
        return Long.parseLong(answer.substring(answer.indexOf(' ') + 1));
    }

    /** How often what a reader saw became something else: once new, never old again. */
    private static int changes(List<String> seen) {
        int changes = 0;
        for (int i = 1; i < seen.size(); i++) {
            if (!Objects.equals(seen.get(i), seen.get(i - 1))) {
                changes++;
            }
        }
        return changes;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldNumberADeleteOnceAndTellWhatItIsWhenItsLockIsTakenAwayOnceItsTombstoneStands(boolean unheard)
            throws Exception {
        Path file = folder.resolve("segment");
        boolean done = false;
        try (SharedLru lru = SharedLru.open(SteppedOperation.standalone(file))) {
            KeyDigest digest = lru.encode(SteppedOperation.KEY).digest();
            long clock = SteppedOperation.set(lru, SteppedOperation.KEY, SteppedOperation.OLD)
                    .version()
                    .clock();
            if (unheard) {
                // Another host's, of which the one that deletes has not heard.
                lru.acceptDelete(digest, new Version(clock + 1, 2), 0, false, 0, new WriteOutcome());
            }
            stopped.open(file);
            stopped.runUntil(
                    markerOf(Segment.class, "delete 4"), "accept delete\t" + SteppedOperation.KEY + "\t" + (clock + 5));
            // Its lock is taken away by whoever writes.
            SteppedOperation.set(lru, SteppedOperation.KEY, SteppedOperation.NEXT);
            stopped.resume();

            long raised = unheard ? VersionClock.raised(clock + 5) : clock + 5;
            long number = unheard ? 2 : 1;
            assertThat(stopped.child().answer())
                    .isEqualTo((unheard ? "SUPERSEDED " : "STORED ") + raised + " " + number);
            assertThat(lru.tombstone(digest)).isEqualTo(new Version(raised, 1));
            assertThat(lru.file().position()).as("numbers given").isEqualTo(number);
            assertThat(SteppedOperation.get(lru)).isEqualTo(SteppedOperation.NEXT);
            assertThat(stopped.child().ask("close")).isEqualTo("closed");
            done = true;
        } finally {
            if (!done) {
                startAgain();
            }
            FileTree.empty(folder);
        }
    }

    @Test
    void shouldEvictNothingWhenTheHeadThatItChoseForItsPagesHasGoneMeanwhile() throws Exception {
        Path file = folder.resolve("segment");
        boolean done = false;
        try (SharedLru lru = SharedLru.open(PagesChild.settings(file))) {
            int heads = lru.file().pageCount() / SegmentDescriptor.pagesOf(SteppedProcess.PAGES_LONGS * Long.BYTES);
            for (int key = 0; key <= heads; key++) {
                assertThat(setPages(lru, key)).isEqualTo(WriteOutcome.Status.STORED);
            }
            assertThat(stopped.child().ask("open pages\t" + file)).matches("\\d+\t\\d+");
            stopped.runUntil(beforeVictimOfPages(), "set pages\t" + (heads + 1));
            for (int key = 0; key <= heads; key++) {
                lru.delete(lru.encode(PagesChild.key(key)), new WriteOutcome());
            }
            // In every way but the one that the stopped process has reserved, also in that of the head it chose.
            int small = lru.bucketCount() * SegmentDescriptor.WAYS - 1;
            for (int i = 0; lru.size() < small; i++) {
                SteppedOperation.set(lru, "small-" + i, SteppedOperation.NEXT);
            }
            long evictions = lru.counters().get(Counter.EVICTIONS);
            stopped.resume();
            assertThat(stopped.child().answer()).startsWith("STORED ");
            assertThat(lru.counters().get(Counter.EVICTIONS)).isEqualTo(evictions);
            assertThat(lru.size()).isEqualTo(small + 1);
            assertThat(stopped.child().ask("close")).isEqualTo("closed");
            done = true;
        } finally {
            if (!done) {
                startAgain();
            }
            FileTree.empty(folder);
        }
    }

    @Test
    void shouldKeepTheLaterSetWhenAStoppedFinderHasSeenAHigherVersionThatIsGone() throws Exception {
        Path file = folder.resolve("segment");
        boolean done = false;
        try (SharedLru lru = SharedLru.open(SteppedOperation.standalone(file))) {
            KeyDigest digest = lru.encode(SteppedOperation.KEY).digest();
            // So far that it is no clock's: what is given here afterwards is lower.
            long aheadMs = System.currentTimeMillis() + TimeUnit.DAYS.toMillis(2);
            Version ahead = new Version(TimeUnit.MILLISECONDS.toMicros(aheadMs) << Version.LOGICAL_BITS, 7);
            SessionEntry entry = new SessionEntry(
                    lru.encode(SteppedOperation.KEY).copy(), new byte[5], ahead, ahead.clock(), false, 0, 0, 0);
            lru.fill(lru.encode(SteppedOperation.KEY), entry, Long.MAX_VALUE, 0, true, new WriteOutcome());
            stopped.open(file);
            StepMarker betweenTheBuckets = markerOf(EntryWriter.class, "set 2");
            stopped.runUntil(betweenTheBuckets, "set expecting\t" + SteppedOperation.KEY + "\tnever\t1\t1");
            assertThat(lru.removeOlder(digest, new Version(ahead.clock() + 1, 0)))
                    .isTrue();
            fillBucket(lru, lru.firstBucket(digest));
            assertThat(SteppedOperation.set(lru, SteppedOperation.KEY, SteppedOperation.NEXT)
                            .version())
                    .isLessThan(ahead);
            stopped.resume();
            assertThat(stopped.child().answer()).startsWith("OTHER_VERSION ");
            assertThat(SteppedOperation.get(lru)).isEqualTo(SteppedOperation.NEXT);
            assertThat(stopped.child().ask("close")).isEqualTo("closed");
            done = true;
        } finally {
            if (!done) {
                startAgain();
            }
            FileTree.empty(folder);
        }
    }

    private static void fillBucket(SharedLru lru, int bucket) {
        int[] count = new int[1];
        for (int i = 0; count[0] < SegmentDescriptor.WAYS; i++) {
            if (lru.firstBucket(lru.encode("other-" + i).digest()) == bucket) {
                SteppedOperation.set(lru, "other-" + i, SteppedOperation.OLD);
            }
            count[0] = 0;
            lru.scan(bucket, 1, 0, entry -> ++count[0] > 0);
        }
    }

    @Test
    void shouldTellNobodyOfADepartureWhenOnlyTheRecordGoesThatAStoppedSetHasReplaced() throws Exception {
        Path file = folder.resolve("segment");
        boolean done = false;
        try (SharedLru lru = SharedLru.open(SteppedOperation.standalone(file))) {
            List<String> told = new ArrayList<>();
            lru.departures(new DepartureListener() {
                @Override
                public void onExpired(EntrySnapshot entry) {
                    onEvicted(entry);
                }

                @Override
                public void onEvicted(EntrySnapshot entry) {
                    told.add(new String(entry.keyCopy(), StandardCharsets.UTF_8));
                }
            });
            TableOperation.SET_OVER.prepare(lru, holder);
            stopped.open(file);
            // Where a record goes, whatever the operation: the first step of set 10 for this one.
            stopped.runUntil(markerOf(EntryWriter.class, "delete 3"), TableOperation.SET_OVER.command(lru));
            assertThat(SteppedOperation.get(lru)).isEqualTo(SteppedOperation.NEW);
            for (int i = 0; lru.counters().get(Counter.EVICTIONS) == 0; i++) {
                SteppedOperation.set(lru, "other-" + i, SteppedOperation.NEXT);
            }
            assertThat(SteppedOperation.get(lru)).isEqualTo(SteppedOperation.NEW);
            assertThat(told).isEmpty();
            stopped.resume();
            assertThat(stopped.child().answer()).startsWith("STORED ");
            assertThat(stopped.child().ask("close")).isEqualTo("closed");
            done = true;
        } finally {
            if (!done) {
                startAgain();
            }
            FileTree.empty(folder);
        }
    }

    private static StepMarker markerOf(Class<?> type, String step) throws Exception {
        return LayoutSteps.marked().stream()
                .filter(marker -> marker.is(step) && marker.className().equals(type.getName()))
                .findFirst()
                .orElseThrow();
    }

    private static WriteOutcome.Status setPages(SharedLru lru, int key) {
        WriteOutcome outcome = new WriteOutcome();
        byte[] value = PagesChild.value(key, SteppedProcess.PAGES_LONGS);
        lru.set(lru.encode(PagesChild.key(key)), value, 0, value.length, 0, null, false, outcome);
        return outcome.status();
    }

    /** Where a head has been chosen, and not looked at yet. */
    private static StepMarker beforeVictimOfPages() throws IOException {
        return StepStops.markerOf("set 7", EntryWriter.class, "");
    }
}
