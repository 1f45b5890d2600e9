package org.globalsessions.sibling;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongFunction;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.IpcExchange.Message;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.Member;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.LogPause;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.InventoryFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.TouchFrame;
import org.globalsessions.transport.frame.ValidateFrame;
import org.globalsessions.transport.frame.VoidFrame.Voided;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which relief nodes get a frame of the relay, and what the relay is told of it.
 *
 * <table>
 * <caption>who gets what</caption>
 * <tr><th>frame</th><th>goes to</th><th>acknowledged when</th></tr>
 * <tr><td>SESSION</td><td>effective expansion owners; VOID to aging nodes that may hold it, or, where somebody waits for relief nodes, SESSION_BACKUP to
 *     effective aging owners</td><td>all of them have it, and there are as many as there should be</td></tr>
 * <tr><td>SESSION_BACKUP</td><td>effective aging owners; expansion owners where keys are placed at no aging node</td><td>the same</td></tr>
 * <tr><td>DELETE</td><td>every connected member</td><td>all that may hold the key have it</td></tr>
 * <tr><td>TOUCH</td><td>of each session, all that may hold it</td><td>all of them have it</td></tr>
 * <tr><td>INVENTORY of deletes</td><td>each connected node in turn, where they know all deletes</td><td>it is answered</td></tr>
 * <tr><td>NEED_SESSION</td><td>all connected that may hold it, then all others, but those that lack it by their {@linkplain NodeFilter filter}; then a
 *     gateway</td><td>see {@link Question}</td></tr>
 * </table>
 *
 * <p>Changes of the keys of a member that is waited for are refused meanwhile, and the relay sends them again.
 *
 * <p>Belongs to the sibling's event loop: all methods are called there.
 */
final class ReliefRouter {
    private static final Logger LOG = LoggerFactory.getLogger(ReliefRouter.class);

    private final SharedLru segment;
    private final ReliefTier tier;
    private final IpcExchange exchange;
    private final DeleteListings listings;
    private final long timeoutNs;

    /** What fails, as on a full disk, may fail with every frame. */
    private final LogPause failurePause = new LogPause();

    /** In the order of their deadlines, as all have the same time. Bounded by {@link IpcExchange#CAPACITY}. */
    private final Set<Request> inFlight = new LinkedHashSet<>();

    /**
     * A router.
     *
     * @param segment   the relay's segment
     * @param tier      the relief nodes
     * @param exchange  brings frames of the relay and takes the answers
     * @param timeoutNs how long relief nodes have for their answers
     */
    ReliefRouter(SharedLru segment, ReliefTier tier, IpcExchange exchange, long timeoutNs) {
        this.segment = segment;
        this.tier = tier;
        this.exchange = exchange;
        this.listings = new DeleteListings(tier);
        this.timeoutNs = timeoutNs;
    }

    /**
     * A relief node has connected.
     *
     * @param endPoint its connection
     * @return the connection of the same node that it takes the place of, or null
     * @throws IOException where it cannot become a member: why
     */
    ReliefEndPoint connected(ReliefEndPoint endPoint) throws IOException {
        ReliefEndPoint before = tier.arrived(endPoint);
        if (before != null) {
            failOpen(before);
        }
        return before;
    }

    /** A connection is gone; what it had open has failed. */
    void disconnected(ReliefEndPoint endPoint) {
        tier.left(endPoint);
        failOpen(endPoint);
    }

    private void failOpen(ReliefEndPoint endPoint) {
        for (Request request : endPoint.takeOpen()) {
            request.fail();
            partOver(request);
        }
    }

    /** The relief nodes. */
    ReliefTier tier() {
        return tier;
    }

    /** Takes what the agent has let in. */
    void drain() {
        exchange.drain(this::onMessage);
        for (ReliefEndPoint endPoint : tier.connected()) {
            endPoint.flushVoids();
        }
    }

