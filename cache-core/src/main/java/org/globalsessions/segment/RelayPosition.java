package org.globalsessions.segment;

import java.nio.ByteBuffer;

/**
 * Epoch of the relay and position in it: a host's applied position, or the last number that a relay has given. The position's word holds
 * a fold of its epoch in the upper 16 bits, so that none is taken for one of another epoch.
 *
 * <p>Any thread of any process.
 */
final class RelayPosition {
    private static final int POSITION_BITS = 48;
    private static final long MASK = SegmentDescriptor.POSITION_MASK;

    private final ByteBuffer header;

    RelayPosition(ByteBuffer header) {
        this.header = header;
    }

    /** The position in a position word. */
    static long of(long word) {
        return word & MASK;
    }

    private static long first(long epoch) {
        long folded = epoch ^ (epoch >>> 16) ^ (epoch >>> 32) ^ (epoch >>> 48);
        return folded << POSITION_BITS;
    }

    private long word() {
        return (long) Words.LONG.getAcquire(header, SegmentDescriptor.POSITION_OFFSET);
    }

    /** The epoch, 0 for none. */
    long epoch() {
        return (long) Words.LONG.getAcquire(header, SegmentDescriptor.RELAY_EPOCH_OFFSET);
    }

    /** The position within the epoch; 0 while that changes. */
    long position() {
        long word = word();
        return (word & ~MASK) == first(epoch()) ? of(word) : 0;
    }

    /** The next number, as the relay. */
    long next() {
        return of((long) Words.LONG.getAndAdd(header, SegmentDescriptor.POSITION_OFFSET, 1L) + 1);
    }

    /**
     * Sets both, as the link owner or the relay. Does nothing where another process has set another epoch meanwhile: a link owner that was
     * stopped in here must not raise its successor's position.
     */
    void set(long epoch, long position) {
        long word = word();
        long known = epoch();
        if (known == epoch && (word & ~MASK) == first(epoch)) {
            raise(epoch, position);
        } else {
            changeEpoch(known, word, epoch, position);
        }
    }

    /** By compare-and-set from what was there before the look at the epoch, so that of two who change it one does. */
    void changeEpoch(long known, long word, long epoch, long position) {
        long horizon = (long) Words.LONG.getAcquire(header, SegmentDescriptor.HORIZON_OFFSET);
        // A claim reads the epoch first and then the position. With 0 in between none pairs the new epoch with the
        // old position and so claims what was never applied. The old epoch with a new position claims nothing: the
        // relay answers for its present epoch only.
        if (!Words.LONG.compareAndSet(header, SegmentDescriptor.POSITION_OFFSET, word, first(epoch))) {
            return;
        }
        // Positions of two epochs do not compare: against the old horizon every answer would be too old.
        Words.LONG.compareAndSet(header, SegmentDescriptor.HORIZON_OFFSET, horizon, 0L);
        if (Words.LONG.compareAndSet(header, SegmentDescriptor.RELAY_EPOCH_OFFSET, known, epoch)) {
            raise(epoch, position);
        }
    }

    /** Raises the position where its word still belongs to the epoch: the second half of {@link #set}. */
    void raise(long epoch, long position) {
        long first = first(epoch);
        long word = word();
        while ((word & ~MASK) == first
                && of(word) < position
                && !Words.LONG.compareAndSet(header, SegmentDescriptor.POSITION_OFFSET, word, first | position)) {
            word = word();
        }
    }
}
