package org.globalsessions.sibling;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.IpcExchange.Message;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.Member;
import org.globalsessions.sibling.Membership.State;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.TouchFrame;
import org.globalsessions.transport.frame.VoidFrame.Voided;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which relief nodes get a frame of the relay, and what the relay is told of it.
 *
 * <table>
 * <caption>who gets what</caption>
 * <tr><th>frame</th><th>goes to</th><th>acknowledged when</th></tr>
 * <tr><td>SESSION</td><td>effective expansion owners; VOID to aging nodes that may hold it</td><td>all of them have it, and there
 *     are as many as there should be</td></tr>
 * <tr><td>SESSION_BACKUP</td><td>effective aging owners; expansion owners where keys are placed at no aging node</td><td>the same</td></tr>
 * <tr><td>DELETE</td><td>every connected member</td><td>all that may hold the key have it</td></tr>
 * <tr><td>TOUCH</td><td>of each session, all that may hold it</td><td>all of them have it</td></tr>
 * <tr><td>NEED_SESSION</td><td>all connected that may hold it, then all others</td><td>see {@link Question}</td></tr>
 * </table>
 *
 * <p>A member whose connection has just ended, or that the sibling has not heard of since its start, is given a while to come
 * back before others stand in for it: a reset connection or a sibling that starts again moves nothing. Changes of its keys are refused
 * meanwhile, and the relay sends them again.
 *
 * <p>Belongs to the sibling's event loop: all methods are called there.
 */
final class ReliefRouter {
    private static final Logger LOG = LoggerFactory.getLogger(ReliefRouter.class);

    private final SharedLru segment;
    private final Membership membership;
    private final IpcExchange exchange;
    private final long timeoutNs;
    private final Attendance attendance;
    private final List<Runnable> arrangedListeners = new ArrayList<>();

    /** Members that may lack what others stood in for them with; also while they are not connected. */
    private final Set<NodeId> reconciling = new HashSet<>();

    /** In the order of their deadlines, as all have the same time. Bounded by {@link IpcExchange#CAPACITY}. */
    private final Set<Request> inFlight = new LinkedHashSet<>();

    private Placement placement;

    /** For each of the placement's members its connection, or null while it is away. */
    private ReliefEndPoint[] endPoints = {};

    /** Kinds whose effective ring is listed, so that entries may go out under it. */
    private final Set<Kind> listed = EnumSet.noneOf(Kind.class);

    /**
     * A router without connections.
     *
     * @param segment    the relay's segment
     * @param membership who is a member
     * @param exchange   brings frames of the relay and takes the answers
     * @param timeoutNs  how long relief nodes have for their answers
     */
    ReliefRouter(SharedLru segment, Membership membership, IpcExchange exchange, long timeoutNs) {
        this.segment = segment;
        this.membership = membership;
        this.exchange = exchange;
        this.timeoutNs = timeoutNs;
        this.attendance = new Attendance(membership.members(), segment.file().nanoTime());
        arrange();
    }

    /**
     * A relief node has connected.
     *
     * @param endPoint its connection
     * @return the connection of the same node that it takes the place of, or null
     * @throws IOException where it cannot become a member: why
     */
    ReliefEndPoint connected(ReliefEndPoint endPoint) throws IOException {
        boolean mayLack = mayLack(endPoint);
        membership.join(endPoint.seat(), endPoint.kind());
        if (mayLack) {
            reconciling.add(endPoint.id());
        }
        if (!reconciling.contains(endPoint.id())) {
            endPoint.complete();
        }
        ReliefEndPoint before = attendance.arrived(endPoint);
        arrange();
        if (before != null) {
            failOpen(before);
        }
        return before;
    }

    /**
     * Whether a node that connects is to be given what others have before its "missing" counts: entries went out to others in its place while it was
     * away, and each should be at one more node at least. One that has only just joined had nothing to lose: who had its keys before is asked as well.
     */
    private boolean mayLack(ReliefEndPoint endPoint) {
        Member known = membership.find(endPoint.id());
        return known != null
                && known.isPlaced()
                && (known.state() == State.AWAY || !attendance.isThere(known.id()))
                && membership.ring(known.kind()).replicas() > 1
                && membership.used().stream().anyMatch(ring -> ring.kind() == known.kind() && !ring.has(known.id()));
    }

    /** A node has been given all that others have and it should have: its "missing" counts from now on. */
    void reconciled(ReliefEndPoint endPoint) {
        reconciling.remove(endPoint.id());
        endPoint.complete();
    }