    private void onMessage(Message message) {
        try {
            onFrame(message);
        } catch (RuntimeException | IOException e) {
            segment.file().recordError("a frame of the relay failed", e);
            if (failurePause.ends()) {
                LOG.error("a frame of the relay failed: {}", message.frame().type(), e);
            }
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
            ask(new Question(ipcSession, need, segment.encode(need.key()).digest(), deadlineNs));
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
        } else if (frame instanceof InventoryFrame inventory) {
            listDeletes(ipcSession, inventory, deadlineNs);
        } else if (frame instanceof TouchFrame touch) {
            touch(new Change(ipcSession, frame.correlationId(), Version.NONE, 0, deadlineNs), touch.touches());
        } else {
            throw new IllegalArgumentException("a frame that needs no relief node: " + frame.type());
        }
    }

    private void listDeletes(int ipcSession, InventoryFrame frame, long deadlineNs) {
        boolean knowsAll = frame.cursor() != 0 || listings.begin();
        if (knowsAll && frame.cursor() == 0 && listings.size() == 0) {
            exchange.answer(new Message(ipcSession, new InventoriedFrame(frame.correlationId(), 0, List.of())));
            return;
        }
        int node = DeleteListings.nodeOf(frame.cursor());
        DeleteListing listing =
                new DeleteListing(ipcSession, frame.correlationId(), node, node == listings.size() - 1, deadlineNs);
        if (knowsAll) {
            send(
                    listing,
                    listings.at(node),
                    id -> new InventoryFrame(id, DeleteListings.cursorAtNode(frame.cursor()), frame.maxItems(), true));
        } else {
            listing.fail();
        }
        sendingOver(listing);
    }

    private void ask(Question question) {
        if (tier.size() == 0) {
            // No list of members is not yet a relief tier without sessions: after the loss of the list its nodes come
            // back.
            question.fail();
        }
        askWhere(true, question);
        sendingOver(question);
    }

    /** Asks the connected nodes that may hold the key, or those that may not; false if none was asked. */
    private boolean askWhere(boolean mayHold, Question question) {
        Placement placement = tier.place(question.digest());
        boolean asked = false;
        for (int i = 0; i < tier.size(); i++) {
            ReliefEndPoint endPoint = tier.at(i);
            if (placement.mayHold(i) != mayHold || endPoint == null) {
                continue;
            }
            if (endPoint.lacksForSure(question.digest())) {
                question.deniedByFilterOf(endPoint);
            } else {
                question.asking(endPoint, tier.countsAlone(i));
                asked |= send(question, endPoint, id -> new NeedSessionFrame(id, question.key()));
            }
        }
        return asked;
    }

    /** A question was answered without a node's being asked. */
    void countFiltered() {
        segment.counters().increment(Counter.QUESTIONS_FILTERED);
    }

    /**
     * Asks those that may not hold the key.
     *
     * @return false if there are none
     */
    boolean askOthers(Question question) {
        return askWhere(false, question);
    }

    /**
     * Asks a node's gateway to another system.
     *
     * @return false where it cannot be asked
     */
    boolean askGateway(Question question, ReliefEndPoint endPoint) {
        return send(question, endPoint, id -> new ValidateFrame(id, question.key()));
    }

    private void handOff(Change change, KeyDigest digest, SessionEntry entry) throws IOException {
        tier.passing().handedOff(digest, segment.file().nanoTime());
        sendToKeepers(change, digest, entry);
        voidElsewhere(change, new Voided(digest, entry.version()), false);
        sendingOver(change);
    }

    private void sendToKeepers(Change change, KeyDigest digest, SessionEntry entry) throws IOException {
        sendToOwners(change, digest, tier.handOffKind(), id -> new SessionBackupFrame(id, entry));
    }

    private void publish(Change change, KeyDigest digest, SessionFrame frame) throws IOException {
        tier.passing().published(digest, segment.file().nanoTime());
        boolean taken = tier.has(Kind.EXPANSION);
        // Somebody waits until relief nodes have it. Expansion nodes let it go as new ones come, while the relay still
        // has to hand it off: with the relay's machine it would be lost.
        boolean isKept = frame.level() == Acknowledgement.RELIEF && (!taken || tier.has(Kind.AGING));
        if (isKept) {
            sendToKeepers(change, digest, frame.entry());
        }
        if (taken) {
            sendToOwners(
                    change,
                    digest,
                    Kind.EXPANSION,
                    id -> new SessionFrame(
                            id,
                            frame.level(),
                            frame.claimEpoch(),
                            frame.claimPosition(),
                            frame.seenTombstone(),
                            frame.entry()));
        }
        boolean haveItThemselves = isKept && !change.hasFailed();
        voidElsewhere(change, new Voided(digest, frame.entry().version()), !haveItThemselves);
        sendingOver(change);
    }

