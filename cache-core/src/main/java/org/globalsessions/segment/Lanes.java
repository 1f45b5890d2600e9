package org.globalsessions.segment;

/**
 * Arithmetic on four unsigned numbers of 16 bits in one long, without a branch: how the headers of buckets are searched. Lane 0
 * is the lowest (Henry S. Warren, Hacker's Delight, 2-18 and 6-1, has the ideas).
 *
 * <p>Static, no state.
 */
final class Lanes {
    /** Lanes of a long. */
    static final int COUNT = 4;

    private static final long ONES = 0x0001_0001_0001_0001L;
    private static final long TOPS = 0x8000_8000_8000_8000L;

    private Lanes() {}

    /** The same number in each lane. */
    static long each(int number) {
        return ONES * (number & 0xFFFF);
    }

    /** The highest bit of each lane that is 0; the other bits are 0. */
    static long zeros(long lanes) {
        return ~(((lanes & ~TOPS) + ~TOPS) | lanes) & TOPS;
    }

    /** All bits of each lane whose highest bit is set; bits below do not count. */
    static long filled(long tops) {
        long ones = (tops & TOPS) >>> 15;
        return (ones << 16) - ones;
    }

    /** Each lane of one less that of another, modulo 2^16. */
    static long minus(long from, long less) {
        return ((from | TOPS) - (less & ~TOPS)) ^ ((from ^ ~less) & TOPS);
    }

    /** The higher of each two lanes; all below 2^15. */
    static long max(long one, long other) {
        long chosen = filled((one | TOPS) - other);
        return (one & chosen) | (other & ~chosen);
    }

    /** The highest of four lanes; all below 2^15. */
    static int highest(long lanes) {
        long two = max(lanes, lanes >>> 32);
        return (int) max(two, two >>> 16) & 0xFFFF;
    }

    /** The lowest four bytes of a number, each in a lane of its own. */
    static long ofBytes(int bytes) {
        long pairs = bytes & 0xFFFF_FFFFL;
        pairs = (pairs | pairs << 16) & 0x0000_FFFF_0000_FFFFL;
        return (pairs | pairs << 8) & 0x00FF_00FF_00FF_00FFL;
    }

    /** All bits of each lane whose bit stands in the lowest four of a number. */
    static long ofBits(int bits) {
        // Bit i goes to bit 16 i.
        long ones = (bits & 1L) | (bits & 2L) << 15 | (bits & 4L) << 30 | (bits & 8L) << 45;
        return (ones << 16) - ones;
    }
}
