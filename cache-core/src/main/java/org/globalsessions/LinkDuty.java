package org.globalsessions;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongPredicate;
import org.globalsessions.Announcements.Connection;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.ScanPasses;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.LeaseRenewal;
import org.globalsessions.tier.NextTier;

/**
 * The duty of the host's link owner towards one relay: keeps the subscription to its announcements, and sends it again what is still marked,
 * so that nothing depends on a message, or on the process that wrote, having arrived. One thread calls it.
 */
final class LinkDuty {
    /** What is younger is probably on its way, perhaps by another process: sending it again would only double the work. */
    private static final long MIN_AGE_US = TimeUnit.MILLISECONDS.toMicros(500);

    /** So long the relay has to judge what is unpublished after a long absence. */
    private static final long JUDGE_LIMIT_NS = TimeUnit.SECONDS.toNanos(30);

    /** A relay of another epoch may let this host in at any moment: it waits for the deletes that its relief nodes know. */
    private static final long EARLY_RENEWAL_TICKS = 20;

    private static final long PASS_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final int BUCKETS_A_SCAN = 256;
    private static final int SCANS_A_TICK = 64;

    private final SharedLru lru;
    private final NextTier tier;
    private final LongPredicate owns;
    private final Publisher publisher;
    private final AppliedPosition applied;
    private final Announcements announcements;
    private final HostLease lease;

    /** Of a relay that has lost its segment. */
    private final EpochChange change;

    private long leaseEpoch;
    private Connection subscribed;
    private boolean confirmed;

    /** Of the look over the segment that is under way, null between two of them. */
    private ScanPasses look;

    private boolean judged;
    private int nextUnconfirmed;
    private long judgeDeadlineNs;

    /**
     * Clock of the youngest life that was begun before this connection, as versions count and as the first look over the segment finds: the
     * wall clock may have been set back since such a life began.
     */
    private long begunBefore;

    private boolean firstLook;

    private boolean wanted;
    private long nextRenewalTick;
    private CompletableFuture<LeaseRenewal> renewing;
    private int nextBucket;
    private long nextPassNs;

    /** True after a pass stopped because the publisher had enough to do; written here, read by the publisher's thread. */
    private volatile boolean stalled;

    /**
     * Not yet taken.
     *
     * @param owns whether a key is this relay's, by the lower half of its digest
     */
    LinkDuty(
            SharedLru lru,
            NextTier tier,
            LongPredicate owns,
            Publisher publisher,
            AppliedPosition applied,
            Announcements announcements,
            HostLease lease) {
        this.lru = lru;
        this.tier = tier;
        this.owns = owns;
        this.publisher = publisher;
        this.applied = applied;
        this.announcements = announcements;
        this.lease = lease;
        this.change = new EpochChange(lru, tier, owns, applied);
        nextPassNs = lru.file().nanoTime();
    }

    /** Whether the duty could be done now. */
    boolean isConnected() {
        return connection() != null;
    }

    /** The connection over which the duty could be done now, 0 for none. */
    long connectionNumber() {
        Connection now = connection();
        return now == null ? 0 : now.number();
    }

    private Connection connection() {
        return tier.isConnected() ? announcements.connection() : null;
    }

    /**
     * Does a bounded piece of the duty.
     *
     * @param epoch the link owner's lease where this process holds it, else 0
     */
    void tick(long epoch) {
        Connection connection = connection();
        if (epoch == 0 || connection == null) {
            giveUp();
            return;
        }
        if (epoch != leaseEpoch || !connection.equals(subscribed)) {
            leaseEpoch = epoch;
            subscribed = connection;
            nextPassNs = lru.file().nanoTime();
            confirmed = false;
            look = null;
            judgeDeadlineNs = lru.file().nanoTime() + JUDGE_LIMIT_NS;
            begunBefore = lru.versionClock();
            firstLook = true;
            change.restart();
            boolean cannotBeTold = isOfAnotherEpoch(connection) && lease.hasMissedTooMuch();
            subscribe(
                    connection,
                    applied.place().epoch(),
                    cannotBeTold ? 0 : applied.place().position());
        }
        if (announcements.mustConfirm(connection) && !confirmed) {
            // Before anything claims the later position: with it the relay would believe lives that it cannot know of.
            boolean deletesTold = !isOfAnotherEpoch(connection) || change.tellDeletes();
            confirmed = deletesTold && discardUnconfirmed();
            if (confirmed) {
                applied.place().set(connection.epoch(), connection.position());
                subscribe(connection, connection.epoch(), connection.position());
            }
        } else {
            renew(connection);
            if (change.step(connection.epoch())) {
                nextPassNs = lru.file().nanoTime();
                nextBucket = 0;
            }
        }
        if (nextPassNs - lru.file().nanoTime() <= 0) {
            sendAgain();
        }
    }

    /** Whether the relay has lost its segment since this host has heard of it. */
    private boolean isOfAnotherEpoch(Connection connection) {
        long known = applied.place().epoch();
        return known != 0 && known != connection.epoch();
    }

    private void subscribe(Connection connection, long relayEpoch, long position) {
        applied.subscribing();
        tier.subscribe(leaseEpoch, relayEpoch, position);
        applied.subscribed(leaseEpoch, connection.epoch(), connection.position());
        // The first renewal says that what the subscription brings along has been applied.
        nextRenewalTick = lru.file().now();
        renewing = null;
    }

