package org.globalsessions.transport.client;

import org.globalsessions.transport.frame.SubscribeFrame;

/** What the host wants to hear, and how far it has heard it: repeated after each reconnect. The link's lock guards it. */
final class Subscription {
    private long leaseEpoch;
    private long epoch;
    private long position;

    boolean isWanted() {
        return leaseEpoch != 0;
    }

    /** Whether it means an epoch, or none. */
    boolean isOf(long relayEpoch) {
        return epoch == 0 || epoch == relayEpoch;
    }

    void want(long newLeaseEpoch, long newEpoch, long newPosition) {
        leaseEpoch = newLeaseEpoch;
        epoch = newEpoch;
        position = newPosition;
    }

    /** Announcements come in order, so what has been delivered is the highest position below which the host has all. */
    void delivered(long atEpoch, long atPosition) {
        if (atEpoch != epoch) {
            epoch = atEpoch;
            position = atPosition;
        } else if (atPosition > position) {
            position = atPosition;
        }
    }

    SubscribeFrame frame(long correlationId) {
        return new SubscribeFrame(correlationId, leaseEpoch, epoch, position);
    }
}
