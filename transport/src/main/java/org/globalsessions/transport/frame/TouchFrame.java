package org.globalsessions.transport.frame;

import java.util.List;
import org.globalsessions.tier.Touch;

/**
 * Sessions were used: their idle times begin anew, from then on.
 *
 * @param correlationId ties an answer to this, not 0
 * @param touches       the uses, 0 to {@link FrameCodec#MAX_TOUCHES}
 */
public record TouchFrame(long correlationId, List<Touch> touches) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.TOUCH;
    }
}
