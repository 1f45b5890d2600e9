package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.WAYS;

import java.lang.invoke.VarHandle;

/**
 * Finds the place that a write takes: a free way of the key's two buckets, else the entry that was not used for longest.
 *
 * <p>Any thread of any process; what it names is a proposal that the caller takes by compare-and-set from the state word. A
 * session that was never read since it was created counts as {@code untouched_aging} times as old. Ages are steps modulo
 * 2^15. An overwrite never takes its own older record: a kill would lose an acknowledged value.
 */
final class VictimChoice {
    /** Steps above which all ages are equal: four times as many fit a lane. */
    static final int MAX_AGE = 0x1FFF;

    /** Times that an untouched entry may age faster, at most: see {@link #MAX_AGE}. */
    static final int MAX_UNTOUCHED_AGING = 4;

    private static final long OLDEST = Lanes.each(MAX_AGE);
    private static final long TOO_OLD = Lanes.each(BucketTable.STEP_MASK & ~MAX_AGE);
    private static final long AHEAD = Lanes.each(BucketTable.AHEAD);
    private static final long STEP_RANGE = Lanes.each(BucketTable.STEP_MASK);
    private static final long STEPS = Lanes.each(BucketTable.STEP_MASK << 1);
    private static final long UNTOUCHED = Lanes.each(BucketTable.UNTOUCHED);

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

    /**
     * The entry to evict: an expired one before any live one, but one that is owed only where no other may go that is not held; -1 where there
     * is none.
     */
    int find(int first, int second, int existing, EntryWriter.Room room) {
        int way = expiredIn(first, second, existing, false);
        if (way < 0 && room != EntryWriter.Room.FREE_ONLY) {
            way = oldest(first, second, existing, holdMask);
        }
        if (way < 0 && takesOwed(room)) {
            way = expiredIn(first, second, existing, true);
        }
        if (way < 0 && room == EntryWriter.Room.EVICT_HELD) {
            way = oldest(first, second, existing, 0);
        }
        return way;
    }

    /** Whether a write may take what is owed: where the mark of that holds an entry, like any that is held. */
    private boolean takesOwed(EntryWriter.Room room) {
        return room == EntryWriter.Room.EVICT_HELD
                || (room == EntryWriter.Room.EVICT && (holdMask & records.owedMask()) == 0);
    }

    /** The state word to take a way from; that of a reserved one, which nobody takes, where marks hold its entry after all. */
    long stateOf(int way, EntryWriter.Room room) {
        long state = records.stateAcquire(way);
        if (RecordDescriptor.kind(state) != RecordDescriptor.VISIBLE || room == EntryWriter.Room.EVICT_HELD) {
            return state;
        }
        int tick = (int) file.tick();
        boolean held = (RecordDescriptor.marks(state) & holdMask) != 0 || room == EntryWriter.Room.FREE_ONLY;
        if (records.isOwed(way, state, tick) ? !takesOwed(room) : held && !records.isExpired(way, tick)) {
            // Renewed or replaced since it was chosen, or the hint was wrong: put it right, so that the next choice is
            // another.
            buckets.setMarkHints(way / WAYS, way % WAYS, RecordDescriptor.marks(state));
            return RecordDescriptor.held(RecordDescriptor.RESERVED, 0, 0, 0);
        }
        return state;
    }

    /** The oldest visible entry of two buckets whose hints show none of the marks, -1 where all do. */
    int oldest(int first, int second, int existing, int heldBy) {
        return oldest(first, second, existing, heldBy, 0);
    }

    /** The oldest entry of a bucket that a mark holds; -1 where there is none. */
    int oldestHeld(int bucket) {
        return oldest(bucket, bucket, -1, 0, holdMask);
    }

    /**
     * The oldest visible entry of two buckets, -1 where there is none. By both headers, and the state word of the one found alone: each
     * record looked at costs a page walk and a cache miss, which are most of what a write that evicts takes.
     *
     * @param existing a way that does not count, or -1
     * @param without  marks that it must not have
     * @param with     marks of which it must have one, 0 for any
     */
    private int oldest(int first, int second, int existing, int without, int with) {
        int outOfFirst = laneBit(first, existing);
        int outOfSecond = laneBit(second, existing);
        while (true) {
            long inFirst = oldestByHeader(first, outOfFirst, without, with);
            long inSecond = oldestByHeader(second, outOfSecond, without, with);
            // Of equal age the first bucket's, which is at hand. The age of none is -1.
            int way = (int) (inSecond >> 32 > inFirst >> 32 ? inSecond : inFirst);
            if (way < 0 || RecordDescriptor.kind(records.stateAcquire(way)) == RecordDescriptor.VISIBLE) {
                return way;
            }
            // Somebody is at work on it.
            outOfFirst |= laneBit(first, way);
            outOfSecond |= laneBit(second, way);
        }
    }

    /** A bit for the lane of a way that lies in a bucket, 0 for one that does not. */
    private static int laneBit(int bucket, int way) {
        return way >= 0 && way / WAYS == bucket ? 1 << way % WAYS : 0;
    }

