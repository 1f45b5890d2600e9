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
        Put put = new Put();
        segment.underLock(key, lock -> {
            boolean live = segment.isLive(key);
            // What this delete beats whoever took its lock away has taken away for it, and does not claim that.
            outcome.held |= !live && put.isStanding(key.tombstone);
            long clock = segment.nextVersion(key);
            boolean done = bury(key, lock, clock, segment.origin(), 0, confirmedLife(key), outcome)
                    && takeAwayWithoutRoom(key, lock, outcome);
            // Of all attempts, and of two deletes that find the same entry one.
            outcome.held |= key.taken;
            if (!done && live) {
                put.note(key.tombstone, new Version(clock, segment.origin()), WriteOutcome.Status.STORED);
            }
            return done;
        });
    }

    /**
     * The life that a delete of this host takes away, or took away when it was last made and not acknowledged, where a relay has confirmed it:
     * copies of it are elsewhere, and not every relay need have seen its clock.
     */
    private long confirmedLife(EncodedKey key) {
        EntryWriter.Found found = key.found;
        boolean confirmed = found.way >= 0 && (found.marks() & LIFE_UNCONFIRMED) == 0;
        long life = confirmed ? found.life : 0;
        if (!key.tombstone.exists()) {
            return life;
        }
        TombstoneTable.Found own = new TombstoneTable.Found();
        segment.tombstones().findUnacknowledged(key.high, key.low, own);
        return Math.max(life, own.life);
    }

    /**
     * A delete that a host has published, for the first time as far as anybody remembers. It is raised above all that is here. Where another
     * host's delete stands which its host had not heard of, what that host has begun over its own does not stand behind the other one: its own
     * is superseded then, by one that is raised above both. That one is of its host, and a further delete which the host had made before it
     * heard of it does not stand behind it either. Where there is no room for it, all is left as it was.
     *
     * <p>Its number it gets at once: for a second record of it, with the number, there might be no room, and its host could never show that it knows
     * of it.
     *
     * @param appliedPosition up to which its host has applied announcements
     * @param ownIsMore       whether a tombstone of its host also stands for another host's delete
     * @param elsewhere       highest version clock that the key may have in a later tier where nothing of it is here
     */
    void accept(
            EncodedKey key,
            Version version,
            long appliedPosition,
            boolean ownIsMore,
            long elsewhere,
            WriteOutcome outcome) {
        Put put = new Put();
        segment.underLock(key, lock -> {
            EntryWriter.Found found = key.found;
            TombstoneTable.Found tombstone = key.tombstone;
            if (put.isStanding(tombstone)) {
                // What it beats whoever took the lock away, or the beginning of this attempt, has taken away.
                put.tell(outcome);
                return true;
            }
            boolean live = segment.isLive(key);
            int standing = tombstone.exists() ? tombstone.comparedTo(version) : -1;
            boolean own = tombstone.exists() && version.origin() == tombstone.versionOrigin;
            // A lower one than what the relay has raised may have been made before or after that.
            boolean known = standing == 0 || (standing > 0 && own && !VersionClock.isRaised(tombstone.versionClock));
            outcome.held |= live && !known;
            if (known && (!live || found.life > tombstone.versionClock)) {
                outcome.status = WriteOutcome.Status.STORED;
                outcome.versionClock = tombstone.versionClock;
                outcome.versionOrigin = tombstone.versionOrigin;
                return true;
            }
            boolean unheard = tombstone.exists()
                    && (!own || ownIsMore)
                    && (tombstone.position == 0 || tombstone.position > appliedPosition);
            long highest = Math.max(tombstone.versionClock, found.way >= 0 ? found.versionClock : elsewhere);
            boolean raised = highest >= version.clock() || unheard;
            long clock = raised ? VersionClock.raised(Math.max(highest, version.clock())) : version.clock();
            WriteOutcome.Status how = unheard ? WriteOutcome.Status.SUPERSEDED : WriteOutcome.Status.STORED;
            boolean done = bury(key, lock, clock, version.origin(), TombstoneTable.NEXT_NUMBER, 0, outcome);
            if (!done) {
                put.note(tombstone, new Version(clock, version.origin()), how);
            } else if (outcome.status == WriteOutcome.Status.STORED) {
                outcome.status = how;
            }
            return done;
        });
    }

    /**
     * What an attempt put that lost its lock thereafter. The next one must not take it for another delete: that would raise a second one above it, or
     * number it once more.
     */
    private static final class Put {
        private Version version = Version.NONE;
        private long position;
        private WriteOutcome.Status how;

        /** Notes the tombstone as it is after an attempt, where it is the one that was to be put. */
        void note(TombstoneTable.Found tombstone, Version wanted, WriteOutcome.Status withStatus) {
            if (isVersion(tombstone, wanted)) {
                version = wanted;
                position = tombstone.position;
                how = withStatus;
            }
        }

        boolean isStanding(TombstoneTable.Found tombstone) {
            return how != null && isVersion(tombstone, version);
        }

        void tell(WriteOutcome outcome) {
            outcome.status = how;
            outcome.position = position;
            outcome.versionClock = version.clock();
            outcome.versionOrigin = version.origin();
        }
    }

    /** Notes the number of a delete that stands without one: a write that followed it has brought it along. */
    void number(EncodedKey key, Version version, long position) {
        segment.underLock(
                key,
                lock -> !isVersion(key.tombstone, version)
                        || key.tombstone.position != 0
                        || segment.putTombstone(key, lock, version.clock(), version.origin(), position)
                                != Segment.Burial.LOST_LOCK);
    }

    /**
     * A delete that another tier has announced, that beat an entry of this host, or that stands in the place of this host's own.
     *
     * @param isAcknowledged whether the next tier knows of it
     */
    void apply(EncodedKey key, Version version, long tombstonePosition, boolean isAcknowledged, WriteOutcome outcome) {
        boolean[] counted = new boolean[1];
        segment.underLock(key, lock -> {
            TombstoneTable.Found tombstone = key.tombstone;
            EntryWriter.Found found = key.found;
            outcome.held |= segment.isLive(key) && found.life <= version.clock();
            int standing = tombstone.comparedTo(version);
            boolean unheard = standing < 0 || (standing > 0 && tombstone.isUnacknowledged());
            if (unheard && found.way >= 0 && (found.marks() & LIFE_UNCONFIRMED) != 0) {
                // Begun by somebody who had not heard of this delete: it loses, whatever its clock says, and whichever
                // delete of this host it has begun over.
                outcome.held = true;
                segment.count(Counter.BEATEN_BY_TOMBSTONE);
                segment.writer().retire(found.way, found.state);
            }
            // One that the next tier has not acknowledged goes with the life that it was made in.
            boolean beaten = standing < 0
                    && found.way >= 0
                    && found.life <= version.clock()
                    && (found.marks() & (UNPUBLISHED | LIFE_UNCONFIRMED)) == UNPUBLISHED;
            boolean done = true;
            outcome.status = WriteOutcome.Status.STORED;
            if (standing < 0) {
                done = bury(key, lock, version.clock(), version.origin(), tombstonePosition, 0, outcome)
                        && takeAwayWithoutRoom(key, lock, outcome);
                if (outcome.status == WriteOutcome.Status.NO_TOMBSTONE_ROOM) {
                    // Without a tombstone only the horizon keeps an answer out that is older than this delete.
                    segment.tombstones().raiseHorizon(tombstonePosition);
                }
            }
            if (standing > 0 && tombstone.isUnacknowledged()) {
                // The relay may refuse that one as too far ahead, and the lower one which stands for it then may be
                // lower than this: answers
                // of before this delete must not count either way.
                segment.tombstones().raiseHorizon(tombstonePosition);
            }
            // Also where the lock is lost behind the tombstone: the next attempt finds it standing, and nothing that it
            // beats.
            boolean took =
                    done || isVersion(tombstone, version) || outcome.status == WriteOutcome.Status.NO_TOMBSTONE_ROOM;
            if (beaten && took && !counted[0]) {
                counted[0] = true;
                segment.count(Counter.BEATEN_BY_TOMBSTONE);
            }
            if (isAcknowledged) {
                segment.acknowledgeTombstone(key, version);
            }
            return done;
        });
    }

    private boolean bury(
            EncodedKey key, long lock, long clock, int origin, long position, long life, WriteOutcome outcome) {
        Segment.Burial burial = segment.putTombstone(key, lock, clock, origin, position, life);
        if (burial == Segment.Burial.LOST_LOCK) {
            return false;
        }
        outcome.status =
                burial == Segment.Burial.DONE ? WriteOutcome.Status.STORED : WriteOutcome.Status.NO_TOMBSTONE_ROOM;
        outcome.position = burial == Segment.Burial.DONE ? key.tombstone.position : 0;
        outcome.versionClock = clock;
        outcome.versionOrigin = origin;
        return true;
    }

    /**
     * This host does not serve what was deleted, also where there was no room to note that. As the relay it refuses such a delete whole instead: an older
     * copy in a later tier would come to the place of what it had taken away. False where the lock was lost: whoever took it over may have stored
     * something of the life that this takes away.
     */
    private boolean takeAwayWithoutRoom(EncodedKey key, long lock, WriteOutcome outcome) {
        if (outcome.status != WriteOutcome.Status.NO_TOMBSTONE_ROOM) {
            return true;
        }
        EntryWriter.Found found = key.found;
        if (found.way >= 0 && found.life <= outcome.versionClock) {
            boolean live = found.isLive();
            boolean departed = segment.writer().depart(found.way, found.state); // LAYOUT delete 3
            key.taken |= departed && live;
        }
        return segment.holds(key, lock); // LAYOUT delete 4
    }

    /** The next tier has the delete: see {@link SharedLru#confirmDelete}. */
    void confirm(EncodedKey key, Version published, Receipt receipt, RelayPosition from) {
        long position = from.inTombstone(receipt.epoch(), receipt.position());
        Version told = receipt.version();
        WriteOutcome lifted = new WriteOutcome();
        boolean[] above = new boolean[1];
        segment.underLock(key, lock -> {
            TombstoneTable.Found tombstone = key.tombstone;
            boolean raised = tombstone.comparedTo(told) < 0;
            boolean anothers = tombstone.exists() && tombstone.versionOrigin != published.origin();
            // Another host's that was announced meanwhile: what became of this host's own only this receipt tells.
            if (!isVersion(tombstone, published) && !(anothers && raised)) {
                // A later delete stands; what a killed process has left of this one waits for no receipt any more.
                drop(key, published);
                // One that the relay has not answered yet will be told of this one by its own receipt.
                above[0] = raised && !tombstone.isUnacknowledged();
                return true;
            }
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
            // A receipt that has no number takes none away.
            boolean lost = (!same || (position != 0 && position != tombstone.position))
                    && segment.putTombstone(key, lock, told.clock(), told.origin(), position)
                            == Segment.Burial.LOST_LOCK;
            segment.acknowledgeTombstone(key, lost ? published : told);
            if (!lost) {
                drop(key, published);
            }
            return true;
        });
        if (above[0]) {
            // It has come to the relay after the later one, and has taken away there what followed that.
            apply(key, told, position, true, lifted);
        }
    }

    /**
     * Makes a delete that the relay has refused one of a version that it takes: see {@link SharedLru#lowerDelete}. The lower tombstone stands
     * before the higher one goes: whatever the relay has ever taken of the key it beats as well, and whoever is killed in between leaves both.
     */
    void lower(EncodedKey key, Version refused, long above, WriteOutcome outcome) {
        TombstoneTable.Found own = new TombstoneTable.Found();
        segment.underLock(key, lock -> {
            segment.tombstones().findUnacknowledged(key.high, key.low, own);
            outcome.status = WriteOutcome.Status.OTHER_VERSION;
            if (!isVersion(own, refused)) {
                return segment.holds(key, lock);
            }
            long clock = VersionClock.justAbove(Math.max(above, own.life));
            if (clock >= refused.clock()) {
                outcome.status = WriteOutcome.Status.SUPERSEDED;
                return segment.holds(key, lock);
            }
            switch (segment.putTombstone(key, lock, clock, segment.origin(), 0, own.life)) {
                case DONE -> {
                    segment.tombstones().replace(own);
                    outcome.status = WriteOutcome.Status.STORED;
                    outcome.versionClock = clock;
                    outcome.versionOrigin = segment.origin();
                }
                case NO_ROOM -> outcome.status = WriteOutcome.Status.NO_TOMBSTONE_ROOM;
                case LOST_LOCK -> {
                    return false;
                }
            }
            return true;
        });
    }

    /** The next tier's receipt of a delete which also stands for somebody else's: that one comes as if it had been announced. */
    void supersede(EncodedKey key, Version published, Receipt receipt, RelayPosition from) {
        apply(key, receipt.version(), from.inTombstone(receipt.epoch(), receipt.position()), true, new WriteOutcome());
        segment.underLock(key, lock -> {
            // Where a still higher one stands nothing has been put in the place of this host's own.
            drop(key, published);
            return true;
        });
    }

    /** Takes this host's own tombstone away that a higher one stands for by now. */
    private void drop(EncodedKey key, Version published) {
        segment.tombstones().dropLower(key.high, key.low, published.clock(), published.origin(), key.tombstone.place);
    }

    private static boolean isVersion(TombstoneTable.Found tombstone, Version version) {
        return tombstone.exists() && tombstone.comparedTo(version) == 0;
    }
}
