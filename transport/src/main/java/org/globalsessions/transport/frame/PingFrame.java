package org.globalsessions.transport.frame;

/**
 * Are you there?
 *
 * @param correlationId ties the answer to this, not 0
 * @param nanos the sender's own clock, returned unchanged
 */
public record PingFrame(long correlationId, long nanos) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.PING;
    }
}
