package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.HIGHEST_VERSION_OFFSET;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.globalsessions.Version;

/**
 * The clock that versions are made of: the wall clock in microseconds, read without a system call per version (taken from the precise clock
 * once a second and carried on with {@code nanoTime} in between), and never below what was seen (a hybrid logical clock: Kulkarni et al.,
 * Logical Physical Clocks, 2014). The highest version ahead of the wall clock lies in the segment: a host whose clock lags gives none twice,
 * also where what it gave the last time has gone meanwhile, by another process, or after a start.
 *
 * <p>A host's wall clock is corrected by its relays' ({@link RelayClocks}), or what it writes would lose to older writes of others, or be refused.
 *
 * <p>Any thread. The wall clock may step.
 */
final class VersionClock {
    private static final long REFRESH_NS = 1_000_000_000L;

    /** A day: what is further ahead of the wall clock is no clock's but damage, and is left to the one key that has it. */
    private static final long MOST_AHEAD = 86_400_000_000L << Version.LOGICAL_BITS;

    /** In the running number of versions given without a look at the key; the rest of it is the process's slot. */
    private static final int UNIQUE = 1 << (Version.LOGICAL_BITS - 1);

    /** Beside it, of those given in the place of one that the relay has refused: they are counted apart. */
    private static final int AGAIN = UNIQUE >> 1;

    /** How far ahead of the clock here a version of elsewhere may be to count: as far as clocks of hosts may differ. */
    private static final long MOST_EXPECTED_AHEAD_MICROS = 60_000_000;

    /** The same as a version's clock. */
    private static final long MOST_EXPECTED_AHEAD = MOST_EXPECTED_AHEAD_MICROS << Version.LOGICAL_BITS;

    /** What a relay takes above the highest version that it knows, in microseconds: so much a clock goes on while it takes one. */
    private static final long ALLOWANCE = 1L << Version.LOGICAL_BITS;

    /** By less a clock is corrected all the time. */
    private static final long LEAST_SET_BACK_MICROS = 10_000;

    /** Where the clock goes back: what other processes give until they have looked at it too is below that much above it. */
    private static final long SET_BACK_MARGIN = 2_000_000L << Version.LOGICAL_BITS;

    /**
     * A look at the clocks.
     *
     * @param told whether a relay's clock is known
     */
    private record Base(long micros, long nanos, boolean told) {
        /** How far ahead of this what was seen, or given, counts for other keys, too. */
        long mostAhead() {
            return told ? MOST_EXPECTED_AHEAD : MOST_AHEAD;
        }
    }

    private final Environment environment;
    private final ByteBuffer header;
    private final RelayClocks relays;
    private final LongConsumer onSetBack;
    private final AtomicLong lastUnique = new AtomicLong();

    /** One a relay: with a clock of its own each, the numbers that follow one relay's are too far ahead of another's. */
    private final AtomicLong[] lastAgain = new AtomicLong[SegmentDescriptor.PLACE_COUNT];

    private volatile Base base;

    /**
     * A clock of this process.
     *
     * @param relays    what the relays have told of their clocks
     * @param onSetBack told of a clock above all that was given, where lower ones are given from now on; by any thread, also one that holds a
     *                  bucket's lock
     */
    VersionClock(Environment environment, ByteBuffer header, RelayClocks relays, LongConsumer onSetBack) {
        this.environment = environment;
        this.header = header;
        this.relays = relays;
        this.onSetBack = onSetBack;
        Arrays.setAll(lastAgain, place -> new AtomicLong());
        base = read();
    }

    private Base read() {
        long nanos = environment.nanoTime();
        return new Base(relays.corrected(environment.wallClockMicros()), nanos, relays.areKnown());
    }

    /** Looks at the clocks, as every process does once a second. */
    void look() {
        Base before = base;
        Base now = read();
        base = now;
        long expected = before.micros + (now.nanos - before.nanos) / 1_000;
        if (expected - now.micros > LEAST_SET_BACK_MICROS) {
            onSetBack.accept((expected << Version.LOGICAL_BITS) + SET_BACK_MARGIN);
        }
    }

