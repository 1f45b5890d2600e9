package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.HIGHEST_VERSION_OFFSET;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import org.globalsessions.Version;

/**
 * The clock that versions are made of: the wall clock in microseconds, read without a system call per version (taken from the precise clock
 * once a second and carried on with {@code nanoTime} in between), and never below what was seen (a hybrid logical clock: Kulkarni et al.,
 * Logical Physical Clocks, 2014). The highest version ahead of the wall clock lies in the segment: a host whose clock lags gives none twice,
 * also where what it gave the last time has gone meanwhile, by another process, or after a start.
 *
 * <p>Any thread. The wall clock may step.
 */
final class VersionClock {
    private static final long REFRESH_NS = 1_000_000_000L;

    /** A day: what is further ahead of the wall clock is no clock's but damage, and is left to the one key that has it. */
    private static final long MOST_AHEAD = 86_400_000_000L << Version.LOGICAL_BITS;

    /** In the running number of versions given without a look at the key; the rest of it is the process's slot. */
    private static final int UNIQUE = 1 << (Version.LOGICAL_BITS - 1);

    /** How far ahead of the clock here an expected version may be to count: as far as clocks of hosts may differ. */
    private static final long MOST_EXPECTED_AHEAD_MICROS = 60_000_000;

    private record Base(long micros, long nanos) {}

    private final Environment environment;
    private final ByteBuffer header;
    private final AtomicLong lastUnique = new AtomicLong();
    private volatile Base base;

    VersionClock(Environment environment, ByteBuffer header) {
        this.environment = environment;
        this.header = header;
        base = read();
    }

    private Base read() {
        long nanos = environment.nanoTime();
        return new Base(environment.wallClockMicros(), nanos);
    }

    /**
     * A version clock above one, and above all that were seen: an even one, see {@link #raised}. Above {@link Version#MAX_CLOCK}, which no clock
     * gives, there is none: a delete of what has that one has it too, and beats it all the same.
     */
    long next(long above) {
        long now = now();
        while (true) {
            long noted = noted();
            long least = Math.max(above, usable(noted, now));
            if (now > least || above - now > MOST_AHEAD) {
                return Math.min(Math.max(now, evenAbove(above)), Version.MAX_CLOCK);
            }
            long next = evenAbove(least);
            if (Words.LONG.compareAndSet(header, HIGHEST_VERSION_OFFSET, noted, next)) {
                return next;
            }
        }
    }

    /**
     * A version clock that no other write of this host gets: above an expected one, and of another running number than the writes under
     * a lock have, which count theirs from 0 for each key.
     */
    long unique(long expected, int slot) {
        long micros = next(0) >> Version.LOGICAL_BITS;
        // A version that is further ahead than any clock may be is nowhere: it must not drive those of later saves.
        long above = expected >> Version.LOGICAL_BITS;
        long earliest = above - micros > MOST_EXPECTED_AHEAD_MICROS ? micros : Math.max(micros, above + 1);
        long unique = lastUnique.updateAndGet(last -> Math.max(last + 1, earliest));
        return unique << Version.LOGICAL_BITS | UNIQUE | slot;
    }

    private static long evenAbove(long clock) {
        return (clock + 2) & ~1L;
    }

    /** The clock of a delete that the relay raises above one, in its host's name: an odd one, which no host gives. */
    static long raised(long above) {
        return Math.min((above + 1) | 1, Version.MAX_CLOCK);
    }

    /** Whether the relay has raised a delete to this clock. */
    static boolean isRaised(long clock) {
        return (clock & 1) != 0;
    }

    /** A version from elsewhere: what is given here from now on is higher. */
    void see(long clock) {
        long now = now();
        if (clock <= now || clock - now > MOST_AHEAD) {
            return;
        }
        while (true) {
            long noted = noted();
            if (clock <= usable(noted, now) || Words.LONG.compareAndSet(header, HIGHEST_VERSION_OFFSET, noted, clock)) {
                return;
            }
        }
    }

    private long noted() {
        return (long) Words.LONG.getVolatile(header, HIGHEST_VERSION_OFFSET);
    }

    /** Damage in the header must neither make every version one of a far future nor keep what is seen from being noted. */
    private static long usable(long noted, long now) {
        return noted - now > MOST_AHEAD ? 0 : noted;
    }

    private long now() {
        Base current = base;
        long elapsed = environment.nanoTime() - current.nanos;
        if (elapsed > REFRESH_NS) {
            current = read();
            base = current;
            elapsed = 0;
        }
        return (current.micros + elapsed / 1_000) << Version.LOGICAL_BITS;
    }
}
