package org.globalsessions.sibling;

import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.InventoriedFrame;

/** A part of the deletes that the relief nodes know, on its way from one of them to a relay that has begun a new epoch. */
final class DeleteListing extends Request {
    private final int node;
    private final boolean isLastNode;
    private InventoriedFrame part;

    /**
     * A part.
     *
     * @param ipcSession    the connection to the relay that it came over
     * @param correlationId what the relay called it
     * @param node          which of the nodes is asked
     * @param isLastNode    whether it is the last one
     * @param deadlineNs    time by the segment's clock after which it is refused
     */
    DeleteListing(int ipcSession, long correlationId, int node, boolean isLastNode, long deadlineNs) {
        super(ipcSession, correlationId, deadlineNs);
        this.node = node;
        this.isLastNode = isLastNode;
    }

    @Override
    void answered(ReliefEndPoint from, Frame answer) {
        if (answer instanceof InventoriedFrame inventoried) {
            part = inventoried;
        } else {
            fail();
        }
    }

    @Override
    Frame conclude(ReliefRouter router) {
        if (hasFailed() || part == null) {
            return refusal();
        }
        long next = part.nextCursor() != 0
                ? DeleteListings.cursor(node, part.nextCursor())
                : isLastNode ? 0 : DeleteListings.cursor(node + 1, 0);
        return new InventoriedFrame(correlationId(), next, part.items());
    }

    @Override
    Frame timedOut() {
        return refusal();
    }
}
