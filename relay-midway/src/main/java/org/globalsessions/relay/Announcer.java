package org.globalsessions.relay;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.globalsessions.Version;
import org.globalsessions.relay.ClientEndPoint.HostId;
import org.globalsessions.relay.RelayContext.Announce;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.AnnounceDeleteFrame;
import org.globalsessions.transport.frame.AnnounceInvalidationFrame;
import org.globalsessions.transport.frame.AnnounceSessionFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SubscribeFrame;

/**
 * Tells hosts what other hosts have changed, in the order of positions: one subscription a host, held by its link owner.
 *
 * <p>A ring of the last {@link ChangeRing#CAPACITY} changes serves a host that comes back with an older position. A host that does
 * not drain its announcements is disconnected rather than left with a gap: it comes back with its position. On the relay's
 * event loop alone.
 */
final class Announcer {
    /** What became of a wish to subscribe. */
    enum Subscribed {
        DONE,
        /** Another process of the host is link owner by a newer lease. */
        STALE_LEASE,
        /** What the host has missed may be forgotten here. */
        MUST_CONFIRM,
        /** It is subscribed once it is known here what the host has missed. */
        WAITS
    }

    private record Subscription(long leaseEpoch, ClientEndPoint endPoint) {}

    private final SharedLru lru;
    private final Announce announce;
    private final HostLeases leases;
    private final Map<HostId, Subscription> subscriptions = new HashMap<>();
    private final Map<HostId, Long> highestLease = new HashMap<>();
    private final ChangeRing changes;
    private final EarlierHosts earlier;
    private final EntrySnapshot snapshot = new EntrySnapshot();

    /**
     * An announcer without subscriptions.
     *
     * @param lru      the relay's table
     * @param announce what hosts are told of new entries; of deletes always all
     * @param leases   told how far each host is
     * @param changes  for hosts that come back
     * @param earlier  those that come back from an earlier epoch
     */
    Announcer(SharedLru lru, Announce announce, HostLeases leases, ChangeRing changes, EarlierHosts earlier) {
        this.lru = lru;
        this.leases = leases;
        this.announce = announce;
        this.changes = changes;
        this.earlier = earlier;
    }

    /**
     * Takes, renews or gives up a host's subscription.
     *
     * @param endPoint the connection
     * @param frame    what it asked for
     * @return what became of it
     */
    Subscribed subscribe(ClientEndPoint endPoint, SubscribeFrame frame) {
        HostId host = endPoint.host();
        if (frame.leaseEpoch() == 0) {
            leave(endPoint);
            return Subscribed.DONE;
        }
        Long highest = highestLease.get(host);
        if (highest != null && highest > frame.leaseEpoch()) {
            return Subscribed.STALE_LEASE;
        }
        highestLease.put(host, frame.leaseEpoch());
        earlier.subscribesAnew(host);
        EarlierHosts.Verdict verdict = earlier.judge(frame);
        if (verdict == EarlierHosts.Verdict.WAITS) {
            leave(endPoint);
            earlier.await(endPoint, frame);
            return Subscribed.WAITS;
        }
        long from = beginning(endPoint, frame);
        // Where hosts are told of deletes alone the tombstones say all of it. Who comes from an earlier epoch publishes
        // all that it has again, and hears so what has replaced it.
        boolean isEarlier = earlier.isEarlier(frame.epoch());
        boolean hears = isEarlier ? endPoint.may(Right.PUBLISH) : from >= changes.base();
        boolean told = announce == Announce.OFF || hears;
        if (verdict == EarlierHosts.Verdict.MUST_CONFIRM
                || from < lru.horizon()
                || !told
                || leases.mustConfirm(host, from)) {
            leave(endPoint);
            earlier.confirming(host);
            return Subscribed.MUST_CONFIRM;
        }
        earlier.subscribed(host);
        subscriptions.put(host, new Subscription(frame.leaseEpoch(), endPoint));
        leases.applied(host, from);
        if (from < lru.file().position()) {
            replay(endPoint, from);
        }
        return Subscribed.DONE;
    }

    /** From which position on a host has to be told: of another epoch all, but a host that knew no relay has nothing from before. */
    private long beginning(ClientEndPoint endPoint, SubscribeFrame frame) {
        if (frame.epoch() == lru.file().relayEpoch()) {
            return frame.position();
        }
        return frame.epoch() == 0 ? endPoint.welcomedAt() : 0;
    }

    /**
     * Ends the subscription of a connection, if it has one.
     *
     * @param endPoint the connection
     */
    void leave(ClientEndPoint endPoint) {
        Subscription subscription = subscriptions.get(endPoint.host());
        if (subscription != null && subscription.endPoint == endPoint) {
            subscriptions.remove(endPoint.host());
        }
        earlier.leave(endPoint);
    }

