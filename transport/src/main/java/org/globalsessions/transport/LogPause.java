package org.globalsessions.transport;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * At most one line a second of a kind that comes as often as something outside likes; a counter has all.
 *
 * <p>Any thread.
 */
public final class LogPause {
    private static final long INTERVAL_NS = TimeUnit.SECONDS.toNanos(1);

    private final AtomicLong lastNs = new AtomicLong(System.nanoTime() - INTERVAL_NS);

    /** A pause that is over: the first line may be logged at once. */
    public LogPause() {}

    /**
     * Whether the line may be logged now; if so, the next one a second later.
     *
     * @return true for who shall log it
     */
    public boolean ends() {
        long nowNs = System.nanoTime();
        long last = lastNs.get();
        return nowNs - last >= INTERVAL_NS && lastNs.compareAndSet(last, nowNs);
    }
}
