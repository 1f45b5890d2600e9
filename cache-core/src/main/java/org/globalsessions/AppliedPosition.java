package org.globalsessions;

import org.globalsessions.segment.RelayPosition;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SegmentFile.Duty;

/**
 * How far this host's segment has applied what one of its relays announced: written by the link owner only, read by whoever publishes.
 *
 * <p>Any thread may call any method.
 */
final class AppliedPosition {
    /**
     * What a publish claims to have applied.
     *
     * @param epoch        relay epoch, 0 for none
     * @param position     position in it
     * @param subscription number of the subscription that stood before the publish was sent, 0 for none
     */
    record Claims(long epoch, long position, long subscription) {
        /** For what was made before this host heard of all that the position covers. */
        Claims withoutPosition() {
            return new Claims(0, 0, subscription);
        }
    }

    private final SegmentFile file;
    private final RelayPosition place;
    private long leaseEpoch;
    private long subscriptions;

    /** Number of the last subscription that the relay has refused. */
    private long refused;

    /** Number of the subscription that stands, 0 for none: written under the lock, read by the publisher. */
    private volatile long subscription;

    /**
     * Not yet owned.
     *
     * @param file  knows who is link owner
     * @param place the relay's place in the segment
     */
    AppliedPosition(SegmentFile file, RelayPosition place) {
        this.file = file;
        this.place = place;
    }

    /** The relay's place in the segment. */
    RelayPosition place() {
        return place;
    }

    /** The claims as of now: read them before the entry, so that they never say more than was applied when it was read. */
    Claims claims() {
        while (true) {
            long epoch = place.epoch();
            long position = place.position();
            // The link owner may be changing the epoch: a position of the old one must not be claimed in the new one.
            if (epoch == place.epoch()) {
                return new Claims(epoch, position, subscription);
            }
        }
    }

    /** The link owner is about to subscribe: the answer may be there before {@link #subscribed} is called. */
    synchronized void subscribing() {
        subscription = 0;
        subscriptions++;
    }

    /** The relay has refused the subscription: a receipt says nothing of what this host has missed. */
    synchronized void refused() {
        refused = subscriptions;
        unsubscribed();
    }

    /**
     * The link owner has subscribed on a connection: from now on this process moves the position, unless that was refused already.
     *
     * @param lease         epoch of the link owner's lease
     * @param relayEpoch    epoch of the relay that is connected
     * @param relayPosition its position when the connection stood: where a host starts that knew no relay. One that knew another epoch stays in that, and so
     *                      claims nothing, until {@link #begin}: the relay tells it everything, and a later subscription must not skip that
     */
    synchronized void subscribed(long lease, long relayEpoch, long relayPosition) {
        if (refused == subscriptions) {
            return;
        }
        leaseEpoch = lease;
        if (isOwner() && place.epoch() == 0) {
            place.set(relayEpoch, relayPosition);
        }
        subscription = subscriptions;
    }

    /**
     * All that a relay of another epoch had to tell is applied, and it is told what this host knows: from now on its position counts.
     *
     * @param epoch    the relay's epoch
     * @param position up to which all is applied
     * @return false where this process is not the link owner any more
     */
    synchronized boolean begin(long epoch, long position) {
        boolean isOwner = isOwner();
        if (isOwner && place.epoch() != epoch) {
            place.set(epoch, position);
        }
        return isOwner;
    }

    /** The connection or the lease is gone: what comes late must not move the position past what the next subscription asks for. */
    synchronized void unsubscribed() {
        leaseEpoch = 0;
        subscription = 0;
    }

    /** The relay announced a change, and it is applied. */
    synchronized void announced(long epoch, long position) {
        advance(epoch, position);
    }

    /**
     * The relay acknowledged a change of this host. Whatever it announced before is applied, as one connection keeps the order, but
     * only where the change was sent after the subscription: before that, the relay still has to tell what this host missed. In a
     * process that is not the link owner receipts may overtake the owner's announcements, and move nothing.
     */
    synchronized void acknowledged(Claims sent, long epoch, long position) {
        if (sent.subscription != 0 && sent.subscription == subscription) {
            advance(epoch, position);
        }
    }

    private void advance(long epoch, long position) {
        if (isOwner() && place.epoch() == epoch && position > place.position()) {
            place.set(epoch, position);
        }
    }

    private boolean isOwner() {
        return leaseEpoch != 0 && file.holds(Duty.LINK_OWNER, leaseEpoch);
    }
}
