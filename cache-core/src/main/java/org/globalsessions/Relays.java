package org.globalsessions;

import java.util.ArrayList;
import java.util.List;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RelayPlaces;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SegmentFile.Duty;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.NextTier;

/**
 * The relays of a cache, one or more: which of them has a key, whether it is up or down, and the link owner's lease, which is one for the
 * host.
 *
 * <p>Any thread may call any method, but {@link #tick} and {@link #giveUp}: those are the housekeeping's.
 */
final class Relays {
    private final SharedLru lru;
    private final SegmentFile file;
    private final RelayPlaces places;
    private final Failures failures;
    private final List<Relay> relays = new ArrayList<>();
    private final Touches touches;
    private long leaseEpoch;

    /**
     * Not yet started.
     *
     * @param tiers               links in the order of the segment's list, one or more
     * @param onConnectionChanged told when the state of any link has changed
     */
    Relays(Relay.Shared shared, List<NextTier> tiers, Runnable onConnectionChanged) {
        lru = shared.lru();
        file = lru.file();
        places = file.relays();
        failures = shared.failures();
        for (int i = 0; i < tiers.size(); i++) {
            int index = i;
            relays.add(new Relay(
                    shared,
                    tiers.get(i),
                    places.position(i),
                    places.lease(i),
                    digestLow -> places.owner(digestLow) == index,
                    onConnectionChanged));
        }
        touches = new Touches(lru, relays);
    }

    /**
     * Begins to connect and to send.
     *
     * @param wake has {@link #tick} called now, by the thread that calls it
     */
    void start(Runnable wake) {
        relays.forEach(relay -> relay.start(wake));
    }

    /** The relay that has a key, by the lower half of the key's digest. */
    Relay of(long digestLow) {
        return relays.get(places.owner(digestLow));
    }

    /** The ways to all of them. */
    List<NextTier> tiers() {
        return relays.stream().map(Relay::tier).toList();
    }

    /** Whether this host may serve a session that it has. */
    boolean covers(EncodedKey key) {
        return !isAnyLeaseOver() || of(key.digestLow()).lease().covers(key);
    }

    /** Whether this host may serve an entry that it has. */
    boolean covers(EntrySnapshot entry) {
        return !isAnyLeaseOver() || of(lru.digestLow(entry)).lease().covers(entry);
    }

    /** Without a look at the key's relay, which costs more than a local hit may. By the clock: also right just after a stop. */
    private boolean isAnyLeaseOver() {
        long now = Long.MIN_VALUE;
        for (Relay relay : relays) {
            long end = relay.lease().end();
            if (end != 0) {
                now = now == Long.MIN_VALUE ? file.now() : now;
                if (now - end >= 0) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Whether messages to remote clients are wanted here, by whichever relay they come. */
    void attend(boolean wanted) {
        relays.forEach(relay -> relay.tier().attend(wanted));
    }

    boolean isAnyConnected() {
        for (Relay relay : relays) {
            if (relay.tier().isConnected()) {
                return true;
            }
        }
        return false;
    }

    /**
     * Takes, renews or gives up the link owner's lease, and does a bounded piece of its duty towards each relay. Only a process with a
     * connection takes it, so that one whose links are down does not keep it from the others.
     */
    void tick() {
        boolean connected = relays.stream().anyMatch(relay -> relay.duty().isConnected());
        long epoch = connected ? file.acquireOrRenew(Duty.LINK_OWNER) : 0;
        for (Relay relay : relays) {
            try {
                relay.duty().tick(epoch);
            } catch (Throwable e) {
                // The others are served all the same; also a want of memory passes.
                failures.unexpected("serving the link failed", e);
            }
        }
        if (epoch == 0) {
            touches.giveUp();
            releaseLease();
        } else {
            touches.tick();
        }
        leaseEpoch = epoch;
    }

    void giveUp() {
        relays.forEach(relay -> relay.duty().giveUp());
        releaseLease();
        leaseEpoch = 0;
    }

    private void releaseLease() {
        // Only one's own lease: one that ran out is another process's by now.
        if (leaseEpoch != 0 && file.holds(Duty.LINK_OWNER, leaseEpoch)) {
            file.release(Duty.LINK_OWNER);
        }
    }

    /** Sends what is not yet sent, for at most so long in all; what is left then, the sweep of another process or the next start sends. */
    void flush(long timeoutNs) {
        long deadlineNs = System.nanoTime() + timeoutNs;
        for (Relay relay : relays) {
            relay.publisher().flush(Math.max(0, deadlineNs - System.nanoTime()));
        }
    }

    /** Ends the sending; callers who still wait are told so. */
    void closePublishers() {
        relays.forEach(relay -> relay.publisher().close());
    }

    /** Ends the connections. */
    void closeLinks() {
        relays.forEach(relay -> relay.tier().close());
    }
}
