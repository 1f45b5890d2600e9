package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.ANNOUNCED_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.BUCKETS_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.BUCKET_LENGTH;
import static org.globalsessions.segment.SegmentDescriptor.BUCKET_TOMBSTONES_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.DEPARTED_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.HINTS_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.LOCK_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.NEXT_EXPIRY_OFFSET;
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
 * <p>Any process, any thread. A lane that its way's holder sets is stored by itself, 16 or 8 bits wide, which touches no neighbour;
 * one that is changed from what it was, by anybody, changes by compare-and-set of the long that holds it.
 */
final class BucketTable {
    /** Recency steps are counted modulo 2^15. */
    static final int STEP_MASK = 0x7FFF;

    /** An age from here on is that of a stamp ahead of the step: the sweep keeps true ages below. */
    static final int AHEAD = 0x4000;

    /** Lowest bit of a stamp: the way's entry was not read since it was created. Above it stands the step. */
    static final int UNTOUCHED = 1;

    /** Hint: the way's entry has a lifetime or an idle limit. */
    static final int EXPIRES = 16;

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

    int secondBucket(long digestLow) {
        return KeyHash.secondOf(KeyHash.spread(digestLow, seedMix), bucketCount);
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
        long wanted = Lanes.each(tag);
        long matches = matches(
                header.getLong(at) ^ wanted,
                header.getLong(at + 8) ^ wanted,
                header.getLong(at + 16) ^ wanted,
                header.getLong(at + 24) ^ wanted);
        VarHandle.acquireFence();
        return matches;
    }

    /** The lanes of four quarters that are 0, in the form of {@link #matches(int, int)}. */
    static long matches(long first, long second, long third, long fourth) {
        return Lanes.zeros(first) >>> 3 | Lanes.zeros(second) >>> 2 | Lanes.zeros(third) >>> 1 | Lanes.zeros(fourth);
    }

    /** The empty ways of a bucket, in the form of {@link #matches(int, int)}. */
    long empty(int bucket) {
        return matches(bucket, 0);
    }

    /** The lane of the lowest bit of {@link #matches(int, int)}. */
    static int lane(long matches) {
        int bit = Long.numberOfTrailingZeros(matches);
        return ((bit & 3) << 2) + (bit >>> 4);
    }

    int tagAt(int bucket, int way) {
        return (int) (tagWord(bucket, way >>> 2) >>> ((way & 3) << 4)) & 0xFFFF;
    }

    /** Sets a way's tag, as the holder of that way. */
    void setTag(int bucket, int way, int tag) {
        // Release: whoever sees the tag sees the reservation before it.
        Words.SHORT.setRelease(header, base(bucket) + TAGS_OFFSET + way * 2, (short) tag);
    }

    /** As {@link #tagWord}, without its order: for one who puts a fence behind several. */
    long tagsPlain(int bucket, int quarter) {
        return header.getLong(base(bucket) + TAGS_OFFSET + quarter * 8);
    }

    /** As {@link #stampWord}, plain. */
    long stampsPlain(int bucket, int quarter) {
        return header.getLong(base(bucket) + STAMPS_OFFSET + quarter * 8);
    }

    /** Hints of four ways, each in a lane of 16 bits; plain. */
    long hintsPlain(int bucket, int quarter) {
        return Lanes.ofBytes(header.getInt(base(bucket) + HINTS_OFFSET + quarter * 4));
    }

    /** Stamps of four ways. */
    long stampWord(int bucket, int quarter) {
        return (long) Words.LONG.getOpaque(header, base(bucket) + STAMPS_OFFSET + quarter * 8);
    }

    int stamp(int bucket, int way) {
        return (int) (stampWord(bucket, way >>> 2) >>> ((way & 3) << 4)) & 0xFFFF;
    }

    /** Steps since a stamp; 0 for one that is ahead, as another thread may have advanced the step since it was read. */
    static int age(int step, int stamp) {
        int age = (step - (stamp >>> 1)) & STEP_MASK;
        return age >= AHEAD ? 0 : age;
    }

    /** The stamp of a step. */
    static int stampOf(int step, boolean untouched) {
        return (step & STEP_MASK) << 1 | (untouched ? UNTOUCHED : 0);
    }

    /** Sets a way's stamp, as its holder. */
    void setStamp(int bucket, int way, int stamp) {
        header.putShort(base(bucket) + STAMPS_OFFSET + way * 2, (short) stamp);
    }

