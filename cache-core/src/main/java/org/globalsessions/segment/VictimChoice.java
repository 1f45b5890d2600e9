package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.WAYS;

/**
 * Finds the place that a write takes: a free way of the key's two buckets, else the entry that was not used for longest.
 *
 * <p>Any thread of any process; what it names is a proposal that the caller takes by compare-and-set from the state word. A
 * session that was never read since it was created counts as {@code untouched_aging} times as old. Ages are steps modulo
 * 2^15. An overwrite never takes its own older record: a kill would lose an acknowledged value.
 */
final class VictimChoice {
    private final SegmentFile file;
    private final BucketTable buckets;
    private final RecordView records;
    private final int holdMask;
    private final int untouchedAging;

    VictimChoice(SegmentFile file, BucketTable buckets, RecordView records, int holdMask, int untouchedAging) {
        this.file = file;
        this.buckets = buckets;
        this.records = records;
        this.holdMask = holdMask;
        this.untouchedAging = untouchedAging;
    }

    /** The marks that keep an entry from being evicted. */
    int holdMask() {
        return holdMask;
    }

    /** A free way: of the emptier bucket for a new key, so that both fill evenly; beside the old record for an overwrite. */
    int findFree(int first, int second, int existing) {
        long inFirst = buckets.empty(first);
        long inSecond = buckets.empty(second);
        if ((inFirst | inSecond) == 0) {
            return -1;
        }
        boolean preferFirst =
                existing >= 0 ? existing / WAYS == first : Long.bitCount(inFirst) >= Long.bitCount(inSecond);
        int way = preferFirst ? freeIn(first, inFirst) : freeIn(second, inSecond);
        if (way < 0) {
            way = preferFirst ? freeIn(second, inSecond) : freeIn(first, inFirst);
        }
        return way;
    }

    private int freeIn(int bucket, long empty) {
        for (long left = empty; left != 0; left &= left - 1) {
            int way = bucket * WAYS + BucketTable.lane(left);
            if (RecordDescriptor.kind(records.stateAcquire(way)) == RecordDescriptor.FREE) {
                return way;
            }
        }
        return -1;
    }

    /** The entry to evict, or -1. */
    int find(int first, int second, int existing, EntryWriter.Room room) {
        if (room != EntryWriter.Room.FREE_ONLY) {
            int way = oldest(first, second, existing, holdMask);
            if (way >= 0) {
                return way;
            }
        }
        int way = expiredIn(first, existing);
        if (way < 0) {
            way = expiredIn(second, existing);
        }
        if (way < 0 && room == EntryWriter.Room.EVICT_HELD) {
            way = oldest(first, second, existing, 0);
        }
        return way;
    }

    /** The state word to take a way from; that of a reserved one, which nobody takes, where marks hold its entry after all. */
    long stateOf(int way, EntryWriter.Room room) {
        long state = records.stateAcquire(way);
        if (RecordDescriptor.kind(state) != RecordDescriptor.VISIBLE || room == EntryWriter.Room.EVICT_HELD) {
            return state;
        }
        boolean held = (RecordDescriptor.marks(state) & holdMask) != 0;
        if ((held || room == EntryWriter.Room.FREE_ONLY) && !records.isExpired(way, (int) file.tick())) {
            // Renewed or replaced since it was chosen, or the hint was wrong: put it right, so that the next choice is
            // another.
            buckets.setMarkHints(way / WAYS, way % WAYS, RecordDescriptor.marks(state));
            return RecordDescriptor.held(RecordDescriptor.RESERVED, 0, 0, 0);
        }
        return state;
    }

    /** The oldest entry of two buckets whose hints show none of the marks; -1 where all do. */
    int oldest(int first, int second, int existing, int heldBy) {
        long inFirst = oldestIn(first, existing, heldBy, 0);
        long inSecond = oldestIn(second, existing, heldBy, 0);
        // Of equal age the first bucket's, which is at hand.
        return (int) (inSecond >>> 32) > (int) (inFirst >>> 32) || inFirst < 0 ? (int) inSecond : (int) inFirst;
    }

