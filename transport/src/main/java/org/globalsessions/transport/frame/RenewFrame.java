package org.globalsessions.transport.frame;

/**
 * Topic {@code lease}: the host's link owner says how far the host is, and asks for its lease to be renewed.
 *
 * @param correlationId ties the answer to this, not 0
 * @param leaseEpoch of the link owner's lease within its host
 * @param epoch relay epoch of the position
 * @param position highest position below which the host's segment has everything, 0 or more
 */
public record RenewFrame(long correlationId, long leaseEpoch, long epoch, long position) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.RENEW;
    }
}
