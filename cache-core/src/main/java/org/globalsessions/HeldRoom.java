package org.globalsessions;

import java.time.Duration;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.segment.WriteOutcome.Status;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.NextTier;

/**
 * What a write does where every place that it could take is held by something the next tier does not have yet: it waits while
 * the link drains, and takes the oldest place where the link does not.
 *
 * <p>Any thread may call any method. A write waits at most {@code unpublished_wait} without an acknowledgement and ten times that in all.
 */
final class HeldRoom {
    private static final int TOTAL_FACTOR = 10;

    private final SharedLru lru;
    private final NextTier tier;
    private final Publisher publisher;
    private final ReceiptSignal receipts;
    private final long waitNs;

    HeldRoom(SharedLru lru, NextTier tier, Publisher publisher, ReceiptSignal receipts, Duration unpublishedWait) {
        this.lru = lru;
        this.tier = tier;
        this.publisher = publisher;
        this.receipts = receipts;
        this.waitNs = unpublishedWait.toNanos();
    }

    /** A write that leaves its outcome in the object it was made with. */
    @FunctionalInterface
    interface Write {
        void run(boolean takeHeld);
    }

    /** Goes on with a set that ended with NO_ROOM until it is stored. */
    void store(EncodedKey key, WriteOutcome outcome, Write write) {
        if (tier.isConnected()) {
            lru.counters().increment(Counter.SETS_WAITED);
        }
        boolean drained = await(outcome, Status.NO_ROOM, write, () -> publishHolders(key.digest()));
        if (!drained) {
            write.run(true);
        }
    }

    /** Goes on with a delete whose tombstone found no place; false where there is none still. */
    boolean delete(WriteOutcome outcome, Write write) {
        return await(outcome, Status.NO_TOMBSTONE_ROOM, write, () -> {});
    }

    private boolean await(WriteOutcome outcome, Status full, Write write, Runnable hurry) {
        long deadlineNs = System.nanoTime() + TOTAL_FACTOR * waitNs;
        while (tier.isConnected()) {
            long seen = receipts.count();
            hurry.run();
            write.run(false);
            if (outcome.status() != full) {
                return true;
            }
            long leftNs = Math.min(waitNs, deadlineNs - System.nanoTime());
            if (leftNs <= 0 || !receipts.awaitAfter(seen, leftNs)) {
                return false;
            }
        }
        return false;
    }

    /** Sends what holds the key's own places first: other acknowledgements do not help this write. */
    private void publishHolders(KeyDigest digest) {
        offerHeld(lru.firstBucket(digest));
        offerHeld(lru.secondBucket(digest));
    }

    private void offerHeld(int bucket) {
        lru.scan(bucket, 1, RecordDescriptor.UNPUBLISHED, (EntrySnapshot entry) -> {
            publisher.offerUrgent(entry.way());
            return true;
        });
    }
}
