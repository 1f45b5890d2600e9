package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.globalsessions.ValueTooLargeException;
import org.globalsessions.Version;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values that are larger than a record. */
class OverflowTest {
    private static final int PAGE = SegmentDescriptor.PAGE_LENGTH;

    @TempDir
    Path folder;

    private final WriteOutcome outcome = new WriteOutcome();

    private SegmentSettings settings() {
        return new SegmentSettings(folder.resolve("segment")).elCount(1_000);
    }

    /** A value whose every byte tells key, length and place, so that no piece of another value passes for it. */
    private static byte[] value(String key, int length) {
        byte[] value = new byte[length];
        int mixed = key.hashCode() * 31 + length;
        for (int i = 0; i < length; i++) {
            mixed = mixed * 1_103_515_245 + 12_345;
            value[i] = (byte) (mixed >>> 16);
        }
        return value;
    }

    private WriteOutcome.Status set(SharedLru lru, String key, int length) {
        lru.set(lru.encode(key), value(key, length), 0, length, 0, null, false, outcome);
        return outcome.status();
    }

    private static byte[] get(SharedLru lru, String key) {
        return lru.get(lru.encode(key));
    }

    private static int freePages(SharedLru lru) {
        int free = 0;
        OverflowArea area = new OverflowArea(lru.file());
        for (int page = 0; page < area.pageCount(); page++) {
            free += area.ownerAcquire(page) == 0 ? 1 : 0;
        }
        return free;
    }

    @ParameterizedTest
    @ValueSource(ints = {331, 332, 333, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE, 64 << 10})
    void shouldKeepEveryByteWhenTheValueIsLargerThanARecord(int length) throws IOException {
        try (SharedLru lru = SharedLru.open(settings())) {
            assertThat(set(lru, "k", length)).isEqualTo(WriteOutcome.Status.STORED);
            assertThat(get(lru, "k")).isEqualTo(value("k", length));
            byte[] buffer = new byte[length + 2];
            assertThat(lru.getInto(lru.encode("k"), buffer, 1)).isEqualTo(length);
            assertThat(Arrays.copyOfRange(buffer, 1, length + 1)).isEqualTo(value("k", length));
            assertThat(lru.getInto(lru.encode("k"), new byte[length - 1], 0)).isEqualTo(-2 - length);
            EntrySnapshot entry = new EntrySnapshot();
            assertThat(lru.find(lru.encode("k"), entry)).isTrue();
            assertThat(entry.valueCopy()).isEqualTo(value("k", length));
        }
    }

    @Test
    void shouldRefuseAndStoreNothingWhenTheValueIsLargerThanTheLimit() throws IOException {
        try (SharedLru lru = SharedLru.open(settings().maxValueSize(5_000))) {
            set(lru, "k", 5_000);
            assertThatThrownBy(() -> set(lru, "k", 5_001))
                    .isInstanceOf(ValueTooLargeException.class)
                    .hasMessageContaining("limit=5000");
            assertThat(get(lru, "k")).isEqualTo(value("k", 5_000));
        }
    }

    @Test
    void shouldKeepTheLimitOfTheRecordWhenThereIsNoOverflowArea() throws IOException {
        try (SharedLru lru = SharedLru.open(settings().overflowShare(0))) {
            assertThat(lru.maxValueLength(1)).isEqualTo(384 - RecordDescriptor.KEY_OFFSET - 1);
            assertThatThrownBy(() -> set(lru, "k", 332)).isInstanceOf(ValueTooLargeException.class);
        }
    }

    @Test
    void shouldGiveEveryPageBackWhenLargeValuesAreReplacedAndDeleted() throws IOException {
        try (SharedLru lru = SharedLru.open(settings())) {
            int free = freePages(lru);
            for (int round = 0; round < 100; round++) {
                assertThat(set(lru, "k", 20_000 + round)).isEqualTo(WriteOutcome.Status.STORED);
                assertThat(freePages(lru)).isEqualTo(free - 5);
            }
            assertThat(set(lru, "k", 10)).isEqualTo(WriteOutcome.Status.STORED);
            assertThat(freePages(lru)).isEqualTo(free);
            set(lru, "k", 20_000);
            lru.delete(lru.encode("k"), outcome);
            assertThat(freePages(lru)).isEqualTo(free);
        }
    }

