package org.globalsessions.segment;

import java.nio.ByteBuffer;

/**
 * Epoch of a relay, position in it, and horizon: how far a host has applied what one of its relays announced, or the last number that
 * a relay has given. The words of position and horizon hold a fold of their epoch in the upper 16 bits, so that none is taken for one of another
 * epoch.
 *
 * <p>Any thread of any process.
 */
public final class RelayPosition {
    private static final int POSITION_BITS = 48;
    private static final long MASK = SegmentDescriptor.POSITION_MASK;

    /** In a tombstone's position, above the position: number of the relay's place + 1, then so many bits of the epoch's fold. */
    private static final int PLACE_BITS = 5;

    private static final int PLACE_MASK = (1 << PLACE_BITS) - 1;
    private static final long TOMBSTONE_FOLD_MASK = (1 << 10) - 1;

    /** The segment's own numbers, as a relay gives them. */
    private static final int OWN = -1;

    private final ByteBuffer header;
    private final int place;
    private final int epochOffset;
    private final int positionOffset;
    private final int horizonOffset;

    /** The segment's own, as a relay's. */
    RelayPosition(ByteBuffer header) {
        this.header = header;
        place = OWN;
        epochOffset = SegmentDescriptor.RELAY_EPOCH_OFFSET;
        positionOffset = SegmentDescriptor.POSITION_OFFSET;
        horizonOffset = SegmentDescriptor.HORIZON_OFFSET;
    }

    /** Of one of a host's relays, by the number of its place. */
    RelayPosition(ByteBuffer header, int place) {
        this.header = header;
        this.place = place;
        int base = RelayPlaces.offset(place);
        epochOffset = base + SegmentDescriptor.PLACE_EPOCH_OFFSET;
        positionOffset = base + SegmentDescriptor.PLACE_POSITION_OFFSET;
        horizonOffset = base + SegmentDescriptor.PLACE_HORIZON_OFFSET;
    }

    /** Number of the relay's place; negative for the segment's own numbers. */
    int place() {
        return place;
    }

    /** The position in a position word. */
    static long of(long word) {
        return word & MASK;
    }

    private static long fold(long epoch) {
        return (epoch ^ (epoch >>> 16) ^ (epoch >>> 32) ^ (epoch >>> 48)) & 0xFFFF;
    }

    private static long first(long epoch) {
        return fold(epoch) << POSITION_BITS;
    }

    /** The place that a tombstone's position belongs to; -1 for the segment's own numbers, and for 0. */
    static int placeOf(long tombstonePosition) {
        return (int) (tombstonePosition >>> POSITION_BITS & PLACE_MASK) - 1;
    }

    private static long tag(int place, long epoch) {
        return place == OWN ? 0 : place + 1 | (fold(epoch) & TOMBSTONE_FOLD_MASK) << PLACE_BITS;
    }

    /** What a tombstone keeps of the position of its delete: also whose it is, and of which epoch. 0 stays 0. */
    long inTombstone(long epoch, long position) {
        return position == 0 ? 0 : tag(place, epoch) << POSITION_BITS | position;
    }

    private long word() {
        return (long) Words.LONG.getAcquire(header, positionOffset);
    }

    /**
     * The relay's epoch.
     *
     * @return epoch, 0 for none
     */
    public long epoch() {
        return (long) Words.LONG.getAcquire(header, epochOffset);
    }

    /**
     * The position.
     *
     * @return position within {@link #epoch()}, below 2^48; 0 while the epoch changes
     */
    public long position() {
        long word = word();
        return (word & ~MASK) == first(epoch()) ? of(word) : 0;
    }

    /** The next number, as the relay. */
    long next() {
        return of((long) Words.LONG.getAndAdd(header, positionOffset, 1L) + 1);
    }

    /**
     * Sets both, as the link owner or the relay. Does nothing where another process has set another epoch meanwhile: a link owner that was
     * stopped in here must not raise its successor's position.
     *
     * @param epoch    relay epoch
     * @param position position in it, below 2^48
     */
    public void set(long epoch, long position) {
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
        long horizon = horizonWord();
        // A claim reads the epoch first and then the position. With 0 in between none pairs the new epoch with the
        // old position and so claims what was never applied. The old epoch with a new position claims nothing: the
        // relay answers for its present epoch only.
        if (!Words.LONG.compareAndSet(header, positionOffset, word, first(epoch))) {
            return;
        }
        // It does not count any more, but for an epoch of the same fold: against that every answer would be too old.
        Words.LONG.compareAndSet(header, horizonOffset, horizon, 0L);
        if (Words.LONG.compareAndSet(header, epochOffset, known, epoch)) {
            raise(epoch, position);
        }
    }

    /** Raises the position where its word still belongs to the epoch: the second half of {@link #set}. */
    void raise(long epoch, long position) {
        long first = first(epoch);
        long word = word();
        while ((word & ~MASK) == first
                && of(word) < position
                && !Words.LONG.compareAndSet(header, positionOffset, word, first | position)) {
            word = word();
        }
    }

    private long horizonWord() {
        return (long) Words.LONG.getVolatile(header, horizonOffset);
    }

    /**
     * Position of the youngest tombstone that was dropped before its time: an answer that is older may bring a session back. 0 where there is none
     * of the epoch that counts now.
     */
    long horizon() {
        long word = horizonWord();
        return (word & ~MASK) == first(epoch()) ? of(word) : 0;
    }

    /** Raises the horizon to a position of an epoch; does nothing where another epoch counts by now. */
    void raiseHorizon(long epoch, long position) {
        long first = first(epoch);
        while (true) {
            long word = horizonWord();
            // One of another epoch may be what the last one has left, or of the next one, while this process was
            // stopped.
            boolean done = (word & ~MASK) == first ? position <= of(word) : epoch != epoch();
            if (done || Words.LONG.compareAndSet(header, horizonOffset, word, first | position)) {
                return;
            }
        }
    }

    /** Raises the horizon to the position: answers older than what is applied now do not count. */
    void raiseHorizon() {
        long word = word();
        long epoch = epoch();
        if ((word & ~MASK) == first(epoch)) {
            raiseHorizon(epoch, of(word));
        }
    }

    /**
     * Raises the horizon to what a tombstone keeps of the position of its delete.
     *
     * @return false where that is none of these numbers, or not of the epoch that counts now
     */
    boolean raiseHorizonTo(long tombstonePosition) {
        long epoch = epoch();
        boolean known = of(tombstonePosition) != 0 && tombstonePosition >>> POSITION_BITS == tag(place, epoch);
        if (known) {
            raiseHorizon(epoch, of(tombstonePosition));
        }
        return known && epoch == epoch();
    }
}