    /** A connection is gone; what it had open has failed. */
    void disconnected(ReliefEndPoint endPoint) {
        if (attendance.left(endPoint, segment.file().nanoTime())) {
            arrange();
        }
        failOpen(endPoint);
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

    /** Whether a member is connected. */
    boolean isConnected(NodeId id) {
        return attendance.connectionOf(id) != null;
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
        return Stream.concat(Stream.of(membership.ring(kind)), earlierRings(kind).stream())
                .flatMap(ring -> ring.seats().stream())
                .allMatch(seat -> attendance.connectionOf(seat.id()) != null);
    }

    private void failOpen(ReliefEndPoint endPoint) {
        for (Request request : endPoint.takeOpen()) {
            request.fail();
            partOver(request);
        }
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

    /** All connections of relief nodes, for closing. */
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

    private Kind handOffKind() {
        return placement.has(Kind.AGING) ? Kind.AGING : Kind.EXPANSION;
    }

    /** Takes what the agent has let in. */
    void drain() {
        exchange.drain(this::onMessage);
        for (ReliefEndPoint endPoint : attendance.connected()) {
            endPoint.flushVoids();
        }
    }

    private void onMessage(Message message) {
        try {
            onFrame(message);
        } catch (RuntimeException | IOException e) {
            segment.counters().increment(Counter.ERRORS);
            LOG.error("a frame of the relay failed: {}", message.frame().type(), e);
            exchange.answer(new Message(
                    message.ipcSession(),
                    new ErrorFrame(message.frame().correlationId(), ErrorCode.INTERNAL, "the sibling failed")));
        }
    }

    private void onFrame(Message message) throws IOException {
        long deadlineNs = segment.file().nanoTime() + timeoutNs;
        Frame frame = message.frame();
        int ipcSession = message.ipcSession();
        if (frame instanceof NeedSessionFrame need) {
            ask(new Question(ipcSession, need, deadlineNs));
        } else if (frame instanceof SessionBackupFrame backup) {
            SessionEntry entry = backup.entry();
            handOff(
                    new Change(ipcSession, frame.correlationId(), entry.version(), entry.life(), deadlineNs),
                    segment.encode(entry.key()).digest(),
                    entry);
        } else if (frame instanceof SessionFrame session) {
            SessionEntry entry = session.entry();
            publish(
                    new Change(ipcSession, frame.correlationId(), entry.version(), entry.life(), deadlineNs),
                    segment.encode(entry.key()).digest(),
                    session);
        } else if (frame instanceof DeleteFrame delete) {
            delete(new Change(ipcSession, frame.correlationId(), delete.tombstone(), 0, deadlineNs), delete);
        } else if (frame instanceof TouchFrame touch) {
            touch(new Change(ipcSession, frame.correlationId(), Version.NONE, 0, deadlineNs), touch.touches());
        } else {
            throw new IllegalArgumentException("a frame that needs no relief node: " + frame.type());
        }
    }

    private void ask(Question question) {
        if (endPoints.length == 0) {
            // No list of members is not yet a relief tier without sessions: after the loss of the list its nodes come
            // back.
            question.fail();
        }
        placement.place(segment.encode(question.key()).digest().low());
        for (int i = 0; i < endPoints.length; i++) {
            if (placement.mayHold(i) && endPoints[i] != null) {
                send(question, i, id -> new NeedSessionFrame(id, question.key()));
            }
        }
        sendingOver(question);
    }

    /** Whether by the answers of those who may hold its key nobody does. */
    boolean isDenied(Question question) {
        return placement.isDenied(
                segment.encode(question.key()).digest().low(),
                member -> endPoints[member] != null && endPoints[member].isComplete(),
                member -> question.isDeniedBy(endPoints[member]));
    }

    /**
     * Asks those that may not hold the key.
     *
     * @return false if there are none
     */
    boolean askOthers(Question question) {
        placement.place(segment.encode(question.key()).digest().low());
        boolean asked = false;
        for (int i = 0; i < endPoints.length; i++) {
            if (!placement.mayHold(i) && endPoints[i] != null) {
                asked |= send(question, i, id -> new NeedSessionFrame(id, question.key()));
            }
        }
        return asked;
    }

    private void handOff(Change change, KeyDigest digest, SessionEntry entry) throws IOException {
        placement.place(digest.low());
        sendToOwners(change, handOffKind(), id -> new SessionBackupFrame(id, entry));
        voidElsewhere(change, new Voided(digest, entry.version()), false);
        sendingOver(change);
    }

    private void publish(Change change, KeyDigest digest, SessionFrame frame) throws IOException {
        boolean taken = placement.has(Kind.EXPANSION);
        if (frame.level() == Acknowledgement.RELIEF && !taken) {
            // Somebody waits until relief nodes have it: where none takes new entries, the aging owners do.
            handOff(change, digest, frame.entry());
            return;
        }
        placement.place(digest.low());
        if (taken) {
            sendToOwners(
                    change,
                    Kind.EXPANSION,
                    id -> new SessionFrame(
                            id,
                            frame.level(),
                            frame.claimEpoch(),
                            frame.claimPosition(),
                            frame.seenTombstone(),
                            frame.entry()));
        }
        voidElsewhere(change, new Voided(digest, frame.entry().version()), true);
        sendingOver(change);
    }

    /** Sends an entry to the effective owners of the placed key, which have to be as many as there should be. */
    private void sendToOwners(Change change, Kind kind, LongFunction<Frame> frame) throws IOException {
        if (!placement.hasOwnersEnough(kind) || !isListed(kind)) {
            change.fail();
            return;
        }
        for (int i = 0; i < endPoints.length; i++) {
            if (placement.takes(i) && placement.members().get(i).kind() == kind) {
                send(change, i, frame);
            }
        }
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
            segment.counters().increment(Counter.ERRORS);
            segment.file().errors().record("a ring cannot be listed", e);
            return false;
        }
    }

    private boolean isListed(Kind kind) throws IOException {
        if (!listed.contains(kind) && membership.use(placement.effective(kind))) {
            listed.add(kind);
        }
        return listed.contains(kind);
    }

    /**
     * Tells aging nodes that older versions are void; owners too, where they do not get the entry itself. One that is about to come back has to
     * be told: it would answer with its older version once the newer one has expired.
     */
    private void voidElsewhere(Change change, Voided voided, boolean ownersToo) {
        for (int i = 0; i < endPoints.length; i++) {
            ReliefEndPoint endPoint = endPoints[i];
            Membership.Member member = placement.members().get(i);
            boolean concerned =
                    member.kind() == Kind.AGING && placement.mayHold(i) && (ownersToo || !placement.takes(i));
            if (concerned && endPoint == null && attendance.isThere(member.id())) {
                change.fail();
            } else if (concerned && endPoint != null && !endPoint.addVoid(voided)) {
                change.failBusy();
            }
        }
    }

    private void delete(Change change, DeleteFrame frame) {
        if (endPoints.length == 0) {
            change.fail();
        }
        placement.place(frame.digest().low());
        for (int i = 0; i < endPoints.length; i++) {
            if (placement.mayHold(i) || endPoints[i] != null) {
                send(change, i, id -> new DeleteFrame(id, frame.level(), frame.digest(), frame.tombstone()));
            }
        }
        sendingOver(change);
    }

    private void touch(Change change, List<Touch> touches) {
        List<List<Touch>> parts = new ArrayList<>();
        for (int i = 0; i < endPoints.length; i++) {
            parts.add(new ArrayList<>());
        }
        for (Touch touch : touches) {
            placement.place(touch.digest().low());
            for (int i = 0; i < endPoints.length; i++) {
                if (placement.mayHold(i)) {
                    parts.get(i).add(touch);
                }
            }
        }
        for (int i = 0; i < endPoints.length; i++) {
            List<Touch> part = parts.get(i);
            if (!part.isEmpty()) {
                send(change, i, id -> new TouchFrame(id, part));
            }
        }
        sendingOver(change);
    }

    /** Sends a part; one that cannot leave has failed. */
    private boolean send(Request request, int member, LongFunction<Frame> frame) {
        ReliefEndPoint endPoint = endPoints[member];
        if (endPoint == null) {
            request.fail();
            return false;
        }
        if (!endPoint.ask(request, frame)) {
            request.failBusy();
            return false;
        }
        request.partSent();
        return true;
    }

    private void sendingOver(Request request) {
        inFlight.add(request);
        partOver(request);
    }

    private void partOver(Request request) {
        if (request.partOver() && !request.isDone()) {
            Frame answer = request.conclude(this);
            if (answer != null) {
                finish(request, answer);
            }
        }
    }

    /** A relief node has answered. */
    void onAnswer(ReliefEndPoint endPoint, Frame answer) {
        Request request = endPoint.answered(answer.correlationId());
        if (request != null && !request.isDone()) {
            request.answered(endPoint, answer);
            partOver(request);
        }
    }

    /** Answers what has waited too long, and lets others stand in for members that have been waited for long enough. */
    void timeOut(long nowNs) {
        List<NodeId> missed = attendance.takeMissed(nowNs);
        if (!missed.isEmpty()) {
            standInFor(missed);
        }
        boolean any = false;
        for (Iterator<Request> i = inFlight.iterator(); i.hasNext(); ) {
            Request request = i.next();
            if (!request.isOverdue(nowNs)) {
                break;
            }
            i.remove();
            finish(request, request.timedOut());
            any = true;
        }
        if (any) {
            attendance.connected().forEach(ReliefEndPoint::forgetDone);
        }
    }

    private void standInFor(List<NodeId> missed) {
        for (NodeId id : missed) {
            try {
                membership.away(id);
            } catch (IOException e) {
                // It is away all the same: since when is all that is not known after the next start.
                segment.counters().increment(Counter.ERRORS);
                segment.file().errors().record("that a relief node is away is not written down", e);
            }
        }
        arrange();
    }

    private void finish(Request request, Frame answer) {
        request.done();
        inFlight.remove(request);
        exchange.answer(new Message(request.ipcSession(), answer));
    }
}
