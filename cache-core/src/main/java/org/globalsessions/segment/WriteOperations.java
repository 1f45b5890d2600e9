package org.globalsessions.segment;

import static org.globalsessions.segment.RecordDescriptor.LIFE_UNCONFIRMED;
import static org.globalsessions.segment.RecordDescriptor.NOT_HANDED_OFF;
import static org.globalsessions.segment.RecordDescriptor.UNPUBLISHED;

import java.util.concurrent.TimeUnit;
import org.globalsessions.Version;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.ClockAheadException;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;

/**
 * The writes of an entry, each under the lock of its key's first bucket: of this host, from a host, from another tier. Which
 * of two versions counts, and which life a write joins, is decided here and nowhere else.
 *
 * <p>Any thread of any process. A write that loses its lock starts again from what it then finds.
 */
final class WriteOperations {
    private final Segment segment;
    private final int setMarks;
    private final boolean host;
    private final int acceptMarks;
    private final int lifetimeTicks;
    private final int idleLimitTicks;

    WriteOperations(Segment segment, SegmentSettings settings) {
        this.segment = segment;
        this.setMarks = settings.role() == SegmentSettings.Role.HOST ? UNPUBLISHED | LIFE_UNCONFIRMED : 0;
        this.host = settings.role() == SegmentSettings.Role.HOST;
        this.acceptMarks = settings.role() == SegmentSettings.Role.RELAY ? UNPUBLISHED | NOT_HANDED_OFF : 0;
        this.lifetimeTicks = Ticks.ticks(settings.sessionsLength());
        this.idleLimitTicks = Ticks.ticks(settings.idleTimeout());
    }

    int idleLimitTicks() {
        return idleLimitTicks;
    }

    /** A write of this host: see {@link SharedLru#set}. */
    void set(EncodedKey key, int lifetime, Version expected, boolean takeHeld, WriteOutcome outcome) {
        EntryWriter.Room room = takeHeld ? EntryWriter.Room.EVICT_HELD : EntryWriter.Room.EVICT;
        boolean done = false;
        key.robbed = 0;
        segment.look(key, room);
        while (!done) {
            // Not by a lambda as the rarer writes: it would be the one allocation of a set.
            long lock = segment.begin(key);
            try {
                done = trySet(key, lock, lifetime, expected, room, outcome);
            } finally {
                segment.end(key, lock);
            }
        }
        if (outcome.status == WriteOutcome.Status.STORED) {
            segment.count(Counter.SETS);
        }
    }

    private boolean trySet(
            EncodedKey key, long lock, int lifetime, Version expected, EntryWriter.Room room, WriteOutcome outcome) {
        boolean live = segment.isLive(key); // LAYOUT set 3
        if (expected != null && !isAsExpected(key, live, expected, outcome)) {
            // Who lost the lock may have missed an entry that moved meanwhile, and would give the wrong reason.
            return segment.holds(key, lock);
        }
        EntryWriter.Found found = key.found;
        EntryWriter.Body body = key.body;
        int ticks = lifetime > 0 ? lifetime : lifetimeTicks;
        int tick = (ticks | idleLimitTicks) == 0 ? segment.tick() : segment.now();
        body.versionClock = segment.nextVersion(key);
        body.versionOrigin = segment.origin();
        body.life = live ? found.life : body.versionClock;
        body.lastAccess = tick;
        body.idleLimit = idleLimitTicks;
        body.expiry = ticks == 0 ? 0 : Ticks.nonZero(tick + ticks);
        // A life that the relay has not confirmed stays so until a receipt says otherwise.
        body.marks = live ? setMarks & (UNPUBLISHED | (found.marks() & LIFE_UNCONFIRMED)) : setMarks;
        return store(key, lock, room, outcome);
    }

    private static boolean isAsExpected(EncodedKey key, boolean live, Version expected, WriteOutcome outcome) {
        EntryWriter.Found found = key.found;
        if (live) {
            if (found.versionClock == expected.clock() && found.versionOrigin == expected.origin()) {
                return true;
            }
            outcome.status = WriteOutcome.Status.OTHER_VERSION;
            outcome.versionClock = found.versionClock;
            outcome.versionOrigin = found.versionOrigin;
            return false;
        }
        if (expected.clock() == 0) {
            return true;
        }
        boolean deleted = key.tombstone.exists();
        outcome.status = deleted ? WriteOutcome.Status.BEATEN_BY_TOMBSTONE : WriteOutcome.Status.ABSENT;
        outcome.versionClock = key.tombstone.versionClock;
        outcome.versionOrigin = key.tombstone.versionOrigin;
        return false;
    }

