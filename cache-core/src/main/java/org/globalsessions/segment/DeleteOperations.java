package org.globalsessions.segment;

import static org.globalsessions.segment.RecordDescriptor.LIFE_UNCONFIRMED;

import org.globalsessions.Version;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.Receipt;

/**
 * The deletes, each under the lock of its key's first bucket: tombstone first (not applied), then every record that it beats
 * goes, then the flag is cleared. A process killed in between leaves the flag, and whoever meets it finishes the work.
 *
 * <p>Any thread of any process.
 */
final class DeleteOperations {
    private final Segment segment;
    private final WriteOperations writes;

    DeleteOperations(Segment segment, WriteOperations writes) {
        this.segment = segment;
        this.writes = writes;
    }

    /** A delete requested on this host: higher than anything of the key that is here. */
    void delete(EncodedKey key, WriteOutcome outcome) {
        segment.count(Counter.DELETES);
        segment.underLock(key, lock -> {
            // Of all attempts: one that lost the lock may have taken the entry away.
            outcome.held |= segment.isLive(key);
            return bury(key, lock, segment.nextVersion(key), segment.origin(), 0, outcome);
        });
    }

    /**
     * A delete that a host has published. It is raised above all that is here, save where it was known before and a new life
     * has begun over it since: then it comes a second time, and says nothing of that life.
     */
    void accept(EncodedKey key, Version version, WriteOutcome outcome) {
        segment.underLock(key, lock -> {
            EntryWriter.Found found = key.found;
            TombstoneTable.Found tombstone = key.tombstone;
            boolean live = segment.isLive(key);
            boolean known = tombstone.exists()
                    && Version.compare(
                                    version.clock(), version.origin(), tombstone.versionClock, tombstone.versionOrigin)
                            <= 0;
            outcome.held |= live && !known;
            if (known && (!live || found.life > tombstone.versionClock)) {
                outcome.status = WriteOutcome.Status.STORED;
                outcome.versionClock = tombstone.versionClock;
                outcome.versionOrigin = tombstone.versionOrigin;
                return true;
            }
            long highest = Math.max(tombstone.versionClock, found.way >= 0 ? found.versionClock : 0);
            boolean raised = highest >= version.clock();
            long clock = raised ? highest + 1 : version.clock();
            return bury(key, lock, clock, raised ? segment.origin() : version.origin(), 0, outcome);
        });
    }

    /** A delete that another tier has announced, or that beat an entry of this host. */
    void apply(EncodedKey key, Version version, long tombstonePosition, WriteOutcome outcome) {
        segment.underLock(key, lock -> {
            TombstoneTable.Found tombstone = key.tombstone;
            EntryWriter.Found found = key.found;
            outcome.held |= segment.isLive(key) && found.life <= version.clock();
            if (Version.compare(version.clock(), version.origin(), tombstone.versionClock, tombstone.versionOrigin)
                    > 0) {
                if (found.way >= 0 && (found.marks() & LIFE_UNCONFIRMED) != 0) {
                    // Begun by somebody who had not heard of this delete: it loses, whatever its clock says.
                    outcome.held = true;
                    segment.count(Counter.BEATEN_BY_TOMBSTONE);
                    segment.writer().retire(found.way, found.state);
                }
                boolean done = bury(key, lock, version.clock(), version.origin(), tombstonePosition, outcome);
                if (outcome.status == WriteOutcome.Status.NO_TOMBSTONE_ROOM) {
                    // Without a tombstone only the horizon keeps an answer out that is older than this delete.
                    segment.tombstones().raiseHorizon(tombstonePosition);
                }
                segment.acknowledgeTombstone(key, version);
                return done;
            }
            segment.acknowledgeTombstone(key, version);
            outcome.status = WriteOutcome.Status.STORED;
            return true;
        });
    }

    private boolean bury(EncodedKey key, long lock, long clock, int origin, long position, WriteOutcome outcome) {
        Segment.Burial burial = segment.putTombstone(key, lock, clock, origin, position);
        if (burial == Segment.Burial.LOST_LOCK) {
            return false;
        }
        EntryWriter.Found found = key.found;
        boolean placed = burial == Segment.Burial.DONE;
        if (!placed && found.way >= 0 && found.life <= clock) {
            segment.writer().retire(found.way, found.state); // LAYOUT delete 3
        }
        outcome.status = placed ? WriteOutcome.Status.STORED : WriteOutcome.Status.NO_TOMBSTONE_ROOM;
        outcome.versionClock = clock;
        outcome.versionOrigin = origin;
        return true;
    }

    /** The next tier has the delete: see {@link SharedLru#confirmDelete}. */
    void confirm(EncodedKey key, Version published, Receipt receipt, RelayPosition from) {
        long position = from.inTombstone(receipt.epoch(), receipt.position());
        WriteOutcome lifted = new WriteOutcome();
        segment.underLock(key, lock -> {
            TombstoneTable.Found tombstone = key.tombstone;
            if (!tombstone.exists() || !isVersion(tombstone, published)) {
                // A later delete stands; what a killed process has left of this one waits for no receipt any more.
                segment.tombstones()
                        .dropLower(key.high, key.low, published.clock(), published.origin(), tombstone.place);
                return true;
            }
            Version told = receipt.version();
            EntryWriter.Found found = key.found;
            if (segment.isLive(key) && found.life > published.clock() && found.life <= told.clock()) {
                // Begun after the delete on this host, and below what the relay made of the delete: it stays after it.
                writes.liftLife(key, lock, told.clock() + 1, lifted);
                // Without room the tombstone stays unacknowledged, so that the delete is sent again before this life
                // is.
                return lifted.status == WriteOutcome.Status.NO_ROOM;
            }
            boolean same = told.clock() == published.clock() && told.origin() == published.origin();
            boolean lost = (!same || position != tombstone.position)
                    && segment.putTombstone(key, lock, told.clock(), told.origin(), position)
                            == Segment.Burial.LOST_LOCK;
            segment.acknowledgeTombstone(key, lost ? published : told);
            return true;
        });
    }

    private static boolean isVersion(TombstoneTable.Found tombstone, Version version) {
        return tombstone.versionClock == version.clock() && tombstone.versionOrigin == version.origin();
    }

    /** Takes an entry away whose version is lower, without a tombstone. */
    boolean removeOlder(EncodedKey key, Version version) {
        boolean[] removed = new boolean[1];
        segment.underLock(key, lock -> {
            EntryWriter.Found found = key.found;
            if (found.way >= 0
                    && Version.compare(found.versionClock, found.versionOrigin, version.clock(), version.origin())
                            < 0) {
                removed[0] = segment.writer().retire(found.way, found.state);
            }
            return true;
        });
        return removed[0];
    }
}
