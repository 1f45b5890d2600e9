package org.globalsessions.transport.frame;

import org.globalsessions.tier.Receipt;

/**
 * Acknowledges a session, a hand-off, a delete or a void.
 *
 * @param correlationId that of the frame answered
 * @param receipt what became of it
 */
public record SessionReceivedFrame(long correlationId, Receipt receipt) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.SESSION_RECEIVED;
    }
}
