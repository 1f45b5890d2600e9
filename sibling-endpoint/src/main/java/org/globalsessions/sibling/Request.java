package org.globalsessions.sibling;

import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;

/**
 * One frame of the relay that waits for relief nodes. Its parts are what was sent to them; the sum of their answers is the
 * answer to the relay.
 *
 * <p>Belongs to the sibling's event loop.
 */
abstract class Request {
    private final int ipcSession;
    private final long correlationId;
    private final long deadlineNs;

    /** Parts without an answer, and one more while parts are still being sent. */
    private int open = 1;

    private boolean failed;
    private boolean busy;
    private boolean done;

    /**
     * Begins a request, {@link #open} for parts until {@link ReliefRouter} has sent the first ones.
     *
     * @param ipcSession    the connection to the relay that it came over
     * @param correlationId what the relay called it
     * @param deadlineNs    time by the segment's clock after which it is answered with what is known by then
     */
    Request(int ipcSession, long correlationId, long deadlineNs) {
        this.ipcSession = ipcSession;
        this.correlationId = correlationId;
        this.deadlineNs = deadlineNs;
    }

    final int ipcSession() {
        return ipcSession;
    }

    final long correlationId() {
        return correlationId;
    }

    final boolean isOverdue(long nowNs) {
        return deadlineNs - nowNs < 0;
    }

    final boolean isDone() {
        return done;
    }

    final void done() {
        done = true;
    }

    final void partSent() {
        open++;
    }

    /** One part is over, or the sending is: true if nothing is open any more. */
    final boolean partOver() {
        open--;
        return open == 0;
    }

    /** A part has no answer and will get none. */
    final void fail() {
        failed = true;
    }

    /** A part could not leave for back pressure. */
    final void failBusy() {
        failed = true;
        busy = true;
    }

    final boolean hasFailed() {
        return failed;
    }

    /** The refusal of what cannot be said to have reached its owners: the relay keeps its mark and tries again. */
    final Frame refusal() {
        return busy
                ? new ErrorFrame(correlationId, ErrorCode.BUSY, "a relief node takes no more at the moment")
                : new ErrorFrame(correlationId, ErrorCode.UNAVAILABLE, "an owner among the relief nodes is away");
    }

    /** Takes in the answer of a part, and whose it is; one that is no answer to it counts as failure. */
    abstract void answered(ReliefEndPoint from, Frame answer);

    /**
     * What is to be said now that no part is open.
     *
     * @param router sends further parts
     * @return the answer, or null if further parts were sent
     */
    abstract Frame conclude(ReliefRouter router);

    /** What is to be said at the deadline. */
    abstract Frame timedOut();
}
