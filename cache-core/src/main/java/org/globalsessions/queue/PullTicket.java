package org.globalsessions.queue;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * What tells which of two pulls is the newer one, in whichever processes they wait: a number that the owner's entry has of the newest. It is drawn once, above the one that is
 * there, and by the time at which the pull began: one whose transaction comes late, or is run again, is still the older one. Where both begin within what their hosts'
 * clocks differ, either counts as the newer.
 *
 * <p>Any thread.
 */
final class PullTicket {
    /** What an entry has before the first pull. */
    static final long NONE = 0;

    /** So that two that begin in one microsecond differ. */
    private static final int RANDOM_BITS = 10;

    private final long began;
    private volatile long drawn = NONE;

    /** A pull begins. */
    PullTicket(InstantSource clock) {
        began = (micros(clock) << RANDOM_BITS) + random();
    }

    private static long micros(InstantSource clock) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant());
    }

    /** Whether the pull that has put a number there began within such a time, or later by a clock that is ahead. */
    static boolean beganWithin(Duration time, long there, InstantSource clock) {
        return there != NONE
                && micros(clock) - (there >>> RANDOM_BITS) <= TimeUnit.NANOSECONDS.toMicros(time.toNanos());
    }

    private static long random() {
        return ThreadLocalRandom.current().nextLong(1L << RANDOM_BITS);
    }

    /** The number, drawn above the one that is there where it was not drawn before. */
    synchronized long drawAbove(long there) {
        if (drawn == NONE) {
            drawn = Math.max(began, there + 1 + random());
        }
        return drawn;
    }

    /** The number, {@link #NONE} where none was drawn yet. */
    long drawn() {
        return drawn;
    }

    /** Whether a pull has the number that is there which is newer than this one. */
    boolean isBehind(long there) {
        return drawn != NONE && there > drawn;
    }

    /** Whether what is there is not this one's, nor a newer one's: it has to be put there yet, or again. */
    boolean isAhead(long there) {
        return drawn == NONE || drawn > there;
    }
}
