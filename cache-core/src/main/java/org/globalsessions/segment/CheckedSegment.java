package org.globalsessions.segment;

import org.globalsessions.segment.Finding.Region;
import org.globalsessions.segment.Finding.Severity;

/**
 * What every check of a segment looks at: the file, its geometry, its processes; and how they word what they find.
 *
 * @param view     the whole file
 * @param geometry what the header says, found consistent
 * @param places   where keys belong
 * @param holders  the processes
 */
record CheckedSegment(FileView view, SegmentGeometry geometry, KeyPlaces places, SlotHolders holders) {
    /** How far a process's ticker may be ahead of the tick published, at most: a minute. */
    static final int TICK_MARGIN = 6_000;

    /** Ticks of the longest time-out. */
    static final int MAX_TICKS = Ticks.ticks(Ticks.MAX);

    private static final String DAMAGED =
            "somebody else wrote into this file, or it lay on a damaged disk: take a backup, end"
                    + " every process of this segment and remove the file, so that it is created anew";

    int tick() {
        return (int) view.longAcquire(SegmentDescriptor.TICK_OFFSET);
    }

    static long bucketOffset(long bucket) {
        return SegmentDescriptor.BUCKETS_OFFSET + bucket * SegmentDescriptor.BUCKET_LENGTH;
    }

    Finding damage(Region region, long index, long offset, long word, String what) {
        return new Finding(Severity.DAMAGE, region, index, offset, word, what, DAMAGED);
    }

    Finding leftover(Region region, long index, long offset, long word, String what, String remedy) {
        return new Finding(Severity.TO_BE_RECLAIMED, region, index, offset, word, what, remedy);
    }

    Finding inFlux(Region region, long index, long offset, long word, String what) {
        return new Finding(
                Severity.IN_FLUX,
                region,
                index,
                offset,
                word,
                what,
                "look again: it goes with its process's work, or with its end and the sweep after it");
    }

    /** What holds a place that a word says is held by a process. */
    Finding held(Region region, long index, long offset, long word, int slot, int incarnation, String what) {
        String who = what + " by slot " + slot + ", incarnation " + incarnation;
        return switch (holders.holder(slot, incarnation)) {
            case ALIVE -> inFlux(region, index, offset, word, who + ", which lives");
            case UNKNOWN -> inFlux(region, index, offset, word, who + ", of which it cannot be told whether it lives");
            case DEAD ->
                leftover(
                        region,
                        index,
                        offset,
                        word,
                        who + ", which is dead",
                        region == Region.BUCKETS
                                ? "the next writer of the bucket takes it over"
                                : "the next writer or the next full sweep frees it");
            case NEVER -> damage(region, index, offset, word, who + ", which was never given out");
        };
    }
}