    /**
     * A relay has told its clock: see {@link RelayClocks#tell}. Where it has refused what was ahead, lower versions are given from now on.
     *
     * @param refused whether it has
     */
    void tell(int place, long micros, long uncertainty, boolean refused) {
        long highest = next(0);
        if (refused && highest - (micros << Version.LOGICAL_BITS) > 0) {
            // Before anybody can see it: whoever is killed in between must not have set the clock back unnoted.
            onSetBack.accept(highest + SET_BACK_MARGIN);
        }
        relays.tell(place, micros, uncertainty, refused, environment.wallClockMicros());
        look();
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
            if (now > least || above - now > base.mostAhead()) {
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
        return running(lastUnique, earliest) << Version.LOGICAL_BITS | UNIQUE | slot;
    }

    /**
     * As {@link #unique}, but just above a clock: in the place of one that a relay has refused as too far ahead.
     *
     * @param place of the relay
     */
    long uniqueAgain(int place, long above, int slot) {
        return running(lastAgain[place], (above >> Version.LOGICAL_BITS) + 1) << Version.LOGICAL_BITS
                | UNIQUE
                | AGAIN
                | slot;
    }

    /** Those of a time when this clock was far ahead are nowhere: they must not drive later ones. */
    private static long running(AtomicLong lastOne, long earliest) {
        return lastOne.updateAndGet(
                last -> last - earliest > MOST_EXPECTED_AHEAD_MICROS ? earliest : Math.max(last + 1, earliest));
    }

    /**
     * A version clock just above one, without regard to the clock here: in the place of one that the relay has refused as too far ahead. It
     * is not unique but for its key, whose highest the relay has told.
     */
    static long justAbove(long clock) {
        return Math.min(evenAbove(clock), Version.MAX_CLOCK);
    }

    private static long evenAbove(long clock) {
        return (clock + 2) & ~1L;
    }

    /**
     * As a relay: whether a version is further ahead than clocks of hosts may be. Never one that is at most a microsecond above the highest that
     * was taken, so that a relay whose clock was set back refuses nothing of what it has: one change after the other could
     * not drive that faster than the clock itself goes.
     *
     * @param skewMicros how far a clock may be ahead of this one
     */
    boolean isTooFarAhead(long clock, long skewMicros) {
        long now = now();
        return clock - now > skewMicros << Version.LOGICAL_BITS && isAbove(clock, usable(noted(), now));
    }

    /** Whether a version is further above the highest known than one that follows it may be. */
    static boolean isAbove(long clock, long highest) {
        return clock - highest > ALLOWANCE;
    }

    /**
     * How far ahead of a relay's clock the versions are that were given here before it said so, of the corrected clock or where it has refused
     * that, of the wall clock; as the clock of a version, 0 or less where they are not.
     *
     * @param relayMicros the relay's clock now, microseconds since 1970
     */
    long aheadOf(long relayMicros) {
        return (Math.max(micros(), environment.wallClockMicros()) - relayMicros) << Version.LOGICAL_BITS;
    }

    /** The highest version that was seen, or given, ahead of the clock; 0 for none. */
    long highestAhead() {
        return usable(noted(), now());
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
        if (clock <= now || clock - now > base.mostAhead()) {
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
    private long usable(long noted, long now) {
        return noted - now > base.mostAhead() ? 0 : noted;
    }

    /** The clock now, in microseconds since 1970. */
    long micros() {
        return now() >> Version.LOGICAL_BITS;
    }

    /** The highest clock of a version that hosts may have given by now, as far as their clocks may differ. */
    long mostExpected() {
        return now() + MOST_EXPECTED_AHEAD;
    }

    private long now() {
        Base current = base;
        long elapsed = environment.nanoTime() - current.nanos;
        if (elapsed > REFRESH_NS) {
            look();
            current = base;
            elapsed = environment.nanoTime() - current.nanos;
        }
        return (current.micros + elapsed / 1_000) << Version.LOGICAL_BITS;
    }
}