    /** At most one wish at a time: what was applied while one is open, the next one says. */
    private void renew(Connection connection) {
        boolean newlyApplied = announcements.takeNewlyApplied();
        wanted |= newlyApplied;
        long tick = lru.file().now();
        if ((renewing != null && !renewing.isDone()) || (!wanted && nextRenewalTick - tick > 0)) {
            return;
        }
        wanted = false;
        boolean isBegun = !isOfAnotherEpoch(connection);
        nextRenewalTick = tick + (isBegun ? lease.renewalTicks() : Math.min(lease.renewalTicks(), EARLY_RENEWAL_TICKS));
        boolean behindDeletes = change.areDeletesTold();
        renewing = tier.renew(
                leaseEpoch, connection.epoch(), isBegun ? applied.place().position() : 0);
        var unused = renewing.whenComplete((renewal, failure) -> {
            if (failure == null) {
                applied.announced(renewal.epoch(), renewal.position());
                if (!isBegun) {
                    change.told(renewal, behindDeletes);
                }
                lease.renewed(tick);
            }
        });
    }

    /**
     * Takes away what the relay once knew of, a bounded piece at a time: it may have ended elsewhere, and nobody can tell any more. What of that
     * is unpublished the relay judges first, with the position that this host has applied; what it does not judge in time goes too. What was begun
     * here and not judged in time stays, and claims nothing from then on: it loses to every delete that the relay remembers and it did not see.
     *
     * @return false where something is left
     */
    private boolean discardUnconfirmed() {
        if (look == null) {
            look = lru.scanPasses();
            look.next();
            judged = true;
            nextUnconfirmed = 0;
        }
        boolean late = judgeDeadlineNs - lru.file().nanoTime() <= 0;
        for (int i = 0; i < SCANS_A_TICK && nextUnconfirmed < lru.bucketCount(); i++) {
            lru.scanUnsentToo(nextUnconfirmed, BUCKETS_A_SCAN, entry -> {
                judged &= discardIfUnconfirmed(entry, late);
                return true;
            });
            nextUnconfirmed += BUCKETS_A_SCAN;
        }
        if (nextUnconfirmed < lru.bucketCount()) {
            return false;
        }
        if (look.next()) {
            // A save may have moved an entry to where this pass had been.
            nextUnconfirmed = 0;
            return false;
        }
        look = null;
        firstLook = false;
        if (late && judged) {
            lru.scanUnacknowledgedTombstones((digest, version, position) -> {
                if (owns.test(digest.low())) {
                    lru.file().relays().raiseUnjudged(version.clock());
                }
                return true;
            });
        }
        return judged;
    }

    /** False where the relay has to judge it first. */
    private boolean discardIfUnconfirmed(EntrySnapshot entry, boolean late) {
        int marks = entry.marks();
        if (!owns.test(lru.digestLow(entry))) {
            return true;
        }
        boolean unpublished = (marks & RecordDescriptor.UNPUBLISHED) != 0;
        if ((marks & RecordDescriptor.LIFE_UNCONFIRMED) != 0) {
            // Stays. But what was begun before this connection, perhaps over a delete that this host was not told of,
            // claims what was applied then; what is begun now needs no wait, or there would be no end of it.
            if (firstLook) {
                begunBefore = Math.max(begunBefore, entry.life());
            }
            boolean toJudge = unpublished && entry.life() <= begunBefore;
            if (toJudge && late) {
                lru.file().relays().raiseUnjudged(entry.life());
            }
            return late || !toJudge;
        }
        if (unpublished && !late) {
            return false;
        }
        if (lru.discard(entry)) {
            lru.counters().increment(Counter.DISCARDED_UNCONFIRMED);
            if (unpublished) {
                lru.counters().increment(Counter.LOST_UNPUBLISHED);
            }
        }
        return true;
    }

    boolean isStalled() {
        return stalled;
    }

    void giveUp() {
        if (leaseEpoch != 0) {
            applied.unsubscribed();
            tier.subscribe(0, 0, 0);
            leaseEpoch = 0;
            subscribed = null;
        }
    }

    private void sendAgain() {
        if (nextBucket == 0) {
            sendDeletesAgain();
        }
        stalled = false;
        for (int i = 0; i < SCANS_A_TICK && !stalled; i++) {
            lru.scan(nextBucket, BUCKETS_A_SCAN, RecordDescriptor.UNPUBLISHED, this::sendAgain);
            if (stalled) {
                return;
            }
            nextBucket += BUCKETS_A_SCAN;
            if (nextBucket >= lru.bucketCount()) {
                nextBucket = 0;
                nextPassNs = lru.file().nanoTime() + PASS_PAUSE_NS;
                return;
            }
        }
    }

    private boolean sendAgain(EntrySnapshot entry) {
        stalled = isOldEnough(entry.version()) && owns.test(lru.digestLow(entry)) && !publisher.offerSwept(entry);
        return !stalled;
    }

    private void sendDeletesAgain() {
        lru.scanUnacknowledgedTombstones(this::sendDeleteAgain);
    }

    private boolean sendDeleteAgain(KeyDigest digest, Version version, long position) {
        return !isOldEnough(version) || !owns.test(digest.low()) || publisher.offerSweptDelete(digest, version);
    }

    private boolean isOldEnough(Version version) {
        long ageUs = lru.versionMicros() - microsOf(version);
        // A version from the future, after the wall clock was set back, is old enough too: it would wait too long
        // otherwise. A clock that is set costs no more than a message that comes twice, and half a second.
        return ageUs < 0 || ageUs >= MIN_AGE_US;
    }

    private static long microsOf(Version version) {
        return version.clock() >>> Version.LOGICAL_BITS;
    }
}
