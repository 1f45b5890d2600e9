package org.globalsessions.relay;

import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * The clock that a relay tells its hosts and judges their versions by: its wall clock, which goes on as before where that is set back, also over a
 * restart. Hosts would otherwise make versions of the earlier time from then on, and what they write would lose to all that was written before,
 * for as long as the clock went back.
 *
 * <p>Small steps are followed, as clocks are corrected all the time, and those by more than a day: such a clock was wrong before. On the relay's
 * event loop alone.
 */
final class RelayClock {
    private static final long FOLLOWED_MICROS = TimeUnit.MILLISECONDS.toMicros(10);
    private static final long MOST_MICROS = TimeUnit.DAYS.toMicros(1);

    private final LongSupplier wallMicros;
    private final LongSupplier nanoTime;
    private final LongConsumer keeper;
    private long lastMicros;
    private long lastNanos;
    private long keptMicros;

    /**
     * A clock that goes on from a time.
     *
     * @param wallMicros the wall clock, microseconds since 1970
     * @param nanoTime   a clock that nobody sets, nanoseconds
     * @param kept       what the path's clock has come to since it was last kept, microseconds since 1970; 0 where nothing is known
     * @param keeper     keeps what the clock is; told before anybody is, where it is not as far as it was kept
     */
    RelayClock(LongSupplier wallMicros, LongSupplier nanoTime, long kept, LongConsumer keeper) {
        this.wallMicros = wallMicros;
        this.nanoTime = nanoTime;
        this.keeper = keeper;
        this.lastMicros = kept;
        this.keptMicros = kept;
        this.lastNanos = nanoTime.getAsLong();
    }

    /** Microseconds since 1970. */
    long micros() {
        long elapsed = (nanoTime.getAsLong() - lastNanos) / 1_000;
        long wall = wallMicros.getAsLong();
        long ahead = lastMicros + elapsed - wall;
        lastMicros = ahead > FOLLOWED_MICROS && ahead <= MOST_MICROS ? lastMicros + elapsed : wall;
        // Whole microseconds alone have passed: the rest of one counts the next time.
        lastNanos += elapsed * 1_000;
        keptMicros += elapsed;
        if (Math.abs(lastMicros - keptMicros) > FOLLOWED_MICROS) {
            keeper.accept(lastMicros);
            keptMicros = lastMicros;
        }
        return lastMicros;
    }
}
