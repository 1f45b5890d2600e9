package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.concurrent.TimeUnit;
import org.globalsessions.Version;
import org.globalsessions.tier.ClockAheadException;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;

/** What comes to a host's or a relay's segment from other tiers, in the name of a host far away. */
final class TierWrites {
    /** Where the life began of what is stored first: a clock of long ago. */
    static final long LIFE = 1_000;

    private static final int ORIGIN = 7;

    private TierWrites() {}

    /** A clock so far ahead that a relay refuses it. */
    static long ahead(int days) {
        return clockAt(System.currentTimeMillis() + TimeUnit.DAYS.toMillis(days));
    }

    private static long clockAt(long wallMs) {
        return TimeUnit.MILLISECONDS.toMicros(wallMs) << Version.LOGICAL_BITS;
    }

    static EntrySnapshot find(SharedLru lru, String key) {
        EntrySnapshot entry = new EntrySnapshot();
        if (!lru.find(lru.encode(key), entry)) {
            throw new IllegalStateException("nothing there of " + key);
        }
        return entry;
    }

    /** Stores what nothing is there of, or an older version of the same life. */
    static WriteOutcome fill(SharedLru lru, String key, String value, long clock, int lifetimeTicks) {
        WriteOutcome outcome = new WriteOutcome();
        SessionEntry entry = entry(lru, key, value, clock, LIFE, false, lifetimeTicks);
        lru.fill(lru.encode(key), entry, Long.MAX_VALUE, 0, true, outcome);
        return outcome;
    }

    /** Stores it where there is a free place. */
    static void fillFree(SharedLru lru, String key, String value) {
        SessionEntry entry = entry(lru, key, value, LIFE, LIFE, false, 0);
        lru.fill(lru.encode(key), entry, Long.MAX_VALUE, 0, false, new WriteOutcome());
    }

    /** Announces the next version of what is there. */
    static WriteOutcome announceNext(SharedLru lru, String key, String value) {
        EntrySnapshot there = find(lru, key);
        WriteOutcome outcome = new WriteOutcome();
        SessionEntry entry = entry(lru, key, value, there.versionClock + 1, there.life, false, 0);
        lru.noteAnnounced(lru.encode(key).digest());
        lru.fillAnnounced(lru.encode(key), entry, outcome);
        return outcome;
    }

    /** As the relay: what a host has set over what is there, or begun, and knows the key's tombstone. */
    static WriteOutcome accept(SharedLru lru, String key, String value, int above) {
        EntrySnapshot there = new EntrySnapshot();
        boolean found = lru.find(lru.encode(key), there);
        long clock = found ? there.versionClock + above : clockAt(System.currentTimeMillis());
        SessionEntry entry = entry(lru, key, value, clock, found ? there.life : clock, !found, 0);
        WriteOutcome outcome = new WriteOutcome();
        lru.accept(lru.encode(key), entry, 0, lru.tombstone(lru.encode(key).digest()), outcome);
        return outcome;
    }

    private static SessionEntry entry(
            SharedLru lru, String key, String value, long clock, long life, boolean begins, int lifetimeTicks) {
        byte[] bytes = lru.encode(key).copy();
        return new SessionEntry(
                bytes, value.getBytes(UTF_8), new Version(clock, ORIGIN), life, begins, 0, 0, lifetimeTicks);
    }

    static WriteOutcome announceDelete(SharedLru lru, String key, long clock) {
        WriteOutcome outcome = new WriteOutcome();
        lru.applyDelete(lru.encode(key).digest(), new Version(clock, ORIGIN), 0, outcome);
        return outcome;
    }

    /** The relay has refused what is there. */
    static WriteOutcome lower(SharedLru lru, String key) {
        WriteOutcome outcome = new WriteOutcome();
        lru.lower(find(lru, key), refusal(), outcome);
        return outcome;
    }

    /** The relay has refused the delete that waits for its receipt. */
    static WriteOutcome lowerDelete(SharedLru lru, String key) {
        KeyDigest digest = lru.encode(key).digest();
        WriteOutcome outcome = new WriteOutcome();
        lru.lowerDelete(digest, lru.awaitedDelete(digest), refusal(), outcome);
        return outcome;
    }

    private static ClockAheadException refusal() {
        return new ClockAheadException("ahead", TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis()), 0);
    }

    /** The relay has taken what is there, above a delete of which this host had not heard. */
    static void confirmRaised(SharedLru lru, String key) {
        EntrySnapshot there = find(lru, key);
        Version raised = new Version(there.versionClock + 10, there.versionOrigin);
        Receipt receipt = new Receipt(Receipt.Outcome.STORED, raised, raised.clock(), true, 1, 1);
        lru.confirm(there, receipt, lru.file().relays().position(0));
    }
}
