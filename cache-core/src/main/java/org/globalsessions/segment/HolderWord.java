package org.globalsessions.segment;

/**
 * A word by which one process holds something for as long as it works: the lock of a bucket, the claim of a loader. Attach slot + 1
 * in bits 0 to 8 (0 is free), incarnation in bits 9 to 23, epoch in bits 24 to 63, advanced by each acquisition. Static, no state.
 */
final class HolderWord {
    private static final int HOLDER_MASK = 0x1FF;
    private static final int INCARNATION_SHIFT = 9;
    private static final int INCARNATION_MASK = 0x7FFF;
    private static final int EPOCH_SHIFT = 24;
    private static final long EPOCH_MASK = (1L << (64 - EPOCH_SHIFT)) - 1;

    private HolderWord() {}

    /** What the words of this process have in common. */
    static long holder(SegmentFile file) {
        return ((long) file.incarnation() << INCARNATION_SHIFT) | (file.slot() + 1);
    }

    static boolean isFree(long word) {
        return (word & HOLDER_MASK) == 0;
    }

    /** Attach slot of the holder, -1 for nobody. */
    static int slot(long word) {
        return (int) (word & HOLDER_MASK) - 1;
    }

    static int incarnation(long word) {
        return (int) (word >>> INCARNATION_SHIFT) & INCARNATION_MASK;
    }

    /** Number of the acquisition. */
    static long epoch(long word) {
        return word >>> EPOCH_SHIFT;
    }

    /** The word of the next acquisition. */
    static long next(long word, long holder) {
        return ((epoch(word) + 1) & EPOCH_MASK) << EPOCH_SHIFT | holder;
    }

    /** The word once its holder has given it up. */
    static long released(long word) {
        return word >>> EPOCH_SHIFT << EPOCH_SHIFT;
    }

    /** Whether a process holds it that is dead. */
    static boolean isOfDead(long word, SegmentFile file) {
        return !isFree(word) && file.isDead(slot(word), incarnation(word));
    }
}
