package org.globalsessions.sibling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.globalsessions.placement.RendezvousPlacement;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.Member;

/**
 * Says which members own a key and which may hold it, for one membership.
 *
 * <p>Owners are the best {@code replicas} of a kind by rendezvous hashing over all members of the kind. A member may hold a
 * key if it owns it, or owned it in an earlier generation: entries stay where they were handed to until they expire.
 *
 * <p>One thread at a time: {@link #place} fills this object for one key.
 */
final class Placement {
    private static final byte NOTHING = 0;
    private static final byte MAY_HOLD = 1;
    private static final byte OWNS = 2;

    /** The members of one kind in one generation. */
    private record Ring(int[] members, RendezvousPlacement placement, boolean isLatest) {}

    private final List<Member> members;
    private final List<Ring> rings = new ArrayList<>();
    private final int replicas;
    private final int[] owners;
    private final byte[] roles;
    private final Set<Kind> present = EnumSet.noneOf(Kind.class);

    /**
     * Prepares placement.
     *
     * @param members  all members in the order in which they joined
     * @param replicas owners of each kind for a key, 1 or more
     */
    Placement(List<Member> members, int replicas) {
        this.members = List.copyOf(members);
        this.replicas = replicas;
        this.owners = new int[replicas];
        this.roles = new byte[members.size()];
        int latest = 0;
        for (Member member : members) {
            present.add(member.kind());
            latest = Math.max(latest, member.generation());
        }
        for (Kind kind : Kind.values()) {
            addRings(kind, latest);
        }
    }

    private void addRings(Kind kind, int latest) {
        int before = 0;
        for (int generation = 1; generation <= latest; generation++) {
            int[] indices = indicesOf(kind, generation);
            if (indices.length > before) {
                rings.add(new Ring(indices, placementOf(indices), indices.length == indicesOf(kind, latest).length));
                before = indices.length;
            }
        }
    }

    private int[] indicesOf(Kind kind, int generation) {
        int[] indices = new int[members.size()];
        int count = 0;
        for (int i = 0; i < members.size(); i++) {
            Member member = members.get(i);
            if (member.kind() == kind && member.generation() <= generation) {
                indices[count++] = i;
            }
        }
        return Arrays.copyOf(indices, count);
    }

    private RendezvousPlacement placementOf(int[] indices) {
        long[] high = new long[indices.length];
        long[] low = new long[indices.length];
        for (int i = 0; i < indices.length; i++) {
            NodeId id = members.get(indices[i]).id();
            high[i] = id.high();
            low[i] = id.low();
        }
        return new RendezvousPlacement(high, low);
    }

    /**
     * Places a key; the answers below are about it until the next call.
     *
     * @param digestLow lower half of its digest
     */
    void place(long digestLow) {
        Arrays.fill(roles, NOTHING);
        for (Ring ring : rings) {
            int count = ring.placement().owners(digestLow, replicas, owners);
            for (int i = 0; i < count; i++) {
                int member = ring.members()[owners[i]];
                roles[member] = ring.isLatest() ? OWNS : (byte) Math.max(roles[member], MAY_HOLD);
            }
        }
    }

    /** All members; the indices below go by this list. */
    List<Member> members() {
        return members;
    }

    /** Whether there is any member of a kind, connected or away. */
    boolean has(Kind kind) {
        return present.contains(kind);
    }

    /** Whether a member is among the placed key's owners. */
    boolean owns(int member) {
        return roles[member] == OWNS;
    }

    /** Whether a member may hold the placed key: it owns it, or did so before others joined. */
    boolean mayHold(int member) {
        return roles[member] != NOTHING;
    }
}
