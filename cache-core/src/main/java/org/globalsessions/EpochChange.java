package org.globalsessions;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.LeaseRenewal;
import org.globalsessions.tier.NextTier;

/**
 * Gives a relay that has lost its segment back what this host knows: the deletes first, then, marked as unpublished, what is live here. Only then does the
 * relay's new epoch count here: a process that dies before leaves it to the next link owner to begin anew, which does no harm.
 *
 * <p>{@link #told} is for the link's thread, the rest for the one of the link owner's duty.
 */
final class EpochChange {
    private static final int PARTS_A_STEP = 16;
    private static final int BUCKETS_A_STEP = 2_048;

    private final SharedLru lru;
    private final NextTier tier;
    private final LongPredicate owns;
    private final AppliedPosition applied;
    private long cursor;
    private boolean deletesTold;
    private int nextBucket;

    /** Up to which position all is applied that the relay had to tell; null while it has not told all. */
    private volatile LeaseRenewal told;

    EpochChange(SharedLru lru, NextTier tier, LongPredicate owns, AppliedPosition applied) {
        this.lru = lru;
        this.tier = tier;
        this.owns = owns;
        this.applied = applied;
    }

    /** There is another connection: what was told over the one before may not have arrived. */
    void restart() {
        told = null;
        cursor = 0;
        deletesTold = false;
        nextBucket = 0;
    }

    /** The relay has told all that it knew of when it answered. */
    void told(LeaseRenewal renewal) {
        told = renewal;
    }

    /**
     * Does a bounded piece, where there is any.
     *
     * @param epoch of the relay that is connected
     * @return whether the relay's epoch counts from now on, and what is marked is to be published
     */
    boolean step(long epoch) {
        LeaseRenewal renewal = told;
        if (renewal == null || renewal.epoch() != epoch || applied.place().epoch() == epoch || !tellDeletes()) {
            return false;
        }
        if (nextBucket < lru.bucketCount() && tier.mayPublish()) {
            // Few enough for the lease of the link owner, which this thread renews between two steps.
            lru.publishAgain(owns, nextBucket, BUCKETS_A_STEP);
            nextBucket += BUCKETS_A_STEP;
            return false;
        }
        restart();
        return applied.begin(epoch, renewal.position());
    }

    /**
     * Tells a bounded number of the deletes that this host knows.
     *
     * @return false where there are more
     */
    boolean tellDeletes() {
        for (int i = 0; i < PARTS_A_STEP && !deletesTold; i++) {
            List<InventoryItem> part = new ArrayList<>();
            long next = lru.deletesInventory(cursor, NextTier.MAX_DELETES, item -> {
                if (owns.test(item.digest().low())) {
                    part.add(item);
                }
            });
            if (!part.isEmpty() && !tier.tellDeletes(part)) {
                return false;
            }
            cursor = next;
            deletesTold = next == 0;
        }
        return deletesTold;
    }
}
