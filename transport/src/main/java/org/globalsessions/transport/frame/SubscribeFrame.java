package org.globalsessions.transport.frame;

/**
 * A host's link owner wants announcements, or gives them up.
 *
 * @param correlationId ties the answer to this, not 0
 * @param leaseEpoch the link owner's lease epoch; 0 to give up
 * @param epoch relay epoch that the host's position belongs to; 0 for none
 * @param position highest position below which the host has everything, 0 or more
 */
public record SubscribeFrame(long correlationId, long leaseEpoch, long epoch, long position) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.SUBSCRIBE;
    }
}
