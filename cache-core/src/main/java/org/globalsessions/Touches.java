package org.globalsessions;

import java.util.ArrayList;
import java.util.List;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.UseScan;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.Touch;

/**
 * The link owner's duty to tell the relays which sessions are used on this host, so that they live on in every tier: one walk for all
 * relays, again and again, each use at most once in an eighth of the session's idle time-out. Without a connection the walk after the next
 * one tells everything.
 *
 * <p>One thread.
 */
final class Touches {
    /** Walks in an idle time-out: a use after a pause is told that much later at most. */
    private static final int WALKS = 32;

    /** How often each session's use is told in its idle time-out, at most. */
    private static final int PARTS = 8;

    private static final int BUCKETS_A_TICK = 6_500;
    private static final int BATCHES_A_TICK = 16;

    /** Ticks between walks where nothing has an idle time-out. */
    private static final int LONGEST_PAUSE = 100;

    /** What one relay is told. */
    private static final class Batch {
        final Relay relay;
        List<Touch> touches = new ArrayList<>();

        /** Number of the connection over which it is told, 0 for none. */
        long connection;

        /** Whether the walk under way tells all uses, as those told before may be lost. */
        boolean anew;

        /** Whether the next walk has to. */
        boolean anewNext = true;

        Batch(Relay relay) {
            this.relay = relay;
        }
    }

    private final SharedLru lru;
    private final List<Batch> batches = new ArrayList<>();
    private UseScan scan;
    private int nextBucket;
    private int batchesLeft;
    private long nextWalkTick;
    private long walkBegan;

    /** Whether a connection is there that no walk has begun on: the next one does not wait. */
    private boolean newlyConnected;

    /** Not begun. */
    Touches(SharedLru lru, List<Relay> relays) {
        this.lru = lru;
        relays.forEach(relay -> batches.add(new Batch(relay)));
        nextWalkTick = lru.file().now();
    }

    /** Does a bounded piece of the walk, as link owner. */
    void tick() {
        long tick = lru.file().now();
        boolean connected = false;
        for (Batch batch : batches) {
            long connection = batch.relay.duty().connectionNumber();
            if (connection != batch.connection) {
                batch.connection = connection;
                batch.anewNext = true;
                newlyConnected |= connection != 0;
            }
            connected |= connection != 0;
        }
        if (nextBucket == 0 && newlyConnected) {
            newlyConnected = false;
            nextWalkTick = tick;
        }
        if (!connected || (nextBucket == 0 && nextWalkTick - tick > 0)) {
            return;
        }
        if (nextBucket == 0) {
            begin(tick);
        }
        walk();
    }

    private void begin(long tick) {
        if (scan == null) {
            scan = lru.useScan(RecordDescriptor.UNPUBLISHED | RecordDescriptor.LIFE_UNCONFIRMED, PARTS);
        }
        walkBegan = tick;
        for (Batch batch : batches) {
            batch.anew = batch.anewNext;
            batch.anewNext = false;
        }
    }

    private void walk() {
        boolean all = batches.stream().anyMatch(batch -> batch.anew);
        batchesLeft = BATCHES_A_TICK;
        int end = Math.min(lru.bucketCount(), nextBucket + BUCKETS_A_TICK);
        while (nextBucket < end && batchesLeft > 0) {
            scan.bucket(nextBucket, all, this::add);
            nextBucket++;
        }
        batches.forEach(this::send);
        if (nextBucket == lru.bucketCount()) {
            nextBucket = 0;
            nextWalkTick = walkBegan + pause();
        }
    }

    private int pause() {
        int met = scan.takeShortestLimit();
        int own = lru.idleLimitTicks();
        int shortest = met == 0 || own == 0 ? Math.max(met, own) : Math.min(met, own);
        return shortest == 0 ? LONGEST_PAUSE : Math.max(1, shortest / WALKS);
    }

    private boolean add(Touch touch, boolean due) {
        Batch batch = batches.get(lru.file().relays().owner(touch.digest().low()));
        if (batch.connection == 0 || (!due && !batch.anew)) {
            return false;
        }
        batch.touches.add(touch);
        if (batch.touches.size() == NextTier.MAX_TOUCHES) {
            send(batch);
        }
        return true;
    }

    private void send(Batch batch) {
        if (batch.touches.isEmpty()) {
            return;
        }
        batchesLeft--;
        if (batch.relay.tier().touch(batch.touches)) {
            lru.counters().add(Counter.TOUCHES, batch.touches.size());
        } else {
            batch.anewNext = true;
        }
        batch.touches = new ArrayList<>();
    }

    /** Another process may be link owner from now on: whoever is next begins with everything. */
    void giveUp() {
        scan = null;
        nextBucket = 0;
        for (Batch batch : batches) {
            batch.touches = new ArrayList<>();
            batch.connection = 0;
        }
    }
}
