package org.globalsessions.transport.frame;

/**
 * Answer to a ping.
 *
 * @param correlationId that of the frame answered
 * @param nanos the ping's
 */
public record PongFrame(long correlationId, long nanos) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.PONG;
    }
}
