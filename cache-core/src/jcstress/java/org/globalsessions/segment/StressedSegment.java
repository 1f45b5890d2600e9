package org.globalsessions.segment;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Version;
import org.globalsessions.tier.SessionEntry;

/**
 * A segment in a file that all states of a jcstress VM share, each state with keys of its own, since a file for each of millions
 * of states would test the file system.
 *
 * <p>No two states that exist at one time may share a key: jcstress makes all states of a batch first, lets each actor go
 * through them on its own, and looks at and replaces the states of one part of the batch while it looks at those of another. So
 * a second state with the same key writes its first value between the writes of the first one and the look at them.
 */
final class StressedSegment {
    /** Keys for {@link #roomy}: all of them fit, and a batch has far fewer states. */
    static final long ROOMY_KEYS = 20_000;

    /** Where waiting for a listener's word ends. */
    private static final long TOLD_NS = TimeUnit.SECONDS.toNanos(5);

    static final int ROOMY = 40_000;
    static final int RECORD_SIZE = 1_024;

    /** Of 32 ways: the others are left to be taken over and over. */
    private static final int HELD = 29;

    private static final int IDLE_LIMIT_TICKS = 1_000_000;
    private static final int IDLE_TICKS = 1_000;

    private static final ThreadLocal<WriteOutcome> OUTCOMES = ThreadLocal.withInitial(WriteOutcome::new);
    private static final ThreadLocal<EntrySnapshot> ENTRIES = ThreadLocal.withInitial(EntrySnapshot::new);
    private static final ThreadLocal<byte[]> BUFFERS = ThreadLocal.withInitial(() -> new byte[RECORD_SIZE]);

    private final SharedLru lru;
    private final Segment segment;

    /** Clock of the highest version told as evicted, by number of the key; only of keys whose eviction somebody asks about. */
    private final ConcurrentMap<Long, Long> evicted = new ConcurrentHashMap<>();

