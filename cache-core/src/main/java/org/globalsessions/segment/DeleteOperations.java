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

    DeleteOperations(Segment segment) {
        this.segment = segment;
    }

    /** A delete requested on this host: higher than anything of the key that is here. */
    void delete(EncodedKey key, WriteOutcome outcome) {
        segment.count(Counter.DELETES);
        segment.underLock(key, lock -> {
            outcome.held = segment.isLive(key);
            return bury(key, segment.nextVersion(key), segment.origin(), 0, outcome);
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
            outcome.held = live && !known;
            if (known && (!live || found.life > tombstone.versionClock)) {
                outcome.status = WriteOutcome.Status.STORED;
                outcome.versionClock = tombstone.versionClock;
                outcome.versionOrigin = tombstone.versionOrigin;
                return true;
            }
            long highest = Math.max(tombstone.versionClock, found.way >= 0 ? found.versionClock : 0);
            boolean raised = highest >= version.clock();
            long clock = raised ? highest + 1 : version.clock();
            return bury(key, clock, raised ? segment.origin() : version.origin(), 0, outcome);
        });
    }

    /** A delete that another tier has announced, or that beat an entry of this host. */
    void apply(EncodedKey key, Version version, long position, WriteOutcome outcome) {
        segment.underLock(key, lock -> {
            TombstoneTable.Found tombstone = key.tombstone;
            EntryWriter.Found found = key.found;
            outcome.held = segment.isLive(key) && found.life <= version.clock();
            if (Version.compare(version.clock(), version.origin(), tombstone.versionClock, tombstone.versionOrigin)
                    > 0) {
                if (found.way >= 0 && (found.marks() & LIFE_UNCONFIRMED) != 0) {
                    // Begun by somebody who had not heard of this delete: it loses, whatever its clock says.
                    outcome.held = true;
                    segment.count(Counter.BEATEN_BY_TOMBSTONE);
                    segment.writer().retire(found.way, found.state);
                }
                boolean done = bury(key, version.clock(), version.origin(), position, outcome);
                segment.acknowledgeTombstone(key);
                return done;
            }
            outcome.status = WriteOutcome.Status.STORED;
            return true;
        });
    }

    private boolean bury(EncodedKey key, long clock, int origin, long position, WriteOutcome outcome) {
        boolean placed = segment.putTombstone(key, clock, origin, position);
        EntryWriter.Found found = key.found;
        if (!placed && found.way >= 0 && found.life <= clock) {
            segment.writer().retire(found.way, found.state);
        }
        outcome.status = placed ? WriteOutcome.Status.STORED : WriteOutcome.Status.NO_TOMBSTONE_ROOM;
        outcome.versionClock = clock;
        outcome.versionOrigin = origin;
        return true;
    }

    /** The next tier has the delete: see {@link SharedLru#confirmDelete}. */
    void confirm(EncodedKey key, Version published, Receipt receipt) {
        segment.underLock(key, lock -> {
            TombstoneTable.Found tombstone = key.tombstone;
            if (!tombstone.exists()
                    || tombstone.versionClock != published.clock()
                    || tombstone.versionOrigin != published.origin()) {
                return true;
            }
            Version told = receipt.version();
            boolean same = told.clock() == published.clock() && told.origin() == published.origin();
            if (!same || receipt.position() != tombstone.position) {
                segment.putTombstone(key, told.clock(), told.origin(), receipt.position());
            }
            segment.acknowledgeTombstone(key);
            return true;
        });
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
