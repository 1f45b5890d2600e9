package org.globalsessions;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.globalsessions.AppliedPosition.Claims;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RelayPosition;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.ClockAheadException;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;

/**
 * A save that its key's relay decides. Until the relay has said yes nothing of it is in the segment.
 *
 * <p>Belongs to the thread that sends it, then to the one that brings its receipt.
 */
final class ConditionalSave {
    /** How long it is sent again where its receipt was lost with the connection. */
    static final long LONGEST_NS = TimeUnit.SECONDS.toNanos(2);

    /** So often it is proposed with another version: a relay that refuses more will take none of this host's until its clock is there. */
    private static final int MOST_PROPOSALS = 16;

    private static final long TICK_NS = TimeUnit.MILLISECONDS.toNanos(10);

    private SessionEntry proposed;
    private final KeyDigest digest;
    private final Version expected;
    private final Acknowledgement level;
    private final CompletableFuture<Version> result;
    private final long startNs = System.nanoTime();
    private SessionEntry entry;
    private Claims claims;
    private Version seenTombstone;
    private int proposals = 1;

    /** Whether a relay may have stored it: its receipt was lost with a connection. */
    private boolean sentBefore;

    /**
     * Not yet sent.
     *
     * @param proposed what is to be stored, with a version of its own
     * @param digest   digest of its key
     * @param expected the version that has to be at the relay
     * @param level    how far the caller waits
     * @param result   the caller's future
     */
    ConditionalSave(
            SessionEntry proposed,
            KeyDigest digest,
            Version expected,
            Acknowledgement level,
            CompletableFuture<Version> result) {
        this.proposed = proposed;
        this.digest = digest;
        this.expected = expected;
        this.level = level;
        this.result = result;
    }

    byte[] key() {
        return proposed.key();
    }

    Version proposedVersion() {
        return proposed.version();
    }

    KeyDigest digest() {
        return digest;
    }

    Version expected() {
        return expected;
    }

    Acknowledgement level() {
        return level;
    }

    Claims claims() {
        return claims;
    }

    Version seenTombstone() {
        return seenTombstone;
    }

    /** Whether its claims are made: they stay as they were first sent, so that a delete since then beats it when it comes again. */
    boolean isClaimed() {
        return claims != null;
    }

    /**
     * Makes the claims.
     *
     * @param here what this host has of the key, or null; counts where it is the expected version
     */
    void claim(Claims made, Version tombstone, EntrySnapshot here) {
        boolean holds = here != null && here.version().equals(expected);
        entry = holds ? of(proposed.version(), here.life(), here.toEntry().beginsLife(), 0) : proposed;
        seenTombstone = tombstone;
        claims = made;
    }

    /** Its receipt was lost with the connection. */
    void sendAgain() {
        sentBefore = true;
    }

    /**
     * The relay has refused it as too far ahead of its clock: it is proposed anew, and claims anew.
     *
     * @return false where one of that version may have been stored before, its time is over, or it was proposed often enough
     */
    boolean proposeAgain(SharedLru lru, RelayPosition relay, ClockAheadException refusal) {
        if (sentBefore || isOver() || proposals == MOST_PROPOSALS) {
            return false;
        }
        proposals++;
        proposed = lru.proposeAgain(proposed, proposed.lifetimeTicks(), relay, refusal);
        entry = null;
        claims = null;
        seenTombstone = null;
        return true;
    }

    /** The entry as it is to be sent now: its lifetime counts from the call. */
    SessionEntry entry() {
        return of(entry.version(), entry.life(), entry.beginsLife(), elapsedTicks());
    }

    /** The entry as the relay has stored it. */
    SessionEntry stored(Receipt receipt) {
        return of(receipt.version(), receipt.life(), false, elapsedTicks());
    }

    private SessionEntry of(Version version, long life, boolean beginsLife, int elapsedTicks) {
        int lifetime = proposed.lifetimeTicks();
        return new SessionEntry(
                proposed.key(),
                proposed.value(),
                version,
                life,
                beginsLife,
                0,
                proposed.idleLimitTicks(),
                lifetime == 0 ? 0 : Math.max(1, lifetime - elapsedTicks));
    }

    private int elapsedTicks() {
        return (int) ((System.nanoTime() - startNs) / TICK_NS);
    }

    boolean isOver() {
        return System.nanoTime() - startNs > LONGEST_NS;
    }

    /** Tells the caller what the relay said. */
    void complete(Receipt receipt) {
        if (sentBefore && mayHaveWonBefore(receipt)) {
            fail(new TierUnavailableException(
                    "it is not known whether the session was stored before the connection was lost; read it again"));
            return;
        }
        switch (receipt.outcome()) {
            case STORED -> result.complete(receipt.version());
            case BEATEN_BY_TOMBSTONE ->
                fail(new ConditionFailedException(
                        "the session was deleted: version=" + receipt.version(),
                        ConditionFailedException.Reason.DELETED,
                        receipt.version()));
            case CONDITION_FAILED, SUPERSEDED -> {
                boolean absent = receipt.version().equals(Version.NONE);
                fail(
                        absent
                                ? new ConditionFailedException(
                                        "the session is not there",
                                        ConditionFailedException.Reason.ABSENT,
                                        receipt.version())
                                : ConditionFailedException.otherVersion(receipt.version()));
            }
        }
    }

    /** Whether a relay that has forgotten that it stored this one could say so: it has begun anew, or what was stored over this one is there. */
    private boolean mayHaveWonBefore(Receipt receipt) {
        return switch (receipt.outcome()) {
            case STORED -> false;
            case BEATEN_BY_TOMBSTONE -> receipt.epoch() != claims.epoch();
            case CONDITION_FAILED, SUPERSEDED ->
                receipt.epoch() != claims.epoch() || receipt.version().compareTo(entry.version()) > 0;
        };
    }

    void fail(RuntimeException failure) {
        result.completeExceptionally(failure);
    }
}
