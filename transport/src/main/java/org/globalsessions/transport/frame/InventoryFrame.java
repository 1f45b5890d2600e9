package org.globalsessions.transport.frame;

/**
 * Asks a relief node what it holds, a part at a time; asks a sibling which deletes relief nodes know.
 *
 * @param correlationId ties the answer to this, not 0
 * @param cursor        where to go on: 0 to begin, then what the last answer said
 * @param maxItems      most items of the answer, 1 to {@link FrameCodec#MAX_ITEMS}
 * @param deletesOnly   whether of tombstones alone
 */
public record InventoryFrame(long correlationId, long cursor, int maxItems, boolean deletesOnly) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.INVENTORY;
    }
}
