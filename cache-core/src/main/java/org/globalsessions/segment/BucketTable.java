package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.BUCKETS_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.BUCKET_LENGTH;
import static org.globalsessions.segment.SegmentDescriptor.BUCKET_TOMBSTONES_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.HINTS_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.LOCK_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.NOTE_WORD_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.STAMPS_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.STEP_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.TAGS_OFFSET;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * The bucket headers: tags, stamps and hints of the ways, the lock word and its note. Tags, stamps and hints are hints; state
 * word and whole key decide.
 *
 * <p>Any process, any thread. Lanes change by compare-and-set of the long that holds them, because a plain store of one lane
 * could wipe what a neighbour has just written.
 */
final class BucketTable {
    /** Recency steps are counted modulo 2^15. */
    static final int STEP_MASK = 0x7FFF;

    /** Lowest bit of a stamp: the way's entry was not read since it was created. Above it stands the step. */
    static final int UNTOUCHED = 1;

    /** Hint: the way's entry has a lifetime or an idle limit. */
    static final int EXPIRES = 16;

    private static final long LANES_16 = 0x0001_0001_0001_0001L;
    private static final long HIGH_BITS_16 = 0x8000_8000_8000_8000L;

    private final ByteBuffer header;
    private final int bucketCount;
    private final long seedMix;

    BucketTable(SegmentFile file) {
        this.header = file.header();
        this.bucketCount = file.bucketCount();
        this.seedMix = KeyHash.mix(file.seed());
    }

    int bucketCount() {
        return bucketCount;
    }

    int firstBucket(long digestLow) {
        return KeyHash.firstOf(KeyHash.spread(digestLow, seedMix), bucketCount);
    }

    /** Never the first one: drawn from the others. */
    int secondBucket(long digestLow, int firstBucket) {
        return KeyHash.otherOf(KeyHash.spread(digestLow, seedMix), bucketCount, firstBucket);
    }

    /** 16 bits that buckets do not depend on; 0 is left to empty ways. */
    static int tag(long digestHigh) {
        int tag = (int) (digestHigh >>> 48);
        return tag == 0 ? 1 : tag;
    }

    private static int base(int bucket) {
        return BUCKETS_OFFSET + bucket * BUCKET_LENGTH;
    }

    /** Tags of four ways. Acquire: pairs with the release of {@link #setTag}, so that a tag seen leads to a reserved way. */
    long tagWord(int bucket, int quarter) {
        return (long) Words.LONG.getAcquire(header, base(bucket) + TAGS_OFFSET + quarter * 8);
    }

    /** The lanes of a tag word that equal a tag: the highest bit of each. */
    private static long matches(long tagWord, int tag) {
        long difference = tagWord ^ (LANES_16 * tag);
        return ~(((difference & ~HIGH_BITS_16) + ~HIGH_BITS_16) | difference) & HIGH_BITS_16;
    }

    /**
     * The ways of a bucket whose tags equal one, without a branch: lane {@code 4 * quarter + i} in bit
     * {@code 16 * i + 12 + quarter}. {@link #lane} names the lowest.
     *
     * <p>Four plain loads and one fence behind them: an acquire load each would make the
     * compiler fetch the buffer's address anew for every one. Pairs with the release of {@link #setTag}, so that a tag seen
     * leads to a reserved way.
     */
    long matches(int bucket, int tag) {
        int at = base(bucket) + TAGS_OFFSET;
        long matches = matches(header.getLong(at), tag) >>> 3
                | matches(header.getLong(at + 8), tag) >>> 2
                | matches(header.getLong(at + 16), tag) >>> 1
                | matches(header.getLong(at + 24), tag);
        VarHandle.acquireFence();
        return matches;
    }

    /** The empty ways of a bucket, in the form of {@link #matches}. */
    long empty(int bucket) {
        return matches(bucket, 0);
    }

    /** The lane of the lowest bit of {@link #matches}. */
    static int lane(long matches) {
        int bit = Long.numberOfTrailingZeros(matches);
        return ((bit & 3) << 2) + (bit >>> 4);
    }

    int tagAt(int bucket, int way) {
        return (int) (tagWord(bucket, way >>> 2) >>> ((way & 3) << 4)) & 0xFFFF;
    }

    /** Sets a way's tag, as the holder of that way. */
    void setTag(int bucket, int way, int tag) {
        setLane(base(bucket) + TAGS_OFFSET + (way >>> 2) * 8, (way & 3) << 4, 0xFFFFL, tag);
    }

