package org.globalsessions.transport.frame;

import java.util.List;
import org.globalsessions.tier.InventoryItem;

/**
 * Answer to {@link InventoryFrame}: part of what the node holds. Without a question, from a host to its relay: deletes that it knows.
 *
 * @param correlationId that of the frame answered, 0 where it answers none
 * @param nextCursor    where to go on, 0 where this was the last part
 * @param items         entries and tombstones, at most {@link FrameCodec#MAX_ITEMS}; none is not the end
 */
public record InventoriedFrame(long correlationId, long nextCursor, List<InventoryItem> items) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.INVENTORIED;
    }
}
