package org.globalsessions.sibling;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.agrona.collections.Long2ObjectHashMap;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.VoidFrame;
import org.globalsessions.transport.frame.VoidFrame.Voided;

/**
 * One connection to a relief node: what it was asked, and what is void there and not yet told.
 *
 * <p>Belongs to the sibling's event loop. Its table is bounded by the requests in flight, as no request has two open parts at
 * one node.
 */
final class ReliefEndPoint {
    /** Voids that wait here; with the frame that takes them they are the most that a slow node holds up. */
    static final int MAX_VOIDS = 1024;

    private final Seat seat;
    private final Kind kind;
    private final boolean holdsSessions;
    private final Connection connection;
    private final Long2ObjectHashMap<Request> open = new Long2ObjectHashMap<>();
    private final Long2ObjectHashMap<Inquiry> inquiries = new Long2ObjectHashMap<>();
    /** Voids to be sent together, and for each the request that it is a part of. */
    private List<Voided> voids = new ArrayList<>();

    private List<Request> voiding = new ArrayList<>();

    /** Those of each batch that was sent. */
    private final Long2ObjectHashMap<List<Request>> openVoids = new Long2ObjectHashMap<>();

    private long lastCorrelationId;
    private boolean complete;

    /** What the node has to be told before anything else, or null; that from {@link #told} to {@link #toTell} is not sent yet. */
    private MissedVoids missed;

    private int told;
    private int toTell;
    private long toldSince;

    /** Frames that have told it, and that it has not answered yet. */
    private int tellingFrames;

    /** Of its keys; null as long as nobody asks for it. */
    private NodeFilter filter;

    /**
     * A connection of a node that is {@linkplain #isComplete reconciling}.
     *
     * @param seat          the node as placement sees it
     * @param kind          what it does
     * @param holdsSessions whether it came with any
     * @param connection    the connection
     */
    ReliefEndPoint(Seat seat, Kind kind, boolean holdsSessions, Connection connection) {
        this.seat = seat;
        this.kind = kind;
        this.holdsSessions = holdsSessions;
        this.connection = connection;
    }

    NodeId id() {
        return seat.id();
    }

    Seat seat() {
        return seat;
    }

    /**
     * Whether the node has all that it should have. One that was away may lack what happened meanwhile: it is reconciling, and gets every change at
     * once.
     */
    boolean isComplete() {
        return complete;
    }

    /** The node has all that it should have. */
    void complete() {
        complete = true;
    }

    Kind kind() {
        return kind;
    }

    /** Whether the node held any session when it connected. */
    boolean holdsSessions() {
        return holdsSessions;
    }

    /**
     * The node has just come: it is told what it may have missed before it is sent anything else but its welcome.
     *
     * @param value what nodes have missed that were away
     * @param since what {@link MissedVoids#noted} was when it had been told all before
     */
    void tellFirst(MissedVoids value, long since) {
        missed = value;
        told = 0;
        toTell = since < value.noted() ? value.end() : 0;
        toldSince = since;
    }

    /** Whether the node has taken in what it was to be told first: before, what it says of its own accord may be about what is void. */
    boolean isTold() {
        return told == toTell && tellingFrames == 0;
    }

    /** Returns false as long as there is something that the connection does not take. */
    private boolean tellMissed() {
        while (told < toTell && connection.isWritable()) {
            int end = Math.min(told + MAX_VOIDS, toTell);
            List<Voided> part = missed.between(told, end, toldSince);
            if (!part.isEmpty()) {
                if (!inquireNow(() -> false, this::onTold, id -> new VoidFrame(id, part))) {
                    return false;
                }
                tellingFrames++;
            }
            told = end;
        }
        return told == toTell;
    }

    private void onTold(Frame answer) {
        if (answer instanceof SessionReceivedFrame) {
            tellingFrames--;
            tellMissed();
        } else {
            // It stays untold: it comes again, and is told then, or does not count.
            connection.close();
        }
    }

    /** What is known of the node's keys; null where nothing ever will be. */
    NodeFilter filter() {
        return filter;
    }

    /** Notes from now on what is sent. */
    void filter(NodeFilter value) {
        filter = value;
    }

    /** Whether the node has no entry of a key for sure, so that it need not be asked: it would say "missing". */
    boolean lacksForSure(KeyDigest digest) {
        return filter != null && filter.refuses(digest);
    }

    Connection connection() {
        return connection;
    }

