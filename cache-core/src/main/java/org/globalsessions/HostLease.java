package org.globalsessions;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RelayLease;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SharedLru;

/**
 * How long this host may serve what a relay has told it or confirmed: {@code max_stale} after the host asked for the renewal that was
 * granted last. So whoever deletes a session elsewhere knows when this host, though cut off, serves it no more. It lies in the segment, for all
 * processes of the host, and counts the segment's time, which goes on while the machine sleeps.
 *
 * <p>Any thread.
 */
final class HostLease {
    private static final long TICK_MS = 10;

    /** A minute below the time for which a tombstone stays everywhere: what is told of one has a way to go. */
    private static final Duration DELETES_KNOWN_FOR = Duration.ofMinutes(4);

    private final SharedLru lru;
    private final SegmentFile file;
    private final RelayLease lease;
    private final ThreadLocal<EntrySnapshot> snapshots = ThreadLocal.withInitial(EntrySnapshot::new);
    private volatile Duration maxStale = Duration.ZERO;

    /**
     * What began before may have been sent by processes that have died since.
     *
     * @param lease the relay's place in the segment
     */
    HostLease(SharedLru lru, RelayLease lease) {
        this.lru = lru;
        this.file = lru.file();
        this.lease = lease;
        lru.noteCut(lease);
    }

    /** This process has lost its connection. */
    void onDisconnected() {
        lru.noteCut(lease);
    }

    /** First tick at which it is over, by {@link SegmentFile#now}; 0 where it has no end. */
    long end() {
        return lease.end();
    }

    /** The relay has let this host in, which it had asked for so long ago. */
    void onConnected(Duration granted, Duration age) {
        maxStale = granted;
        if (granted.isZero()) {
            lease.withoutEnd();
        } else {
            // Only where there is none: what this host has missed since it was here last it has not been told yet.
            lease.begin(endFrom(file.now() - ticks(age) - 1));
        }
    }

    /** The relay has renewed the lease, as was asked for at that tick. */
    void renewed(long askedTick) {
        if (!maxStale.isZero()) {
            lease.until(endFrom(askedTick));
        }
    }

    /** How often to ask for a renewal where nothing else makes the host do so. */
    long renewalTicks() {
        long longest = TimeUnit.SECONDS.toMillis(5) / TICK_MS;
        return maxStale.isZero() ? longest : Math.max(1, Math.min(longest, ticks(maxStale) / 8));
    }

    private long endFrom(long tick) {
        return Math.max(1, tick + ticks(maxStale));
    }

    private static long ticks(Duration duration) {
        return duration.toMillis() / TICK_MS;
    }

    /**
     * Whether this host was cut off for so long that nobody may know any more of all the deletes that it has missed, but for a relay that has waited for it:
     * longer than a lease, or than tombstones stay.
     */
    boolean hasMissedTooMuch() {
        long end = lease.end();
        long sinceHeard = file.now() - (end - ticks(maxStale));
        return end != 0 && sinceHeard > Math.min(ticks(maxStale), ticks(DELETES_KNOWN_FOR));
    }

    private boolean isOver() {
        long end = lease.end();
        return end != 0 && file.now() - end >= 0;
    }

    /** Whether the host may serve a session that it has, whose key is this relay's. */
    boolean covers(EncodedKey key) {
        if (!isOver()) {
            return true;
        }
        EntrySnapshot snapshot = snapshots.get();
        return lru.find(key, snapshot) && lru.isOfThisHostAlone(snapshot, lease);
    }

    /** Whether the host may serve an entry that it has, whose key is this relay's. */
    boolean covers(EntrySnapshot entry) {
        return !isOver() || lru.isOfThisHostAlone(entry, lease);
    }
}
