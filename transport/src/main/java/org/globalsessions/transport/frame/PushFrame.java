package org.globalsessions.transport.frame;

import org.globalsessions.tier.PushMessage;

/**
 * The relay passes a message to remote clients on to a process that attends.
 *
 * @param message the message, as {@link NotifyFrame} has it
 */
public record PushFrame(PushMessage message) implements Frame {
    @Override
    public long correlationId() {
        return 0;
    }

    @Override
    public FrameType type() {
        return FrameType.PUSH;
    }
}