    /** Changes a way's stamp from the one that was seen, as the sweeper: a use or a new entry of the way since then counts more. */
    void changeStamp(int bucket, int way, int seen, int changed) {
        int offset = base(bucket) + STAMPS_OFFSET + (way >>> 2) * 8;
        int shift = (way & 3) << 4;
        long word = (long) Words.LONG.getOpaque(header, offset);
        // Again where a neighbour's stamp has changed: this one must not stay behind until its age does not compare any
        // more.
        while (((word >>> shift) & 0xFFFF) == seen
                && !Words.LONG.compareAndSet(
                        header, offset, word, (word & ~(0xFFFFL << shift)) | ((long) changed << shift))) {
            word = (long) Words.LONG.getOpaque(header, offset);
        }
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

    int hints(int bucket, int way) {
        long word = (long) Words.LONG.getOpaque(header, base(bucket) + HINTS_OFFSET + (way >>> 3) * 8);
        return (int) (word >>> ((way & 7) << 3)) & 0xFF;
    }

    /** Sets all hints of a way, as its holder. */
    void setHints(int bucket, int way, int hints) {
        header.put(base(bucket) + HINTS_OFFSET + way, (byte) hints);
    }

    /** Makes the hints of a way follow its marks; the caller checks the state word again afterwards. */
    void setMarkHints(int bucket, int way, int marks) {
        int offset = base(bucket) + HINTS_OFFSET + (way >>> 3) * 8;
        int shift = (way & 7) << 3;
        while (true) {
            long word = (long) Words.LONG.getOpaque(header, offset);
            long changed = (word & ~(7L << shift)) | ((long) marks << shift);
            if (word == changed || Words.LONG.compareAndSet(header, offset, word, changed)) {
                return;
            }
        }
    }

    int emptyCount(int bucket) {
        return Long.bitCount(empty(bucket));
    }

    /** Ways that are taken, by a walk over all headers; approximate while others write. */
    int usedCount() {
        int count = 0;
        for (int bucket = 0; bucket < bucketCount(); bucket++) {
            count += SegmentDescriptor.WAYS - emptyCount(bucket);
        }
        return count;
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

    /** How often another tier has announced a change of a key whose first bucket this is: 0 to 2^32 - 1, wrapping around. */
    long announced(int bucket) {
        return Integer.toUnsignedLong((int) Words.INT.getVolatile(header, base(bucket) + ANNOUNCED_OFFSET));
    }

    /** Counts an announcement, before it is applied. */
    void addAnnounced(int bucket) {
        Words.INT.getAndAdd(header, base(bucket) + ANNOUNCED_OFFSET, 1);
    }

    /**
     * Clock of a version below which an entry of either bucket may have had a newer one here that has gone; 0 for none.
     *
     * @param most what is above it is damage, or of a clock that was put right since, and does not count
     */
    long departed(int firstBucket, int secondBucket, long most) {
        long first = departed(firstBucket);
        long second = departed(secondBucket);
        return Math.max(first > most ? 0 : first, second > most ? 0 : second);
    }

    private long departed(int bucket) {
        return (long) Words.LONG.getVolatile(header, base(bucket) + DEPARTED_OFFSET);
    }

    /** An entry of that version's clock is about to leave the bucket, and nothing newer of its key stays here. */
    void noteDeparted(int bucket, long clock, long most) {
        long seen = departed(bucket);
        while ((seen < clock || seen > most)
                && !Words.LONG.compareAndSet(
                        header, base(bucket) + DEPARTED_OFFSET, seen, clock)) { // LAYOUT set 6, set 10
            seen = departed(bucket);
        }
    }

    /** The tick from which on it is worth to look for an expired entry; 0 for never. A hint: the records decide. */
    int nextExpiry(int bucket) {
        return (int) Words.INT.getOpaque(header, base(bucket) + NEXT_EXPIRY_OFFSET);
    }

    /** Brings it forward, before an entry that runs out earlier becomes visible. */
    void expectExpiry(int bucket, int tick) {
        int seen = nextExpiry(bucket);
        while ((seen == 0 || seen - tick > 0) && !changeNextExpiry(bucket, seen, tick)) {
            seen = nextExpiry(bucket);
        }
    }

    boolean changeNextExpiry(int bucket, int expected, int tick) {
        return Words.INT.compareAndSet(header, base(bucket) + NEXT_EXPIRY_OFFSET, expected, tick);
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
