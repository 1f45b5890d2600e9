package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.PLACE_COUNT;
import static org.globalsessions.segment.SegmentDescriptor.PLACE_EPOCH_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.PLACE_HORIZON_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.PLACE_ID_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.PLACE_LENGTH;
import static org.globalsessions.segment.SegmentDescriptor.PLACE_POSITION_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.RELAYS_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.RELAY_LIST_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.UNJUDGED_OFFSET;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongPredicate;
import org.globalsessions.placement.RendezvousPlacement;

/**
 * The relays of a host's segment: which are its list, which of them has a key, and a place for the position of each.
 *
 * <p>All processes that work with relays on one segment have the same list: keys are spread by it, and the marks of what is unpublished mean
 * the relay that it gives the key to. Where a process comes with another list, and no other one is at work, what moves is marked anew.
 *
 * <p>Any thread, once the list is taken in.
 */
public final class RelayPlaces {
    /** Most relays of a list: two whole lists have places, so that none is reused while a list changes. */
    public static final int MAX_RELAYS = PLACE_COUNT / 2;

    private final ByteBuffer header;
    private final RelayPosition own;
    private final RelayPosition[] positions = new RelayPosition[PLACE_COUNT];
    private final RelayLease[] leases = new RelayLease[PLACE_COUNT];

    /** In the order in which they were given, with the places that they have. */
    private int[] listed = {};

    private RendezvousPlacement placement = placementOf(new long[0]);

    RelayPlaces(ByteBuffer header) {
        this.header = header;
        this.own = new RelayPosition(header);
        Arrays.setAll(positions, place -> new RelayPosition(header, place));
        Arrays.setAll(leases, place -> new RelayLease(header, place));
    }

    /** Marks what its relay lacks from now on, chosen by the lower half of the key's digest. */
    @FunctionalInterface
    interface Mover {
        void mark(LongPredicate moved, int marks);
    }

    /**
     * The stable id of a relay, by which keys are spread: equal wherever it goes by the same name.
     *
     * @param name the relay's name
     * @return the id, never 0
     */
    public static long id(String name) {
        long id = KeyHash.pathKeyHigh(name);
        return id == 0 ? 1 : id;
    }

    static int offset(int place) {
        return RELAYS_OFFSET + place * PLACE_LENGTH;
    }

    /**
     * How many relays the list has.
     *
     * @return 0 to {@link #MAX_RELAYS}
     */
    public int count() {
        return listed.length;
    }

    /**
     * The relay that has a key, whether it is up or down.
     *
     * @param digestLow lower half of the key's digest
     * @return its index in the list; only where the list is not empty
     */
    public int owner(long digestLow) {
        return listed.length == 1 ? 0 : placement.owner(digestLow);
    }

    /**
     * How far this segment has applied what a relay announced.
     *
     * @param index the relay's index in the list
     * @return the place that all processes of the segment share
     */
    public RelayPosition position(int index) {
        return positions[listed[index]];
    }

    /**
     * How long this host may serve what a relay has told it or confirmed.
     *
     * @param index the relay's index in the list
     * @return the lease that all processes of the segment share
     */
    public RelayLease lease(int index) {
        return leases[listed[index]];
    }

    /** Whatever began up to now a process that has died may have sent, to any relay. */
    void raiseCuts(long clock) {
        for (RelayLease lease : leases) {
            lease.raiseCut(clock);
        }
    }

    /**
     * What a relay did not judge in time after an absence stays, but was made before this host heard of deletes that its position will cover: it
     * must not claim that position. As the link owner, before the position is set.
     *
     * @param clock of a life that no relay has confirmed, or of a delete that none has acknowledged
     */
    public void raiseUnjudged(long clock) {
        while (true) {
            long seen = (long) Words.LONG.getVolatile(header, UNJUDGED_OFFSET);
            if (clock <= seen || Words.LONG.compareAndSet(header, UNJUDGED_OFFSET, seen, clock)) {
                return;
            }
        }
    }

    /**
     * Whether what no relay has judged may have been made before this host heard of deletes that its position covers. Looked at after the
     * position was read.
     *
     * @param clock of a life that no relay has confirmed, or of a delete that none has acknowledged
     * @return true if so: it is published without a claim
     */
    public boolean isUnjudged(long clock) {
        return clock <= (long) Words.LONG.getVolatile(header, UNJUDGED_OFFSET);
    }

    /** The segment's own numbers, as a relay gives them. */
    RelayPosition own() {
        return own;
    }

