package org.globalsessions.sibling;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.Member;
import org.globalsessions.sibling.Membership.State;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.VoidFrame.Voided;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The relief nodes as they are now: who is a member, who of these is there, and which of them a key concerns.
 *
 * <p>A member whose connection has just ended, or that the sibling has not heard of since its start, is given a while to come
 * back before others stand in for it: a reset connection or a sibling that starts again moves nothing.
 *
 * <p>Belongs to the sibling's event loop: all methods are called there.
 */
final class ReliefTier {
    private static final Logger LOG = LoggerFactory.getLogger(ReliefTier.class);

    /** How long nodes are given to come back where the list of members was lost: several times what they wait between two attempts. */
    static final long COME_BACK_NS = TimeUnit.SECONDS.toNanos(30);

    private final SharedLru segment;
    private final Membership membership;
    private final Attendance attendance;
    private final PassingEntries passing;
    private final MissedVoids missed;

    /** Of members that left: how many voids had been noted when they had been told all. */
    private final Map<NodeId, Long> toldUpTo = new HashMap<>();

    private final List<Runnable> arrangedListeners = new ArrayList<>();

    /** Whether others than those in the list may hold sessions, and until when they may come back. */
    private boolean isListLost;

    private long comeBackUntilNs;

    /** Whether nobody was in the list at the start: others may have been, as it may have been lost. */
    private final boolean knewNobody;

    /** Until when nodes are given the time to come that were there before the start, and whether that is so. */
    private final long startsUntilNs;

    private boolean isStarting = true;

    private Placement placement;

    /** For each of the placement's members its connection, or null while it is away. */
    private ReliefEndPoint[] endPoints = {};

    /** Kinds whose effective ring is listed, so that entries may go out under it. */
    private final Set<Kind> listed = EnumSet.noneOf(Kind.class);

    /**
     * Nobody is there yet.
     *
     * @param segment    the relay's segment
     * @param membership who is a member
     * @param missed     what members have missed that were away
     */
    ReliefTier(SharedLru segment, Membership membership, MissedVoids missed) {
        this.segment = segment;
        this.membership = membership;
        this.missed = missed;
        long nowNs = segment.file().nanoTime();
        this.passing = new PassingEntries(nowNs);
        this.attendance = new Attendance(
                membership.members().stream().filter(member -> !member.isGone()).toList(), nowNs);
        this.startsUntilNs = nowNs + COME_BACK_NS;
        this.knewNobody = membership.members().isEmpty();
        if (membership.members().isEmpty() && (segment.counters().get(Counter.HANDED_OFF) > 0 || missed.end() > 0)) {
            loseList("sessions were handed off");
        }
        arrange();
    }

    private void loseList(String why) {
        isListLost = true;
        comeBackUntilNs = segment.file().nanoTime() + COME_BACK_NS;
        LOG.warn(
                "no list of members that knows all, though {}: no session counts as missing for {} s, until the relief nodes have"
                        + " come back",
                why,
                TimeUnit.NANOSECONDS.toSeconds(COME_BACK_NS));
    }

    /**
     * Whether nodes that are not in the list may hold sessions, as the list was lost a moment ago: nobody can say that a session is missing, or that a delete has
     * reached all.
     */
    boolean isListLost() {
        return isListLost;
    }

    /**
     * A relief node has connected.
     *
     * @param endPoint its connection
     * @return the connection of the same node that it takes the place of, or null
     * @throws IOException where it cannot become a member: why
     */
    ReliefEndPoint arrived(ReliefEndPoint endPoint) throws IOException {
        boolean mayLack = mayLack(endPoint);
        boolean comesFromNowhere = membership.find(endPoint.id()) == null && endPoint.holdsSessions();
        if (mayLack) {
            membership.joinAgain(endPoint.seat(), endPoint.kind());
        } else {
            membership.join(endPoint.seat(), endPoint.kind());
        }
        if (!mayLack || membership.ring(endPoint.kind()).wanted() == 1) {
            // Who alone should have a session cannot be given what others have instead: they are asked, too.
            endPoint.complete();
        }
        if (comesFromNowhere && !isListLost) {
            // The list was lost together with the relay's segment, and this is the first of those who were in it.
            loseList("a node that is not in it holds sessions");
        }
        endPoint.tellFirst(missed, toldUpTo.getOrDefault(endPoint.id(), 0L));
        ReliefEndPoint before = attendance.arrived(endPoint);
        arrange();
        return before;
    }

