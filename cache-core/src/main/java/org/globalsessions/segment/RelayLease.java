package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.LEASES_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.LEASE_CUT_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.LEASE_END_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.LEASE_LENGTH;

import java.nio.ByteBuffer;

/**
 * How long a host may serve what one of its relays has told it or confirmed, and since when it can know that nobody else knows of what it
 * begins. Ticks are those of {@link SegmentFile#now}.
 *
 * <p>Any thread of any process.
 */
public final class RelayLease {
    private final ByteBuffer header;
    private final int end;
    private final int cut;

    RelayLease(ByteBuffer header, int place) {
        this.header = header;
        this.end = LEASES_OFFSET + place * LEASE_LENGTH + LEASE_END_OFFSET;
        this.cut = LEASES_OFFSET + place * LEASE_LENGTH + LEASE_CUT_OFFSET;
    }

    /**
     * When it ends.
     *
     * @return the first tick at which it is over; 0 where it has no end, or has not begun
     */
    public long end() {
        return (long) Words.LONG.getOpaque(header, end);
    }

    /**
     * Extends it, as the link owner whose wish was granted. Never shortens it.
     *
     * @param tick first tick at which it is over
     */
    public void until(long tick) {
        raise(end, tick);
    }

    /**
     * Begins it before anything is taken from the relay. Does nothing where there is one, which may be over.
     *
     * @param tick first tick at which it is over
     */
    public void begin(long tick) {
        Words.LONG.compareAndSet(header, end, 0L, tick);
    }

    /** From now on it has no end: the relay wants it so. */
    public void withoutEnd() {
        Words.LONG.setVolatile(header, end, 0L);
    }

    /** Clock of versions when a process of this host last lost its connection, attached or was found dead. */
    long cut() {
        return (long) Words.LONG.getVolatile(header, cut);
    }

    void raiseCut(long clock) {
        raise(cut, clock);
    }

    /** For a relay that the segment does not know, or has forgotten. */
    void clear() {
        header.putLong(end, 0);
        header.putLong(cut, 0);
    }

    private void raise(int at, long value) {
        while (true) {
            long seen = (long) Words.LONG.getVolatile(header, at);
            if (value <= seen || Words.LONG.compareAndSet(header, at, seen, value)) {
                return;
            }
        }
    }
}