    /**
     * A tombstone is about to go before its time, or found no place: answers older than its delete count as too old. Where it is not known
     * how old that is, all that are older than what is applied now.
     *
     * @param tombstonePosition as {@link RelayPosition#inTombstone} made it, 0 where unknown
     */
    void raiseHorizon(long tombstonePosition) {
        int place = RelayPosition.placeOf(tombstonePosition);
        RelayPosition of = place < 0 ? own : place < PLACE_COUNT ? positions[place] : null;
        if (of != null && (place < 0 || isListed(place)) && of.raiseHorizonTo(tombstonePosition)) {
            return;
        }
        own.raiseHorizon();
        for (RelayPosition each : positions) {
            each.raiseHorizon();
        }
    }

    private boolean isListed(int place) {
        return (list() & 1 << place) != 0;
    }

    private long idAt(int place) {
        return header.getLong(offset(place) + PLACE_ID_OFFSET);
    }

    /** Whether the segment has relays, in whichever process. */
    boolean areAny() {
        return list() != 0;
    }

    /** Bits of the places that are the list. */
    private int list() {
        return (int) Words.INT.getAcquire(header, RELAY_LIST_OFFSET);
    }

    /**
     * Takes a list in, under the creation lock.
     *
     * @param ids   ids of the relays, each once
     * @param alone whether no other process is at work with a list; only then may another one become the segment's
     * @param mover marks what moves, before the new list counts: where the process dies meanwhile, the next one does it again
     * @return false where another list counts and must not be changed now
     */
    boolean adopt(long[] ids, boolean alone, Mover mover) {
        int before = list();
        int now = 0;
        int[] places = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            places[i] = placeOf(ids[i]);
            now |= places[i] < 0 ? 0 : 1 << places[i];
        }
        if (Integer.bitCount(now) < ids.length || now != before) {
            if (!alone) {
                return false;
            }
            now = change(ids, places, before, mover);
        }
        placement = placementOf(ids);
        listed = places;
        return true;
    }

    private int change(long[] ids, int[] places, int before, Mover mover) {
        int taken = before;
        for (int place : places) {
            taken |= place < 0 ? 0 : 1 << place;
        }
        for (int i = 0; i < ids.length; i++) {
            if (places[i] < 0) {
                places[i] = freePlace(taken);
                taken |= 1 << places[i];
                begin(places[i], ids[i]);
            }
        }
        long[] old = idsOf(before);
        if (old.length == 0) {
            // What was set while there was no relay: none of them has it.
            mover.mark(low -> true, RecordDescriptor.UNPUBLISHED | RecordDescriptor.LIFE_UNCONFIRMED);
        } else {
            RendezvousPlacement from = placementOf(old);
            RendezvousPlacement to = placementOf(ids);
            mover.mark(low -> old[from.owner(low)] != ids[to.owner(low)], RecordDescriptor.UNPUBLISHED);
        }
        int now = 0;
        for (int place : places) {
            now |= 1 << place;
        }
        Words.INT.setRelease(header, RELAY_LIST_OFFSET, now);
        return now;
    }

    /** A relay that the segment does not know, or has forgotten: nothing of it is applied here. */
    private void begin(int place, long id) {
        int at = offset(place);
        header.putLong(at + PLACE_ID_OFFSET, 0);
        header.putLong(at + PLACE_POSITION_OFFSET, 0);
        header.putLong(at + PLACE_HORIZON_OFFSET, 0);
        // Whoever is killed in here leaves no number of an epoch that is 0.
        VarHandle.releaseFence();
        header.putLong(at + PLACE_EPOCH_OFFSET, 0);
        leases[place].clear();
        RelayClocks.clear(header, place);
        header.putLong(at + PLACE_ID_OFFSET, id);
    }

    private int placeOf(long id) {
        for (int place = 0; place < PLACE_COUNT; place++) {
            if (idAt(place) == id) {
                return place;
            }
        }
        return -1;
    }

    /** One that has never been used, or else one whose relay is in neither list. */
    private int freePlace(int taken) {
        int reused = -1;
        for (int place = 0; place < PLACE_COUNT; place++) {
            if (idAt(place) == 0 && (taken & 1 << place) == 0) {
                return place;
            }
            if (reused < 0 && (taken & 1 << place) == 0) {
                reused = place;
            }
        }
        return reused;
    }

    private long[] idsOf(int list) {
        List<Long> ids = new ArrayList<>();
        for (int place = 0; place < PLACE_COUNT; place++) {
            if ((list & 1 << place) != 0) {
                ids.add(idAt(place));
            }
        }
        return ids.stream().mapToLong(Long::longValue).toArray();
    }

    private static RendezvousPlacement placementOf(long[] ids) {
        return new RendezvousPlacement(ids, new long[ids.length]);
    }
}
