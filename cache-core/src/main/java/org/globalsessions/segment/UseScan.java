package org.globalsessions.segment;

import java.util.Arrays;
import org.globalsessions.tier.Touch;

/**
 * Walks over the entries that were used here and whose use the next tier has not been told: of each once in a part of its idle limit,
 * the first use after a pause at once. What was never read since it came, or waits to be sent, the next tier knows of anyway.
 *
 * <p>One thread. Remembers for each way when its use was told last, in 4 bytes; where the way has another entry since, that one's first use
 * is told one such part later at most.
 */
public final class UseScan {
    /** Sees uses. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * Takes one use.
         *
         * @param touch the use
         * @param due   false where it was told, or another one too short a time ago
         * @return whether it is told now
         */
        boolean visit(Touch touch, boolean due);
    }

    private static final int LONG_AGO = 1 << 30;

    private final Segment segment;
    private final EncodedKey key;
    private final int unsent;
    private final int parts;
    private final EntrySnapshot copy = new EntrySnapshot();

    /** The tick up to which each way's uses are told. */
    private final int[] told;

    private int shortestLimit;

    UseScan(Segment segment, EncodedKey key, int unsent, int parts) {
        this.segment = segment;
        this.key = key;
        this.unsent = unsent;
        this.parts = parts;
        this.told = new int[segment.buckets().bucketCount() * SegmentDescriptor.WAYS];
        Arrays.fill(told, segment.now() - LONG_AGO);
    }

    /**
     * Shows the uses of a bucket.
     *
     * @param bucket  its number
     * @param all     whether those that are not due are shown too
     * @param visitor sees them
     */
    public void bucket(int bucket, boolean all, Visitor visitor) {
        BucketTable buckets = segment.buckets();
        for (int lane = 0; lane < SegmentDescriptor.WAYS; lane++) {
            boolean used = buckets.tagAt(bucket, lane) != 0
                    && (buckets.stamp(bucket, lane) & BucketTable.UNTOUCHED) == 0
                    && (buckets.hints(bucket, lane) & BucketTable.EXPIRES) != 0;
            if (used) {
                way(bucket * SegmentDescriptor.WAYS + lane, all, visitor);
            }
        }
    }

    private void way(int way, boolean all, Visitor visitor) {
        RecordView records = segment.records();
        long state = records.stateAcquire(way);
        int limit = records.toldIdleLimit(way);
        int tick = segment.now();
        if (RecordDescriptor.kind(state) != RecordDescriptor.VISIBLE
                || (RecordDescriptor.marks(state) & unsent) != 0
                || limit <= 0
                || records.isExpired(way, tick)) {
            return;
        }
        shortestLimit = shortestLimit == 0 ? limit : Math.min(shortestLimit, limit);
        int idle = Math.max(0, tick - records.lastAccess(way));
        int since = tick - told[way];
        // Longer ago than an entry lives without a use: all of it is new.
        boolean due = since < 0 || since > limit || (idle < since && since >= limit / parts);
        if (!due && !all) {
            return;
        }
        long life = records.life(way);
        int length = records.copyKey(way, copy);
        if (!records.stillShows(way, state)) {
            return;
        }
        key.encode(copy.key, length);
        if (visitor.visit(new Touch(key.digest(), life, idle), due)) {
            // A use later in this tick is a new one, but for one that says the same.
            told[way] = idle == 0 ? tick : tick - 1;
        }
    }

    /**
     * The shortest idle limit met since the last call.
     *
     * @return ticks, 0 where none was met
     */
    public int takeShortestLimit() {
        int shortest = shortestLimit;
        shortestLimit = 0;
        return shortest;
    }
}
