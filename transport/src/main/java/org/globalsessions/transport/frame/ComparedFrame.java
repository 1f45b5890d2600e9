package org.globalsessions.transport.frame;

import java.util.BitSet;

/**
 * Answer to {@link CompareFrame}.
 *
 * @param correlationId that of the frame answered
 * @param count         how many items were compared: all that were asked about
 * @param lacking       by index those of which the node has neither this version nor what counts more; below {@code count}
 */
public record ComparedFrame(long correlationId, int count, BitSet lacking) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.COMPARED;
    }
}
