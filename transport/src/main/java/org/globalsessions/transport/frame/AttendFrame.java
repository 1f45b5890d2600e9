package org.globalsessions.transport.frame;

/**
 * A host's process wants messages to remote clients passed on to it, or no more.
 *
 * @param correlationId ties an error to this, not 0
 * @param wanted        whether it wants them
 */
public record AttendFrame(long correlationId, boolean wanted) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.ATTEND;
    }
}
