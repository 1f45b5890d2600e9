package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.SLOT_COUNT;
import static org.globalsessions.segment.SegmentDescriptor.WAYS;

import org.globalsessions.status.Counter;

/**
 * The sweep over a segment, in slices: removes expired entries, lifts old stamps, frees what dead processes had reserved or
 * set aside, finishes and drops tombstones.
 *
 * <p>One thread at a time within a process; several processes that sweep at once do each other no harm. Most passes go by the
 * hints; every sixth second one goes by the state words, and so does the one after a process has died, which also retires
 * the older one of two records of a key.
 */
final class Sweeper {
    private static final int QUARTER_RANGE = 0x2000;
    private static final int FULL_PASS_TICKS = 600;

    private final Segment segment;
    private final EncodedKey key;

    /** Says to a close that a slice is under way; not {@link #key}, whose mark each write under a lock takes away. */
    private final EncodedKey slice;

    private final LoadClaims claims;
    private final int[] deadIncarnations = new int[SLOT_COUNT];
    private final TombstoneTable.Found tombstone = new TombstoneTable.Found();
    private final EntrySnapshot entry = new EntrySnapshot();

    /** Whether a process had died when this pass began. */
    private boolean anyDead;

    private boolean byStateWords;
    private int nextBucket;
    private int lastFullPass;

    Sweeper(Segment segment, EncodedKey key, EncodedKey slice) {
        this.segment = segment;
        this.key = key;
        this.slice = slice;
        this.claims = new LoadClaims(segment);
        this.lastFullPass = segment.tick() - FULL_PASS_TICKS;
    }

    synchronized int sweep(int firstBucket, int count) {
        slice.writing = true;
        try {
            return segment.isClosed() ? 0 : sweepSlice(firstBucket, count);
        } finally {
            slice.writing = false;
        }
    }

    private int sweepSlice(int firstBucket, int count) {
        int end = Math.min(segment.buckets().bucketCount(), firstBucket + count);
        if (firstBucket == 0) {
            beginPass();
        } else if (firstBucket != nextBucket) {
            // Not a pass over the whole table: nothing may be concluded of dead processes at its end.
            anyDead = false;
        }
        int expired = 0;
        for (int bucket = firstBucket; bucket < end; bucket++) {
            if (segment.isClosed()) {
                // A close waits for this slice: no write under a lock may begin any more, and no pass is complete.
                anyDead = false;
                return expired;
            }
            expired += sweepBucket(bucket);
        }
        sweepTombstones(firstBucket, end);
        if (byStateWords) {
            sweepPages(firstBucket, end);
        }
        nextBucket = end;
        if (end == segment.buckets().bucketCount() && anyDead) {
            freeDeadSlots();
        }
        return expired;
    }

    private void beginPass() {
        anyDead = false;
        for (int slot = 0; slot < SLOT_COUNT; slot++) {
            deadIncarnations[slot] = segment.file().deadIncarnation(slot); // LAYOUT sweep 1
            anyDead |= deadIncarnations[slot] != 0;
        }
        int tick = segment.tick();
        byStateWords = anyDead || tick - lastFullPass >= FULL_PASS_TICKS;
        if (byStateWords) {
            lastFullPass = tick;
        }
    }

    private void freeDeadSlots() {
        claims.releaseOfDead();
        // What the dead had begun they may have sent.
        segment.noteCuts();
        for (int slot = 0; slot < SLOT_COUNT; slot++) {
            if (deadIncarnations[slot] != 0) {
                segment.file().freeDeadSlot(slot, deadIncarnations[slot]); // LAYOUT sweep 4
            }
        }
        anyDead = false;
        // Once more by the state words: pages that the dead had taken were looked at before their ways were free.
        lastFullPass = segment.tick() - FULL_PASS_TICKS;
    }

    private int sweepBucket(int bucket) {
        int expired = 0;
        int tick = segment.tick();
        for (int lane = 0; lane < WAYS; lane++) {
            if (segment.buckets().tagAt(bucket, lane) != 0) {
                liftStamp(bucket, lane);
                boolean mayExpire = (segment.buckets().hints(bucket, lane) & BucketTable.EXPIRES) != 0;
                if (mayExpire && expire(bucket * WAYS + lane, tick)) {
                    expired++;
                }
            }
            if (byStateWords) {
                reclaim(bucket * WAYS + lane);
            }
        }
        if (anyDead) {
            // The next writer would take it over, but until one comes each miss in this bucket takes three looks.
            segment.locks().releaseOfDead(bucket, segment.file()); // LAYOUT sweep 2
        }
        return expired;
    }

    /** Keeps stamps within a quarter of their range, so that ages modulo 2^15 stay comparable. */
    private void liftStamp(int bucket, int lane) {
        int step = segment.buckets().step();
        int stamp = segment.buckets().stamp(bucket, lane);
        if (BucketTable.age(step, stamp) > QUARTER_RANGE) {
            boolean untouched = (stamp & BucketTable.UNTOUCHED) != 0;
            int lifted = BucketTable.stampOf(step - QUARTER_RANGE, untouched);
            segment.buckets().changeStamp(bucket, lane, stamp, lifted); // LAYOUT sweep 2
        }
    }