    /** A write that a host has published: see {@link SharedLru#accept}. */
    void accept(EncodedKey key, SessionEntry entry, long appliedPosition, Version seen, WriteOutcome outcome) {
        segment.underLock(key, lock -> {
            EntryWriter.Found found = key.found;
            TombstoneTable.Found tombstone = key.tombstone;
            if (!bringTombstone(key, lock, seen)) {
                return false;
            }
            boolean live = segment.isLive(key);
            Version version = entry.version();
            long clock = version.clock();
            int origin = version.origin();
            long life = entry.life();
            if (live) {
                int order = Version.compare(clock, origin, found.versionClock, found.versionOrigin);
                // Also of a life that its host has not heard yet to be confirmed.
                boolean joins = life == found.life
                        || (entry.beginsLife()
                                && (!tombstone.exists() || knowsTombstone(tombstone, entry, appliedPosition, seen)));
                boolean isOlderLife = life <= tombstone.versionClock;
                boolean mayBeOlder = order > 0 && entry.beginsLife();
                if (order != 0 && !joins && (isOlderLife || mayBeOlder)) {
                    // Of the life before the one that is here, which somebody has begun since, or of one that its
                    // writer
                    // cannot say to be later than the delete: what was deleted must not go on in it. Told as beaten by
                    // that, not by a version that is lower than its own.
                    return lose(key, outcome);
                }
                if (order <= 0 || (!joins && (entry.beginsLife() || life < found.life))) {
                    if (order > 0) {
                        segment.count(Counter.LOST_TO_LATER_LIFE);
                    }
                    outcome.status = order == 0 ? WriteOutcome.Status.STORED : WriteOutcome.Status.SUPERSEDED;
                    report(outcome, found.versionClock, found.versionOrigin, found.life, found.way);
                    return true;
                }
                life = joins ? found.life : life;
            } else if (tombstone.exists()) {
                boolean mayBegin = entry.beginsLife() && knowsTombstone(tombstone, entry, appliedPosition, seen);
                if (!mayBegin && (entry.beginsLife() || life <= tombstone.versionClock)) {
                    return lose(key, outcome);
                }
                if (life <= tombstone.versionClock) {
                    clock = Math.max(clock, tombstone.versionClock + 1);
                    life = clock;
                }
            }
            if (found.isOwed()) {
                int order = Version.compare(clock, origin, found.versionClock, found.versionOrigin);
                if (order == 0 || (order < 0 && !entry.beginsLife() && life <= found.life)) {
                    outcome.status = order == 0 ? WriteOutcome.Status.STORED : WriteOutcome.Status.SUPERSEDED;
                    report(outcome, found.versionClock, found.versionOrigin, found.life, found.way);
                    return segment.holds(key, lock);
                }
                // Begun behind it by a clock that lags: it stands for what it replaces only above that.
                clock = Math.max(clock, found.versionClock + 1);
            }
            fillBody(key, entry, clock, origin, life, acceptMarks);
            return store(key, lock, EntryWriter.Room.EVICT, outcome);
        });
    }

    /** The host's delete may still be on its way here: the write that follows it brings it along. False where the lock was lost. */
    private boolean bringTombstone(EncodedKey key, long lock, Version seen) {
        TombstoneTable.Found tombstone = key.tombstone;
        boolean newer = seen.clock() != 0 && tombstone.comparedTo(seen) < 0;
        return !newer || segment.putTombstone(key, lock, seen.clock(), seen.origin(), 0) != Segment.Burial.LOST_LOCK;
    }

    /** An entry that nothing is stored of here: see {@link SharedLru#propose}. */
    SessionEntry propose(byte[] key, byte[] value, int lifetime, Version expected) {
        return proposal(key, value, lifetime, segment.uniqueVersion(expected.clock()));
    }

    /** The same in the place of one that the relay has refused: see {@link SharedLru#proposeAgain}. */
    SessionEntry proposeAgain(byte[] key, byte[] value, int lifetime, RelayPosition relay, long above) {
        return proposal(key, value, lifetime, segment.uniqueVersionAgain(relay, above));
    }

    private SessionEntry proposal(byte[] key, byte[] value, int lifetime, long clock) {
        Version version = new Version(clock, segment.origin());
        int ticks = lifetime > 0 ? lifetime : lifetimeTicks;
        return new SessionEntry(key, value, version, version.clock(), true, 0, idleLimitTicks, ticks);
    }

