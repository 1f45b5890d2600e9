package org.globalsessions.segment;

import java.util.Arrays;
import java.util.BitSet;
import java.util.function.IntToLongFunction;

/**
 * Says how often a scan of all buckets has to be repeated until it has missed no entry that lived throughout.
 *
 * <p>An overwrite may move an entry between the two buckets of its key, from one that the scan has not come to into one that it has
 * passed. Whoever moves it holds the lock of the key's first bucket, once for each move. So the keys of a first bucket are settled
 * after one pass over which its lock word was free and did not change, or after two over which it was held and did not change, as
 * by a process that died: in one of the two nothing moved. Where writers are so busy that buckets remain, {@value #MAX} passes have
 * to do.
 *
 * <p>One thread.
 */
public final class ScanPasses {
    /** Most passes. */
    static final int MAX = 8;

    private final IntToLongFunction lockWords;
    private final long[] before;
    private final BitSet settled;
    private final BitSet heldOnce;
    private int passes;

    /** Lock words are read with acquire semantics at least, here for the first time. */
    ScanPasses(int bucketCount, IntToLongFunction lockWords) {
        this.lockWords = lockWords;
        this.before = new long[bucketCount];
        this.settled = new BitSet(bucketCount);
        this.heldOnce = new BitSet(bucketCount);
        Arrays.setAll(before, lockWords);
    }

    /**
     * To be asked before each pass.
     *
     * @return whether a pass is due
     */
    public boolean next() {
        if (passes > 0) {
            settle();
        }
        return settled.cardinality() < before.length && passes++ < MAX;
    }

    private void settle() {
        for (int bucket = settled.nextClearBit(0); bucket < before.length; bucket = settled.nextClearBit(bucket + 1)) {
            long word = lockWords.applyAsLong(bucket);
            boolean unchanged = word == before[bucket];
            settled.set(bucket, unchanged && (HolderWord.isFree(word) || heldOnce.get(bucket)));
            heldOnce.set(bucket, unchanged);
            before[bucket] = word;
        }
    }
}
