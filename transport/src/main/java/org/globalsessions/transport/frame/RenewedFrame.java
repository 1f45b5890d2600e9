package org.globalsessions.transport.frame;

/**
 * The host's lease is renewed: it may serve what it has for {@code maxStale} from when it asked.
 *
 * @param correlationId that of the frame answered
 * @param epoch the relay's epoch
 * @param position all that the host has to be told up to this position was sent before this frame, 0 or more
 */
public record RenewedFrame(long correlationId, long epoch, long position) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.RENEWED;
    }
}
