package org.globalsessions.transport.frame;

/**
 * Answer to {@link AdministerFrame} with {@link AdministerFrame.Action#CHECK_CLIENTS}.
 *
 * @param correlationId that of the frame answered
 * @param clients       how many the relay knows, 0 or more; also such as tiers behind have alone
 * @param addresses     how many addresses these are bound to, 0 or more
 * @param refused       how many entries it could not take in since its start, 0 or more
 * @param entries       entries of clients that its segment has, 0 or more
 * @param differing     how many of those it knows otherwise or not, 0 or more
 */
public record ClientsCheckedFrame(
        long correlationId, int clients, int addresses, long refused, int entries, int differing) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.CLIENTS_CHECKED;
    }
}