    /** A conditional save that a host has published: see {@link SharedLru#acceptIf}. */
    void acceptIf(
            EncodedKey key,
            SessionEntry entry,
            long appliedPosition,
            Version seen,
            Version expected,
            SessionEntry behind,
            WriteOutcome outcome) {
        segment.underLock(key, lock -> {
            if (!bringTombstone(key, lock, seen)) {
                return false;
            }
            EntryWriter.Found found = key.found;
            TombstoneTable.Found tombstone = key.tombstone;
            boolean here = segment.isLive(key);
            if (here || (behind != null && behind.life() > tombstone.versionClock)) {
                Version there = here ? new Version(found.versionClock, found.versionOrigin) : behind.version();
                if (here && there.equals(entry.version())) {
                    // Sent again, as its receipt was lost.
                    outcome.status = WriteOutcome.Status.STORED;
                    report(outcome, there.clock(), there.origin(), found.life, found.way);
                    return true;
                }
                if (!there.equals(expected) && !there.equals(entry.version())) {
                    outcome.status = WriteOutcome.Status.OTHER_VERSION;
                    report(outcome, there.clock(), there.origin(), 0, -1);
                    return segment.holds(key, lock);
                }
                boolean again = there.equals(entry.version());
                long clock = again ? there.clock() : Math.max(entry.version().clock(), there.clock() + 1);
                long life = here ? found.life : behind.life();
                fillBody(key, entry, clock, entry.version().origin(), life, acceptMarks);
                return store(key, lock, EntryWriter.Room.EVICT, outcome);
            }
            // Whose host holds the expected version may save over it, as a plain save may: nobody has a newer one.
            boolean holds = !entry.beginsLife()
                    && entry.life() > tombstone.versionClock
                    && !(found.isOwed() && isLower(expected, found));
            boolean creates = expected.equals(Version.NONE)
                    && (!tombstone.exists() || knowsTombstone(tombstone, entry, appliedPosition, seen));
            if (!creates && (!holds || expected.equals(Version.NONE))) {
                outcome.status =
                        tombstone.exists() ? WriteOutcome.Status.BEATEN_BY_TOMBSTONE : WriteOutcome.Status.ABSENT;
                report(outcome, tombstone.versionClock, tombstone.versionOrigin, 0, -1);
                return segment.holds(key, lock);
            }
            long above = found.isOwed() ? found.versionClock : 0;
            long clock = Math.max(entry.version().clock(), Math.max(above, tombstone.versionClock) + 1);
            fillBody(key, entry, clock, entry.version().origin(), creates ? clock : entry.life(), acceptMarks);
            return store(key, lock, EntryWriter.Room.EVICT, outcome);
        });
    }

    /**
     * Whether the writer of a new life knew of the delete before it: it named that tombstone, over which the life began, or had
     * applied its number. A life that is older than the tombstone its sender names was read before and deleted since.
     */
    private static boolean knowsTombstone(
            TombstoneTable.Found tombstone, SessionEntry entry, long appliedPosition, Version seen) {
        boolean named = entry.life() > seen.clock() && tombstone.comparedTo(seen) <= 0;
        return named || (tombstone.position != 0 && tombstone.position <= appliedPosition);
    }

    /**
     * Tells the tombstone as it is, by which its writer's host takes away what nobody has judged yet whatever its clock had said. Not raised:
     * the delete's own host could no longer tell it from a later one, and lose what it has begun over it.
     */
    private boolean lose(EncodedKey key, WriteOutcome outcome) {
        segment.count(Counter.BEATEN_BY_TOMBSTONE);
        outcome.status = WriteOutcome.Status.BEATEN_BY_TOMBSTONE;
        report(outcome, key.tombstone.versionClock, key.tombstone.versionOrigin, 0, -1);
        return true;
    }

    /**
     * Stores the entry found again as one of a later life, with its marks: it began after a delete whose version the relay has
     * raised above it, and stands behind that delete all the same. To be called under the lock, and followed by a new attempt.
     *
     * @param outcome the same for all attempts, which bounds their waits for pages; NO_ROOM where the entry is as it was
     */
    void liftLife(EncodedKey key, long lock, long clock, WriteOutcome outcome) {
        // Above what was saved in that life since, or who looks between the two steps would keep the old record.
        long version = Math.max(clock, key.found.versionClock + 1);
        storeAgain(key, lock, version, segment.origin(), clock, outcome);
    }