    /**
     * Sends one part of a request.
     *
     * @param request the request
     * @param frame   makes the frame from the part's correlation id
     * @return false if the connection takes nothing now: nothing was sent
     */
    boolean ask(Request request, LongFunction<Frame> frame) {
        if (!tellMissed()) {
            return false;
        }
        lastCorrelationId++;
        if (!send(frame.apply(lastCorrelationId))) {
            return false;
        }
        open.put(lastCorrelationId, request);
        return true;
    }

    /** The one way by which entries come to the node. */
    private boolean send(Frame frame) {
        if (filter != null) {
            // Before it leaves: a question that comes next must not find it lacking.
            filter.sending(frame);
        }
        return connection.send(frame);
    }

    /** What was asked besides requests of the relay, and how to give the answer. */
    private record Inquiry(BooleanSupplier isOver, Consumer<Frame> onAnswer) {}

    /**
     * Sends a frame of a transfer or of an operator, which must not fill the connection: changes go before.
     *
     * @param isOver   whether the asker wants the answer no more
     * @param onAnswer given the answer, or null where the connection ends before
     * @param frame    makes the frame from its correlation id
     * @return false if the connection takes nothing now: nothing was sent
     */
    boolean inquire(BooleanSupplier isOver, Consumer<Frame> onAnswer, LongFunction<Frame> frame) {
        return tellMissed() && inquireNow(isOver, onAnswer, frame);
    }

    private boolean inquireNow(BooleanSupplier isOver, Consumer<Frame> onAnswer, LongFunction<Frame> frame) {
        // Those of walks that have failed meanwhile, or of operators who were told so: there are never more than those
        // under way have open.
        inquiries.values().removeIf(inquiry -> inquiry.isOver().getAsBoolean());
        lastCorrelationId++;
        if (!connection.isWritable() || !send(frame.apply(lastCorrelationId))) {
            return false;
        }
        inquiries.put(lastCorrelationId, new Inquiry(isOver, onAnswer));
        return true;
    }

    /**
     * Gives an answer to the transfer or operator who has asked.
     *
     * @return false where none has
     */
    boolean answerInquiry(Frame answer) {
        Inquiry inquiry = inquiries.remove(answer.correlationId());
        if (inquiry == null) {
            return false;
        }
        inquiry.onAnswer().accept(answer);
        return true;
    }

    /** Tells all transfers and operators who have asked that there will be no answer. */
    void failInquiries() {
        List<Inquiry> failed = new ArrayList<>(inquiries.values());
        inquiries.clear();
        failed.forEach(inquiry -> inquiry.onAnswer().accept(null));
    }

    /** The requests that an answer belongs to, now no longer open here; none where they are answered or timed out already. */
    List<Request> answered(long correlationId) {
        Request request = open.remove(correlationId);
        if (request != null) {
            return List.of(request);
        }
        List<Request> batch = openVoids.remove(correlationId);
        return batch == null ? List.of() : batch;
    }

    /** Whether the node may not have taken in yet what it was sent, or shall be. */
    boolean hasOpen() {
        return !open.isEmpty() || !openVoids.isEmpty() || !voids.isEmpty();
    }

    /** Forgets the parts of requests that are done. */
    void forgetDone() {
        open.values().removeIf(Request::isDone);
        openVoids.values().removeIf(batch -> batch.stream().allMatch(Request::isDone));
    }

    /** Everything still open, which is forgotten here, a request once for each of its parts. */
    Collection<Request> takeOpen() {
        List<Request> requests = new ArrayList<>(open.values());
        open.clear();
        openVoids.values().forEach(requests::addAll);
        openVoids.clear();
        requests.addAll(voiding);
        voiding = new ArrayList<>();
        voids = new ArrayList<>();
        return requests;
    }

    /**
     * Adds a void to the batch, as a part of a request: what it makes void must not be answered with once the request is acknowledged.
     *
     * @param request whose part it is
     * @param voided  what is void
     * @return false if the batch is full and the connection does not take it: nothing was added
     */
    boolean addVoid(Request request, Voided voided) {
        if (voids.size() >= MAX_VOIDS && !flushVoids()) {
            return false;
        }
        voids.add(voided);
        voiding.add(request);
        request.partSent();
        return true;
    }

    /**
     * Sends the batch of voids, if there is one, and before that what is to be told first.
     *
     * @return false if the connection does not take it: the batch waits
     */
    boolean flushVoids() {
        if (!tellMissed()) {
            return false;
        }
        if (voids.isEmpty()) {
            return true;
        }
        lastCorrelationId++;
        if (!connection.send(new VoidFrame(lastCorrelationId, voids))) {
            return false;
        }
        openVoids.put(lastCorrelationId, voiding);
        voids = new ArrayList<>();
        voiding = new ArrayList<>();
        return true;
    }
}
