package org.globalsessions.relay;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.Ticks;
import org.globalsessions.segment.UseScan;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.frame.TouchFrame;

/**
 * Tells the sibling which sessions are used, so that the copies of relief nodes live as long: those that the segment holds and an expansion or
 * aging node has by walks over it, those that it holds no more as hosts tell of them. While there is no sibling nothing is told; the walk after
 * its return tells all.
 *
 * <p>{@link #offer} is for any thread, the rest is the agent's.
 */
final class ReliefTouches {
    /** Lowest bits of the correlation ids. */
    static final int KIND = 0;

    /** Walks in an idle time-out: with the eighth that a host takes far less than the quarter that relief nodes wait. */
    private static final int WALKS = 32;

    private static final int BUCKETS_A_STEP = 256;
    private static final int QUEUE_CAPACITY = 256;
    private static final int WINDOW = 64;
    private static final long LONGEST_PAUSE_NS = TimeUnit.SECONDS.toNanos(1);

    private final SharedLru lru;
    private final ManyToOneConcurrentArrayQueue<List<Touch>> queue =
            new ManyToOneConcurrentArrayQueue<>(QUEUE_CAPACITY);
    private final InFlightTable<Integer> inFlight;
    private UseScan scan;
    private List<Touch> batch = new ArrayList<>();
    private int nextBucket;
    private long nextWalkNs;

    /** Whether the walk under way tells all uses. */
    private boolean anew;

    /** Whether the next walk has to, as those told before may be lost. */
    private boolean anewNext = true;

    ReliefTouches(SharedLru lru, long timeoutNs, long nowNs) {
        this.lru = lru;
        this.inFlight = new InFlightTable<>(WINDOW, KIND, timeoutNs);
        this.nextWalkNs = nowNs;
    }

    /** Queues uses of sessions that are not here, at most {@link NextTier#MAX_TOUCHES}. */
    void offer(List<Touch> touches) {
        if (!queue.offer(touches)) {
            lru.counters().add(Counter.TOUCHES_DROPPED, touches.size());
        }
    }

    boolean hasQueued() {
        return !queue.isEmpty();
    }

    int inFlight() {
        return inFlight.size();
    }

    /** Sends what is queued, and one step of the walk. */
    int step(FrameSink sink, long nowNs) {
        int count = 0;
        while (sink.isReady() && !inFlight.isFull() && !queue.isEmpty()) {
            List<Touch> touches = queue.poll();
            if (!send(sink, touches, nowNs)) {
                drop(touches.size());
            }
            count++;
        }
        if (nextBucket == 0 && nextWalkNs - nowNs > 0) {
            return count;
        }
        return count + walk(sink, nowNs);
    }

    private int walk(FrameSink sink, long nowNs) {
        if (nextBucket == 0) {
            begin(nowNs);
        }
        int first = nextBucket;
        int end = Math.min(lru.bucketCount(), first + BUCKETS_A_STEP);
        while (nextBucket < end && sink.isReady() && !inFlight.isFull()) {
            scan.bucket(nextBucket, anew, this::add);
            nextBucket++;
            if (batch.size() > NextTier.MAX_TOUCHES / 2 || nextBucket == lru.bucketCount()) {
                sendBatch(sink, nowNs);
            }
        }
        // 0 where nothing can be sent for now: the agent must not spin then.
        int walked = nextBucket - first;
        if (nextBucket == lru.bucketCount()) {
            nextBucket = 0;
            int shortest = scan.takeShortestLimit();
            long pauseNs = TimeUnit.MILLISECONDS.toNanos((long) shortest * Ticks.TICK_MS / WALKS);
            nextWalkNs +=
                    shortest == 0 ? LONGEST_PAUSE_NS : Math.max(pauseNs, TimeUnit.MILLISECONDS.toNanos(Ticks.TICK_MS));
        }
        return walked;
    }

    private void begin(long nowNs) {
        if (scan == null) {
            scan = lru.useScan(RecordDescriptor.UNPUBLISHED, WALKS);
        }
        nextWalkNs = nowNs;
        anew = anewNext;
        anewNext = false;
    }

    private boolean add(Touch touch, boolean due) {
        if (!due && !anew) {
            return false;
        }
        batch.add(touch);
        return true;
    }

    private void sendBatch(FrameSink sink, long nowNs) {
        if (!batch.isEmpty()) {
            anewNext |= !send(sink, batch, nowNs);
            batch = new ArrayList<>();
        }
    }

    private boolean send(FrameSink sink, List<Touch> touches, long nowNs) {
        if (!sink.send(new TouchFrame(inFlight.nextId(), touches))) {
            return false;
        }
        inFlight.add(touches.size(), nowNs);
        lru.counters().add(Counter.TOUCHES, touches.size());
        return true;
    }

    /** Takes in an acknowledgement. */
    void onReceipt(long correlationId) {
        inFlight.remove(correlationId);
    }

    /** Some relief node could not be told. */
    void onRefused(long correlationId) {
        drop(inFlight.remove(correlationId));
    }

    int expire(long nowNs) {
        return inFlight.expire(nowNs, this::drop);
    }

    private void drop(Integer count) {
        if (count != null) {
            lru.counters().add(Counter.TOUCHES_DROPPED, count);
        }
    }

    /** The sibling is away: later what is queued would be told as if the sessions had just been used. */
    int dropQueued() {
        int count = 0;
        for (List<Touch> touches = queue.poll(); touches != null; touches = queue.poll()) {
            drop(touches.size());
            count++;
        }
        return count;
    }

    /** The sibling began anew. */
    void restart() {
        inFlight.removeAll().forEach(this::drop);
        dropQueued();
        anewNext = true;
    }
}