    /** Sends an entry to the effective owners of its key, which have to be as many as there should be. */
    private void sendToOwners(Change change, KeyDigest digest, Kind kind, LongFunction<Frame> frame)
            throws IOException {
        Placement placement = tier.place(digest);
        if (!placement.hasOwnersEnough(kind) || !tier.isListed(kind)) {
            change.fail();
            return;
        }
        for (int i = 0; i < tier.size(); i++) {
            if (tier.takes(i, kind)) {
                send(change, tier.at(i), frame);
            }
        }
    }

    /**
     * Tells those that may hold an older version that it is void: who stood in for others and does not get the entry itself, and aging owners where it does not go to
     * them. One that is about to come back has to be told: it would answer with its older version once the newer one has expired. One that is away is told when it
     * comes back.
     */
    private void voidElsewhere(Change change, Voided voided, boolean agingOwnersToo) {
        Placement placement = tier.place(voided.digest());
        boolean isMissed = tier.isListLost();
        for (int i = 0; i < tier.size(); i++) {
            ReliefEndPoint endPoint = tier.at(i);
            Member member = placement.members().get(i);
            boolean concerned =
                    placement.mayHold(i) && (!placement.takes(i) || (agingOwnersToo && member.kind() == Kind.AGING));
            if (concerned && endPoint == null) {
                // Also of one that is about to come back: the newer version may end before the relay sends it again.
                isMissed = true;
                if (tier.isThere(member.id())) {
                    change.fail();
                }
            } else if (concerned && endPoint != null && !endPoint.addVoid(change, voided)) {
                change.failBusy();
            }
        }
        if (isMissed) {
            tier.missed(voided);
        }
    }

    private void delete(Change change, DeleteFrame frame) {
        if (tier.size() == 0 || tier.isListLost()) {
            change.fail();
        }
        Placement placement = tier.place(frame.digest());
        for (int i = 0; i < tier.size(); i++) {
            ReliefEndPoint endPoint = tier.at(i);
            if (placement.mayHold(i) || endPoint != null) {
                send(change, endPoint, id -> new DeleteFrame(id, frame.level(), frame.digest(), frame.tombstone()));
            }
        }
        sendingOver(change);
    }

    private void touch(Change change, List<Touch> touches) {
        List<List<Touch>> parts = new ArrayList<>();
        for (int i = 0; i < tier.size(); i++) {
            parts.add(new ArrayList<>());
        }
        for (Touch touch : touches) {
            Placement placement = tier.place(touch.digest());
            for (int i = 0; i < tier.size(); i++) {
                if (placement.mayHold(i)) {
                    parts.get(i).add(touch);
                }
            }
        }
        for (int i = 0; i < tier.size(); i++) {
            List<Touch> part = parts.get(i);
            if (!part.isEmpty()) {
                send(change, tier.at(i), id -> new TouchFrame(id, part));
            }
        }
        sendingOver(change);
    }

    /** Sends a part; one that cannot leave has failed. */
    private static boolean send(Request request, ReliefEndPoint endPoint, LongFunction<Frame> frame) {
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
        for (Request request : endPoint.answered(answer.correlationId())) {
            if (!request.isDone()) {
                request.answered(endPoint, answer);
                partOver(request);
            }
        }
    }

    /** Answers what has waited too long, and lets others stand in for members that have been waited for long enough. */
    void timeOut(long nowNs) {
        tier.standInForMissed(nowNs);
        tier.forgetMissed();
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
            tier.connected().forEach(ReliefEndPoint::forgetDone);
        }
    }

    private void finish(Request request, Frame answer) {
        request.done();
        inFlight.remove(request);
        exchange.answer(new Message(request.ipcSession(), answer));
    }
}
