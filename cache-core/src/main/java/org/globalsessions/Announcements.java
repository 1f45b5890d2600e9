package org.globalsessions;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.KeyText;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.segment.WriteOutcome.Status;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.PushMessage;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.TierListener;

/**
 * Applies to the segment what the relay tells, then moves the position, then tells the application.
 *
 * <p>Called by the link's thread, one call at a time; nothing here waits for anything but a writer of the same bucket.
 */
final class Announcements implements TierListener {
    /**
     * One connection to the relay.
     *
     * @param number   1 for the first; tells a new connection to the same relay from the old one
     * @param epoch    the relay's epoch
     * @param position the relay's position when the connection stood
     */
    record Connection(long number, long epoch, long position) {}

    private final SharedLru lru;
    private final AppliedPosition applied;
    private final HostLease lease;
    private final Notifier notifier;
    private final Arrivals arrivals;
    private final ClientRelays clients;
    private final Failures failures;
    private final Runnable onConnectionChanged;
    private final Runnable onDeleteApplied;
    private final WriteOutcome outcome = new WriteOutcome();
    private long connections;

    /** Number of the connection whose subscription was refused, 0 for none. */
    private volatile long mustConfirm;

    private volatile boolean newlyApplied;
    private volatile Connection connection;

    Announcements(
            SharedLru lru,
            AppliedPosition applied,
            HostLease lease,
            Notifier notifier,
            Arrivals arrivals,
            ClientRelays clients,
            Failures failures,
            Runnable onConnectionChanged,
            Runnable onDeleteApplied) {
        this.lru = lru;
        this.applied = applied;
        this.lease = lease;
        this.notifier = notifier;
        this.arrivals = arrivals;
        this.clients = clients;
        this.failures = failures;
        this.onConnectionChanged = onConnectionChanged;
        this.onDeleteApplied = onDeleteApplied;
    }

    /** The connection that stands, or null. */
    Connection connection() {
        return connection;
    }

    @Override
    public void onConnected(long epoch, long position, Duration maxStale, Duration age, long clockMicros) {
        connections++;
        lru.tellClock(applied.place(), clockMicros, TimeUnit.NANOSECONDS.toMicros(age.toNanos()));
        lease.onConnected(maxStale, age);
        mustConfirm = 0;
        connection = new Connection(connections, epoch, position);
        onConnectionChanged.run();
    }

    @Override
    public void onPush(PushMessage message) {
        try {
            clients.received(message);
        } catch (RuntimeException e) {
            failures.unexpected("a message to remote clients could not be passed on", e);
        }
    }

    @Override
    public void onMustConfirm() {
        // In this order: the housekeeping that sees the second subscribes again, and that one is not refused.
        applied.refused();
        mustConfirm = connections;
        onConnectionChanged.run();
    }

    /** Whether the relay has refused the subscription of that connection, as it cannot tell all that was missed. */
    boolean mustConfirm(Connection refused) {
        return refused.number == mustConfirm;
    }

    /** Whether a delete was applied since the last call: the relay wants to hear that soon. */
    boolean takeNewlyApplied() {
        boolean any = newlyApplied;
        newlyApplied = false;
        return any;
    }

    @Override
    public int onOriginRefused(int origin) {
        return lru.file().redrawOrigin(origin);
    }

    @Override
    public void onDisconnected() {
        connection = null;
        applied.unsubscribed();
        lease.onDisconnected();
        onConnectionChanged.run();
    }

    @Override
    public void onAnnounced(SessionEntry entry, long epoch, long position) {
        try {
            fill(entry);
            boolean news = outcome.status() == Status.STORED || outcome.status() == Status.NO_ROOM;
            lru.counters().increment(Counter.ANNOUNCEMENTS_APPLIED);
            applied.announced(epoch, position);
            if (news && (notifier.hasListeners() || !arrivals.isEmpty())) {
                String key = KeyText.of(entry.key());
                arrivals.arrived(key::equals);
                notifier.tell(listener -> listener.onArrival(key));
            }
        } catch (RuntimeException e) {
            failures.unexpected("an announcement could not be applied", e);
        }
    }

    private void fill(SessionEntry entry) {
        EncodedKey key = lru.encode(entry.key());
        KeyDigest digest = key.digest();
        lru.noteAnnounced(digest);
        try {
            lru.fillAnnounced(key, entry, outcome);
        } catch (ValueTooLargeException e) {
            // Larger than this host's records: the older version that is here must not be read any more all the same.
            lru.removeOlder(digest, entry.version());
            failures.unexpected("an announced session does not fit this host's records", e);
        }
    }

    @Override
    public void onInvalidated(KeyDigest digest, Version version, long epoch, long position) {
        try {
            lru.noteAnnounced(digest);
            lru.removeOlder(digest, version);
            lru.counters().increment(Counter.ANNOUNCEMENTS_APPLIED);
            applied.announced(epoch, position);
            // Those who wait for it ask the relay, which has it.
            arrivals.arrived(key -> lru.encode(key).digest().equals(digest));
        } catch (RuntimeException e) {
            failures.unexpected("an invalidation could not be applied", e);
        }
    }

    @Override
    public void onDeleted(KeyDigest digest, Version tombstone, long epoch, long position) {
        try {
            String key = notifier.hasListeners() ? keyOf(digest) : null;
            lru.applyDelete(digest, tombstone, applied.place(), epoch, position, outcome);
            lru.counters().increment(Counter.ANNOUNCEMENTS_APPLIED);
            applied.announced(epoch, position);
            newlyApplied = true;
            onDeleteApplied.run();
            if (key != null && outcome.held()) {
                notifier.tell(listener -> listener.onDeletion(key));
            }
        } catch (RuntimeException e) {
            failures.unexpected("a delete could not be applied", e);
            // What follows must not be told as applied: the relay has to tell this delete again.
            throw e;
        }
    }

    /** A delete carries only the digest; while the entry is still here, its key can be looked up in the key's two buckets. */
    private String keyOf(KeyDigest digest) {
        List<byte[]> keys = new ArrayList<>();
        lru.scan(lru.firstBucket(digest), 1, 0, entry -> keys.add(entry.keyCopy()));
        lru.scan(lru.secondBucket(digest), 1, 0, entry -> keys.add(entry.keyCopy()));
        for (byte[] key : keys) {
            if (lru.encode(key).digest().equals(digest)) {
                return KeyText.of(key);
            }
        }
        return null;
    }
}