    /** Stamps of four ways. */
    long stampWord(int bucket, int quarter) {
        return (long) Words.LONG.getOpaque(header, base(bucket) + STAMPS_OFFSET + quarter * 8);
    }

    int stamp(int bucket, int way) {
        return (int) (stampWord(bucket, way >>> 2) >>> ((way & 3) << 4)) & 0xFFFF;
    }

    /** Steps since a stamp. */
    static int age(int step, int stamp) {
        return (step - (stamp >>> 1)) & STEP_MASK;
    }

    /** The stamp of a step. */
    static int stampOf(int step, boolean untouched) {
        return (step & STEP_MASK) << 1 | (untouched ? UNTOUCHED : 0);
    }

    /** Sets a way's stamp, as its holder or as the sweeper. */
    void setStamp(int bucket, int way, int stamp) {
        setLane(base(bucket) + STAMPS_OFFSET + (way >>> 2) * 8, (way & 3) << 4, 0xFFFFL, stamp);
    }

    /** Renews a way's stamp as a reader: one try, and none where it is of this step already; a lost one costs recency only. */
    void touch(int bucket, int way) {
        int offset = base(bucket) + STAMPS_OFFSET + (way >>> 2) * 8;
        int shift = (way & 3) << 4;
        // Plain: an old value costs recency only.
        long word = header.getLong(offset);
        long stamp = stampOf((int) header.getLong(STEP_OFFSET), false);
        if (((word >>> shift) & 0xFFFF) != stamp) { // LAYOUT get 5
            Words.LONG.compareAndSet(header, offset, word, (word & ~(0xFFFFL << shift)) | (stamp << shift));
        }
    }

    /** Hints of four ways, 8 bits each. */
    int hintsOfQuarter(int bucket, int quarter) {
        long word = (long) Words.LONG.getOpaque(header, base(bucket) + HINTS_OFFSET + (quarter >>> 1) * 8);
        return (int) (word >>> ((quarter & 1) << 5));
    }

    int hints(int bucket, int way) {
        long word = (long) Words.LONG.getOpaque(header, base(bucket) + HINTS_OFFSET + (way >>> 3) * 8);
        return (int) (word >>> ((way & 7) << 3)) & 0xFF;
    }

    /** Sets all hints of a way, as its holder. */
    void setHints(int bucket, int way, int hints) {
        setLane(base(bucket) + HINTS_OFFSET + (way >>> 3) * 8, (way & 7) << 3, 0xFFL, hints);
    }

    /** Makes the hints of a way follow its marks; the caller checks the state word again afterwards. */
    void setMarkHints(int bucket, int way, int marks) {
        int offset = base(bucket) + HINTS_OFFSET + (way >>> 3) * 8;
        setLane(offset, (way & 7) << 3, 7L, marks);
    }

    private void setLane(int offset, int shift, long mask, int value) {
        while (true) {
            long word = (long) Words.LONG.getOpaque(header, offset);
            long changed = (word & ~(mask << shift)) | ((long) value << shift);
            if (word == changed || Words.LONG.compareAndSet(header, offset, word, changed)) {
                return;
            }
        }
    }

    int emptyCount(int bucket) {
        return Long.bitCount(empty(bucket));
    }

    int step() {
        return (int) (long) Words.LONG.getOpaque(header, STEP_OFFSET) & STEP_MASK;
    }

    void advanceStep() {
        Words.LONG.getAndAdd(header, STEP_OFFSET, 1L);
    }

    /** Tombstones of keys whose first bucket this is, or more. */
    int tombstones(int bucket) {
        return (int) Words.INT.getVolatile(header, base(bucket) + BUCKET_TOMBSTONES_OFFSET);
    }

    /** Counts a tombstone before it becomes visible, or after it has gone: so a kill leaves the number too high at most. */
    void addTombstones(int bucket, int count) {
        Words.INT.getAndAdd(header, base(bucket) + BUCKET_TOMBSTONES_OFFSET, count);
    }

    // The lock word: who writes the keys whose first bucket this is. BucketLock says how it is used.

    long lockWord(int bucket) {
        return (long) Words.LONG.getVolatile(header, base(bucket) + LOCK_OFFSET);
    }

    boolean casLockWord(int bucket, long expected, long changed) {
        return Words.LONG.compareAndSet(header, base(bucket) + LOCK_OFFSET, expected, changed);
    }

    long note(int bucket) {
        return (long) Words.LONG.getVolatile(header, base(bucket) + NOTE_WORD_OFFSET);
    }

    boolean casNote(int bucket, long expected, long changed) {
        return Words.LONG.compareAndSet(header, base(bucket) + NOTE_WORD_OFFSET, expected, changed);
    }
}