    StressedSegment(SegmentSettings settings) {
        try {
            lru = SharedLru.open(settings);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        segment = new Segment(lru.file(), settings);
    }

    /** Removes the file: mapped it is, nobody else wants it, and a VM that is killed leaves nothing behind. */
    StressedSegment unlinked() {
        try {
            Files.delete(lru.file().path());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Settings of a segment in a file of its own, which goes with the temporary folder of whoever started the VM. */
    static SegmentSettings newSettings() {
        try {
            return new SegmentSettings(Files.createTempDirectory("jcstress").resolve("segment"))
                    .recordSize(RECORD_SIZE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Nothing is evicted. */
    static StressedSegment roomy() {
        return new StressedSegment(newSettings().elCount(ROOMY)).unlinked();
    }

    /** Nothing is evicted, and whoever finds a lock held takes it over at once, as from a stopped holder. */
    static StressedSegment robbed() {
        return new StressedSegment(newSettings().elCount(ROOMY).lockWait(Duration.ofNanos(1))).unlinked();
    }

    /**
     * Two buckets, which are the buckets of every key, and but three ways that no mark holds: each insertion takes one of the last
     * three entries' places, however often these are read.
     */
    static StressedSegment full() {
        StressedSegment full = new StressedSegment(
                        newSettings().role(SegmentSettings.Role.RELAY).elCount(1))
                .unlinked();
        for (int i = 0; i < HELD; i++) {
            StressedEntry held = new StressedEntry(-1 - i);
            full.fill(held, 1, RecordDescriptor.NOT_HANDED_OFF);
        }
        return full;
    }

    SharedLru lru() {
        return lru;
    }

    Segment segment() {
        return segment;
    }

    /** A key of its own for a thread that is stopped while others go on. */
    EncodedKey encodeApart(StressedEntry entry) {
        EncodedKey key = new EncodedKey(lru.file().pathKeyHigh(), lru.file().pathKeyLow());
        key.encode(entry.key(), entry.key().length);
        return key;
    }

    /** Stores one of the entry's values and returns its version's clock. */
    long set(StressedEntry entry, byte[] value) {
        WriteOutcome outcome = OUTCOMES.get();
        lru.set(lru.encode(entry.key()), value, 0, value.length, 0, null, false, outcome);
        return stored(outcome);
    }

    /** Stores a value only over one version; whether it did. */
    boolean setIf(StressedEntry entry, byte[] value, Version expected) {
        WriteOutcome outcome = OUTCOMES.get();
        lru.set(lru.encode(entry.key()), value, 0, value.length, 0, expected, false, outcome);
        return outcome.status() == WriteOutcome.Status.STORED;
    }

    /** Stores the entry's first value as one that was not used for long and has an idle limit, so that a touch has to write. */
    long fillIdle(StressedEntry entry, long clock) {
        return fill(entry, clock, 0);
    }

    private long fill(StressedEntry entry, long clock, int marks) {
        WriteOutcome outcome = OUTCOMES.get();
        SessionEntry filled = new SessionEntry(
                entry.key(), entry.old(), new Version(clock, 1), clock, false, IDLE_TICKS, IDLE_LIMIT_TICKS, 0);
        lru.fill(lru.encode(entry.key()), filled, Long.MAX_VALUE, marks, true, outcome);
        return stored(outcome);
    }

    long delete(StressedEntry entry) {
        WriteOutcome outcome = OUTCOMES.get();
        lru.delete(lru.encode(entry.key()), outcome);
        return stored(outcome);
    }

    private static long stored(WriteOutcome outcome) {
        if (outcome.status() != WriteOutcome.Status.STORED) {
            throw new IllegalStateException("not stored: " + outcome.status());
        }
        return outcome.versionClock;
    }

    boolean touch(StressedEntry entry) {
        return lru.touch(lru.encode(entry.key()));
    }

    /** What a get returns: one of the numbers of {@link StressedEntry}. */
    int read(StressedEntry entry) {
        byte[] buffer = BUFFERS.get();
        int length = lru.getInto(lru.encode(entry.key()), buffer, 0);
        return length == SharedLru.ABSENT ? StressedEntry.ABSENT : entry.kindOf(buffer, length);
    }

    /** The same by way of a copy of the whole entry, which renews nothing. */
    int readEntry(StressedEntry entry) {
        EntrySnapshot copy = ENTRIES.get();
        return lru.find(lru.encode(entry.key()), copy)
                ? entry.kindOf(copy.value, copy.valueLength)
                : StressedEntry.ABSENT;
    }

    /** The version that is there. */
    Version versionOf(StressedEntry entry) {
        EntrySnapshot copy = ENTRIES.get();
        return lru.find(lru.encode(entry.key()), copy) ? copy.version() : Version.NONE;
    }

    /** Clock of the version that is there, 0 where none is. */
    long version(StressedEntry entry) {
        EntrySnapshot copy = ENTRIES.get();
        return lru.find(lru.encode(entry.key()), copy) ? copy.versionClock : 0;
    }

    /** How many records show the key. */
    int records(StressedEntry entry) {
        EncodedKey key = lru.encode(entry.key());
        int first = segment.buckets().firstBucket(key.low);
        return recordsIn(first, key) + recordsIn(segment.buckets().secondBucket(key.low), key);
    }

    private int recordsIn(int bucket, EncodedKey key) {
        RecordView records = segment.records();
        int count = 0;
        for (int lane = 0; lane < SegmentDescriptor.WAYS; lane++) {
            int way = bucket * SegmentDescriptor.WAYS + lane;
            long state = records.stateAcquire(way);
            if (RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE
                    && records.keyEquals(way, key)
                    && records.stillShows(way, state)) {
                count++;
            }
        }
        return count;
    }

    /**
     * Whether the word of the last access names the generation of the entry that it belongs to, in each way of a full segment: a
     * late touch that reached the next entry of a way would leave another one there, and nobody could renew that entry again.
     */
    boolean isEachAccessOfItsEntry() {
        RecordView records = segment.records();
        for (int way = 0; way < segment.buckets().bucketCount() * SegmentDescriptor.WAYS; way++) {
            long state = records.stateAcquire(way);
            int at = way * lru.file().recordStride() + RecordDescriptor.ACCESS_OFFSET;
            long access = (long) Words.LONG.getOpaque(lru.file().recordBuffers()[0], at);
            if (RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE
                    && RecordDescriptor.generation(access) != RecordDescriptor.generation(state)
                    && records.stillShows(way, state)) {
                return false;
            }
        }
        return true;
    }

    /** Has evictions told from now on. */
    StressedSegment tellingEvictions() {
        lru.departures(new DepartureListener() {
            @Override
            public void onExpired(EntrySnapshot entry) {
                throw new IllegalStateException("nothing here has a lifetime");
            }

            @Override
            public void onEvicted(EntrySnapshot entry) {
                evicted.computeIfPresent(
                        StressedEntry.number(entry.key, entry.keyLength),
                        (number, clock) -> Math.max(clock, entry.versionClock));
            }
        });
        return this;
    }

    /** Notes evictions of an entry until {@link #forget}. */
    void remember(StressedEntry entry) {
        evicted.put(entry.number(), 0L);
    }

    void forget(StressedEntry entry) {
        evicted.remove(entry.number());
    }

    /**
     * Whether an acknowledged version is there, or was told as evicted. It is told behind the eviction, so this waits for the
     * word where both are missing.
     */
    boolean isThereOrEvicted(StressedEntry entry, long clock) {
        long deadlineNs = System.nanoTime() + TOLD_NS;
        do {
            if (version(entry) == clock || evicted.get(entry.number()) == clock) {
                return true;
            }
            Thread.onSpinWait();
        } while (System.nanoTime() - deadlineNs < 0);
        // An outcome is a few numbers: what is there instead says which step went wrong, in the output of the VM.
        System.err.println("neither there nor evicted: wanted=" + clock + " there=" + version(entry) + " told="
                + evicted.get(entry.number()) + " records=" + records(entry) + " ways=" + unheldWays());
        return false;
    }

    /** Ways that no mark holds, free ones left out: number, kind, tag and version of each. */
    private String unheldWays() {
        RecordView records = segment.records();
        StringBuilder ways = new StringBuilder();
        for (int way = 0; way < segment.buckets().bucketCount() * SegmentDescriptor.WAYS; way++) {
            long state = records.stateAcquire(way);
            int kind = RecordDescriptor.kind(state);
            if (kind != RecordDescriptor.FREE && RecordDescriptor.marks(state) == 0) {
                int tag = segment.buckets().tagAt(way / SegmentDescriptor.WAYS, way % SegmentDescriptor.WAYS);
                ways.append(" [")
                        .append(way)
                        .append(" kind ")
                        .append(kind)
                        .append(" tag ")
                        .append(tag)
                        .append(" version ")
                        .append(records.version(way))
                        .append(']');
            }
        }
        return ways.toString();
    }
}