    /**
     * The oldest entry of a bucket by its header alone: age in the upper half, way in the lower; -1 where there is none. Four ways at a
     * time and without a branch, since which of 32 is the oldest nobody can foretell. Plain loads, with one fence behind them.
     */
    private long oldestByHeader(int bucket, int excluded, int without, int with) {
        long step = Lanes.each(buckets.step() << 1);
        long first = ages(bucket, 0, step, excluded, without, with);
        long second = ages(bucket, 1, step, excluded, without, with);
        long third = ages(bucket, 2, step, excluded, without, with);
        long fourth = ages(bucket, 3, step, excluded, without, with);
        // Pairs with the release of a tag: one seen leads to a reserved way.
        VarHandle.acquireFence();
        int oldest = Lanes.highest(Lanes.max(Lanes.max(first, second), Lanes.max(third, fourth)));
        if (oldest == 0) {
            return -1;
        }
        long wanted = Lanes.each(oldest);
        int lane =
                BucketTable.lane(BucketTable.matches(first ^ wanted, second ^ wanted, third ^ wanted, fourth ^ wanted));
        return (long) (oldest - 1) << 32 | (bucket * WAYS + lane);
    }

    /** Ages of four ways, each one higher than it is, and 0 for a way that does not count. */
    private long ages(int bucket, int quarter, long step, int excluded, int without, int with) {
        long stamps = buckets.stampsPlain(bucket, quarter);
        long hints = buckets.hintsPlain(bucket, quarter);
        long ages = (Lanes.minus(step, stamps & STEPS) >>> 1) & STEP_RANGE;
        // One that is ahead, as the step was advanced since it was read, is the youngest and not the oldest.
        ages &= ~Lanes.filled((ages & AHEAD) << 1);
        // Above the limit all are equal, so that the product still fits its lane.
        ages = (ages | Lanes.filled((ages & TOO_OLD) + TOO_OLD)) & OLDEST;
        long untouched = (stamps & UNTOUCHED) * 0xFFFFL;
        ages += ((ages * (untouchedAging - 1)) & untouched) + Lanes.each(1);
        long out = Lanes.filled(Lanes.zeros(buckets.tagsPlain(bucket, quarter)))
                | Lanes.ofBits(excluded >>> (quarter * Lanes.COUNT))
                | ~Lanes.filled(Lanes.zeros(hints & Lanes.each(without)));
        if (with != 0) {
            out |= Lanes.filled(Lanes.zeros(hints & Lanes.each(with)));
        }
        return ages & ~out;
    }

    private int age(int step, int stamp) {
        int age = Math.min(BucketTable.age(step, stamp), MAX_AGE);
        return (stamp & BucketTable.UNTOUCHED) != 0 ? age * untouchedAging : age;
    }

    /** Age of an entry whose pages are wanted, the highest where its time has run out; -1 where it may not go. */
    int ageOfHead(int way, EntryWriter.Room room) {
        int hints = buckets.hints(way / WAYS, way % WAYS);
        int tick = (int) file.tick();
        if ((hints & BucketTable.EXPIRES) != 0 && records.isExpired(way, tick)) {
            boolean owed = records.isOwed(way, records.stateAcquire(way), tick);
            return owed ? takesOwed(room) ? 1 : -1 : Integer.MAX_VALUE;
        }
        boolean held = (hints & holdMask) != 0;
        if (held && room != EntryWriter.Room.EVICT_HELD) {
            return -1;
        }
        int age = age(buckets.step(), buckets.stamp(way / WAYS, way % WAYS));
        // A held one goes last of all, behind one that is owed.
        return held ? 0 : age + 2;
    }

    private int expiredIn(int first, int second, int existing, boolean owed) {
        int way = expiredIn(first, existing, owed);
        return way >= 0 ? way : expiredIn(second, existing, owed);
    }

    /**
     * An expired entry of a bucket that is owed or is not, or -1. Looks at the records only where the header says that one may have run out, and
     * where none had, puts right from when on the next may have: a write that evicts must not read 32 records each time.
     */
    private int expiredIn(int bucket, int existing, boolean owed) {
        int expected = buckets.nextExpiry(bucket);
        int tick = (int) file.tick();
        if (expected == 0 || expected - tick > 0) {
            return -1;
        }
        int next = 0;
        for (int lane = 0; lane < WAYS; lane++) {
            int way = bucket * WAYS + lane;
            long state = records.stateAcquire(way);
            if ((buckets.hints(bucket, lane) & BucketTable.EXPIRES) != 0
                    && RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE) {
                if (way != existing && records.isExpired(way, tick) && records.isOwed(way, state, tick) == owed) {
                    return way;
                }
                next = Ticks.earlier(next, records.due(way));
            }
        }
        // One that becomes visible meanwhile and runs out earlier may be overlooked until then: the sweep finds it.
        buckets.changeNextExpiry(bucket, expected, next);
        return -1;
    }

    /** Ways that a write could take at once: empty, not held, or expired and not owed. */
    int takeable(int bucket) {
        int count = 0;
        int tick = (int) file.tick();
        for (int lane = 0; lane < WAYS; lane++) {
            int way = bucket * WAYS + lane;
            int hints = buckets.hints(bucket, lane);
            boolean expired = (hints & BucketTable.EXPIRES) != 0 && records.isExpired(way, tick);
            if (buckets.tagAt(bucket, lane) == 0
                    || (hints & holdMask) == 0
                    || (expired && !records.isOwed(way, records.stateAcquire(way), tick))) {
                count++;
            }
        }
        return count;
    }
}
