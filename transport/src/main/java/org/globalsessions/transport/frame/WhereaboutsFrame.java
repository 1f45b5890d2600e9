package org.globalsessions.transport.frame;

import java.util.List;

/**
 * A sibling's answer to the {@link CompareFrame} of a relief node, which names entries that the node has let go for space: who else keeps them.
 *
 * @param correlationId that of the frame answered
 * @param fates         of each entry, in the order of the question, 0 to {@link FrameCodec#MAX_ITEMS}
 */
public record WhereaboutsFrame(long correlationId, List<Fate> fates) implements Frame {
    /** What is known of an entry that a node has let go. */
    public enum Fate {
        /** Another node has it or what counts more, or the relay will hand it off again: it is not lost. */
        KEPT,
        /** Nobody else has it: the copy that was let go was the last one, and who asks counts that or hands it back. */
        LAST,
        /** It cannot be said now: ask again later. */
        UNKNOWN
    }

    @Override
    public FrameType type() {
        return FrameType.WHEREABOUTS;
    }
}
