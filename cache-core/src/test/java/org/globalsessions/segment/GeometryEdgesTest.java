package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.globalsessions.ValueTooLargeException;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The smallest and the largest segments, how many fresh entries one holds, and what a flood of deletes does to it. */
class GeometryEdgesTest {
    private static final int SEEDS = 10;

    /** As many as the least machine has processors. */
    private static final int AT_A_TIME = 2;

    private final long seed = Long.getLong("globalsessions.seed", System.nanoTime());

    @TempDir
    private Path folder;

    private SegmentSettings settings(int elCount, int recordSize) {
        return new SegmentSettings(folder.resolve(elCount + "-" + recordSize))
                .elCount(elCount)
                .recordSize(recordSize);
    }

    private static void set(SharedLru lru, byte[] key, byte[] value, WriteOutcome outcome) {
        lru.set(lru.encode(key), value, 0, value.length, 0, null, false, outcome);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 128",
        "1, 129",
        "1, 65535",
        "1, 65536",
        "2, 128",
        "15, 128",
        "16, 192",
        "17, 65536",
        "1000, 65536",
        "20000, 128"
    })
    void shouldKeepTheLargestValueAndRefuseOneByteMoreWhenGeometryIsAnEdge(int elCount, int recordSize)
            throws IOException {
        SegmentSettings settings = settings(elCount, recordSize);
        try (SharedLru lru = SharedLru.open(settings)) {
            assertThat(Files.size(settings.file())).isEqualTo(settings.fileLength());
            WriteOutcome outcome = new WriteOutcome();
            byte[] key = {1, 2, 3};
            byte[] value = new byte[lru.maxValueLength(key.length)];
            new Random(seed).nextBytes(value);
            set(lru, key, value, outcome);
            assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
            assertThat(lru.get(lru.encode(key))).isEqualTo(value);
            byte[] longer = Arrays.copyOf(value, value.length + 1);
            assertThatThrownBy(() -> set(lru, key, longer, outcome)).isInstanceOf(ValueTooLargeException.class);
            assertThat(lru.get(lru.encode(key))).isEqualTo(value);
        }
        try (SharedLru again = SharedLru.open(settings)) {
            assertThat(again.size()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 16_000_001, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void shouldRefuseAndLeaveNothingWhenElCountIsOutOfRange(int elCount) {
        assertThatThrownBy(() -> SharedLru.open(settings(elCount, 128)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("el_count out of range: el_count=" + elCount + ", least=1, most=16000000");
        assertThat(folder).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 127, 65_537, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void shouldRefuseAndLeaveNothingWhenRecordSizeIsOutOfRange(int recordSize) {
        assertThatThrownBy(() -> SharedLru.open(settings(1, recordSize)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("record_size out of range: record_size=" + recordSize + ", least=128, most=65536");
        assertThat(folder).isEmptyDirectory();
    }

    /** By the places alone, so that as many tables are filled as it takes to meet a rare seed. */
    @ParameterizedTest
    @CsvSource({"40, 100000", "50, 100000", "300, 20000", "2000, 20000", "200000, 60"})
    void shouldHaveAFreeWayForElCountKeysWhenTablesAreMany(int elCount, int tables) {
        int bucketCount = SegmentDescriptor.bucketCount(elCount);
        SplittableRandom random = new SplittableRandom(40);
        byte[] taken = new byte[bucketCount];
        for (int table = 0; table < tables; table++) {
            Arrays.fill(taken, (byte) 0);
            for (int i = 0; i < elCount; i++) {
                long spread = KeyHash.spread(random.nextLong(), 0);
                int first = KeyHash.firstOf(spread, bucketCount);
                int second = KeyHash.secondOf(spread, bucketCount);
                int bucket = taken[first] <= taken[second] ? first : second;
                if (++taken[bucket] > SegmentDescriptor.WAYS) {
                    throw new AssertionError("table " + table + ": no way for key " + i + " of " + elCount);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 40, 2_000, 20_000})
    void shouldHoldElCountFreshKeysBeforeTheFirstEvictionWhateverTheSeed(int elCount) throws IOException {
        for (int round = 0; round < SEEDS; round++) {
            holdFreshKeys(settings(elCount, 128), seed + round);
        }
    }

    @Test
    @Tag("slow")
    void shouldHoldAMillionFreshKeysBeforeTheFirstEvictionWhateverTheSeed() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(AT_A_TIME);
        try {
            List<Callable<Void>> rounds = new ArrayList<>();
            for (int round = 0; round < SEEDS; round++) {
                long keySeed = seed + round;
                Path file = folder.resolve("million-" + round);
                rounds.add(() -> {
                    holdFreshKeys(new SegmentSettings(file).elCount(1_000_000).recordSize(128), keySeed);
                    return null;
                });
            }
            for (Future<Void> round : threads.invokeAll(rounds)) {
                round.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    @Tag("long")
    void shouldHoldSixteenMillionFreshKeysBeforeTheFirstEviction() throws IOException {
        SegmentSettings settings = settings(16_000_000, 128);
        assumeTrue(
                Files.getFileStore(folder).getUsableSpace() > settings.fileLength() + (1L << 30),
                "not enough room for " + settings.fileLength() + " bytes");
        holdFreshKeys(settings, seed);
    }

    /** Fills a new segment with fresh keys, sees them all, and goes on until the first eviction: that comes, but later. */
    private void holdFreshKeys(SegmentSettings settings, long keySeed) throws IOException {
        int elCount = settings.elCount();
        try (SharedLru lru = SharedLru.open(settings.seed(keySeed))) {
            WriteOutcome outcome = new WriteOutcome();
            Random random = new Random(keySeed);
            byte[] key = new byte[16];
            byte[] value = new byte[8];
            for (int i = 0; i < elCount; i++) {
                set(lru, fresh(key, random), value, outcome);
                if (outcome.evicted() || outcome.status() != WriteOutcome.Status.STORED) {
                    throw new AssertionError("insertion " + i + " of " + elCount + ": " + outcome.status()
                            + ", evicted=" + outcome.evicted() + ", seed " + keySeed);
                }
            }
            Random again = new Random(keySeed);
            for (int i = 0; i < elCount; i++) {
                if (lru.getInto(lru.encode(fresh(key, again)), value, 0) != value.length) {
                    throw new AssertionError("key " + i + " of " + elCount + " is not there, seed " + keySeed);
                }
            }
            assertThat(lru.size()).isEqualTo(elCount);
            int more = 0;
            int ways = lru.bucketCount() * SegmentDescriptor.WAYS;
            while (!outcome.evicted() && more <= ways - elCount) {
                set(lru, fresh(key, random), value, outcome);
                more++;
            }
            assertThat(outcome.evicted()).as("it is bounded").isTrue();
            System.out.printf("el_count=%d seed=%d: first eviction at %d%n", elCount, keySeed, elCount + more);
        } finally {
            Files.deleteIfExists(settings.file());
        }
    }

    private static byte[] fresh(byte[] key, Random random) {
        ByteBuffer.wrap(key).putLong(0, random.nextLong()).putLong(8, random.nextLong());
        return key;
    }

    /** Each delete is a tombstone that is there, one that another pushed out early, or one refused; and nobody was evicted. */
    @ParameterizedTest
    @CsvSource({"STANDALONE, 1", "STANDALONE, 2000", "HOST, 1", "HOST, 2000", "RELAY, 2000"})
    void shouldEvictNothingAndCountWhatItForgetsWhenDeletesFlood(Role role, int elCount) throws IOException {
        try (SharedLru lru = SharedLru.open(settings(elCount, 128).role(role))) {
            WriteOutcome outcome = new WriteOutcome();
            Random random = new Random(seed);
            byte[] key = new byte[16];
            byte[] value = new byte[8];
            for (int i = 0; i < elCount; i++) {
                set(lru, fresh(key, random), value, outcome);
            }
            int capacity = (int) SegmentInspector.open(lru.file().path()).tombstoneCapacity();
            int deletes = 5 * capacity;
            int refused = 0;
            Random others = new Random(~seed);
            for (int i = 0; i < deletes; i++) {
                lru.delete(lru.encode(fresh(key, others)), outcome);
                refused += outcome.status() == WriteOutcome.Status.NO_TOMBSTONE_ROOM ? 1 : 0;
            }
            int[] present = new int[1];
            lru.scanTombstones((digest, version, position) -> ++present[0] > 0);
            long early = lru.counters().get(Counter.TOMBSTONES_DROPPED_EARLY);
            assertThat(refused).isEqualTo((int) lru.counters().get(Counter.TOMBSTONES_REFUSED));
            assertThat(present[0] + early + refused).as("seed %s", seed).isEqualTo(deletes);
            assertThat(present[0]).isLessThanOrEqualTo(capacity);
            assertThat(role == Role.STANDALONE ? refused : early)
                    .as("unacknowledged ones are never dropped, others always make room")
                    .isZero();
            assertThat(lru.counters().get(Counter.EVICTIONS)).isZero();
            Random again = new Random(seed);
            for (int i = 0; i < elCount; i++) {
                assertThat(lru.get(lru.encode(fresh(key, again))))
                        .as("key %s", i)
                        .isEqualTo(value);
            }
        }
    }
}
