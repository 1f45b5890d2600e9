package org.globalsessions.segment;

import static org.globalsessions.segment.RecordDescriptor.LIFE_UNCONFIRMED;
import static org.globalsessions.segment.RecordDescriptor.UNPUBLISHED;

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
     * has begun over it since: then it comes a second time, and says nothing of that life. Where a later delete stands that is not that host's,
     * what the host has begun over its own does not stand behind that one: its own is superseded then, whatever it takes away.
     */
    void accept(EncodedKey key, Version version, WriteOutcome outcome) {
        segment.underLock(key, lock -> {
            EntryWriter.Found found = key.found;
            TombstoneTable.Found tombstone = key.tombstone;
            boolean live = segment.isLive(key);
            int order = tombstone.exists()
                    ? Version.compare(
                            version.clock(), version.origin(), tombstone.versionClock, tombstone.versionOrigin)
                    : 1;
            // A lower version of another host may be of a later delete, by a clock that lags.
            boolean known = order == 0 || (order < 0 && version.origin() == tombstone.versionOrigin);
            outcome.held |= live && !known;
            if (known ? !live || found.life > tombstone.versionClock : order < 0 && !live) {
                outcome.status = order == 0 ? WriteOutcome.Status.STORED : WriteOutcome.Status.SUPERSEDED;
                outcome.versionClock = tombstone.versionClock;
                outcome.versionOrigin = tombstone.versionOrigin;
                return true;
            }
            long highest = Math.max(tombstone.versionClock, found.way >= 0 ? found.versionClock : 0);
            boolean raised = highest >= version.clock();
            long clock = raised ? highest + 1 : version.clock();
            boolean done = bury(key, lock, clock, raised ? segment.origin() : version.origin(), 0, outcome);
            if (order < 0 && !known && outcome.status == WriteOutcome.Status.STORED) {
                outcome.status = WriteOutcome.Status.SUPERSEDED;
            }
            return done;
        });
    }

    /**
     * A delete that another tier has announced, that beat an entry of this host, or that stands in the place of this host's own.
     *
     * @param answered whether it comes as the receipt of this host's own delete
     */
    void apply(EncodedKey key, Version version, long tombstonePosition, boolean answered, WriteOutcome outcome) {
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
                // What the next tier made of this host's own delete only its receipt tells: it is sent again, as this
                // one.
                boolean awaited =
                        !answered && tombstone.exists() && (tombstone.flags() & TombstoneTable.UNACKNOWLEDGED) != 0;
                boolean done = bury(key, lock, version.clock(), version.origin(), tombstonePosition, outcome);
                if (outcome.status == WriteOutcome.Status.NO_TOMBSTONE_ROOM) {
                    // Without a tombstone only the horizon keeps an answer out that is older than this delete.
                    segment.tombstones().raiseHorizon(tombstonePosition);
                }
                if (!awaited) {
                    segment.acknowledgeTombstone(key, version);
                }
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
            boolean begunHere = segment.isLive(key) && (found.marks() & LIFE_UNCONFIRMED) != 0;
            if (begunHere && found.life > published.clock() && found.life <= told.clock()) {
                // Begun after the delete on this host, and below what the relay made of the delete: it stays after it.
                // What came from the
                // relay meanwhile does not: that is what the relay has raised the delete above.
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

    /**
     * Takes an entry away whose version is lower, without a tombstone. Not one that the next tier has not judged yet: it may have begun over
     * a delete that the other version does not stand behind.
     */
    boolean removeOlder(EncodedKey key, Version version) {
        boolean[] removed = new boolean[1];
        segment.see(version);
        segment.underLock(key, lock -> {
            EntryWriter.Found found = key.found;
            if (found.way >= 0
                    && (found.marks() & UNPUBLISHED) == 0
                    && Version.compare(found.versionClock, found.versionOrigin, version.clock(), version.origin())
                            < 0) {
                removed[0] = segment.writer().retire(found.way, found.state);
            }
            return true;
        });
        return removed[0];
    }
}
