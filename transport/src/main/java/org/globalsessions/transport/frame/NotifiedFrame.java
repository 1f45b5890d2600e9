package org.globalsessions.transport.frame;

import org.globalsessions.tier.PushReach;

/**
 * Answer to {@link NotifyFrame}.
 *
 * @param correlationId that of the frame answered
 * @param reach         whom the message reaches
 */
public record NotifiedFrame(long correlationId, PushReach reach) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.NOTIFIED;
    }
}