    /** The oldest entry of a bucket that a mark holds; -1 where there is none. */
    int oldestHeld(int bucket) {
        return (int) oldestIn(bucket, -1, 0, holdMask);
    }

    /**
     * The oldest visible entry of a bucket, by its header and the state word of the one found: age in the upper half, way in
     * the lower; -1 where there is none.
     *
     * @param existing a way that does not count, or -1
     * @param without  marks that it must not have
     * @param with     marks of which it must have one, 0 for any
     */
    private long oldestIn(int bucket, int existing, int without, int with) {
        int excluded = existing >= 0 && existing / WAYS == bucket ? 1 << existing % WAYS : 0;
        while (true) {
            long oldest = oldestByHeader(bucket, excluded, without, with);
            int way = (int) oldest;
            if (way < 0 || RecordDescriptor.kind(records.stateAcquire(way)) == RecordDescriptor.VISIBLE) {
                return oldest;
            }
            // Somebody is at work on it.
            excluded |= 1 << way % WAYS;
        }
    }

    private long oldestByHeader(int bucket, int excluded, int without, int with) {
        int step = buckets.step();
        int oldestLane = -1;
        int oldestAge = -1;
        for (int quarter = 0; quarter < WAYS / 4; quarter++) {
            long tags = buckets.tagWord(bucket, quarter);
            long stamps = buckets.stampWord(bucket, quarter);
            int hints = buckets.hintsOfQuarter(bucket, quarter);
            for (int i = 0; i < 4; i++) {
                int lane = quarter * 4 + i;
                int hint = hints >>> (i << 3);
                boolean counts = ((tags >>> (i << 4)) & 0xFFFF) != 0
                        && (hint & without) == 0
                        && (with == 0 || (hint & with) != 0)
                        && (excluded >>> lane & 1) == 0;
                int age = age(step, (int) (stamps >>> (i << 4)) & 0xFFFF);
                if (counts && age > oldestAge) {
                    oldestLane = lane;
                    oldestAge = age;
                }
            }
        }
        return oldestLane < 0 ? -1 : (long) oldestAge << 32 | (bucket * WAYS + oldestLane);
    }

    private int age(int step, int stamp) {
        int age = BucketTable.age(step, stamp);
        return (stamp & BucketTable.UNTOUCHED) != 0 ? age * untouchedAging : age;
    }

    /** Age of an entry whose pages are wanted; -1 where a mark holds it and may not be passed over. */
    int ageOfHead(int way, EntryWriter.Room room) {
        int hints = buckets.hints(way / WAYS, way % WAYS);
        boolean held = (hints & holdMask) != 0;
        if (held && room != EntryWriter.Room.EVICT_HELD) {
            return -1;
        }
        int age = age(buckets.step(), buckets.stamp(way / WAYS, way % WAYS));
        // A held one goes last of all.
        return held ? 0 : age + 1;
    }

    private int expiredIn(int bucket, int existing) {
        int tick = (int) file.tick();
        for (int lane = 0; lane < WAYS; lane++) {
            int way = bucket * WAYS + lane;
            if (way != existing
                    && (buckets.hints(bucket, lane) & BucketTable.EXPIRES) != 0
                    && RecordDescriptor.kind(records.stateAcquire(way)) == RecordDescriptor.VISIBLE
                    && records.isExpired(way, tick)) {
                return way;
            }
        }
        return -1;
    }

    /** Ways that a write could take at once: empty, expired or not held. */
    int takeable(int bucket) {
        int count = 0;
        int tick = (int) file.tick();
        for (int lane = 0; lane < WAYS; lane++) {
            int hints = buckets.hints(bucket, lane);
            if (buckets.tagAt(bucket, lane) == 0
                    || (hints & holdMask) == 0
                    || ((hints & BucketTable.EXPIRES) != 0 && records.isExpired(bucket * WAYS + lane, tick))) {
                count++;
            }
        }
        return count;
    }
}