    /**
     * Stores the entry found again as it is, in another place: the receipt of what was sent of it says no longer that it counts. Somebody
     * else's newer version has overtaken that receipt; what is sent once more the relay will judge anew. To be called under the lock.
     *
     * @param outcome the same for all attempts, which bounds their waits for pages; NO_ROOM where the entry is as it was
     * @return false where the lock was lost
     */
    private boolean renew(EncodedKey key, long lock, WriteOutcome outcome) {
        EntryWriter.Found found = key.found;
        storeAgain(key, lock, found.versionClock, found.versionOrigin, found.life, outcome);
        return segment.holds(key, lock);
    }

    /**
     * Stores an entry again that the relay has refused, as of a version that it takes: see {@link SharedLru#lower}. For a moment two records
     * show the entry, and the one of the higher version counts: whoever is killed in between leaves what is refused once more.
     */
    void lower(EncodedKey key, EntrySnapshot refused, ClockAheadException refusal, WriteOutcome outcome) {
        segment.underLock(key, lock -> {
            EntryWriter.Found found = key.found;
            boolean live = segment.isLive(key);
            boolean same = (live || found.isOwed())
                    && found.versionClock == refused.versionClock
                    && found.versionOrigin == refused.versionOrigin
                    && (found.marks() & UNPUBLISHED) != 0;
            outcome.status = WriteOutcome.Status.OTHER_VERSION;
            if (!same) {
                return segment.holds(key, lock);
            }
            long version = live ? lowered(key, refusal) : loweredEnded(key, refusal);
            if (version >= found.versionClock) {
                outcome.status = WriteOutcome.Status.SUPERSEDED;
                return segment.holds(key, lock);
            }
            outcome.status = WriteOutcome.Status.NO_ROOM;
            storeAgain(key, lock, version, segment.origin(), Math.min(found.life, version), outcome);
            return segment.holds(key, lock);
        });
    }

    private static long lowered(EncodedKey key, ClockAheadException refusal) {
        long least = Math.max(refusal.above(), key.tombstone.versionClock);
        return VersionClock.justAbove(Math.max(least, confirmedLife(key.found)));
    }

    /** A life that the relay knows stays: copies of it are elsewhere, which a delete of a lower one would leave. 0 where it knows none. */
    private static long confirmedLife(EntryWriter.Found found) {
        return (found.marks() & LIFE_UNCONFIRMED) != 0 ? 0 : found.life;
    }

    /**
     * The version, by the relay's clock, of what has ended unpublished: as of when it was made, or last used where no clock tells of that any more.
     * It only has to beat what it had replaced, a delete too, and must not take away what others have stored since.
     */
    private long loweredEnded(EncodedKey key, ClockAheadException refusal) {
        EntryWriter.Found found = key.found;
        long replaced = Math.max(confirmedLife(found), key.tombstone.versionClock);
        long unusedTicks = Math.max(0, segment.now() - segment.records().lastAccess(found.way));
        long usedMicros = refusal.clockMicros() - TimeUnit.MILLISECONDS.toMicros(unusedTicks * Ticks.TICK_MS);
        return Math.max(
                replaced == 0 ? 0 : VersionClock.justAbove(replaced),
                Math.min(
                        found.versionClock - segment.clock().aheadOf(refusal.clockMicros()),
                        usedMicros << Version.LOGICAL_BITS));
    }

    private void storeAgain(EncodedKey key, long lock, long version, int origin, long life, WriteOutcome outcome) {
        EntryWriter.Found found = key.found;
        EntrySnapshot current = key.scratch;
        boolean copied = segment.records().copyEntry(found.way, found.state, segment.now(), current);
        if (!segment.records().stillShows(found.way, found.state)) {
            return;
        }
        if (!copied) {
            // Its pages are not its own: the file was changed from outside, and there is nothing to lift.
            segment.writer().retire(found.way, found.state);
        } else {
            // A receipt names no key; the record does.
            key.encode(current.key, current.keyLength);
            current.versionClock = version;
            current.versionOrigin = origin;
            fillBody(key, current.toEntry(), version, origin, life, current.marks());
            // One that is owed has not ended by that: it stays until the same is there again, and is told of then.
            found.expired = false;
            store(key, lock, EntryWriter.Room.EVICT_HELD, outcome);
        }
    }

