package org.globalsessions;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongPredicate;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.LeaseRenewal;
import org.globalsessions.tier.NextTier;

/**
 * Gives a relay that has lost its segment back what this host knows: the deletes first, then, marked as unpublished, what is live here. Only when the relay has answered
 * a renewal that was asked for behind all deletes does its new epoch count here: before, a process that dies, or a connection that ends, leaves it to the next link owner or connection
 * to begin anew, which does no harm.
 *
 * <p>{@link #told} is for the link's thread, the rest for the one of the link owner's duty.
 */
final class EpochChange {
    /** Well below the lease of the link owner, which the same thread renews between two steps. */
    private static final long STEP_NS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final int BUCKETS_A_LOOK = 2_048;

    private final SharedLru lru;
    private final NextTier tier;
    private final LongPredicate owns;
    private final AppliedPosition applied;
    private long cursor;
    private boolean deletesTold;
    private int nextBucket;

    /** Whether the relay has told all that it knew of when it first answered; written by the link's thread. */
    private volatile boolean isTold;

    /** Up to which position all is applied that the relay had to tell; null while it has not answered behind all deletes. */
    private volatile LeaseRenewal confirmed;

    EpochChange(SharedLru lru, NextTier tier, LongPredicate owns, AppliedPosition applied) {
        this.lru = lru;
        this.tier = tier;
        this.owns = owns;
        this.applied = applied;
    }

    /** There is another connection: what was told over the one before may not have arrived. */
    void restart() {
        isTold = false;
        confirmed = null;
        cursor = 0;
        deletesTold = false;
        nextBucket = 0;
    }

    /** Whether a renewal that is asked for now follows all that this host has to tell. */
    boolean areDeletesTold() {
        return deletesTold;
    }

    /**
     * The relay has told all that it knew of when it answered a renewal.
     *
     * @param behindDeletes what {@link #areDeletesTold} was when that was asked for
     */
    void told(LeaseRenewal renewal, boolean behindDeletes) {
        isTold = true;
        if (behindDeletes) {
            confirmed = renewal;
        }
    }

    /**
     * Does a bounded piece, where there is any.
     *
     * @param epoch of the relay that is connected
     * @return whether the relay's epoch counts from now on, and what is marked is to be published
     */
    boolean step(long epoch) {
        if (!isTold || applied.place().epoch() == epoch || !tellDeletes()) {
            return false;
        }
        if (tier.mayPublish() && !publishAgain()) {
            return false;
        }
        LeaseRenewal renewal = confirmed;
        if (renewal == null || renewal.epoch() != epoch) {
            return false;
        }
        restart();
        return applied.begin(epoch, renewal.position());
    }

    /** Returns false where more is to be marked. */
    private boolean publishAgain() {
        long beganNs = lru.file().nanoTime();
        while (nextBucket < lru.bucketCount() && lru.file().nanoTime() - beganNs < STEP_NS) {
            lru.publishAgain(owns, nextBucket, BUCKETS_A_LOOK);
            nextBucket += BUCKETS_A_LOOK;
        }
        return nextBucket >= lru.bucketCount();
    }

    /**
     * Tells a bounded number of the deletes that this host knows.
     *
     * @return false where there are more
     */
    boolean tellDeletes() {
        long beganNs = lru.file().nanoTime();
        while (!deletesTold && lru.file().nanoTime() - beganNs < STEP_NS) {
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
