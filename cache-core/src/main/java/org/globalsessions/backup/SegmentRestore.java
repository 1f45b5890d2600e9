package org.globalsessions.backup;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.globalsessions.ValueTooLargeException;
import org.globalsessions.Version;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.Ticks;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;

/**
 * Takes a backup back into a segment, live or new, of any geometry: as entries that another tier sent, each only where it is
 * newer than what is there and no tombstone beats it. Restored entries are unconfirmed: where there is a next tier they are
 * marked unpublished, with the life and version they had, so that the relay decides, and its tombstone beats them.
 *
 * <p>One use, one thread; others may use the segment meanwhile.
 */
public final class SegmentRestore {
    private final SharedLru lru;
    private final int marks;
    private final long elapsedTicks;
    private final Map<KeyDigest, Version> deleted = new HashMap<>();
    private final WriteOutcome outcome = new WriteOutcome();
    private long stored;
    private long superseded;
    private long beaten;
    private long expired;
    private long noRoom;
    private long tooLarge;
    private long evicted;
    private long tombstones;

    private SegmentRestore(SharedLru lru, int marks, long elapsedTicks) {
        this.lru = lru;
        this.marks = marks;
        this.elapsedTicks = elapsedTicks;
    }

    /**
     * Restores a backup.
     *
     * @param backup the backup
     * @param lru    the segment, of the backup's path
     * @return what became of its entries
     * @throws IOException     where the backup cannot be read
     * @throws BackupException where it is of another path; nothing was restored then
     */
    public static RestoreSummary restore(BackupReader backup, SharedLru lru) throws IOException {
        return restore(backup, lru, System.currentTimeMillis());
    }

    static RestoreSummary restore(BackupReader backup, SharedLru lru, long wallClockMs) throws IOException {
        SegmentInspector segment = SegmentInspector.open(lru.file().path());
        if (!segment.pathKey().equals(backup.pathKey())) {
            throw new BackupException("backup refused: it is of another path (auth_path) than the segment, segment="
                    + segment.path() + "; nothing was restored");
        }
        long elapsedMs = Math.max(0, wallClockMs - backup.wallClockMs());
        SegmentRestore restore = new SegmentRestore(lru, marksOf(segment.role()), elapsedMs / Ticks.TICK_MS);
        backup.visit(restore.new Deletes());
        backup.visit(restore.new Entries());
        return restore.summary();
    }

    /**
     * The marks of an entry that the next tier has to judge. Not LIFE_UNCONFIRMED: it would claim that the host knew of every
     * delete that it has applied when this life began, and so bring back what was deleted since the backup.
     */
    private static int marksOf(SegmentSettings.Role role) {
        return switch (role) {
            case HOST -> RecordDescriptor.UNPUBLISHED;
            case RELAY -> RecordDescriptor.UNPUBLISHED | RecordDescriptor.NOT_HANDED_OFF;
            case STANDALONE, RELIEF, LONE_RELAY -> 0;
        };
    }

    private RestoreSummary summary() {
        return new RestoreSummary(stored, superseded, beaten, expired, noRoom, tooLarge, evicted, tombstones);
    }

    /** The deletes come first, so that no entry is readable for a moment that one of them beats. */
    private final class Deletes implements BackupReader.Visitor {
        private final Set<KeyDigest> begunHere = new HashSet<>();

        private Deletes() {
            // A delete from elsewhere takes a life away that nobody has confirmed, whatever its clock; this one is old.
            lru.scan(0, lru.bucketCount(), RecordDescriptor.LIFE_UNCONFIRMED, entry -> {
                begunHere.add(lru.encode(entry.keyCopy()).digest());
                return true;
            });
        }

        @Override
        public void entry(SessionEntry entry, int marksThen) {
            // In the second pass.
        }

        @Override
        public void tombstone(KeyDigest digest, Version version, long position) {
            deleted.merge(digest, version, (one, other) -> one.compareTo(other) > 0 ? one : other);
            if (begunHere.contains(digest)) {
                return;
            }
            lru.applyDelete(digest, version, 0, outcome);
            tombstones++;
        }
    }

    private final class Entries implements BackupReader.Visitor {
        @Override
        public void entry(SessionEntry entry, int marksThen) {
            // What has expired is restored all the same where the next tier had not got it: what it has overwritten may
            // live there.
            boolean owed = (marks & marksThen & RecordDescriptor.UNPUBLISHED) != 0 && isEnded(entry);
            SessionEntry aged = owed ? ended(entry) : aged(entry);
            if (aged == null) {
                expired++;
                return;
            }
            try {
                EncodedKey key = lru.encode(aged.key());
                Version delete = deleted.get(key.digest());
                if (delete != null && aged.life() <= delete.clock()) {
                    beaten++;
                    return;
                }
                lru.fill(key, aged, Long.MAX_VALUE, marks, true, outcome);
                if (owed) {
                    expired++;
                } else {
                    count();
                }
            } catch (ValueTooLargeException e) {
                tooLarge++;
            }
        }

        @Override
        public void tombstone(KeyDigest digest, Version version, long position) {
            // In the first pass.
        }
    }

    private boolean isEnded(SessionEntry entry) {
        return entry.lifetimeTicks() != 0 && entry.lifetimeTicks() <= Math.max(1, elapsedTicks);
    }

    /** The entry as one that nobody reads any more. */
    private static SessionEntry ended(SessionEntry entry) {
        return new SessionEntry(
                entry.key(),
                entry.value(),
                entry.version(),
                entry.life(),
                entry.beginsLife(),
                entry.idleTicks(),
                entry.idleLimitTicks(),
                1);
    }

    /** The entry with its times as they are now; null where they have run out since the backup. */
    private SessionEntry aged(SessionEntry entry) {
        long lifetime = entry.lifetimeTicks() == 0 ? 0 : entry.lifetimeTicks() - elapsedTicks;
        long idle = entry.idleTicks() + elapsedTicks;
        boolean over = (entry.lifetimeTicks() != 0 && lifetime <= 0)
                || (entry.idleLimitTicks() != 0 && idle >= entry.idleLimitTicks());
        if (over) {
            return null;
        }
        return new SessionEntry(
                entry.key(),
                entry.value(),
                entry.version(),
                entry.life(),
                entry.beginsLife(),
                (int) Math.min(idle, Ticks.ticks(Ticks.MAX)),
                entry.idleLimitTicks(),
                (int) lifetime);
    }

    private void count() {
        switch (outcome.status()) {
            case STORED -> stored++;
            case SUPERSEDED -> superseded++;
            case BEATEN_BY_TOMBSTONE -> beaten++;
            case EXPIRED -> expired++;
            default -> noRoom++;
        }
        if (outcome.evicted()) {
            evicted++;
        }
    }
}
