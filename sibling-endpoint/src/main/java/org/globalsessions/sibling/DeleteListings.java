package org.globalsessions.sibling;

import java.util.List;

/**
 * Which nodes a relay is told the deletes of, one after the other. A cursor of the relay's names a node and the node's own cursor; where a node goes meanwhile the relay
 * begins anew.
 *
 * <p>Belongs to the sibling's event loop.
 */
final class DeleteListings {
    private static final int NODE_SHIFT = 48;
    private static final long CURSOR_MASK = (1L << NODE_SHIFT) - 1;

    private final ReliefTier tier;
    private List<ReliefEndPoint> nodes = List.of();

    DeleteListings(ReliefTier tier) {
        this.tier = tier;
    }

    static long cursor(int node, long cursorAtNode) {
        return (long) node << NODE_SHIFT | cursorAtNode;
    }

    static int nodeOf(long cursor) {
        return (int) (cursor >>> NODE_SHIFT);
    }

    static long cursorAtNode(long cursor) {
        return cursor & CURSOR_MASK;
    }

    /** From the first node on: those that are there now. False where they do not know all deletes. */
    boolean begin() {
        nodes = tier.endPoints();
        return tier.knowsAllDeletes();
    }

    /** How many nodes are asked. */
    int size() {
        return nodes.size();
    }

    /** The node that a cursor names; null where it is gone. */
    ReliefEndPoint at(int node) {
        ReliefEndPoint endPoint = node < nodes.size() ? nodes.get(node) : null;
        return endPoint != null && endPoint.connection().isOpen() ? endPoint : null;
    }
}