    @Test
    void shouldEvictTheOldestLargeValueAndNoSmallOneWhenTheAreaIsFull() throws IOException {
        try (SharedLru lru = SharedLru.open(settings())) {
            int small = 500;
            for (int i = 0; i < small; i++) {
                set(lru, "small-" + i, 100);
            }
            int fit = freePages(lru) / 2;
            for (int i = 0; i < 4 * fit; i++) {
                assertThat(set(lru, "large-" + i, 2 * PAGE)).isEqualTo(WriteOutcome.Status.STORED);
                assertThat(get(lru, "large-" + i)).isEqualTo(value("large-" + i, 2 * PAGE));
            }
            for (int i = 0; i < small; i++) {
                assertThat(get(lru, "small-" + i)).isEqualTo(value("small-" + i, 100));
            }
            assertThat(lru.size()).isEqualTo(small + fit);
            assertThat(lru.counters().get(Counter.EVICTIONS)).isEqualTo(3L * fit);
        }
    }

    @Test
    void shouldStoreALargestValueOverALargestValueWhenTheAreaIsAsSmallAsCanBe() throws IOException {
        try (SharedLru lru = SharedLru.open(settings().elCount(1).overflowShare(0.000_1))) {
            for (int round = 0; round < 20; round++) {
                assertThat(set(lru, "k", (64 << 10) - round)).isEqualTo(WriteOutcome.Status.STORED);
                assertThat(get(lru, "k")).isEqualTo(value("k", (64 << 10) - round));
                set(lru, "other-" + round, 64 << 10);
            }
        }
    }

