package org.globalsessions.sibling;

import java.util.concurrent.TimeUnit;

/**
 * How fast transfers go, all of a sibling together: after some entries as much time passes as the rate gives them. Time in which nothing was
 * transferred is not saved up, so no burst follows a pause.
 *
 * <p>Belongs to the sibling's event loop.
 */
final class RefillPace {
    private final double nsPerEntry;

    /** Before this nothing is to be transferred, by the clock of the callers; of any past time while {@link #started} is false. */
    private long nextNs;

    private boolean started;

    /**
     * A pace.
     *
     * @param rate entries and tombstones a second, 1 or more
     */
    RefillPace(int rate) {
        this.nsPerEntry = (double) TimeUnit.SECONDS.toNanos(1) / rate;
    }

    /** How long to wait before the next entries, in nanoseconds; 0 for not at all. */
    long waitNs(long nowNs) {
        return started ? Math.max(0, nextNs - nowNs) : 0;
    }

    /** Some entries are being transferred. */
    void took(int entries, long nowNs) {
        nextNs = nowNs + waitNs(nowNs) + (long) (entries * nsPerEntry);
        started = true;
    }
}
