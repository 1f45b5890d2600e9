package org.globalsessions.sibling;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.agrona.collections.Long2ObjectHashMap;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.frame.Frame;
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
    private final Connection connection;
    private final Long2ObjectHashMap<Request> open = new Long2ObjectHashMap<>();
    private final Long2ObjectHashMap<Inquiry> inquiries = new Long2ObjectHashMap<>();
    private List<Voided> voids = new ArrayList<>();
    private long lastCorrelationId;
    private boolean complete;

    /**
     * A connection of a node that is {@linkplain #isComplete reconciling}.
     *
     * @param seat       the node as placement sees it
     * @param kind       what it does
     * @param connection the connection
     */
    ReliefEndPoint(Seat seat, Kind kind, Connection connection) {
        this.seat = seat;
        this.kind = kind;
        this.connection = connection;
    }

    NodeId id() {
        return seat.id();
    }

    Seat seat() {
        return seat;
    }

    /**
     * Whether the node has all that it should have, so that "missing" from it counts. One that was away may lack what happened
     * meanwhile: it is reconciling, gets every change at once, and what it finds counts as ever.
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
        lastCorrelationId++;
        if (!connection.send(frame.apply(lastCorrelationId))) {
            return false;
        }
        open.put(lastCorrelationId, request);
        return true;
    }

    /** What a transfer has asked, and how to give it the answer. */
    private record Inquiry(Transfer asker, Consumer<Frame> onAnswer) {}

    /**
     * Sends a frame of a transfer, which must not fill the connection: changes go before.
     *
     * @param asker    the transfer
     * @param onAnswer given the answer, or null where the connection ends before
     * @param frame    makes the frame from its correlation id
     * @return false if the connection takes nothing now: nothing was sent
     */
    boolean inquire(Transfer asker, Consumer<Frame> onAnswer, LongFunction<Frame> frame) {
        // Those of walks that have failed meanwhile: so there are never more than the walks under way have open.
        inquiries.values().removeIf(inquiry -> inquiry.asker().isOver());
        lastCorrelationId++;
        if (!connection.isWritable() || !connection.send(frame.apply(lastCorrelationId))) {
            return false;
        }
        inquiries.put(lastCorrelationId, new Inquiry(asker, onAnswer));
        return true;
    }

    /**
     * Gives an answer to the transfer that has asked.
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

    /** Tells all transfers that have asked that there will be no answer. */
    void failInquiries() {
        List<Inquiry> failed = new ArrayList<>(inquiries.values());
        inquiries.clear();
        failed.forEach(inquiry -> inquiry.onAnswer().accept(null));
    }

    /** The request that an answer belongs to, now no longer open here; null if it is answered or timed out already. */
    Request answered(long correlationId) {
        return open.remove(correlationId);
    }

    /** Forgets the parts of requests that are done. */
    void forgetDone() {
        open.values().removeIf(Request::isDone);
    }

    /** Everything still open, which is forgotten here. */
    Collection<Request> takeOpen() {
        List<Request> requests = new ArrayList<>(open.values());
        open.clear();
        return requests;
    }

    /**
     * Adds a void to the batch.
     *
     * @return false if the batch is full and the connection does not take it
     */
    boolean addVoid(Voided voided) {
        if (voids.size() >= MAX_VOIDS && !flushVoids()) {
            return false;
        }
        voids.add(voided);
        return true;
    }

    /**
     * Sends the batch of voids, if there is one. Nobody waits for the answer: a void lost with its connection leaves an old
     * version at the node, which the next hand-off of the key replaces.
     *
     * @return false if the connection does not take it: the batch waits
     */
    boolean flushVoids() {
        if (voids.isEmpty()) {
            return true;
        }
        lastCorrelationId++;
        if (!connection.send(new VoidFrame(lastCorrelationId, voids))) {
            return false;
        }
        voids = new ArrayList<>();
        return true;
    }
}