    private boolean expire(int way, int tick) {
        RecordView records = segment.records();
        long state = records.stateAcquire(way);
        if (RecordDescriptor.kind(state) != RecordDescriptor.VISIBLE || !segment.isOver(way, state, tick)) {
            return false;
        }
        EntrySnapshot leaving = segment.departures().copy(way, state, tick);
        boolean expired = records.stillShows(way, state) && segment.writer().depart(way, state);
        if (expired) {
            segment.count(Counter.EXPIRATIONS);
            segment.departures().tell(key, leaving, true);
        }
        return expired;
    }

    private void reclaim(int way) {
        long state = segment.records().stateAcquire(way);
        int kind = RecordDescriptor.kind(state);
        if (kind == RecordDescriptor.VISIBLE && segment.buckets().tagAt(way / WAYS, way % WAYS) == 0) {
            // Damage: nobody finds the entry, and no writer takes the way. One that is just going has another state
            // word by now.
            if (segment.writer().retire(way, state)) {
                segment.count(Counter.WAYS_RECLAIMED);
            }
        } else if (kind == RecordDescriptor.VISIBLE) {
            boolean hintsDiffer =
                    (segment.buckets().hints(way / WAYS, way % WAYS) & 7) != RecordDescriptor.marks(state);
            if (hintsDiffer) {
                segment.writer().alignHints(way);
            }
            if (anyDead) {
                retireOlderThan(way, state);
            }
            if (!segment.records().hasItsPages(way, state)) {
                retireBroken(way, state);
            }
        } else if (kind == RecordDescriptor.FREE
                // Damage, or no kind that there is: no writer would take such a way any more.
                ? segment.buckets().tagAt(way / WAYS, way % WAYS) != 0
                : kind > RecordDescriptor.ASIDE || isOfDead(state)) {
            // First one's own: a sweeper that was stopped here must not wipe the tag of whoever has the way by then.
            long mine = RecordDescriptor.held(
                    RecordDescriptor.RESERVED,
                    segment.file().slot(),
                    segment.file().incarnation(),
                    RecordDescriptor.generation(state) + 1);
            if (segment.records().casState(way, state, mine)) { // LAYOUT sweep 2
                segment.records().releasePages(way);
                segment.writer().free(way, mine); // LAYOUT sweep 2
                segment.count(Counter.WAYS_RECLAIMED);
            }
        }
    }

    /**
     * A process killed between making an entry visible and retiring the older one has left both: other tiers get the newer one,
     * so it has to be the one that counts here too.
     */
    private void retireOlderThan(int way, long state) {
        RecordView records = segment.records();
        records.copyKey(way, entry);
        if (records.stillShows(way, state)) {
            key.encode(entry.key, entry.keyLength);
            segment.underLock(key, lock -> true); // LAYOUT sweep 2
        }
    }

    /** An entry without its pages, whose words somebody has overwritten, answers nobody: its place is needed. */
    private void retireBroken(int way, long state) {
        if (segment.records().stillShows(way, state) && segment.writer().retire(way, state)) {
            segment.file().recordError("an entry had lost its pages", new IllegalStateException());
        }
    }

    private boolean isOfDead(long state) {
        // Not by the list of this pass: where slots are scarce, a dead one is given out again before its ways are
        // freed.
        return segment.file().isDead(RecordDescriptor.slot(state), RecordDescriptor.incarnation(state));
    }

    /** Frees pages that a killed writer had taken, once their head has moved on, and offers those that it had left free and not offered. */
    private void sweepPages(int firstBucket, int endBucket) {
        OverflowArea overflow = segment.overflow();
        long buckets = segment.buckets().bucketCount();
        int to = (int) (endBucket * (long) overflow.pageCount() / buckets);
        for (int page = (int) (firstBucket * (long) overflow.pageCount() / buckets); page < to; page++) {
            overflow.clearReserved(page);
            long owner = overflow.ownerAcquire(page);
            if (owner == 0 || !segment.records().ownsPage(owner)) {
                overflow.reclaim(page, owner); // LAYOUT sweep 3
            }
        }
    }

    private void sweepTombstones(int firstBucket, int endBucket) {
        TombstoneTable tombstones = segment.tombstones();
        long buckets = segment.buckets().bucketCount();
        int from = (int) (firstBucket * (long) tombstones.count() / buckets);
        int to = (int) (endBucket * (long) tombstones.count() / buckets);
        for (int place = from; place < to; place++) {
            long state = tombstones.state(place);
            switch (RecordDescriptor.kind(state)) {
                case RecordDescriptor.FREE -> {}
                case RecordDescriptor.VISIBLE -> sweepTombstone(place, state);
                case RecordDescriptor.RESERVED -> {
                    if (isOfDead(state)) {
                        tombstones.drop(place, state); // LAYOUT sweep 3
                    }
                }
                // No kind that a tombstone has: damage, and nobody would take the place any more.
                default -> tombstones.drop(place, state);
            }
        }
    }

    private void sweepTombstone(int place, long state) {
        TombstoneTable tombstones = segment.tombstones();
        if (!tombstones.read(place, tombstone)) {
            // It has changed, and then this does nothing; or no writer left it so, and then nobody heeds it.
            tombstones.drop(place, state);
        } else if ((RecordDescriptor.marks(state) & TombstoneTable.NOT_APPLIED) != 0) {
            key.digestOnly(tombstones.digestHigh(place), tombstones.digestLow(place));
            segment.underLock(key, lock -> true); // LAYOUT sweep 3
        } else if (tombstones.isDroppable(state) && tombstones.isRetentionOver(place)) {
            tombstones.drop(place, state); // LAYOUT sweep 3
        }
    }
}
