package org.globalsessions;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.segment.WriteOutcome.Status;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;

/**
 * What a write does where every place that it could take is held by something the next tier does not have yet: it waits while
 * the link drains, and takes the oldest place where the link does not.
 *
 * <p>Any thread may call any method. A write waits at most {@code unpublished_wait} without an acknowledgement and ten times that in all.
 */
final class HeldRoom {
    private static final int TOTAL_FACTOR = 10;

    private final SharedLru lru;
    private final Relays relays;
    private final ReceiptSignal receipts;
    private final long waitNs;

    HeldRoom(SharedLru lru, Relays relays, ReceiptSignal receipts, Duration unpublishedWait) {
        this.lru = lru;
        this.relays = relays;
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
        if (relays.isAnyConnected()) {
            lru.counters().increment(Counter.SETS_WAITED);
        }
        boolean drained = await(outcome, Status.NO_ROOM, write, () -> publishHolders(key.digest()));
        if (!drained) {
            write.run(true);
        }
    }

    /** Goes on with a delete whose tombstone found no place; false where there is none still. */
    boolean delete(WriteOutcome outcome, Write write) {
        return await(outcome, Status.NO_TOMBSTONE_ROOM, write, () -> true);
    }

    private boolean await(WriteOutcome outcome, Status full, Write write, BooleanSupplier hurry) {
        long deadlineNs = lru.file().nanoTime() + TOTAL_FACTOR * waitNs;
        while (relays.isAnyConnected()) {
            long seen = receipts.count();
            boolean hopeful = hurry.getAsBoolean();
            write.run(false);
            if (outcome.status() != full) {
                return true;
            }
            if (!hopeful) {
                return false;
            }
            long leftNs = Math.min(waitNs, deadlineNs - lru.file().nanoTime());
            if (leftNs <= 0 || !receipts.awaitAfter(seen, leftNs)) {
                return false;
            }
        }
        return false;
    }

    /**
     * Sends what holds the key's own places first: other acknowledgements do not help this write. False where all of it waits for relays that
     * are away, and nothing but its going would make room.
     */
    private boolean publishHolders(KeyDigest digest) {
        int first = lru.firstBucket(digest);
        int second = lru.secondBucket(digest);
        int[] away = {0};
        boolean fromFirst = offerHeld(first, away);
        boolean fromSecond = offerHeld(second, away);
        // With a place to take, it is pages that are wanted: any entry may hold those.
        return fromFirst || fromSecond || away[0] == 0 || lru.takeable(first) + lru.takeable(second) > 0;
    }

    private boolean offerHeld(int bucket, int[] away) {
        boolean[] offered = {false};
        lru.scan(bucket, 1, RecordDescriptor.UNPUBLISHED, (EntrySnapshot entry) -> {
            Relay relay = relays.of(lru.digestLow(entry));
            if (relay.tier().isConnected()) {
                relay.publisher().offerUrgent(entry.way());
                offered[0] = true;
            } else {
                away[0]++;
            }
            return true;
        });
        return offered[0];
    }
}
