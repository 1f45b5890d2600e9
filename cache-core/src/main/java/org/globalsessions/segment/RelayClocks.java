package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.PLACE_COUNT;
import static org.globalsessions.segment.SegmentDescriptor.RELAY_CLOCKS_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.RELAY_CLOCK_LENGTH;
import static org.globalsessions.segment.SegmentDescriptor.RELAY_CLOCK_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.RELAY_LIST_OFFSET;

import java.nio.ByteBuffer;
import java.util.function.LongSupplier;
import org.globalsessions.Version;

/**
 * The wall clocks of a host's relays, as far as these have told them, each kept against segment time, which no step of the host's own wall clock
 * moves. They lie in the segment: what one process was told counts for the others, and for those after it.
 *
 * <p>What a relay has told is a moment old when it arrives, so it is never more than the truth: a wall clock below it lags for certain. That one
 * is too far ahead only the relay's refusal says.
 *
 * <p>Any thread of any process.
 */
final class RelayClocks {
    private static final long TICK_MICROS = SegmentTime.TICK_NS / 1_000;

    /** Of two that differ by less than their ways may take the higher one is nearer to the truth; and segment time is in ticks. */
    private static final long SLACK_MICROS = 100_000;

    /** A wall clock that is ahead by less, after a refusal, was put right. */
    private static final long PUT_RIGHT_MICROS = 1_000_000;

    private static final long LATEST_MICROS = Version.MAX_CLOCK >> Version.LOGICAL_BITS;

    private final ByteBuffer header;
    private final LongSupplier ticks;

    /**
     * The clocks that stand in a segment.
     *
     * @param ticks gives segment time
     */
    RelayClocks(ByteBuffer header, LongSupplier ticks) {
        this.header = header;
        this.ticks = ticks;
    }

    private static int offset(int place) {
        return RELAY_CLOCKS_OFFSET + place * RELAY_CLOCK_LENGTH;
    }

    private static long word(ByteBuffer header, int place) {
        return (long) Words.LONG.getVolatile(header, offset(place));
    }

    /** Of a relay that the segment does not know, or has forgotten. */
    static void clear(ByteBuffer header, int place) {
        Words.LONG.setVolatile(header, offset(place), 0L);
    }

    /**
     * What a relay has kept of its own clock.
     *
     * @param tick segment time
     * @return microseconds since 1970, 0 where it has kept none
     */
    static long own(ByteBuffer header, long tick) {
        long word = (long) Words.LONG.getAcquire(header, RELAY_CLOCK_OFFSET);
        return word == 0 ? 0 : word + tick * TICK_MICROS;
    }

    /** Keeps a relay's own clock against segment time. */
    static void keepOwn(ByteBuffer header, long micros, long tick) {
        Words.LONG.setRelease(header, RELAY_CLOCK_OFFSET, micros - tick * TICK_MICROS);
    }

    private static boolean hasRefused(long word) {
        return (word & 1) != 0;
    }

    /** Whether a relay of the list has told its clock. */
    boolean areKnown() {
        return latest() != 0;
    }

    /** The word of the relay whose clock is the highest, 0 where none is known. */
    private long latest() {
        int list = (int) Words.INT.getAcquire(header, RELAY_LIST_OFFSET);
        long latest = 0;
        for (int place = 0; place < PLACE_COUNT; place++) {
            long word = (list & 1 << place) == 0 ? 0 : word(header, place);
            if (word != 0 && (latest == 0 || word >> 1 > latest >> 1)) {
                latest = word;
            }
        }
        return latest;
    }

    /**
     * A wall clock, raised to the highest of the relays' where it lags behind that; that one itself where its relay has refused what was ahead.
     *
     * @param wall microseconds since 1970
     */
    long corrected(long wall) {
        long word = latest();
        long relay = micros(word);
        boolean usable = word != 0 && relay > 0 && relay <= LATEST_MICROS;
        return usable && (relay > wall || hasRefused(word)) ? relay : wall;
    }

    private long micros(long word) {
        return (word >> 1) + ticks.getAsLong() * TICK_MICROS;
    }

    /**
     * A relay has told its clock.
     *
     * @param place       of the relay
     * @param micros      its wall clock
     * @param uncertainty microseconds that it may be older than now
     * @param refused     whether it has refused a version for being too far ahead of it
     * @param wall        wall clock of this host
     */
    void tell(int place, long micros, long uncertainty, boolean refused, long wall) {
        long told = micros - ticks.getAsLong() * TICK_MICROS;
        while (true) {
            long word = word(header, place);
            long lower = (word >> 1) - told;
            long kept = word != 0 && lower >= 0 && lower <= uncertainty + SLACK_MICROS ? word >> 1 : told;
            boolean ahead = refused || (hasRefused(word) && wall - micros > PUT_RIGHT_MICROS);
            if (Words.LONG.compareAndSet(header, offset(place), word, kept << 1 | (ahead ? 1 : 0))) {
                return;
            }
        }
    }
}
