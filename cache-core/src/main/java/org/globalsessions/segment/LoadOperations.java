package org.globalsessions.segment;

import static org.globalsessions.segment.RecordDescriptor.LIFE_UNCONFIRMED;
import static org.globalsessions.segment.RecordDescriptor.UNPUBLISHED;

import org.globalsessions.Version;
import org.globalsessions.status.Counter;

/**
 * Beginning and end of a load: what the application's loader brings is stored only where nothing was stored and nothing was deleted
 * since it began, or a late answer of a database would bring a session back.
 *
 * <p>Any thread of any process.
 */
final class LoadOperations {
    private final Segment segment;
    private final LoadClaims claims;
    private final int marks;
    private final int lifetimeTicks;
    private final int idleLimitTicks;

    LoadOperations(Segment segment, SegmentSettings settings) {
        this.segment = segment;
        this.claims = new LoadClaims(segment);
        this.marks = settings.role() == SegmentSettings.Role.HOST ? UNPUBLISHED | LIFE_UNCONFIRMED : 0;
        this.lifetimeTicks = Ticks.ticks(settings.sessionsLength());
        this.idleLimitTicks = Ticks.ticks(settings.idleTimeout());
    }

    LoadClaims claims() {
        return claims;
    }

    /** Claims the key and notes its tombstone. */
    LoadStart begin(EncodedKey key, long beyond) {
        LoadStart[] start = new LoadStart[1];
        segment.underLock(key, lock -> {
            LoadClaims.Claim claim = claims.claim(key, beyond);
            // Before the look at the lock word: a delete after it has the lock after this, and reads no lower tick.
            long tick = segment.tombstones().publishedTick();
            if (!segment.holds(key, lock)) { // LAYOUT load 3
                // Another process may have claimed it elsewhere meanwhile.
                if (claim.mine()) {
                    claims.release(claim, false);
                }
                return false;
            }
            TombstoneTable.Found tombstone = key.tombstone; // LAYOUT load 3
            start[0] = new LoadStart(
                    claim,
                    tombstone.exists() ? new Version(tombstone.versionClock, tombstone.versionOrigin) : Version.NONE,
                    tick);
            return true;
        });
        return start[0];
    }

    /** Stores what was loaded, as a write that begins a life. */
    void store(EncodedKey key, LoadStart start, WriteOutcome outcome) {
        segment.underLock(key, lock -> tryStore(key, lock, start, outcome)); // LAYOUT load 5
        if (outcome.status == WriteOutcome.Status.STORED) {
            segment.count(Counter.SETS);
        }
    }

    private boolean tryStore(EncodedKey key, long lock, LoadStart start, WriteOutcome outcome) {
        EntryWriter.Found found = key.found;
        TombstoneTable.Found tombstone = key.tombstone;
        if (segment.isLive(key)) {
            outcome.status = WriteOutcome.Status.SUPERSEDED;
            outcome.versionClock = found.versionClock;
            outcome.versionOrigin = found.versionOrigin;
            return true;
        }
        int newer = tombstone.comparedTo(start.tombstone());
        if (tombstone.exists() && newer > 0) {
            outcome.status = WriteOutcome.Status.BEATEN_BY_TOMBSTONE;
            segment.count(Counter.BEATEN_BY_TOMBSTONE);
            return true;
        }
        boolean sameTombstone = tombstone.exists() && newer == 0;
        // A delete since the load began would have taken the noted tombstone away; its own may have gone since.
        if (!sameTombstone && segment.tombstones().hasDroppedSince(start.tick())) {
            outcome.status = WriteOutcome.Status.STALE;
            return true;
        }
        EntryWriter.Body body = key.body;
        int tick = segment.tick();
        body.versionClock = segment.nextVersion(key);
        body.versionOrigin = segment.origin();
        body.life = body.versionClock;
        body.lastAccess = tick;
        body.idleLimit = idleLimitTicks;
        body.expiry = lifetimeTicks == 0 ? 0 : Ticks.nonZero(tick + lifetimeTicks);
        body.marks = marks;
        int way = segment.writer().store(key, lock, EntryWriter.Room.EVICT, outcome);
        if (way == EntryWriter.LOST_LOCK) {
            return false;
        }
        outcome.status = way == EntryWriter.NO_ROOM ? WriteOutcome.Status.NO_ROOM : WriteOutcome.Status.STORED;
        if (way >= 0) {
            segment.writer().retireReplaced(key);
        }
        outcome.way = way >= 0 ? way : -1;
        outcome.versionClock = body.versionClock;
        outcome.versionOrigin = body.versionOrigin;
        outcome.life = body.life;
        return true;
    }
}
