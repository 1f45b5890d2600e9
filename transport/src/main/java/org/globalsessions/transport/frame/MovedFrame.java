package org.globalsessions.transport.frame;

import java.util.List;
import org.globalsessions.tier.InventoryItem;

/**
 * Tells a relief node that others have entries by now which it should not have any more: it drops those that are still the same.
 *
 * @param correlationId ties the answer to this, not 0
 * @param items         the entries, 0 to {@link FrameCodec#MAX_ITEMS}; tombstones among them stay
 */
public record MovedFrame(long correlationId, List<InventoryItem> items) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.MOVED;
    }
}
