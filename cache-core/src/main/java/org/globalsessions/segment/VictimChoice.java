package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.WAYS;

/**
 * Finds the place that a write takes: a free way of the key's two buckets, else the entry that was not used for longest.
 *
 * <p>Any thread of any process; what it names is a proposal that the caller takes by compare-and-set from the state word. A
 * session that was never read since it was created counts as {@code untouched_aging} times as old. Ages are steps modulo
 * 2^16. An overwrite never takes its own older record: a kill would lose an acknowledged value.
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
        int firstEmpty = buckets.emptyCount(first);
        int secondEmpty = buckets.emptyCount(second);
        if (firstEmpty + secondEmpty == 0) {
            return -1;
        }
        boolean preferFirst = existing >= 0 ? existing / WAYS == first : firstEmpty >= secondEmpty;
        int way = freeIn(preferFirst ? first : second);
        return way >= 0 ? way : freeIn(preferFirst ? second : first);
    }

    private int freeIn(int bucket) {
        for (int lane = 0; lane < WAYS; lane++) {
            if (buckets.tagAt(bucket, lane) == 0) {
                int way = bucket * WAYS + lane;
                if (RecordDescriptor.kind(records.stateAcquire(way)) == RecordDescriptor.FREE) {
                    return way;
                }
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

    /** The state word to take a victim from; FREE, which never fits a victim, where its marks hold it after all. */
    long stateOf(int way, EntryWriter.Room room) {
        long state = records.stateAcquire(way);
        boolean held = (RecordDescriptor.marks(state) & holdMask) != 0;
        if (room == EntryWriter.Room.FREE_ONLY && !records.isExpired(way, (int) file.tick())) {
            // Renewed or replaced since it was chosen.
            return RecordDescriptor.free(0);
        }
        if (held && room != EntryWriter.Room.EVICT_HELD && !records.isExpired(way, (int) file.tick())) {
            // The hint was wrong: put it right, so that the next choice is another one.
            buckets.setMarkHints(way / WAYS, way % WAYS, RecordDescriptor.marks(state));
            return RecordDescriptor.free(0);
        }
        return state;
    }

    /** The oldest entry of two buckets whose hints show none of the marks; -1 where all do. */
    int oldest(int first, int second, int existing, int heldBy) {
        int inFirst = oldestIn(first, existing, heldBy);
        int inSecond = oldestIn(second, existing, heldBy);
        if (inFirst < 0 || inSecond < 0) {
            return Math.max(inFirst, inSecond);
        }
        return ageOf(inSecond) > ageOf(inFirst) ? inSecond : inFirst;
    }

    private int oldestIn(int bucket, int existing, int heldBy) {
        int oldest = -1;
        int oldestAge = -1;
        for (int lane = 0; lane < WAYS; lane++) {
            int way = bucket * WAYS + lane;
            if (way == existing || buckets.tagAt(bucket, lane) == 0 || (buckets.hints(bucket, lane) & heldBy) != 0) {
                continue;
            }
            int age = ageOf(way);
            if (age > oldestAge && RecordDescriptor.kind(records.stateAcquire(way)) == RecordDescriptor.VISIBLE) {
                oldest = way;
                oldestAge = age;
            }
        }
        return oldest;
    }

    /** The oldest entry of a bucket that a mark holds; -1 where there is none. */
    int oldestHeld(int bucket) {
        int oldest = -1;
        int oldestAge = -1;
        for (int lane = 0; lane < WAYS; lane++) {
            if (buckets.tagAt(bucket, lane) != 0 && (buckets.hints(bucket, lane) & holdMask) != 0) {
                int age = ageOf(bucket * WAYS + lane);
                if (age > oldestAge) {
                    oldest = bucket * WAYS + lane;
                    oldestAge = age;
                }
            }
        }
        return oldest;
    }

    private int ageOf(int way) {
        int bucket = way / WAYS;
        int lane = way % WAYS;
        int age = (buckets.step() - buckets.stamp(bucket, lane)) & 0xFFFF;
        return (buckets.hints(bucket, lane) & BucketTable.UNTOUCHED) != 0 ? age * untouchedAging : age;
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