    /**
     * Whether a node that connects is to be given what others have before its word counts: entries went out to others in its place while it was
     * away, and that has not been made up for yet, which also a sibling knows that was started since. One that has only just joined had nothing to lose:
     * who had its keys before is asked as well.
     */
    private boolean mayLack(ReliefEndPoint endPoint) {
        Member known = membership.find(endPoint.id());
        if (known == null || !known.isPlaced()) {
            return false;
        }
        boolean wasAway = known.state() == State.AWAY || !attendance.isThere(known.id());
        return known.state() == State.RETURNING
                || (wasAway
                        && membership.used().stream()
                                .anyMatch(ring -> ring.kind() == known.kind() && !ring.has(known.id())));
    }

    /** Whether a node may lack what went to others in its place, or have what they have replaced. */
    boolean isReturning(ReliefEndPoint endPoint) {
        return membership.find(endPoint.id()).state() == State.RETURNING;
    }

    /**
     * A node has been given all that others have and it should have: its word counts from now on.
     *
     * @throws IOException where that cannot be written down; nothing has changed then
     */
    void reconciled(ReliefEndPoint endPoint) throws IOException {
        membership.returned(endPoint.id());
        endPoint.complete();
        arrange();
    }

    /** A connection is gone. */
    void left(ReliefEndPoint endPoint) {
        if (attendance.left(endPoint, segment.file().nanoTime())) {
            if (endPoint.isTold() && !endPoint.hasOpen()) {
                toldUpTo.put(endPoint.id(), missed.noted());
            }
            arrange();
        }
    }

    /**
     * All that was placed by earlier rings is at the owners of today, so that their own need not be asked or told any more.
     *
     * @param rings rings that entries went out under
     * @throws IOException where that cannot be written down; nothing has changed then
     */
    void transferred(Collection<Ring> rings) throws IOException {
        membership.transferred(rings);
        membersChanged();
    }

    /** Members drain or are gone now: places keys accordingly, and sends those away that are gone. */
    void membersChanged() {
        arrange();
        for (ReliefEndPoint endPoint : endPoints()) {
            if (membership.find(endPoint.id()).state() == State.GONE) {
                LOG.info("{} node {} is drained", endPoint.kind().word(), endPoint.id());
                endPoint.connection()
                        .send(new ErrorFrame(
                                0, ErrorCode.REFUSED, "this node is drained, nothing it has counts any more"));
                endPoint.connection().close();
            }
        }
    }

    /**
     * Lets others stand in for members that have been waited for long enough.
     *
     * @param nowNs the time
     */
    void standInForMissed(long nowNs) {
        isListLost &= nowNs - comeBackUntilNs < 0;
        isStarting &= nowNs - startsUntilNs < 0;
        List<NodeId> missed = attendance.takeMissed(nowNs);
        if (missed.isEmpty()) {
            return;
        }
        for (NodeId id : missed) {
            try {
                membership.away(id);
            } catch (IOException e) {
                // It is away all the same: since when is all that is not known after the next start.
                segment.file().recordError("that a relief node is away is not written down", e);
            }
        }
        arrange();
    }

    /** What a member has that is not connected is void: it is told when it comes back. */
    void missed(Voided voided) {
        missed.note(voided);
    }

    /** Forgets what members have missed once all are there and have taken it in. */
    void forgetMissed() {
        boolean anyMissing = isListLost || endPoints.length == 0;
        if (missed.end() > 0
                && !anyMissing
                && Stream.of(endPoints).allMatch(endPoint -> endPoint != null && endPoint.isTold())) {
            missed.clear();
            toldUpTo.clear();
        }
    }

    /** Entries that are between relay and nodes at this moment. */
    PassingEntries passing() {
        return passing;
    }

    /** Whether a member is connected. */
    boolean isConnected(NodeId id) {
        return connectionOf(id) != null;
    }

    /** A member's connection, or null while it is away. */
    ReliefEndPoint connectionOf(NodeId id) {
        return attendance.connectionOf(id);
    }

    /** Rings of a kind under which entries went out and that are not the one by which they should be placed now. */
    List<Ring> earlierRings(Kind kind) {
        Ring whole = membership.ring(kind);
        return membership.used().stream()
                .filter(ring -> ring.kind() == kind && !ring.equals(whole))
                .toList();
    }

    /** Whether every node of a kind that may hold anything is connected. */
    boolean isWhole(Kind kind) {
        return rings(kind).allMatch(this::areAllConnected);
    }

    /**
     * Whether nodes of a kind can be given now what went to others in their place: those are there, or, where each session has several owners, at least all that get
     * changes now, and so many of each ring under which entries went out that one owner of any key is among them.
     */
    boolean mayReconcile(Kind kind) {
        if (isWhole(kind)) {
            return true;
        }
        return membership.ring(kind).replicas() > 1
                && areAllConnected(placement.effective(kind))
                && rings(kind)
                        .allMatch(ring -> ring.seats().stream()
                                        .filter(seat -> !isConnected(seat.id()))
                                        .count()
                                < ring.wanted());
    }

