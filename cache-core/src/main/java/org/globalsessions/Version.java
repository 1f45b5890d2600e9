package org.globalsessions;

/**
 * Orders the writes of one life of a session, everywhere: the higher one wins.
 *
 * <p>Immutable and safe for use by any thread.
 *
 * @param clock  hybrid logical clock: microseconds since 1970 in 53 bits below the sign, a running number in the lowest 10;
 *               0 stands for "no version"
 * @param origin the 32-bit id of the host that wrote, compared as an unsigned number where clocks are equal
 */
public record Version(long clock, int origin) implements Comparable<Version> {
    /** No version at all: lower than every other one. */
    public static final Version NONE = new Version(0, 0);

    /** How far a clock value is shifted to make room for the running number. */
    public static final int LOGICAL_BITS = 10;

    /**
     * Highest clock that a version may have, in the year 2262: above it there is no room for the versions that have to follow. What
     * claims more was damaged.
     */
    public static final long MAX_CLOCK = Long.MAX_VALUE - (1L << 40);

    @Override
    public int compareTo(Version other) {
        return compare(clock, origin, other.clock, other.origin);
    }

    /**
     * Compares two versions given by their parts, without an object.
     *
     * @param clock       clock of the left one
     * @param origin      origin of the left one
     * @param otherClock  clock of the right one
     * @param otherOrigin origin of the right one
     * @return negative, zero or positive as the left one is lower, equal or higher
     */
    public static int compare(long clock, int origin, long otherClock, int otherOrigin) {
        int byClock = Long.compare(clock, otherClock);
        return byClock != 0 ? byClock : Integer.compareUnsigned(origin, otherOrigin);
    }
}
