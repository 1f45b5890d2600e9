package org.globalsessions;

import java.util.concurrent.TimeUnit;
import org.globalsessions.Announcements.Connection;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SegmentFile.Duty;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.NextTier;

/**
 * The duty of the host's link owner: keeps the subscription to announcements, and sends again what is still marked, so that nothing
 * depends on a message, or on the process that wrote, having arrived.
 *
 * <p>Only a process with a connection takes the duty, so that the one whose link is down does not keep it from the others. One thread
 * calls it.
 */
final class LinkDuty {
    /** What is younger is probably on its way, perhaps by another process: sending it again would only double the work. */
    private static final long MIN_AGE_US = TimeUnit.MILLISECONDS.toMicros(500);

    private static final long PASS_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final int BUCKETS_A_SCAN = 256;
    private static final int SCANS_A_TICK = 64;

    private final SharedLru lru;
    private final SegmentFile file;
    private final NextTier tier;
    private final Publisher publisher;
    private final AppliedPosition applied;
    private final Announcements announcements;

    private long leaseEpoch;
    private Connection subscribed;
    private int nextBucket;
    private long nextPassNs = System.nanoTime();

    /** True after a pass stopped because the publisher had enough to do; written here, read by the publisher's thread. */
    private volatile boolean stalled;

    LinkDuty(SharedLru lru, NextTier tier, Publisher publisher, AppliedPosition applied, Announcements announcements) {
        this.lru = lru;
        this.file = lru.file();
        this.tier = tier;
        this.publisher = publisher;
        this.applied = applied;
        this.announcements = announcements;
    }

    /** Takes, renews or gives up the lease, and does a bounded piece of the duty. */
    void tick() {
        Connection connection = tier.isConnected() ? announcements.connection() : null;
        long epoch = connection == null ? 0 : file.acquireOrRenew(Duty.LINK_OWNER);
        if (epoch == 0) {
            giveUp();
            return;
        }
        if (epoch != leaseEpoch || !connection.equals(subscribed)) {
            tier.subscribe(epoch, file.relayEpoch(), file.position());
            applied.subscribed(epoch, connection.epoch(), connection.position());
            leaseEpoch = epoch;
            subscribed = connection;
            nextPassNs = System.nanoTime();
        }
        if (nextPassNs - System.nanoTime() <= 0) {
            sendAgain();
        }
    }

    boolean isStalled() {
        return stalled;
    }

    void giveUp() {
        if (leaseEpoch != 0) {
            applied.unsubscribed();
            tier.subscribe(0, 0, 0);
            // Only one's own lease: one that ran out is another process's by now.
            if (file.holds(Duty.LINK_OWNER, leaseEpoch)) {
                file.release(Duty.LINK_OWNER);
            }
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
                nextPassNs = System.nanoTime() + PASS_PAUSE_NS;
                return;
            }
        }
    }

    private boolean sendAgain(EntrySnapshot entry) {
        stalled = isOldEnough(entry.version()) && !publisher.offerSwept(entry);
        return !stalled;
    }

    private void sendDeletesAgain() {
        lru.scanUnacknowledgedTombstones(this::sendDeleteAgain);
    }

    private boolean sendDeleteAgain(KeyDigest digest, Version version, long position) {
        return !isOldEnough(version) || publisher.offerSweptDelete(digest, version);
    }

    private static boolean isOldEnough(Version version) {
        long ageUs =
                TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis()) - (version.clock() >>> Version.LOGICAL_BITS);
        // A version from the future, after the wall clock was set back, is old enough too: it would wait too long
        // otherwise.
        return ageUs < 0 || ageUs >= MIN_AGE_US;
    }
}