    /** An entry from another tier: see {@link SharedLru#fill}. */
    void fill(
            EncodedKey key,
            SessionEntry entry,
            RelayPosition relay,
            long position,
            int marks,
            boolean evict,
            long announced,
            WriteOutcome outcome) {
        EntryWriter.Room room = evict ? EntryWriter.Room.EVICT : EntryWriter.Room.FREE_ONLY;
        segment.underLock(key, lock -> {
            EntryWriter.Found found = key.found;
            TombstoneTable.Found tombstone = key.tombstone;
            boolean live = segment.isLive(key);
            if (isBeaten(entry.life(), tombstone)) {
                outcome.status = WriteOutcome.Status.BEATEN_BY_TOMBSTONE;
                report(outcome, tombstone.versionClock, tombstone.versionOrigin, 0, -1);
                segment.count(Counter.BEATEN_BY_TOMBSTONE);
                return true;
            }
            Version version = entry.version();
            if (position < relay.horizon() || (!live && isUnjudged(key, version))) {
                outcome.status = WriteOutcome.Status.STALE;
                return true;
            }
            if (live && !isNewer(version, entry.life(), found)) {
                boolean overtaken = (found.marks() & LIFE_UNCONFIRMED) != 0 && isHigher(version, found);
                if (overtaken && !renew(key, lock, outcome)) {
                    return false;
                }
                outcome.status = WriteOutcome.Status.SUPERSEDED;
                report(outcome, found.versionClock, found.versionOrigin, found.life, found.way);
                return true;
            }
            if (found.isOwed() && !isHigher(version, found) && !isNewer(version, entry.life(), found)) {
                outcome.status = WriteOutcome.Status.EXPIRED;
                report(outcome, found.versionClock, found.versionOrigin, found.life, found.way);
                return true;
            }
            fillBody(key, entry, version.clock(), version.origin(), entry.life(), marks);
            boolean done;
            if (isOvertaken(key, version, announced)) {
                outcome.status = WriteOutcome.Status.NO_ROOM;
                done = segment.holds(key, lock);
            } else {
                done = store(key, lock, room, outcome);
            }
            if (done && outcome.status == WriteOutcome.Status.NO_ROOM && found.way >= 0) {
                // No place for the newer version: the older one must not be read any more all the same.
                if (found.expired) {
                    segment.writer().retireEnded(key);
                } else {
                    segment.writer().depart(found.way, found.state);
                }
            }
            return done;
        });
        if (outcome.status == WriteOutcome.Status.STORED) {
            segment.count(Counter.FILLS);
        }
    }

    /**
     * Whether something newer of the key may have been here that left nothing: what was announced since an answer was asked for found nothing that it could have
     * taken away, and of what has ended or was evicted an announcement that was on its way does not know.
     */
    private boolean isOvertaken(EncodedKey key, Version version, long announced) {
        if (announced >= 0) {
            return announced != segment.buckets().announced(key.firstBucket);
        }
        boolean ended = key.found.way >= 0 && key.found.expired && isLower(version, key.found);
        return announced == SharedLru.ANNOUNCED
                && (ended || version.clock() <= segment.writer().departed(key.firstBucket, key.secondBucket));
    }

    /** Whether a tombstone beats an entry that comes from another tier. */
    static boolean isBeaten(long life, TombstoneTable.Found tombstone) {
        return tombstone.exists() && life <= tombstone.versionClock;
    }

    /**
     * Whether another host's entry may have begun before a delete made here that the relay has not judged yet: clocks do not agree to the
     * last millisecond, so that its life says nothing.
     */
    private boolean isUnjudged(EncodedKey key, Version version) {
        if (!host || !key.tombstone.exists() || version.origin() == segment.origin()) {
            return false;
        }
        return key.tombstone.isUnacknowledged() || isDeleteAwaited(key);
    }

    /** Whether a delete made here waits for the relay's receipt, also where another host's stands above it. */
    private boolean isDeleteAwaited(EncodedKey key) {
        TombstoneTable.Found own = new TombstoneTable.Found();
        segment.tombstones().findUnacknowledged(key.high, key.low, own);
        return own.exists();
    }

    /**
     * Of one life the higher version; of two the newer life. One that was begun here stays until the relay has judged it: it may stand behind a
     * delete that takes the other one away.
     */
    static boolean isNewer(Version version, long life, EntryWriter.Found found) {
        if (life != found.life) {
            return (found.marks() & LIFE_UNCONFIRMED) == 0 && life > found.life;
        }
        return isHigher(version, found);
    }

    private static boolean isLower(Version version, EntryWriter.Found found) {
        return Version.compare(version.clock(), version.origin(), found.versionClock, found.versionOrigin) < 0;
    }

    private static boolean isHigher(Version version, EntryWriter.Found found) {
        return Version.compare(version.clock(), version.origin(), found.versionClock, found.versionOrigin) > 0;
    }

