package org.globalsessions.relay;

import java.util.concurrent.TimeUnit;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SharedLru;

/**
 * What makes it certain that everything marked is sent: passes over the segment that publish what is unpublished, hand off from
 * buckets with too few takeable ways, and repeat deletes without an acknowledgement. Beside that, as the segment's sweeper, it
 * expires what is old. The agent's alone.
 */
final class RelaySweep {
    private static final int BUCKETS_A_STEP = 16;
    private static final int MAX_TOMBSTONES = 256;
    private static final long SOON_NS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long SHORTEST_PAUSE_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long LONGEST_PAUSE_NS = TimeUnit.SECONDS.toNanos(8);
    private static final long EXPIRY_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(100);
    /** A whole round of expiry takes so many steps of {@link #EXPIRY_INTERVAL_NS}: five seconds. */
    private static final int EXPIRY_STEPS = 50;

    private static final int MIN_EXPIRY_BUCKETS = 64;

    private final SharedLru lru;
    private final Publishes publishes;
    private final HandOffs handOffs;
    private final int bucketCount;
    private long nextPassNs;
    private long pauseNs = SHORTEST_PAUSE_NS;
    private int cursor = -1;
    private int found;
    private volatile boolean soon;
    private long nextExpiryNs;
    private int expiryCursor;

    RelaySweep(SharedLru lru, Publishes publishes, HandOffs handOffs, long nowNs) {
        this.lru = lru;
        this.publishes = publishes;
        this.handOffs = handOffs;
        this.bucketCount = lru.bucketCount();
        this.nextPassNs = nowNs;
        this.nextExpiryNs = nowNs;
    }

    /** Something was dropped or refused: the next pass shall not wait. Any thread. */
    void soon() {
        soon = true;
    }

    /** A sibling is there again: a pass begins at once. */
    void restart(long nowNs) {
        cursor = -1;
        nextPassNs = nowNs;
        pauseNs = SHORTEST_PAUSE_NS;
    }

    /** One step of a pass. */
    int step(FrameSink sink, long nowNs) {
        if (cursor < 0) {
            if (soon) {
                soon = false;
                pauseNs = SHORTEST_PAUSE_NS;
                nextPassNs = nextPassNs - nowNs > SOON_NS ? nowNs + SOON_NS : nextPassNs;
            }
            if (nextPassNs - nowNs > 0) {
                return 0;
            }
            cursor = 0;
            found = 0;
        }
        if (!sink.isReady() || publishes.isFull() || handOffs.isFull()) {
            return 0;
        }
        if (cursor < bucketCount) {
            sweepBuckets(sink, nowNs);
        } else {
            sweepTombstones(sink, nowNs);
            cursor = -1;
            pauseNs = found > 0 ? SHORTEST_PAUSE_NS : Math.min(LONGEST_PAUSE_NS, pauseNs * 2);
            nextPassNs = nowNs + pauseNs;
        }
        return 1;
    }

    private void sweepBuckets(FrameSink sink, long nowNs) {
        int end = Math.min(bucketCount, cursor + BUCKETS_A_STEP);
        for (int bucket = cursor; bucket < end; bucket++) {
            lru.scan(bucket, 1, RecordDescriptor.UNPUBLISHED, entry -> {
                if (!sink.isReady() || publishes.isFull()) {
                    return false;
                }
                found++;
                publishes.sendMarked(sink, entry, nowNs);
                return true;
            });
            if (!sink.isReady() || publishes.isFull() || !handOffs.makeRoom(sink, bucket, nowNs)) {
                // This bucket again in the next step: what is under way is not sent twice.
                cursor = bucket;
                return;
            }
        }
        cursor = end;
    }

    private void sweepTombstones(FrameSink sink, long nowNs) {
        int[] left = {MAX_TOMBSTONES};
        lru.scanUnacknowledgedTombstones((digest, version, position) -> {
            if (left[0]-- <= 0 || !sink.isReady() || publishes.isFull()) {
                return false;
            }
            found++;
            publishes.sendUnacknowledged(sink, digest, version, position, nowNs);
            return true;
        });
    }

    /** One step of expiry, where this process is the segment's sweeper. */
    int expire(long nowNs) {
        if (nextExpiryNs - nowNs > 0) {
            return 0;
        }
        nextExpiryNs = nowNs + EXPIRY_INTERVAL_NS;
        if (lru.file().acquireOrRenew(SegmentFile.Duty.SWEEPER) == 0) {
            return 0;
        }
        int count = Math.max(MIN_EXPIRY_BUCKETS, bucketCount / EXPIRY_STEPS);
        lru.sweep(expiryCursor, count);
        expiryCursor = expiryCursor + count < bucketCount ? expiryCursor + count : 0;
        return 1;
    }
}