    @Test
    void shouldEndWithoutRoomAndEvictNothingWhenOnlyFreePlacesMayBeTaken() throws IOException {
        try (SharedLru lru = SharedLru.open(settings().elCount(100).overflowShare(0.000_1))) {
            set(lru, "a", 64 << 10);
            set(lru, "b", 64 << 10);
            EntrySnapshot entry = new EntrySnapshot();
            assertThat(lru.find(lru.encode("a"), entry)).isTrue();
            lru.fill(
                    lru.encode("c"),
                    new org.globalsessions.tier.SessionEntry(
                            "c".getBytes(UTF_8), entry.valueCopy(), entry.version(), entry.life(), false, 0, 0, 0),
                    Long.MAX_VALUE,
                    0,
                    false,
                    outcome);
            assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.NO_ROOM);
            assertThat(get(lru, "a")).isEqualTo(value("a", 64 << 10));
            assertThat(get(lru, "b")).isEqualTo(value("b", 64 << 10));
        }
    }

    @Test
    void shouldOfferAPageAgainWhenItsTakerDiedBetweenItsBitAndItsWord() throws IOException {
        try (SharedLru lru = SharedLru.open(settings().elCount(100).overflowShare(0.000_1))) {
            PageBitmap bitmap =
                    new PageBitmap(lru.file().pageBitmap(), lru.file().pageCount());
            for (int page = 0; page < lru.file().pageCount(); page++) {
                assertThat(bitmap.claim()).isEqualTo(page);
            }
            assertThat(set(lru, "k", 64 << 10)).isEqualTo(WriteOutcome.Status.STORED);
            assertThat(get(lru, "k")).isEqualTo(value("k", 64 << 10));
            lru.sweep(0, lru.bucketCount());
            assertThat(set(lru, "other", 64 << 10)).isEqualTo(WriteOutcome.Status.STORED);
            assertThat(get(lru, "k")).isEqualTo(value("k", 64 << 10));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"STANDALONE", "HOST"})
    void shouldCostAFewTimesWhatItCostsWithFreePagesWhenAnAreaOfManyIsFull(SegmentSettings.Role role)
            throws IOException {
        SegmentSettings many = settings().elCount(100_000).overflowShare(0.8);
        try (SharedLru lru = SharedLru.open(many.role(role))) {
            int pages = lru.file().pageCount();
            assertThat(pages).isGreaterThan(40_000);
            byte[] value = value("k", PAGE);
            cpuNsOfASet(lru, value, 0, pages / 2);
            long empty = cpuNsOfASet(lru, value, pages / 2, pages);
            assertThat(lru.counters().get(Counter.EVICTIONS)).isZero();
            cpuNsOfASet(lru, value, pages, pages + 2_000);
            long full = cpuNsOfASet(lru, value, pages + 2_000, pages + 6_000);
            assertThat(lru.counters().get(Counter.EVICTIONS)).isEqualTo(6_000);
            assertThat(full).as("CPU ns a set, with free pages %d", empty).isLessThan(20 * empty);
        }
    }

    private long cpuNsOfASet(SharedLru lru, byte[] value, int from, int to) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        for (int i = from; i < to; i++) {
            lru.set(lru.encode("key-" + i), value, 0, value.length, 0, null, false, outcome);
            if (outcome.status() == WriteOutcome.Status.NO_ROOM) {
                // A host that has published nothing: all are held, and only then the oldest of them goes.
                lru.set(lru.encode("key-" + i), value, 0, value.length, 0, null, true, outcome);
            }
            assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
        }
        return (threads.getCurrentThreadCpuTime() - start) / (to - from);
    }

    @Test
    void shouldTakePagesOverWhenTheirHeadHasMovedOn() throws IOException {
        try (SharedLru lru = SharedLru.open(settings().elCount(100).overflowShare(0.000_1))) {
            // As a writer leaves them that was killed between its first page and its record: named by a use that is
            // over.
            OverflowArea area = new OverflowArea(lru.file());
            for (int page = 0; page < area.pageCount(); page++) {
                assertThat(area.takeFree(OverflowArea.owner(page, 7), OverflowArea.NONE))
                        .isEqualTo(page);
            }
            assertThat(set(lru, "k", 64 << 10)).isEqualTo(WriteOutcome.Status.STORED);
            assertThat(get(lru, "k")).isEqualTo(value("k", 64 << 10));
            lru.sweep(0, lru.bucketCount());
            assertThat(freePages(lru)).isEqualTo(area.pageCount() - 16);
        }
    }

    @Test
    void shouldAnswerAbsentAndCountWhenAPageBelongsToAnotherHead() throws IOException {
        try (SharedLru lru = SharedLru.open(settings())) {
            set(lru, "k", 64 << 10);
            Words.LONG.setVolatile(lru.file().pageWords(), 8 * SegmentDescriptor.PAGE_WORD_LENGTH, 1L);
            assertThat(get(lru, "k")).isNull();
            assertThat(lru.getInto(lru.encode("k"), new byte[64 << 10], 0)).isEqualTo(SharedLru.ABSENT);
            assertThat(lru.find(lru.encode("k"), new EntrySnapshot())).isFalse();
            assertThat(lru.counters().get(Counter.DAMAGED_ENTRIES)).isEqualTo(3);
            assertThat(set(lru, "k", 9_000)).isEqualTo(WriteOutcome.Status.STORED);
            assertThat(get(lru, "k")).isEqualTo(value("k", 9_000));
        }
    }

    @Test
    void shouldNeverShowAMixtureWhenLargeValuesAreReplacedAndEvictedUnderReaders() throws Exception {
        String[] keys = new String[40];
        Arrays.setAll(keys, i -> "key-" + i);
        int[] lengths = {10, 5_000, 9_000, 30_000};
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try (SharedLru lru = SharedLru.open(settings().elCount(100).overflowShare(0.5))) {
            Future<?> first = threads.submit(() -> write(lru, keys, lengths, 0));
            Future<?> second = threads.submit(() -> write(lru, keys, lengths, 1));
            Future<Integer> reader = threads.submit(() -> read(lru, keys, first, second));
            first.get();
            second.get();
            assertThat(reader.get()).isPositive();
        } finally {
            threads.shutdownNow();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 1_000})
    void shouldStoreEveryValueWhenMoreThreadsSetTheLargestAtOnceThanTheAreaHasRoomFor(int elCount) throws Exception {
        int threads = 8;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try (SharedLru lru = SharedLru.open(settings().elCount(elCount))) {
            assertThat(new OverflowArea(lru.file()).pageCount()).isEqualTo(32);
            List<Future<Integer>> refused = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                String name = "key-" + thread + "-";
                refused.add(pool.submit(() -> setLargest(lru, name)));
            }
            for (Future<Integer> future : refused) {
                assertThat(future.get(60, TimeUnit.SECONDS)).isZero();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void shouldEndWithoutRoomWithTheSecondLookWhenMarksHoldAllPagesAndNobodyElseWrites() throws IOException {
        SegmentSettings held = settings().elCount(100).role(SegmentSettings.Role.HOST);
        try (SharedLru lru = SharedLru.open(held)) {
            int pages = lru.file().pageCount();
            assertThat(pages).isEqualTo(32);
            for (int i = 0; i < pages; i++) {
                assertThat(set(lru, "held-" + i, PAGE)).isEqualTo(WriteOutcome.Status.STORED);
            }
            assertThat(set(lru, "k", 5 * PAGE)).isEqualTo(WriteOutcome.Status.NO_ROOM);
            assertThat(lru.counters().get(Counter.WRITES_RESTARTED))
                    .as("looks again once, and waits for nobody")
                    .isOne();
            assertThat(lru.counters().get(Counter.EVICTIONS)).isZero();
        }
    }

    @RepeatedTest(20)
    void shouldStoreEveryValueWhenMarksHoldMostOfALargeAreaAndThreadsShareWhatIsLeft() throws Exception {
        int threads = 8;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        SegmentSettings held = settings().elCount(14_000).overflowShare(0.8).role(SegmentSettings.Role.HOST);
        try (SharedLru lru = SharedLru.open(held)) {
            int pages = lru.file().pageCount();
            assertThat(pages).isGreaterThan(5_000).isLessThan(14_000);
            // Each of the eight has 16 pages, and there are 24 for the one that sets its value anew: the others wait.
            for (int i = 0; i < pages - 152; i++) {
                assertThat(set(lru, "held-" + i, PAGE)).isEqualTo(WriteOutcome.Status.STORED);
            }
            List<Future<Integer>> refused = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                String name = "key-" + thread;
                refused.add(pool.submit(() -> setOver(lru, name)));
            }
            for (Future<Integer> future : refused) {
                assertThat(future.get(60, TimeUnit.SECONDS)).isZero();
            }
            assertThat(lru.counters().get(Counter.EVICTIONS)).isZero();
        } finally {
            pool.shutdownNow();
        }
    }

    /** How many of many sets of one key did not end STORED. */
    private static int setOver(SharedLru lru, String key) {
        WriteOutcome outcome = new WriteOutcome();
        byte[] value = value(key, 64 << 10);
        int refused = 0;
        for (int i = 0; i < 200; i++) {
            lru.set(lru.encode(key), value, 0, value.length, 0, null, false, outcome);
            refused += outcome.status() == WriteOutcome.Status.STORED ? 0 : 1;
        }
        return refused;
    }

    @Test
    void shouldTakeThePagesOfTheKeysOwnExpiredRecordBeforeALiveOneGoes() throws IOException {
        FakeClocks clocks = new FakeClocks();
        SegmentSettings settings = settings().elCount(100).overflowShare(0.000_1);
        try (SharedLru lru = new SharedLru(SegmentFile.open(settings, clocks), settings)) {
            byte[] value = value("k", 64 << 10);
            set(lru, "live", 64 << 10);
            lru.set(lru.encode("k"), value, 0, value.length, 5, null, false, outcome);
            clocks.pass(6);
            lru.file().time().advance();
            assertThat(set(lru, "k", 64 << 10)).isEqualTo(WriteOutcome.Status.STORED);
            assertThat(get(lru, "live")).isEqualTo(value("live", 64 << 10));
            assertThat(lru.counters().get(Counter.EVICTIONS)).isZero();
        }
    }

    @Test
    void shouldEndAReceiptAndKeepTheLoginWhenAStoppedWriterHoldsThePagesThatItsLaterLifeNeeds() throws Exception {
        SegmentSettings host = settings().elCount(100).overflowShare(0.000_1).role(SegmentSettings.Role.HOST);
        ExecutorService link = Executors.newSingleThreadExecutor();
        try (SharedLru lru = SharedLru.open(host)) {
            set(lru, "k", 64 << 10);
            lru.delete(lru.encode("k"), outcome);
            Version deleted = outcome.version();
            KeyDigest digest = lru.encode("k").digest();
            set(lru, "k", 64 << 10);
            OverflowArea area = new OverflowArea(lru.file());
            RecordView records = new RecordView(lru.file(), area);
            int way = freeWay(records);
            long reserved = RecordDescriptor.held(
                    RecordDescriptor.RESERVED, lru.file().slot(), lru.file().incarnation(), 1);
            assertThat(records.casState(way, RecordDescriptor.free(0), reserved))
                    .isTrue();
            int first = OverflowArea.NONE;
            for (int taken = 0; taken < 16; taken++) {
                first = area.takeFree(OverflowArea.owner(way, 1), first);
            }
            assertThat(freePages(lru)).isZero();
            Version raised = new Version(deleted.clock() + (60_000_000L << Version.LOGICAL_BITS), 9);
            Receipt receipt = new Receipt(Receipt.Outcome.STORED, raised, 0, true, 1, 17);
            Future<?> taken = link.submit(() -> lru.confirmDelete(digest, deleted, receipt));
            try {
                taken.get(20, TimeUnit.SECONDS);
                assertThat(lru.awaitsDeleteReceipt(digest)).isTrue();
                assertThat(get(lru, "k")).isEqualTo(value("k", 64 << 10));
            } finally {
                area.release(way, first);
                assertThat(records.casState(way, reserved, RecordDescriptor.free(1)))
                        .isTrue();
            }
            lru.confirmDelete(digest, deleted, receipt);
            assertThat(lru.awaitsDeleteReceipt(digest)).isFalse();
            assertThat(lru.tombstone(digest)).isEqualTo(raised);
            assertThat(get(lru, "k")).isEqualTo(value("k", 64 << 10));
        } finally {
            link.shutdownNow();
        }
    }

    private static int freeWay(RecordView records) {
        int way = 0;
        while (records.stateVolatile(way) != RecordDescriptor.free(0)) {
            way++;
        }
        return way;
    }

    @Test
    void shouldTakeWhatAKilledWriterHasLeftBeforeItEvictsALiveEntry() throws IOException {
        try (SharedLru lru = SharedLru.open(settings())) {
            OverflowArea area = new OverflowArea(lru.file());
            RecordView records = new RecordView(lru.file(), area);
            int left = freeWay(records);
            int pages = 3;
            int first = OverflowArea.NONE;
            for (int taken = 0; taken < pages; taken++) {
                first = area.takeFree(OverflowArea.owner(left, 77), first);
            }
            for (int i = 0; freePages(lru) > 0; i++) {
                assertThat(set(lru, "live-" + i, PAGE)).isEqualTo(WriteOutcome.Status.STORED);
            }
            assertThat(set(lru, "large", pages * PAGE)).isEqualTo(WriteOutcome.Status.STORED);
            assertThat(lru.counters().get(Counter.EVICTIONS)).isZero();
            assertThat(get(lru, "large")).isEqualTo(value("large", pages * PAGE));
        }
    }

    /** How many of many sets did not end STORED. */
    private static int setLargest(SharedLru lru, String name) {
        WriteOutcome outcome = new WriteOutcome();
        byte[] value = value(name, 64 << 10);
        int refused = 0;
        for (int i = 0; i < 500; i++) {
            lru.set(lru.encode(name + i % 50), value, 0, value.length, 0, null, false, outcome);
            refused += outcome.status() == WriteOutcome.Status.STORED ? 0 : 1;
        }
        return refused;
    }

    private static void write(SharedLru lru, String[] keys, int[] lengths, int seed) {
        WriteOutcome outcome = new WriteOutcome();
        for (int i = 0; i < 10_000; i++) {
            String key = keys[(i * 7 + seed * 3) % keys.length];
            int length = lengths[(i + seed) % lengths.length];
            lru.set(lru.encode(key), value(key, length), 0, length, 0, null, false, outcome);
        }
    }

    private static int read(SharedLru lru, String[] keys, Future<?>... writers) {
        int hits = 0;
        for (int i = 0; !Arrays.stream(writers).allMatch(Future::isDone); i++) {
            String key = keys[i % keys.length];
            byte[] found = get(lru, key);
            if (found != null) {
                hits++;
                assertThat(found).isEqualTo(value(key, found.length));
            }
        }
        return hits;
    }
}
