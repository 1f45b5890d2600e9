package org.globalsessions.transport.frame;

/**
 * Answer to {@link NotifyFrame}.
 *
 * @param correlationId that of the frame answered
 * @param processes     to how many other processes the message was passed on, 0 or more
 */
public record NotifiedFrame(long correlationId, int processes) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.NOTIFIED;
    }
}
