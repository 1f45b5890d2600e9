package org.globalsessions.transport;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits for what another process writes into shared memory, for which nobody wakes a thread. For some milliseconds after the last work it looks as often
 * as a thread can be parked, some 20 µs on Linux with its {@linkplain TimerSlack timer slack} taken away, since a question is mostly followed by another
 * one or by its answer: each such wait adds to the way of every session. After that it looks ever more rarely.
 *
 * <p>One thread.
 */
public final class SharedMemoryIdle {
    private static final long ALERT_NS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long SHORTEST_NS = 5_000;
    private static final int YIELDS = 10;

    /** With the usual 50 µs a short park would take 75 µs, and each of the waits of a session's way half of that. */
    private static final long SLACK_NS = 1_000;

    /** Part of the time without work that a park takes: what comes late waits for no more than this. */
    private static final int PART = 8;

    private final long longestNs;
    private boolean isSlackSet;
    private int idles;
    private long sinceNs;

    /**
     * Looks at once.
     *
     * @param longestNs the longest park, in nanoseconds
     */
    public SharedMemoryIdle(long longestNs) {
        this.longestNs = longestNs;
    }

    /** Waits a little: nothing was there. At first others only go before it, as a wait takes longer than an answer that is being written. */
    @SuppressWarnings("ThreadPriorityCheck")
    public void idle() {
        if (idles == 0) {
            sinceNs = System.nanoTime();
            if (!isSlackSet) {
                isSlackSet = true;
                TimerSlack.ofThisThread(SLACK_NS);
            }
        }
        if (idles < YIELDS) {
            idles++;
            Thread.yield();
            return;
        }
        long withoutWorkNs = System.nanoTime() - sinceNs;
        LockSupport.parkNanos(this, withoutWorkNs < ALERT_NS ? SHORTEST_NS : Math.min(longestNs, withoutWorkNs / PART));
    }

    /** There was something: what comes next will hardly be long in coming. */
    public void reset() {
        idles = 0;
    }
}
