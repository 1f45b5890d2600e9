package org.globalsessions;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.globalsessions.segment.SegmentFile.Duty;
import org.globalsessions.segment.SharedLru;

/**
 * What one attached process does five times a second for its host: renews its leases, sweeps a slice of the segment if it is the
 * sweeper, serves the link if it owns it, renews the claims of its loaders, and looks after those who wait for a session.
 *
 * <p>One daemon thread; each of its pieces is bounded, so that a lease is renewed in time.
 */
final class Housekeeping implements Runnable {
    /** A lease lasts 0.6 s: two renewals may fail, and who looks this often finds it lapsed within a second of the last. */
    private static final long TICK_NS = TimeUnit.MILLISECONDS.toNanos(200);

    /** A full pass over a small table takes five ticks, a second. */
    private static final int SLICES_A_PASS = 5;

    /** Most buckets a tick: some 8 ms of work, so the pass over a large table takes longer than a second. */
    private static final int MAX_SLICE = 6_500;

    private final SharedLru lru;
    private final Relays relays;
    private final Arrivals arrivals;
    private final Loads loads;
    private final Failures failures;
    private final Thread thread;
    private long sweeperEpoch;
    private int nextBucket;
    private long nextTickNs;
    private volatile boolean wanted;
    private volatile boolean closed;

    /**
     * Not yet running.
     *
     * @param relays null where there are none
     */
    Housekeeping(
            SharedLru lru, Relays relays, Arrivals arrivals, Loads loads, Failures failures, ThreadFactory threads) {
        this.lru = lru;
        this.relays = relays;
        this.arrivals = arrivals;
        this.loads = loads;
        this.failures = failures;
        nextTickNs = lru.file().nanoTime();
        thread = threads.newThread(this);
        thread.setName("global-sessions-housekeeping");
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Asks for a round now, not at the next tick. Any thread may call it. */
    void wake() {
        wanted = true;
        LockSupport.unpark(thread);
    }

    /** Ends the thread after its round, and gives the leases up. */
    void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join(TimeUnit.SECONDS.toMillis(1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void run() {
        while (!closed) {
            long pauseNs = round();
            if (!wanted && !closed) {
                LockSupport.parkNanos(this, pauseNs);
            }
        }
        doSafely("giving up the leases failed", this::giveUp);
    }

    /** Does what is due; how long nothing will be, in nanoseconds, unless somebody calls {@link #wake}. */
    long round() {
        wanted = false;
        doSafely("sweeping failed", nextTickNs - lru.file().nanoTime() <= 0 ? this::sweep : () -> {});
        if (relays != null) {
            doSafely("serving the links failed", relays::tick);
        }
        doSafely("renewing the claims of loaders failed", loads::renew);
        doSafely("looking for awaited sessions failed", arrivals::tick);
        long nowNs = lru.file().nanoTime();
        if (nextTickNs - nowNs <= 0) {
            nextTickNs = nowNs + TICK_NS;
        }
        return nextTickNs - nowNs;
    }

    private void sweep() {
        sweeperEpoch = lru.file().acquireOrRenew(Duty.SWEEPER);
        if (sweeperEpoch == 0) {
            nextBucket = 0;
            return;
        }
        int buckets = lru.bucketCount();
        int slice = Math.min(MAX_SLICE, Math.max(1, (buckets + SLICES_A_PASS - 1) / SLICES_A_PASS));
        int count = Math.min(slice, buckets - nextBucket);
        lru.sweep(nextBucket, count);
        nextBucket = nextBucket + count < buckets ? nextBucket + count : 0;
    }

    private void giveUp() {
        if (relays != null) {
            relays.giveUp();
        }
        if (sweeperEpoch != 0 && lru.file().holds(Duty.SWEEPER, sweeperEpoch)) {
            lru.file().release(Duty.SWEEPER);
        }
    }

    private void doSafely(String what, Runnable piece) {
        try {
            piece.run();
        } catch (Throwable e) {
            // Also a want of memory: the duties of this thread have no other to do them while it holds their leases.
            failures.unexpected(what, e);
        }
    }
}