    /**
     * Takes an entry away whose version is lower, without a tombstone. Not one that the next tier has not judged yet: it may have begun over
     * a delete that the other version does not stand behind.
     */
    boolean removeOlder(EncodedKey key, Version version) {
        boolean[] removed = new boolean[1];
        WriteOutcome renewed = new WriteOutcome();
        segment.see(version);
        segment.underLock(key, lock -> {
            EntryWriter.Found found = key.found;
            if (found.way < 0 || !isHigher(version, found)) {
                return true;
            }
            if ((found.marks() & UNPUBLISHED) != 0 && !found.isOwed()) {
                return renew(key, lock, renewed);
            }
            removed[0] = segment.writer().depart(found.way, found.state);
            return true;
        });
        return removed[0];
    }

    /** The relay has raised life or version of an entry published here: the entry takes them on. */
    void lift(EncodedKey key, EntrySnapshot published, Receipt receipt) {
        WriteOutcome outcome = new WriteOutcome();
        segment.underLock(key, lock -> {
            EntryWriter.Found found = key.found;
            if (found.isOwed()
                    && found.versionClock == published.versionClock
                    && found.versionOrigin == published.versionOrigin) {
                // What it was kept for is done: the relay has it, above all that it has overwritten.
                segment.writer().retireEnded(key);
                return true;
            }
            if (!segment.isLive(key) || found.life != published.life) {
                return segment.holds(key, lock);
            }
            EntrySnapshot current = key.scratch;
            boolean copied = segment.records().copyEntry(found.way, found.state, segment.now(), current);
            if (!segment.records().stillShows(found.way, found.state)) {
                return false;
            }
            if (!copied) {
                // Its pages are not its own: the file was changed from outside, and there is nothing to lift.
                return true;
            }
            boolean same =
                    current.versionClock == published.versionClock && current.versionOrigin == published.versionOrigin;
            if (same && !segment.records().stillShows(published.way, published.stateWord)) {
                // Renewed since, as a newer version of another host has come before this receipt.
                return true;
            }
            Version told = receipt.version();
            long clock = same ? told.clock() : Math.max(current.versionClock, told.clock()) + 1;
            int origin = same ? told.origin() : current.versionOrigin;
            int marks = same ? current.marks() & NOT_HANDED_OFF : current.marks() & ~LIFE_UNCONFIRMED;
            fillBody(key, current.toEntry(), clock, origin, receipt.life(), marks);
            return store(key, lock, EntryWriter.Room.EVICT, outcome);
        });
    }

    private void fillBody(EncodedKey key, SessionEntry entry, long clock, int origin, long life, int marks) {
        EntryWriter.Body body = key.body;
        int tick = segment.now();
        segment.see(entry.version());
        body.value = entry.value();
        body.offset = 0;
        body.length = entry.value().length;
        body.versionClock = clock;
        body.versionOrigin = origin;
        body.life = life;
        body.lastAccess = tick - Math.min(entry.idleTicks(), idleTicksHere(key, tick));
        body.idleLimit = segment.idleLimit(entry.idleLimitTicks());
        int left = entry.hasEnded() ? 0 : entry.lifetimeTicks();
        body.expiry = entry.lifetimeTicks() == 0 ? 0 : Ticks.nonZero(tick + left);
        body.marks = marks;
    }

    /** The session was used by whoever has used what is here: the newer version may have come late. */
    private int idleTicksHere(EncodedKey key, int tick) {
        return segment.isLive(key)
                ? Math.max(0, tick - segment.records().lastAccess(key.found.way))
                : Integer.MAX_VALUE;
    }

    private boolean store(EncodedKey key, long lock, EntryWriter.Room room, WriteOutcome outcome) {
        EntryWriter.Body body = key.body;
        int way = segment.writer().store(key, lock, room, outcome);
        if (way == EntryWriter.LOST_LOCK) {
            return false;
        }
        if (way == EntryWriter.NO_ROOM) {
            outcome.status = WriteOutcome.Status.NO_ROOM;
            return true;
        }
        segment.writer().retireReplaced(key);
        outcome.status = WriteOutcome.Status.STORED;
        report(outcome, body.versionClock, body.versionOrigin, body.life, way);
        return true;
    }

    private static void report(WriteOutcome outcome, long clock, int origin, long life, int way) {
        outcome.versionClock = clock;
        outcome.versionOrigin = origin;
        outcome.life = life;
        outcome.way = way;
    }
}
