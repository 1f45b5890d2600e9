package org.globalsessions.sibling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.globalsessions.placement.RendezvousPlacement;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.Member;

/**
 * Says which members get the changes of a key and which may hold it, for one membership and one set of members that are there.
 *
 * <p>Changes go to the <em>effective owners</em>: those of the current ring without the members that are away, so that for each
 * of these the next best one stands in. A key may be held by its owners in the current ring, by the effective ones, and by its
 * owners in every ring under which entries went out.
 *
 * <p>One thread at a time: {@link #place} fills this object for one key.
 */
final class Placement {
    private static final int MAY_HOLD = 1;
    private static final int TAKES = 2;

    /** A ring whose seats are known by the indices of their members, and what it makes of the owners of a key. */
    private record IndexedRing(Ring ring, int[] members, RendezvousPlacement placement, int roles) {}

    /** The rings of a kind by which keys are placed now: as it should be, and with those who are there. */
    private record Current(Ring whole, Ring effective, boolean hasOwnersEnough) {}

    private final List<Member> members;
    private final Map<Kind, Current> current = new EnumMap<>(Kind.class);

    /** All that may hold anything, each once. */
    private final List<IndexedRing> rings = new ArrayList<>();

    private final int[] owners = new int[SiblingContext.MAX_REPLICAS];
    private final long[] costs = new long[SiblingContext.MAX_REPLICAS];
    private final int[] roles;

    /**
     * Prepares placement.
     *
     * @param membership who is a member, and the rings
     * @param isThere    whether a member gets changes: false where others stand in for it
     */
    Placement(Membership membership, Predicate<NodeId> isThere) {
        this.members =
                membership.members().stream().filter(member -> !member.isGone()).toList();
        this.roles = new int[members.size()];
        Map<NodeId, Integer> indices = new HashMap<>();
        for (int i = 0; i < members.size(); i++) {
            indices.put(members.get(i).id(), i);
        }
        Set<Ring> holding = new LinkedHashSet<>();
        for (Kind kind : Kind.values()) {
            Ring whole = membership.ring(kind);
            Ring effective = whole.only(isThere);
            boolean enough = !whole.isEmpty() && effective.wanted() == whole.wanted();
            current.put(kind, new Current(whole, effective, enough));
            holding.add(whole);
            holding.add(effective);
        }
        holding.addAll(membership.used());
        holding.removeIf(Ring::isEmpty);
        holding.forEach(ring -> rings.add(index(ring, indices)));
    }

    private IndexedRing index(Ring ring, Map<NodeId, Integer> indices) {
        int[] of =
                ring.seats().stream().mapToInt(seat -> indices.get(seat.id())).toArray();
        boolean takes = ring.equals(current.get(ring.kind()).effective());
        return new IndexedRing(ring, of, ring.placement(), takes ? MAY_HOLD | TAKES : MAY_HOLD);
    }

    /**
     * Places a key; the answers below are about it until the next call.
     *
     * @param digestLow lower half of its digest
     */
    void place(long digestLow) {
        Arrays.fill(roles, 0);
        for (IndexedRing ring : rings) {
            int count = ring.placement().owners(digestLow, ring.ring().replicas(), owners, costs);
            for (int i = 0; i < count; i++) {
                roles[ring.members()[owners[i]]] |= ring.roles();
            }
        }
    }

    /** All members but those that are gone; the indices below go by this list. */
    List<Member> members() {
        return members;
    }

    /** Whether keys are placed at any member of a kind, connected or away. */
    boolean has(Kind kind) {
        return !current.get(kind).whole().isEmpty();
    }

    /** The ring by which changes go out now. */
    Ring effective(Kind kind) {
        return current.get(kind).effective();
    }

    /** Whether each key has as many effective owners as it would with all members there; so it has none where there are none. */
    boolean hasOwnersEnough(Kind kind) {
        return current.get(kind).hasOwnersEnough();
    }

    /** Whether a member gets the changes of the placed key. */
    boolean takes(int member) {
        return (roles[member] & TAKES) != 0;
    }

    /** Whether a member may hold the placed key. */
    boolean mayHold(int member) {
        return (roles[member] & MAY_HOLD) != 0;
    }

    /**
     * Whether nobody holds a key: all of its owners in each ring have denied it, one at least of those who have what they should have. One of several does
     * not do: it may have come back without what it had, and another one that is away may have it. What one that has come back is still to be given those have who give
     * it, and are asked, too.
     *
     * @param digestLow  lower half of its digest
     * @param denied     whether a member is there, and has said that it does not have the key
     * @param isComplete whether a member has what it should have
     */
    boolean isDenied(long digestLow, IntPredicate denied, IntPredicate isComplete) {
        for (IndexedRing ring : rings) {
            int count = ring.placement().owners(digestLow, ring.ring().replicas(), owners, costs);
            boolean anyComplete = false;
            for (int i = 0; i < count; i++) {
                int member = ring.members()[owners[i]];
                if (!denied.test(member)) {
                    return false;
                }
                anyComplete |= isComplete.test(member);
            }
            if (!anyComplete) {
                return false;
            }
        }
        return true;
    }
}
