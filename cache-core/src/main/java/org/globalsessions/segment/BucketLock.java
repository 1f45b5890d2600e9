package org.globalsessions.segment;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;

/**
 * Puts the writers of a bucket's keys in order, without ever waiting for a dead or stopped one: who has waited longer than
 * {@code lock_wait} takes the lock word over and sets the way that the holder had noted aside. The holder finds out when it
 * tries to make that way visible.
 *
 * <p>Any process, any thread. Word: {@link HolderWord}. Note: number of the reserved way + 1 in bits 0 to 24, the lower bits of the
 * lock's epoch in bits 25 to 31, the generation of the reservation in the high half. The epoch makes the notes of two holders
 * differ that are about to reserve the same way: a holder stopped before it changes the note would else take another's for the one it has seen,
 * and wipe it.
 *
 * <p>Order of steps, numbered as in {@code LAYOUT.md}: the note is written before the way is reserved, and the lock word is
 * looked at again after. So a thief that does not find the way reserved yet has changed the lock word before the holder
 * looks again, and one that comes later finds it reserved and sets it aside: in no order do both make an entry visible.
 */
final class BucketLock {
    private static final int SPINS = 64;
    private static final long PAUSE_NS = 50_000;
    private static final int MAX_DOUBLINGS = 5;

    /** Locks that are looked at for one that is held: that takes less time than others wait for the looker's. */
    private static final int MOST_LOOKS = 16_384;

    private static final int NOTE_EPOCH_SHIFT = 25;
    private static final int NOTE_EPOCH_MASK = 0x7F;
    private static final int NOTE_WAY_MASK = (1 << NOTE_EPOCH_SHIFT) - 1;

    private final BucketTable buckets;
    private final RecordView records;
    private final Counters counters;
    private final long holder;
    private final long waitNs;

    BucketLock(SegmentFile file, BucketTable buckets, RecordView records, long waitNs) {
        this.buckets = buckets;
        this.records = records;
        this.counters = file.counters();
        this.holder = HolderWord.holder(file);
        this.waitNs = waitNs;
    }

    /**
     * Acquires, waiting at most {@code lock_wait} for each holder that makes no progress, doubled with each time that this write was
     * robbed itself: writers that each need longer than {@code lock_wait} would otherwise rob each other for ever.
     *
     * @param robbed how often in a row that was
     * @return the word held
     */
    long acquire(int bucket, int robbed) {
        long word = buckets.lockWord(bucket);
        if (HolderWord.isFree(word)) {
            long mine = HolderWord.next(word, holder);
            if (buckets.casLockWord(bucket, word, mine)) { // LAYOUT lock 1
                return mine;
            }
        }
        return acquireSlowly(bucket, waitNs << Math.min(robbed, MAX_DOUBLINGS));
    }

    private long acquireSlowly(int bucket, long patienceNs) {
        long seen = buckets.lockWord(bucket); // LAYOUT lock 2
        long sinceNs = System.nanoTime();
        int spins = 0;
        while (true) {
            long word = buckets.lockWord(bucket);
            if (HolderWord.isFree(word)) {
                long mine = HolderWord.next(word, holder);
                if (buckets.casLockWord(bucket, word, mine)) { // LAYOUT lock 1
                    return mine;
                }
            } else if (word != seen) {
                seen = word;
                sinceNs = System.nanoTime();
            } else if (System.nanoTime() - sinceNs > patienceNs) {
                long mine = HolderWord.next(word, holder);
                if (buckets.casLockWord(bucket, word, mine)) { // LAYOUT lock 2
                    setAsideNoted(bucket);
                    return mine;
                }
            }
            if (++spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(PAUSE_NS);
            }
        }
    }

    /** Whether somebody is in the middle of a write of another bucket's key. Of a large segment a part is looked at, another one each time. */
    boolean isAnotherHeld(int but) {
        int count = buckets.bucketCount();
        int bucket = ThreadLocalRandom.current().nextInt(count);
        for (int looks = Math.min(count, MOST_LOOKS); looks > 0; looks--) {
            if (bucket != but && !HolderWord.isFree(buckets.lockWord(bucket))) {
                return true;
            }
            bucket = bucket + 1 < count ? bucket + 1 : 0;
        }
        return false;
    }

    /** The way that a note names, -1 for none. */
    static int noteWay(long note) {
        return ((int) note & NOTE_WAY_MASK) - 1;
    }

    private void setAsideNoted(int bucket) {
        long note = buckets.note(bucket); // LAYOUT lock 2
        int way = noteWay(note);
        if (way < 0 || way >= buckets.bucketCount() * SegmentDescriptor.WAYS) {
            // No note; or one that no holder wrote: a damaged word must not stop the writers of a bucket for ever.
            return;
        }
        long state = records.stateVolatile(way);
        if (RecordDescriptor.kind(state) == RecordDescriptor.RESERVED
                && RecordDescriptor.generation(state) == (int) (note >>> 32)) {
            long aside = RecordDescriptor.held(
                    RecordDescriptor.ASIDE,
                    RecordDescriptor.slot(state),
                    RecordDescriptor.incarnation(state),
                    RecordDescriptor.generation(state));
            if (records.casState(way, state, aside)) { // LAYOUT lock 2
                counters.increment(Counter.WAYS_SET_ASIDE);
            }
        }
    }

    boolean holds(int bucket, long mine) {
        return buckets.lockWord(bucket) == mine;
    }

    /**
     * Notes the way that is about to be reserved. A compare-and-set, since a holder that lost the lock meanwhile must not wipe
     * the note of the one that took it.
     *
     * @return false where the lock was lost
     */
    boolean note(int bucket, long mine, int way, int generation) {
        long epoch = (HolderWord.epoch(mine) & NOTE_EPOCH_MASK) << NOTE_EPOCH_SHIFT;
        long wanted = ((long) generation << 32) | epoch | (way + 1);
        while (true) {
            long seen = buckets.note(bucket);
            if (!holds(bucket, mine)) {
                return false;
            }
            if (buckets.casNote(bucket, seen, wanted)) { // LAYOUT set 5
                return true;
            }
        }
    }

    /** Gives up the lock that a dead process left held; nothing happens where somebody has taken it over by then. */
    void releaseOfDead(int bucket, SegmentFile file) {
        long word = buckets.lockWord(bucket);
        if (HolderWord.isOfDead(word, file)) {
            release(bucket, word);
        }
    }

    /** Gives the lock up; nothing happens where it was lost. */
    void release(int bucket, long mine) {
        buckets.casLockWord(bucket, mine, HolderWord.released(mine)); // LAYOUT lock 3
    }
}