    /**
     * The last connection of a host is gone: its leases may be counted anew by a later segment of that identity.
     *
     * @param host the host
     */
    void forget(HostId host) {
        highestLease.remove(host);
    }

    /**
     * Announces an entry, or its version, to every host but the one that stored it.
     *
     * @param from     the host that stored it, or null for all to be told
     * @param digest   digest of its key
     * @param entry    the entry as it counts now
     * @param position number of the change, which is noted
     */
    void announce(HostId from, KeyDigest digest, SessionEntry entry, long position) {
        long epoch = lru.file().relayEpoch();
        switch (announce) {
            case FULL -> {
                AnnounceSessionFrame whole = new AnnounceSessionFrame(epoch, position, entry);
                AnnounceInvalidationFrame version =
                        new AnnounceInvalidationFrame(epoch, position, digest, entry.version());
                sendToOthers(from, endPoint -> endPoint.takesValues() ? whole : version);
            }
            case INVALIDATE -> {
                AnnounceInvalidationFrame version =
                        new AnnounceInvalidationFrame(epoch, position, digest, entry.version());
                sendToOthers(from, endPoint -> version);
            }
            case OFF -> {}
        }
    }

    /**
     * Announces a delete to every host but the one that requested it.
     *
     * @param from     the host that requested it, or null for all to be told
     * @param digest   digest of the key
     * @param version  the tombstone's version
     * @param position number of the change, which is noted
     */
    void announceDelete(HostId from, KeyDigest digest, Version version, long position) {
        AnnounceDeleteFrame frame = new AnnounceDeleteFrame(lru.file().relayEpoch(), position, digest, version);
        sendToOthers(from, endPoint -> frame);
    }

    private void sendToOthers(HostId from, Function<ClientEndPoint, Frame> frame) {
        for (Map.Entry<HostId, Subscription> subscription : subscriptions.entrySet()) {
            if (!subscription.getKey().equals(from)) {
                ClientEndPoint endPoint = subscription.getValue().endPoint;
                send(endPoint, frame.apply(endPoint));
            }
        }
    }

    private boolean send(ClientEndPoint endPoint, Frame frame) {
        boolean sent = endPoint.send(frame);
        if (sent) {
            lru.counters().increment(Counter.ANNOUNCED);
        }
        return sent;
    }

    private void replay(ClientEndPoint endPoint, long from) {
        long epoch = lru.file().relayEpoch();
        if (from < changes.base() && !replayTombstones(endPoint, from, epoch)) {
            return;
        }
        changes.forEachAfter(from, change -> {
            // All of them leave at once: without their values, from a certain point on, they always fit.
            Frame frame = endPoint.host().equals(change.host()) ? null : again(change, epoch, endPoint.takesValues());
            return frame == null || send(endPoint, frame);
        });
    }

    /** What tells of a change once more, null for nothing. */
    private Frame again(ChangeRing.Change change, long epoch, boolean whole) {
        if (change.isDelete()) {
            return new AnnounceDeleteFrame(epoch, change.position(), change.digest(), change.version());
        }
        if (announce == Announce.OFF) {
            return null;
        }
        if (announce == Announce.FULL
                && whole
                && lru.read(change.way(), snapshot)
                && snapshot.version().equals(change.version())
                && lru.encode(snapshot.keyCopy()).digest().equals(change.digest())) {
            return new AnnounceSessionFrame(epoch, change.position(), snapshot.toEntry());
        }
        // Handed off and evicted since, or overwritten: an older copy there is void all the same.
        return new AnnounceInvalidationFrame(epoch, change.position(), change.digest(), change.version());
    }

    /** Where the noted changes do not reach back: the tombstones are still here, five minutes and longer. */
    private boolean replayTombstones(ClientEndPoint endPoint, long from, long epoch) {
        boolean[] sent = {true};
        lru.scanTombstones((digest, version, position) -> {
            if (position == 0 || position > from) {
                // Without its own position it must not move the host's: the lowest one that the host lacks is none to
                // claim.
                sent[0] = send(endPoint, new AnnounceDeleteFrame(epoch, from, digest, version));
            }
            return sent[0];
        });
        return sent[0];
    }

    /** Whether a host is told, over whichever of its connections. */
    boolean isSubscribed(HostId host) {
        return subscriptions.containsKey(host);
    }

    /**
     * Whether a connection is the one that is told.
     *
     * @param endPoint the connection
     * @return true if so
     */
    boolean isSubscribed(ClientEndPoint endPoint) {
        Subscription subscription = subscriptions.get(endPoint.host());
        return subscription != null && subscription.endPoint == endPoint;
    }
}