    /**
     * Whether the nodes that are there know all deletes that were acknowledged: those that may hold anything are all there, or, some time after the start and with
     * several owners a key, so many of each ring under which entries went out that one owner of any key is among them. Each kind has to, as a node that is the first of its kind
     * knows no delete from before.
     */
    boolean knowsAllDeletes() {
        if (isListLost || (isStarting && knewNobody)) {
            return false;
        }
        // Without an entry that went out there were none but the present rings to tell of deletes.
        Stream<Ring> rings = membership.used().isEmpty()
                ? Stream.of(Kind.values()).map(membership::ring)
                : membership.used().stream();
        return rings.allMatch(ring -> countLacking(ring, endPoint -> true) == 0
                || (!isStarting
                        // One that holds nothing may have come back without what it had.
                        && countLacking(ring, ReliefEndPoint::holdsSessions) < ring.wanted()));
    }

    /** How many nodes of a ring are not there, or lack something, or are none to go by. */
    private long countLacking(Ring ring, Predicate<ReliefEndPoint> counts) {
        return ring.seats().stream()
                .map(seat -> connectionOf(seat.id()))
                .filter(endPoint -> endPoint == null || !endPoint.isComplete() || !counts.test(endPoint))
                .count();
    }

    /** The ring of a kind by which keys should be placed now, and those under which entries went out. */
    private Stream<Ring> rings(Kind kind) {
        return Stream.concat(Stream.of(membership.ring(kind)), earlierRings(kind).stream());
    }

    private boolean areAllConnected(Ring ring) {
        return ring.seats().stream().allMatch(seat -> isConnected(seat.id()));
    }

    /** Whether a member is there, or is given the time to come back. */
    boolean isThere(NodeId id) {
        return attendance.isThere(id);
    }

    private void arrange() {
        placement = new Placement(membership, attendance::isThere);
        listed.clear();
        for (Kind kind : Kind.values()) {
            if (membership.used().contains(placement.effective(kind))) {
                listed.add(kind);
            }
        }
        endPoints = new ReliefEndPoint[placement.members().size()];
        for (int i = 0; i < endPoints.length; i++) {
            endPoints[i] = attendance.connectionOf(placement.members().get(i).id());
        }
        arrangedListeners.forEach(Runnable::run);
    }

    /**
     * Who of a kind is there, and how its keys are placed.
     *
     * @param whole     the ring by which they should be placed
     * @param effective the ring by which they are
     * @param connected connections of all members, those that drain among them
     * @param lastTier  whether what these let go is lost
     */
    record Arrangement(Ring whole, Ring effective, List<ReliefEndPoint> connected, boolean lastTier) {}

    /** How it is now for a kind. */
    Arrangement arrangement(Kind kind) {
        return new Arrangement(
                membership.ring(kind),
                placement.effective(kind),
                Stream.of(endPoints)
                        .filter(endPoint -> endPoint != null && endPoint.kind() == kind)
                        .toList(),
                kind == handOffKind());
    }

    /** Whom to tell when an arrangement may have become another one. */
    void whenArranged(Runnable listener) {
        arrangedListeners.add(listener);
    }

    /** How many relief nodes are connected. */
    int connectedCount() {
        return attendance.connected().size();
    }

    /** All connections of relief nodes; not to be kept. */
    Collection<ReliefEndPoint> connected() {
        return attendance.connected();
    }

    /** The same as of now, for one by whom they may change. */
    List<ReliefEndPoint> endPoints() {
        return new ArrayList<>(attendance.connected());
    }

    /** The connected and complete nodes of the kind that keeps what is handed off: aging nodes, or expansion nodes where none of those ever joined. */
    List<ReliefEndPoint> keepers() {
        Kind kind = handOffKind();
        return attendance.connected().stream()
                .filter(endPoint -> endPoint.kind() == kind && endPoint.isComplete())
                .toList();
    }

    /**
     * The connected owners of a key that are of a node's kind, to which it may be copied.
     *
     * @param digest digest of the key
     * @param holder a node that has something of it
     * @return none where the holder is not among those that may hold the key: deletes do not wait for it, so nobody answers for what it has; nor where
     *     the ring that makes owners of them is not {@linkplain #list listed}
     */
    List<ReliefEndPoint> ownersOf(KeyDigest digest, ReliefEndPoint holder) {
        List<ReliefEndPoint> owners = new ArrayList<>();
        if (!listed.contains(holder.kind())) {
            return owners;
        }
        placement.place(digest.low());
        boolean mayHold = false;
        for (int i = 0; i < endPoints.length; i++) {
            ReliefEndPoint endPoint = endPoints[i];
            mayHold |= endPoint == holder && placement.mayHold(i);
            if (endPoint != null && endPoint.kind() == holder.kind() && placement.takes(i)) {
                owners.add(endPoint);
            }
        }
        return mayHold ? owners : List.of();
    }

