package org.globalsessions.relay;

import java.time.Duration;
import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.client.ClientIndex;
import org.globalsessions.client.ClientIndex.Standing;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.ClientQuery;
import org.globalsessions.tier.ClientQuery.By;
import org.globalsessions.tier.FoundClients;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.PushReach;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.ClientsCheckedFrame;
import org.globalsessions.transport.frame.ClientsFoundFrame;
import org.globalsessions.transport.frame.FindClientsFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows by which address and for which user a path's remote clients are to be found, and answers hosts that ask. What it knows is made from the segment's entries at the
 * start, and follows each change. On the relay's event loop alone.
 */
final class ClientInquiry {
    private static final Logger LOGGER = LoggerFactory.getLogger(ClientInquiry.class);
    private static final int BUCKETS_A_SCAN = 64;
    private static final int BUCKETS_A_CHECK = 16;
    private static final Duration CHECK_PAUSE = Duration.ofSeconds(1);

    /** Every client is looked for in so many pauses: sooner than the tombstone of a deleted one goes. */
    private static final int CHECKS = 60;

    private static final int LEAST_CHECKED = 256;

    /** Hosts are served in between. */
    private static final int MOST_CHECKED = 16_384;

    private final SharedLru lru;
    private final SpillFile spill;
    private final Scheduler loop;
    private final ClientIndex index;
    private final EntrySnapshot snapshot = new EntrySnapshot();
    private boolean refusalLogged;

    /**
     * Knows nobody before {@link #start}.
     *
     * @param lru      the relay's table
     * @param spill    holds what the segment has no room for; null for none
     * @param capacity most clients that are known
     * @param loop     the event loop that all of this runs on
     */
    ClientInquiry(SharedLru lru, SpillFile spill, int capacity, Scheduler loop) {
        this.lru = lru;
        this.spill = spill;
        this.loop = loop;
        this.index = new ClientIndex(capacity);
    }

    /** Reads what the segment and the spill file have, and looks from time to time for clients that have ended. */
    void start() {
        for (KeyDigest digest : spill == null ? List.<KeyDigest>of() : spill.digests()) {
            SessionEntry session = spill.get(digest, lru.file().tick());
            if (session != null && !session.hasEnded()) {
                stored(digest, session);
            }
        }
        for (int bucket = 0; bucket < lru.bucketCount(); bucket += BUCKETS_A_SCAN) {
            lru.scan(bucket, BUCKETS_A_SCAN, 0, entry -> {
                SessionEntry session = entry.toEntry();
                stored(lru.encode(session.key()).digest(), session);
                return true;
            });
        }
        checkLater();
    }

    private void checkLater() {
        loop.schedule(
                () -> {
                    try {
                        int most = Math.max(LEAST_CHECKED, index.size() / CHECKS);
                        index.check(Math.min(MOST_CHECKED, most), lru.file().nanoTime(), this::standing);
                    } finally {
                        checkLater();
                    }
                },
                CHECK_PAUSE);
    }

    /** What had to make place for others is not gone: a tier behind may have it, and hosts that serve it. */
    private Standing standing(KeyDigest digest) {
        if (lru.find(digest, snapshot)) {
            used(digest, snapshot.idleTicks());
            return Standing.HERE;
        }
        return lru.tombstone(digest).equals(Version.NONE) ? Standing.BEHIND : Standing.GONE;
    }

    /** An entry of a host, or one that a tier behind had, stands in the segment. */
    void stored(KeyDigest digest, SessionEntry entry) {
        if (!index.stored(digest, entry, lru.file().nanoTime()) && !refusalLogged) {
            refusalLogged = true;
            LOGGER.warn(
                    "There are more remote clients than are to be known: hosts look through their own segments, too: max_indexed_clients={}",
                    index.size());
        }
    }

    /** A session is deleted, and gone unless it has begun since. */
    void deleted(KeyDigest digest) {
        if (!lru.find(digest, snapshot)) {
            index.removed(digest);
        }
    }

    /** A host has used a session. */
    void used(KeyDigest digest, int idleTicks) {
        index.used(digest, idleTicks, lru.file().nanoTime());
    }

    /** A host asks for clients. */
    void onFindClients(ClientEndPoint endPoint, FindClientsFrame frame) {
        endPoint.send(new ClientsFoundFrame(frame.correlationId(), index.find(frame.query())));
    }

    /** An operator asks whether what is known is what the segment has: looks at a part of it at a time, hosts are served in between. */
    void check(ClientEndPoint operator, long correlationId) {
        new Check(operator, correlationId).go();
    }

    /** Of each entry it is known at that very moment what is known of it: nobody but this loop changes either. */
    private final class Check {
        private final ClientEndPoint operator;
        private final long correlationId;
        private int bucket;
        private int entries;
        private int differing;

        Check(ClientEndPoint operator, long correlationId) {
            this.operator = operator;
            this.correlationId = correlationId;
        }

        void go() {
            lru.scan(bucket, BUCKETS_A_CHECK, 0, this::look);
            bucket += BUCKETS_A_CHECK;
            if (bucket < lru.bucketCount() && operator.connection().isOpen()) {
                loop.schedule(this::go, Duration.ZERO);
            } else {
                operator.send(new ClientsCheckedFrame(
                        correlationId, index.size(), index.addresses(), index.refused(), entries, differing));
            }
        }

        private boolean look(EntrySnapshot entry) {
            byte[] key = entry.keyCopy();
            if (ClientIndex.isClient(key)) {
                entries++;
                differing += index.agrees(lru.encode(key).digest(), key, entry.valueCopy()) ? 0 : 1;
            }
            return true;
        }
    }

    /**
     * How many clients are bound to an address.
     *
     * @return their number, or {@link PushReach#UNKNOWN}
     */
    int countAt(String address) {
        FoundClients found = index.find(new ClientQuery(By.ADDRESS, address, 0, 0));
        return found.complete() ? found.total() : PushReach.UNKNOWN;
    }
}
