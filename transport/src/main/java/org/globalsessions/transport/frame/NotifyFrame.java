package org.globalsessions.transport.frame;

import org.globalsessions.tier.PushMessage;

/**
 * A host's process sends a message to remote clients.
 *
 * @param correlationId ties the answer to this, not 0
 * @param message       the message: {@code to} and {@code method} at most {@link FrameCodec#MAX_PUSH_NAME} bytes of UTF-8, {@code params} at
 *                      most {@link FrameCodec#MAX_PUSH}
 */
public record NotifyFrame(long correlationId, PushMessage message) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.NOTIFY;
    }
}