    /**
     * Nodes that a key concerns.
     *
     * @param connected        those that are connected
     * @param areAllConnected whether these are all of them
     */
    record Others(List<ReliefEndPoint> connected, boolean areAllConnected) {}

    /** All nodes but one that may hold a key. */
    Others othersOf(KeyDigest digest, NodeId but) {
        placement.place(digest.low());
        return those(member -> placement.mayHold(member)
                && !placement.members().get(member).id().equals(but));
    }

    private Others those(IntPredicate concerned) {
        List<ReliefEndPoint> connected = new ArrayList<>();
        boolean all = true;
        for (int i = 0; i < endPoints.length; i++) {
            if (concerned.test(i)) {
                all &= endPoints[i] != null;
                if (endPoints[i] != null) {
                    connected.add(endPoints[i]);
                }
            }
        }
        return new Others(connected, all);
    }

    /** The aging nodes that should have a key: none where keys are placed at none, or where the ring that makes owners of them is not {@linkplain #list listed}. */
    Others keepersOf(KeyDigest digest) {
        if (!placement.has(Kind.AGING)) {
            return new Others(List.of(), true);
        }
        if (!list(Kind.AGING)) {
            return new Others(List.of(), false);
        }
        placement.place(digest.low());
        Others owners = those(member -> takes(member, Kind.AGING));
        return new Others(owners.connected(), owners.areAllConnected() && placement.hasOwnersEnough(Kind.AGING));
    }

    /** Where hand-offs go: to aging nodes, or to expansion nodes where keys are placed at none of those. */
    Kind handOffKind() {
        return placement.has(Kind.AGING) ? Kind.AGING : Kind.EXPANSION;
    }

    /**
     * Places a key; what {@link #takes} and the placement say is about it until the next call.
     *
     * @param digest digest of the key
     * @return whom it concerns, by the indices of {@link #at}
     */
    Placement place(KeyDigest digest) {
        placement.place(digest.low());
        return placement;
    }

    /** How many members there are, connected or not. */
    int size() {
        return endPoints.length;
    }

    /** A member's connection; null while it is away. */
    ReliefEndPoint at(int member) {
        return endPoints[member];
    }

    /** Whether keys are placed at any member of a kind. */
    boolean has(Kind kind) {
        return placement.has(kind);
    }

    /** Whether by the answers of those who may hold its key nobody does. */
    boolean isDenied(Question question) {
        return !isListLost
                && placement.isDenied(
                        question.digest().low(),
                        member -> endPoints[member] != null && question.isDeniedBy(endPoints[member]),
                        member -> endPoints[member].isComplete());
    }

    /**
     * Whether what a member has of the placed key is the newest that was acknowledged, whoever else may have it: it gets the changes of the key, and was
     * told that what it had is void of any that went to others before, as it was there or has made up for it. Of what went to the others a node that stood in for
     * one of them once, and does no more, was told only while it was connected. Nor does it say anything what an expansion node has beside aging nodes: the relay lets an
     * entry go once it is handed off, whether expansion nodes have acknowledged it or not.
     */
    boolean countsAlone(int member) {
        return !isListLost
                && takes(member, handOffKind())
                && placement.members().get(member).state() == State.PRESENT;
    }

    /** Whether all that may hold the key of a question are connected. */
    boolean areAllThere(Question question) {
        placement.place(question.digest().low());
        return those(placement::mayHold).areAllConnected();
    }

    /** Whether all nodes that the entry a question found would be handed off to are among some. */
    boolean areAllKeepersAmong(Set<ReliefEndPoint> holders, Question question) {
        Kind kind = handOffKind();
        if (!listed.contains(kind) || !placement.hasOwnersEnough(kind)) {
            return false;
        }
        placement.place(question.digest().low());
        Others keepers = those(member -> takes(member, kind));
        return keepers.areAllConnected() && holders.containsAll(keepers.connected());
    }

    /** Whether a member of a kind gets the changes of the placed key. */
    boolean takes(int member, Kind kind) {
        return placement.takes(member) && placement.members().get(member).kind() == kind;
    }

    /**
     * Lists the ring by which keys of a kind are placed now, so that what is copied by it will be asked for and deleted.
     *
     * @return false where it cannot be: nothing is to be copied
     */
    boolean list(Kind kind) {
        try {
            return isListed(kind);
        } catch (IOException e) {
            segment.file().recordError("a ring cannot be listed", e);
            return false;
        }
    }

    /** As {@link #list}, for one who tells why it cannot be. */
    boolean isListed(Kind kind) throws IOException {
        if (!listed.contains(kind) && membership.use(placement.effective(kind))) {
            listed.add(kind);
        }
        return listed.contains(kind);
    }
}
