package org.globalsessions.transport.frame;

import java.util.List;
import org.globalsessions.tier.InventoryItem;

/**
 * Asks a relief node which of these, held by another node, it lacks.
 *
 * @param correlationId ties the answer to this, not 0
 * @param items         entries and tombstones, 0 to {@link FrameCodec#MAX_ITEMS}
 */
public record CompareFrame(long correlationId, List<InventoryItem> items) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.COMPARE;
    }
}
