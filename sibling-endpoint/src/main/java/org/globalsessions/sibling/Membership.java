package org.globalsessions.sibling;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * The relief nodes that have ever joined, and the rings under which entries went out, kept in
 * a file of its own beside the relay's segment.
 *
 * <p>A node that is not connected stays a member: its keys are <em>away</em>, not gone, and a question about them must not
 * be answered "missing". So the list has to outlive the sibling, and a list that cannot be trusted stops the start.
 *
 * <p>The <em>current ring</em> of a kind is made of its members that are present or away: a reset connection or a sibling that
 * starts again changes no ring. Entries go out to the owners that the current ring has without those members that have been
 * away for too long, and each such ring is listed before the first entry goes out under it. Who may hold a key is thus known: its
 * owners in the current and every listed ring. A ring is taken from the list when all that was placed by it has been
 * {@linkplain #transferred transferred} to the owners of today.
 *
 * <table>
 * <caption>states of a member</caption>
 * <tr><th>state</th><th>current ring</th><th>listed rings</th><th>next states</th></tr>
 * <tr><td>present</td><td>yes</td><td>yes</td><td>away; draining, by an operator</td></tr>
 * <tr><td>away</td><td>yes, others stand in for it</td><td>yes</td><td>present; returning, where it may lack something; draining or gone, by an operator</td></tr>
 * <tr><td>returning</td><td>yes</td><td>yes</td><td>present, once it has what others stood in with; away; draining, by an operator</td></tr>
 * <tr><td>draining</td><td>no</td><td>yes</td><td>gone, once it is in no ring, or by an operator</td></tr>
 * <tr><td>gone</td><td>no</td><td>no</td><td>none: it would bring back what was deleted meanwhile</td></tr>
 * </table>
 *
 * One thread at a time: the event loop of the sibling. Every change is in the file before it has effect.
 */
final class Membership {
    /** What a relief node does. */
    enum Kind {
        /** Keeps what is handed off until it expires. */
        AGING("aging"),
        /** Takes every new entry and lets the oldest go. */
        EXPANSION("expansion");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        /** The word for it in the file and in messages. */
        String word() {
            return word;
        }
    }

    /** What becomes of a member. */
    enum State {
        /** Connected, or so for too short a time not that anybody would stand in for it. */
        PRESENT,
        /** As present, but it may lack what went to others in its place, or have what they have replaced. */
        RETURNING,
        /** Not connected: others stand in for it. */
        AWAY,
        /** Gets no new entries, and holds earlier ones. */
        DRAINING,
        /** Holds nothing that counts. */
        GONE
    }

    /**
     * One member.
     *
     * @param seat    what placement goes by
     * @param kind    what it does
     * @param state   what has become of it
     * @param sinceMs wall clock at which that began, milliseconds since 1970
     */
    record Member(Seat seat, Kind kind, State state, long sinceMs) {
        NodeId id() {
            return seat.id();
        }

        /** Whether the current ring has it. */
        boolean isPlaced() {
            return state == State.PRESENT || state == State.RETURNING || state == State.AWAY;
        }

        boolean isGone() {
            return state == State.GONE;
        }
    }

    /** More members than any installation has at a time, those that are gone not counted: what bounds the work of one placement. */
    static final int MAX_MEMBERS = 1024;

    /** Most members that are gone. All are remembered: what one holds may have been deleted since, whenever it comes back. */
    static final int MAX_GONE = 16_384;

    /** Most rings under which entries went out and that are not transferred. */
    static final int MAX_RINGS = 1024;

    private final Path file;
    private final Replicas replicas;
    private final LongSupplier wallClockMs;
    private List<Member> members;

    /** Rings under which entries went out, in the order of the first. */
    private Set<Ring> used;

    private Membership(Path file, Replicas replicas, LongSupplier wallClockMs, MembershipFile.Content content) {
        this.file = file;
        this.replicas = replicas;
        this.wallClockMs = wallClockMs;
        this.members = content.members();
        this.used = new LinkedHashSet<>(content.used());
    }

    /**
     * Reads the list.
     *
     * @param file        the file; where it is absent nobody has joined yet
     * @param replicas    owners of a key from now on
     * @param wallClockMs milliseconds since 1970
     * @return the membership
     * @throws IOException where the file cannot be read, or is not what was written: names file, line and remedy
     */
    static Membership load(Path file, Replicas replicas, LongSupplier wallClockMs) throws IOException {
        return new Membership(
                file, replicas, wallClockMs, MembershipFile.read(file, replicas, wallClockMs.getAsLong()));
    }

    /** All members in the order in which they joined; those that are gone as well, which may be last. */
    List<Member> members() {
        return members;
    }

    /** The member of an id, or null. */
    Member find(NodeId id) {
        for (Member member : members) {
            if (member.id().equals(id)) {
                return member;
            }
        }
        return null;
    }

    /** The ring by which keys of a kind are placed now. */
    Ring ring(Kind kind) {
        return new Ring(
                kind,
                replicas.of(kind),
                members.stream()
                        .filter(member -> member.kind() == kind && member.isPlaced())
                        .map(Member::seat)
                        .toList());
    }

    /** Every ring under which entries went out, the current ones among them if so. */
    List<Ring> used() {
        return List.copyOf(used);
    }

    /**
     * A node is there: it becomes a member, or is one again. Its seat is the one that it comes with, but while it drains.
     *
     * @param seat what placement goes by
     * @param kind what it does
     * @throws IOException where it is a member of the other kind or gone, the list is full, or the file cannot be written;
     *                     nothing has changed then
     */
    void join(Seat seat, Kind kind) throws IOException {
        join(seat, kind, State.PRESENT);
    }

    /**
     * A known node is there again for which others stood in: it may lack something.
     *
     * @param seat what placement goes by
     * @param kind what it does
     * @throws IOException as {@link #join(Seat, Kind)}
     */
    void joinAgain(Seat seat, Kind kind) throws IOException {
        join(seat, kind, State.RETURNING);
    }

    private void join(Seat seat, Kind kind, State now) throws IOException {
        Member known = find(seat.id());
        if (known == null) {
            checkRoom();
            List<Member> more = new ArrayList<>(members);
            more.add(new Member(seat, kind, State.PRESENT, wallClockMs.getAsLong()));
            become(more, used);
            return;
        }
        if (known.kind() != kind) {
            throw new IOException("node " + seat.id() + " is a member as "
                    + known.kind().word() + " node and cannot join as " + kind.word()
                    + " node: give it a segment or node_id of its own");
        }
        if (known.state() == State.GONE) {
            throw new IOException("node " + seat.id()
                    + " has left, and what it holds may have been deleted since: give it a new segment, and another node_id if"
                    + " it has one");
        }
        if (known.isPlaced() && !(known.state() == now && known.seat().equals(seat))) {
            replace(new Member(seat, kind, now, wallClockMs.getAsLong()), used);
        }
    }

    private void checkRoom() throws IOException {
        long gone = members.stream().filter(Member::isGone).count();
        if (members.size() - gone >= MAX_MEMBERS) {
            throw new IOException("too many members: count=" + (members.size() - gone + 1) + ", limit=" + MAX_MEMBERS);
        }
        // It is to be gone once itself.
        if (members.size() >= MAX_GONE) {
            throw new IOException("too many members have gone: count=" + gone + ", limit=" + MAX_GONE
                    + " less those that have not; once all nodes that are to count are connected and no other one will be started again, "
                    + "end the sibling, remove " + file + " and start it");
        }
    }

    /**
     * A returning member has what it should have, and nothing that others have replaced.
     *
     * @throws IOException where the file cannot be written; nothing has changed then
     */
    void returned(NodeId id) throws IOException {
        Member known = find(id);
        if (known.state() == State.RETURNING) {
            replace(with(known, State.PRESENT), used);
        }
    }

    /**
     * A member has been away for so long that others stand in for it.
     *
     * @throws IOException where the file cannot be written; nothing has changed then
     */
    void away(NodeId id) throws IOException {
        Member known = find(id);
        if (known != null && (known.state() == State.PRESENT || known.state() == State.RETURNING)) {
            replace(with(known, State.AWAY), used);
        }
    }

    /**
     * Notes that entries go out under a ring. To be called before the first one does.
     *
     * @param ring the ring
     * @return false where it cannot be listed, as too many rings are: no entry must go out under it
     * @throws IOException where the file cannot be written: no entry must go out then either
     */
    boolean use(Ring ring) throws IOException {
        if (used.contains(ring)) {
            return true;
        }
        Set<Ring> more = new LinkedHashSet<>(used);
        more.add(ring);
        if (more.size() > MAX_RINGS || MembershipFile.seats(members, more).size() > MembershipFile.MAX_SEATS) {
            return false;
        }
        become(members, more);
        return true;
    }

    /**
     * All that was placed by some rings is at the owners of today: what they placed elsewhere is held there no more, as far as
     * anybody counts on it.
     *
     * @param rings rings that no entry goes out under any more
     * @throws IOException where the file cannot be written; nothing has changed then
     */
    void transferred(Collection<Ring> rings) throws IOException {
        Set<Ring> left = new LinkedHashSet<>(used);
        if (left.removeAll(Set.copyOf(rings))) {
            become(members, left);
        }
    }

    /**
     * Places no more keys at a member, which still holds what it has. It is gone once it is in no ring.
     *
     * @param id a present or away member
     * @throws IOException where the file cannot be written; nothing has changed then
     */
    void drain(NodeId id) throws IOException {
        replace(with(find(id), State.DRAINING), used);
    }

    /**
     * Counts on a member no more, as it will not come back.
     *
     * @param id a member
     * @throws IOException where the file cannot be written; nothing has changed then
     */
    void forget(NodeId id) throws IOException {
        Predicate<NodeId> others = other -> !other.equals(id);
        replace(
                with(find(id), State.GONE),
                used.stream()
                        .map(ring -> ring.only(others))
                        .filter(ring -> !ring.isEmpty())
                        .toList());
    }

    private Member with(Member member, State state) {
        return new Member(member.seat(), member.kind(), state, wallClockMs.getAsLong());
    }

    private void replace(Member changed, Collection<Ring> rings) throws IOException {
        become(
                members.stream()
                        .map(member -> member.id().equals(changed.id()) ? changed : member)
                        .toList(),
                rings);
    }

    private void become(List<Member> newMembers, Collection<Ring> newUsed) throws IOException {
        List<Member> left = newMembers.stream()
                .map(member -> isDrained(member, newUsed) ? with(member, State.GONE) : member)
                .toList();
        MembershipFile.write(file, left, newUsed);
        members = left;
        used = new LinkedHashSet<>(newUsed);
    }

    private static boolean isDrained(Member member, Collection<Ring> rings) {
        return member.state() == State.DRAINING && rings.stream().noneMatch(ring -> ring.has(member.id()));
    }
}
