package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.WAYS;

/**
 * Finds a key's record without a lock and without waiting for anybody.
 *
 * <p>Any thread of any process. A hit is decided by the first bucket that shows one: while a writer has both the old and the
 * new record visible its set has not returned, so either may be seen, and the order of buckets makes every reader see the
 * same one. A miss counts only when nothing moved meanwhile; a reader looks again only when a writer has made progress.
 */
final class EntryReader {
    private static final int EQUAL_LOOKS = 3;

    private final BucketTable buckets;
    private final RecordView records;

    EntryReader(BucketTable buckets, RecordView records) {
        this.buckets = buckets;
        this.records = records;
    }

    /**
     * The way that shows the key, with its state word in {@code key.foundState}; -1 where there is none. The caller looks at the
     * state word again behind what it reads of the record, and if that has changed asks anew.
     */
    int find(EncodedKey key) {
        int way = likelyWay(key);
        if (way >= 0) {
            long state = records.stateAcquire(way); // LAYOUT get 2
            if (RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE && hasKey(way, key)) {
                key.foundState = state;
                return way;
            }
        }
        int first = buckets.firstBucket(key.low);
        return findOrMiss(first, buckets.secondBucket(key.low), BucketTable.tag(key.high), key);
    }

    /**
     * Copies the value of a key in the common case: one way has its tag, the record shows the key, holds the value itself and has
     * not expired.
     *
     * @return the value's length, or {@link RecordView#OTHER_CASE}, which says nothing of whether the key is here
     */
    int copyLikely(EncodedKey key, byte[] target, int offset) {
        int way = likelyWay(key);
        int length = way < 0 ? RecordView.OTHER_CASE : records.copyIfShown(way, key, target, offset); // LAYOUT get 2
        if (length >= 0) {
            buckets.touch(way / WAYS, way % WAYS);
        }
        return length;
    }

    /** The one way that has the key's tag, of its first bucket if any there has; -1 where there is none or more than one. */
    private int likelyWay(EncodedKey key) {
        int tag = BucketTable.tag(key.high); // LAYOUT get 1
        int first = buckets.firstBucket(key.low);
        int second = buckets.secondBucket(key.low);
        long inFirst = buckets.matches(first, tag);
        // Both lines are asked for at once; the first bucket decides all the same. Which of the two has the key nobody
        // can
        // foretell, so the choice is made without a branch.
        long inSecond = buckets.matches(second, tag);
        long isFirst = (inFirst | -inFirst) >> 63;
        long matches = (inFirst & isFirst) | (inSecond & ~isFirst);
        int bucket = second ^ ((first ^ second) & (int) isFirst);
        boolean one = matches != 0 && (matches & (matches - 1)) == 0;
        return one ? bucket * WAYS + BucketTable.lane(matches) : -1;
    }

    /**
     * Looks again until a record is found or the miss is certain: the lock word of the first bucket stayed the same, and was
     * free, or three looks in a row saw the same tags and the same state words. Under one unchanged lock word at most two writes
     * of the key become visible, that of its holder and that of the one robbed of it, and no state word ever comes back.
     */
    private int findOrMiss(int first, int second, int tag, EncodedKey key) {
        long lock = buckets.lockWord(first);
        long seen = 0;
        int equalLooks = 0;
        while (true) {
            key.signature = 0;
            key.moved = false;
            int way = findIn(first, buckets.matches(first, tag), key);
            if (way < 0) {
                way = findIn(second, buckets.matches(second, tag), key);
            }
            if (way >= 0) {
                return way;
            }
            long now = buckets.lockWord(first); // LAYOUT get 6
            if (now != lock) {
                lock = now;
                equalLooks = 0;
                Thread.onSpinWait();
                continue;
            }
            equalLooks = key.signature == seen ? equalLooks + 1 : 1;
            if (equalLooks == EQUAL_LOOKS) {
                return -1;
            }
            if (HolderWord.isFree(now) && !key.moved) {
                return -1;
            }
            seen = key.signature;
        }
    }

    /** The newest visible record of the key among the ways that match; folds what it saw into {@code key.signature}. */
    private int findIn(int bucket, long matches, EncodedKey key) {
        int found = -1;
        long signature = key.signature * 31 + matches;
        for (long left = matches; left != 0; left &= left - 1) {
            int way = bucket * WAYS + BucketTable.lane(left);
            long state = records.stateAcquire(way); // LAYOUT get 2
            signature = signature * 31 + state;
            if (RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE) {
                boolean equal = hasKey(way, key);
                if (!records.stillShows(way, state)) { // LAYOUT get 3
                    key.moved = true;
                } else if (equal && (found < 0 || isNewer(way, found))) { // LAYOUT get 4
                    found = way;
                    key.foundState = state;
                }
            }
        }
        key.signature = signature;
        return found;
    }

    private boolean isNewer(int way, int than) {
        return org.globalsessions.Version.compare(
                        records.version(way), records.origin(way), records.version(than), records.origin(than))
                > 0;
    }

    /** Compares whole keys; for a delete, which names no key, the digest of the record's key. */
    boolean hasKey(int way, EncodedKey key) {
        return key.length > 0 ? records.keyEquals(way, key) : records.digestEquals(way, key);
    }
}
