package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.globalsessions.Version;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedLruConcurrencyTest {
    @TempDir
    Path folder;

    private SegmentSettings settings(int elCount) {
        return new SegmentSettings(folder.resolve("segment")).elCount(elCount);
    }

    private static <T> List<T> inParallel(int threads, Callable<T> task) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            List<Future<T>> futures = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                futures.add(executor.submit(task));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void shouldCountEveryIncrementOnceWhenSavesAreConditional() throws Exception {
        try (SharedLru one = SharedLru.open(settings(100));
                SharedLru two = SharedLru.open(settings(100))) {
            int perThread = 5_000;
            List<Integer> done = inParallel(4, () -> {
                SharedLru lru = ThreadLocalRandom.current().nextBoolean() ? one : two;
                WriteOutcome outcome = new WriteOutcome();
                EntrySnapshot seen = new EntrySnapshot();
                int successes = 0;
                while (successes < perThread) {
                    EncodedKey key = lru.encode("counter");
                    boolean there = lru.find(key, seen);
                    long count = there ? ByteBuffer.wrap(seen.valueCopy()).getLong() : 0;
                    byte[] next = ByteBuffer.allocate(8).putLong(count + 1).array();
                    Version expected = there ? seen.version() : Version.NONE;
                    lru.set(key, next, 0, 8, 0, expected, false, outcome);
                    if (outcome.status() == WriteOutcome.Status.STORED) {
                        successes++;
                    }
                }
                return successes;
            });
            assertThat(done).hasSize(4);
            assertThat(ByteBuffer.wrap(one.get(one.encode("counter"))).getLong())
                    .isEqualTo(4L * perThread);
        }
    }

    /** For a moment writers may have taken every free place of two buckets: no reason to evict, as each gives one back. */
    @Test
    void shouldEvictNothingWhenThreadsOverwriteAsManyKeysAsWerePromised() throws Exception {
        int elCount = 500;
        try (SharedLru one = SharedLru.open(settings(elCount));
                SharedLru two = SharedLru.open(settings(elCount))) {
            WriteOutcome first = new WriteOutcome();
            for (int i = 0; i < elCount; i++) {
                one.set(one.encode("key-" + i), new byte[300], 0, 300, 0, null, false, first);
            }
            inParallel(4, () -> {
                SharedLru lru = ThreadLocalRandom.current().nextBoolean() ? one : two;
                WriteOutcome outcome = new WriteOutcome();
                byte[] value = new byte[300];
                for (int i = 0; i < 150_000; i++) {
                    int number = ThreadLocalRandom.current().nextInt(elCount);
                    lru.set(lru.encode("key-" + number), value, 0, value.length, 0, null, false, outcome);
                }
                return outcome;
            });
            assertThat(one.counters().get(Counter.EVICTIONS)).isZero();
            assertThat(one.liveCount()).isEqualTo(elCount);
        }
    }

    /** Values tell their key and fill the record, so that a mixture of two writes or of two keys shows. */
    @Test
    void shouldReturnWholeValuesOfTheRightKeyWhenWritersEvictAndDeleteAllTheTime() throws Exception {
        try (SharedLru one = SharedLru.open(settings(60));
                SharedLru two = SharedLru.open(settings(60))) {
            List<Long> reads = inParallel(4, () -> {
                SharedLru lru = ThreadLocalRandom.current().nextBoolean() ? one : two;
                return hammer(lru, 150_000);
            });
            assertThat(reads).allMatch(hits -> hits > 1_000);
            assertThat(one.counters().get(Counter.EVICTIONS)).isGreaterThan(1_000);
        }
    }

    /** Who missed it would send a new life to the relay before the delete that it has begun over, which would take that away there. */
    @Test
    void shouldShowATombstoneToWhoHoldsNoLockWhileHigherOnesReplaceIt() throws Exception {
        try (SharedLru lru = SharedLru.open(settings(100).role(SegmentSettings.Role.HOST))) {
            KeyDigest digest = lru.encode("k").digest();
            WriteOutcome first = new WriteOutcome();
            lru.delete(lru.encode("k"), first);
            AtomicBoolean going = new AtomicBoolean(true);
            List<Integer> missed = inTwo(
                    () -> {
                        for (int i = 0; i < 200_000; i++) {
                            lru.delete(lru.encode("k"), new WriteOutcome());
                        }
                        going.set(false);
                        return 0;
                    },
                    () -> {
                        int missedOnes = 0;
                        Version highest = Version.NONE;
                        while (going.get()) {
                            Version tombstone = lru.tombstone(digest);
                            Version awaited = lru.awaitedDelete(digest);
                            missedOnes += tombstone.compareTo(highest) < 0 || awaited.compareTo(tombstone) < 0 ? 1 : 0;
                            highest = tombstone;
                        }
                        return missedOnes;
                    });
            assertThat(missed).as("looks that missed it").containsOnly(0);
        }
    }

    private static <T> List<T> inTwo(Callable<T> one, Callable<T> other) throws Exception {
        Iterator<Callable<T>> tasks = List.of(one, other).iterator();
        return inParallel(2, () -> {
            Callable<T> mine;
            synchronized (tasks) {
                mine = tasks.next();
            }
            return mine.call();
        });
    }

    private static long hammer(SharedLru lru, int rounds) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        WriteOutcome outcome = new WriteOutcome();
        byte[] target = new byte[400];
        long hits = 0;
        for (int i = 0; i < rounds; i++) {
            int number = random.nextInt(200);
            EncodedKey key = lru.encode("key-" + number);
            int action = random.nextInt(10);
            if (action < 6) {
                int length = lru.getInto(key, target, 0);
                if (length >= 0) {
                    hits++;
                    checkWhole(target, length, number);
                }
            } else if (action < 9) {
                byte[] value = valueOf(number, random.nextInt(), random.nextInt(8, 300));
                lru.set(key, value, 0, value.length, 0, null, false, outcome);
            } else {
                lru.delete(key, outcome);
            }
        }
        return hits;
    }

    private static byte[] valueOf(int number, int nonce, int length) {
        ByteBuffer value = ByteBuffer.allocate(length);
        value.putInt(number).putInt(nonce);
        while (value.hasRemaining()) {
            value.put((byte) (nonce + value.position()));
        }
        return value.array();
    }

    private static void checkWhole(byte[] value, int length, int number) {
        ByteBuffer buffer = ByteBuffer.wrap(value, 0, length);
        assertThat(buffer.getInt()).isEqualTo(number);
        int nonce = buffer.getInt();
        while (buffer.hasRemaining()) {
            byte expected = (byte) (nonce + buffer.position());
            byte got = buffer.get();
            if (got != expected) {
                throw new AssertionError("torn at " + buffer.position() + " of " + length);
            }
        }
    }

    @Test
    void shouldAlwaysFindTheKeyWhenItIsOnlyOverwritten() throws Exception {
        try (SharedLru lru = SharedLru.open(settings(100))) {
            byte[] value = new byte[200];
            lru.set(lru.encode("hot"), value, 0, value.length, 0, null, false, new WriteOutcome());
            List<Integer> misses = inParallel(3, () -> {
                boolean writer = Thread.currentThread().getName().endsWith("thread-1");
                WriteOutcome outcome = new WriteOutcome();
                int missed = 0;
                for (int i = 0; i < 200_000; i++) {
                    if (writer) {
                        lru.set(lru.encode("hot"), value, 0, value.length, 0, null, false, outcome);
                    } else if (lru.get(lru.encode("hot")) == null) {
                        missed++;
                    }
                }
                return missed;
            });
            assertThat(misses).containsOnly(0);
        }
    }

    @Test
    void shouldNotWaitLongerThanTheLockWaitWhenTheHolderIsStopped() throws Exception {
        SegmentFile file = SegmentFile.open(settings(100));
        try (file;
                SharedLru lru = SharedLru.open(settings(100))) {
            Segment stopped = new Segment(file, settings(100));
            EncodedKey key = new EncodedKey(file.pathKeyHigh(), file.pathKeyLow());
            key.encode("k");
            long lock = stopped.begin(key);
            long startNs = System.nanoTime();
            lru.set(lru.encode("k"), new byte[] {2}, 0, 1, 0, null, false, new WriteOutcome());
            assertThat(Duration.ofNanos(System.nanoTime() - startNs)).isLessThan(Duration.ofMillis(100));
            // The stopped one resumes: what it wanted to store never shows.
            EntryWriter.Body body = key.body;
            body.value = new byte[] {1};
            body.length = 1;
            body.versionClock = Long.MAX_VALUE;
            int way = stopped.writer().store(key, lock, EntryWriter.Room.EVICT, new WriteOutcome());
            assertThat(way).isEqualTo(EntryWriter.LOST_LOCK);
            assertThat(lru.get(lru.encode("k"))).containsExactly(2);
            assertThat(lru.size()).isEqualTo(1);
        }
    }

    @Test
    void shouldSetTheReservedWayAsideWhenItsWriterIsStoppedInTheBody() throws Exception {
        SegmentFile file = SegmentFile.open(settings(100));
        try (file;
                SharedLru lru = SharedLru.open(settings(100))) {
            Segment stopped = new Segment(file, settings(100));
            BucketLock lock = new BucketLock(file, stopped.buckets(), stopped.records(), 1_000_000);
            EncodedKey key = new EncodedKey(file.pathKeyHigh(), file.pathKeyLow());
            key.encode("k");
            int bucket = stopped.buckets().firstBucket(key.low);
            int way = bucket * 16 + 3;
            long mine = lock.acquire(bucket, 0);
            long free = stopped.records().stateAcquire(way);
            int generation = RecordDescriptor.generation(free) + 1;
            assertThat(lock.note(bucket, mine, way, generation)).isTrue();
            long reserved =
                    RecordDescriptor.held(RecordDescriptor.RESERVED, file.slot(), file.incarnation(), generation);
            assertThat(stopped.records().casState(way, free, reserved)).isTrue();
            assertThat(lock.holds(bucket, mine)).isTrue();

            lru.set(lru.encode("k"), new byte[] {2}, 0, 1, 0, null, false, new WriteOutcome());

            long state = stopped.records().stateAcquire(way);
            assertThat(RecordDescriptor.kind(state)).isEqualTo(RecordDescriptor.ASIDE);
            assertThat(stopped.records().casState(way, reserved, RecordDescriptor.visible(0, generation)))
                    .isFalse();
            assertThat(lru.counters().get(Counter.WAYS_SET_ASIDE)).isEqualTo(1);
            stopped.writer().free(way, reserved);
            assertThat(RecordDescriptor.kind(stopped.records().stateAcquire(way)))
                    .isEqualTo(RecordDescriptor.FREE);
            assertThat(lru.get(lru.encode("k"))).containsExactly(2);
        }
    }

    @Test
    void shouldNeverReturnADeletedSessionWhenFillsOfItsLifeKeepComing() throws Exception {
        try (SharedLru lru = SharedLru.open(settings(100))) {
            List<Boolean> results = inParallel(3, () -> {
                ThreadLocalRandom random = ThreadLocalRandom.current();
                WriteOutcome outcome = new WriteOutcome();
                for (int i = 1; i <= 30_000; i++) {
                    byte[] key = {(byte) (i % 50), 1};
                    long life = i / 50 * 100L + 1;
                    if (random.nextInt(3) == 0) {
                        lru.applyDelete(lru.encode(key).digest(), new Version(life + 50, 1), 0, outcome);
                        EntrySnapshot seen = new EntrySnapshot();
                        if (lru.find(lru.encode(key), seen)) {
                            assertThat(seen.life()).isGreaterThan(life + 50);
                        }
                    } else {
                        SessionEntry entry =
                                new SessionEntry(key, new byte[20], new Version(life + 90, 2), life, false, 0, 0, 0);
                        lru.fill(lru.encode(key), entry, Long.MAX_VALUE, 0, true, outcome);
                    }
                }
                return true;
            });
            assertThat(results).containsOnly(true);
        }
    }

    /** A delete that was stopped under its lock finds another set's entry of the same life when it goes on. */
    @Test
    void shouldDeleteWhatWasSetMeanwhileWhenTheDeleteLostItsLock() throws Exception {
        SegmentFile file = SegmentFile.open(settings(100));
        try (file;
                SharedLru lru = SharedLru.open(settings(100))) {
            lru.set(lru.encode("k"), new byte[] {1}, 0, 1, 0, null, false, new WriteOutcome());
            Segment stopped = new Segment(file, settings(100));
            EncodedKey key = new EncodedKey(file.pathKeyHigh(), file.pathKeyLow());
            key.encode("k");
            long lock = stopped.begin(key);
            lru.set(lru.encode("k"), new byte[] {2}, 0, 1, 0, null, false, new WriteOutcome());
            long version = stopped.nextVersion(key);
            assertThat(stopped.putTombstone(key, lock, version, 1, 0)).isEqualTo(Segment.Burial.LOST_LOCK);
            stopped.end(key, lock);
            assertThat(lru.get(lru.encode("k"))).as("the delete begins again").containsExactly(2);
            WriteOutcome outcome = new WriteOutcome();
            lru.delete(lru.encode("k"), outcome);
            assertThat(outcome.held()).isTrue();
            assertThat(lru.get(lru.encode("k"))).isNull();
            assertThat(lru.size()).isZero();
        }
    }
}
