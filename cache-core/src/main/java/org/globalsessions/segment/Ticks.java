package org.globalsessions.segment;

import java.time.Duration;

/**
 * Conversions to ticks of segment time, 10 ms each. Records keep the low 32 bits of a tick and compare modulo 2^32, so no
 * time-out may exceed 240 days.
 */
public final class Ticks {
    /** Milliseconds of a tick. */
    public static final int TICK_MS = 10;

    /** Longest time-out: 240 days. */
    public static final Duration MAX = Duration.ofDays(240);

    /** Longest idle time-out: later tiers keep an idle entry a quarter longer. */
    public static final Duration MAX_IDLE = Duration.ofDays(192);

    private Ticks() {}

    /**
     * Converts a time-out.
     *
     * @param duration zero to {@link #MAX}
     * @return ticks, rounded up; 0 only for zero
     * @throws IllegalArgumentException outside that range
     */
    public static int ticks(Duration duration) {
        if (duration.isNegative() || duration.compareTo(MAX) > 0) {
            throw new IllegalArgumentException("time-out out of range: value=" + duration + ", range=PT0S to " + MAX);
        }
        return (int) ((duration.toMillis() + TICK_MS - 1) / TICK_MS);
    }

    /**
     * How long a later tier keeps an idle entry: a quarter longer, as it hears of uses late. {@link #told} takes it back without a loss, but
     * for the longest.
     */
    static int kept(int idleLimit) {
        return (int) Math.min(ticks(MAX), idleLimit + (long) (idleLimit / 4));
    }

    /** The idle limit of an entry that a later tier keeps for so long. */
    static int told(int kept) {
        return kept - kept / 5;
    }

    /** A tick at which something ends, where 0 stands for never: one tick later in that one case. */
    static int nonZero(int tick) {
        return tick == 0 ? 1 : tick;
    }

    /** The earlier of two ticks at which something ends; 0, for never, only where both are. */
    static int earlier(int one, int other) {
        if (one == 0 || other == 0) {
            return one | other;
        }
        return one - other <= 0 ? one : other;
    }
}
