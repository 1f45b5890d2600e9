package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.WAYS;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.globalsessions.Version;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;

/**
 * The steps of a write under a bucket's lock: find what is there, reserve a way, fill it, make it visible, retire the older
 * record. Nothing visible is overwritten, so a kill at any step leaves the old entry or the new one, whole.
 *
 * <p>Any thread of any process, with the lock of the key's first bucket held.
 */
final class EntryWriter {
    /** Returned where every place that could be taken is held. */
    static final int NO_ROOM = -1;

    /** Returned where the lock was lost: nothing became visible, start again from what is there. */
    static final int LOST_LOCK = -2;

    /** Within this class: pages that would do are held by others in the middle of their writes; given back, wait and start again. */
    private static final int PAGES_HELD = -3;

    /** Within this class: no head may go, as far as one look can tell; pages given back, look again. */
    private static final int NO_HEAD = -4;

    /** Longest wait for pages that other writers hold, over all attempts of a write. */
    private static final long PAGES_WAIT_NS = 1_000_000_000L;

    /** Bound of the first wait for pages; each further one's is twice the last, up to 32 times this. */
    private static final long FIRST_PAUSE_NS = 50_000;

    private static final int MAX_DOUBLINGS = 5;

    /**
     * Looks that have to find no head before a write ends without room while others write, and the pause behind the second one; each further one's is twice
     * the last. A writer that is not run for 7 ms between making its value visible and retiring the older one is rare even where CPUs are short.
     */
    private static final int HEAD_LOOKS = 5;

    private static final long FIRST_LOOK_PAUSE_NS = 1_000_000;

    /** Tries to reserve before giving up with NO_ROOM: each failure means that another writer took the place. */
    private static final int MAX_TRIES = 256;

    /** What a write may do to get a place. */
    enum Room {
        /** Free or expired places only. */
        FREE_ONLY,
        /** Also the oldest entry that no mark holds. */
        EVICT,
        /** If need be the oldest of all, counted as lost. */
        EVICT_HELD
    }

    /** The newest entry of a key as a write finds it. Reused. */
    static final class Found {
        int way;
        long state;
        long versionClock;
        int versionOrigin;
        long life;
        boolean expired;

        /** Whether the next tier still has to get it though its lifetime has ended. */
        boolean owed;

        /** Whether there is a record whose time has not run out. */
        boolean isLive() {
            return way >= 0 && !expired;
        }

        /** Whether there is a record that the next tier still has to get though its lifetime has ended. */
        boolean isOwed() {
            return way >= 0 && owed;
        }

        int marks() {
            return RecordDescriptor.marks(state);
        }
    }

    /** What a write stores beside the key. Reused. */
    static final class Body {
        byte[] value;
        int offset;
        int length;
        long versionClock;
        int versionOrigin;
        long life;
        int expiry;
        int idleLimit;
        int lastAccess;
        int marks;

        /** First of the pages taken for the value, {@link OverflowArea#NONE} where it lies in the record. */
        int firstPage;
    }

    private final SegmentFile file;
    private final BucketTable buckets;
    private final RecordView records;
    private final EntryReader reader;
    private final BucketLock locks;
    private final Counters counters;
    private final VictimChoice victims;
    private final PageChoice pages;
    private final InsertionSteps steps;
    private final Departures departures;

    private final VersionClock clock;

    EntryWriter(
            SegmentFile file,
            BucketTable buckets,
            RecordView records,
            EntryReader reader,
            BucketLock locks,
            VictimChoice victims,
            PageChoice pages,
            Departures departures,
            VersionClock clock) {
        this.file = file;
        this.buckets = buckets;
        this.records = records;
        this.reader = reader;
        this.locks = locks;
        this.counters = file.counters();
        this.victims = victims;
        this.pages = pages;
        this.departures = departures;
        this.clock = clock;
        this.steps = new InsertionSteps(file, buckets);
    }

    /**
     * Finds the key's newest visible record and fills {@code key.found}; retires older ones that a killed or stopped writer
     * has left beside it.
     */
    void findNewest(EncodedKey key) {
        key.found.way = -1;
        findNewestIn(key, key.firstBucket);
        findNewestIn(key, key.secondBucket); // LAYOUT set 2
    }

    private void findNewestIn(EncodedKey key, int bucket) {
        for (long left = buckets.matches(bucket, BucketTable.tag(key.high)); left != 0; left &= left - 1) {
            consider(key, bucket * WAYS + BucketTable.lane(left));
        }
    }

    private void consider(EncodedKey key, int way) {
        long state = records.stateAcquire(way);
        if (RecordDescriptor.kind(state) != RecordDescriptor.VISIBLE || !reader.hasKey(way, key)) {
            return;
        }
        long version = records.version(way);
        int origin = records.origin(way);
        long life = records.life(way);
        boolean expired = records.isExpired(way);
        boolean owed = expired && records.isOwed(way, state);
        if (!records.stillShows(way, state)) {
            // Evicted by a writer of another key meanwhile: it is not there.
            return;
        }
        if (life > version || version > Version.MAX_CLOCK) {
            // No writer leaves it so: the file was changed from outside. Kept, it would outlive its own delete.
            retire(way, state);
            counters.increment(Counter.DAMAGED_ENTRIES);
            return;
        }
        Found found = key.found;
        // A finder that was stopped here must not retire what counts now for the sake of one that has gone meanwhile.
        if (found.way >= 0 && records.stillShows(found.way, found.state)) {
            int order = Version.compare(version, origin, found.versionClock, found.versionOrigin);
            // Of one version the one with fewer marks is what a receipt has made of the other.
            if (order < 0 || (order == 0 && RecordDescriptor.marks(state) >= found.marks())) {
                retire(way, state);
                return;
            }
            retire(found.way, found.state);
        }
        found.way = way;
        found.state = state;
        found.versionClock = version;
        found.versionOrigin = origin;
        found.life = life;
        found.expired = expired;
        found.owed = owed;
    }

    /**
     * Stores {@code key.body} in a way of its own and makes it visible.
     *
     * @return the way, {@link #NO_ROOM} or {@link #LOST_LOCK}
     */
    int store(EncodedKey key, long lock, Room room, WriteOutcome outcome) {
        retireExpired(key);
        int first = key.firstBucket;
        int second = key.secondBucket;
        int existing = key.found.way;
        for (int tries = 0; tries < MAX_TRIES; tries++) {
            int way = proposedFree(key);
            if (way < 0) {
                way = victims.findFree(first, second, existing); // LAYOUT set 4
            }
            // A place that was free when it was looked for and is not now belongs to a fresh entry: look for another
            // one.
            boolean evicts = way < 0;
            if (evicts) {
                // Only now: where other writers had just taken the last free places, the look saw none for a moment.
                way = proposed(key, existing);
                if (way < 0) {
                    way = victims.find(first, second, existing, room); // LAYOUT set 4
                }
                if (way < 0) {
                    return NO_ROOM;
                }
            }
            long state = evicts ? victims.stateOf(way, room) : records.stateAcquire(way); // LAYOUT set 4
            int wantedKind = evicts ? RecordDescriptor.VISIBLE : RecordDescriptor.FREE;
            if (RecordDescriptor.kind(state) != wantedKind) {
                continue;
            }
            int generation = RecordDescriptor.generation(state) + 1;
            boolean expired = evicts && records.isExpired(way, (int) file.tick());
            boolean owed = expired && records.isOwed(way, state, (int) file.tick());
            EntrySnapshot leaving = evicts ? departures.copy(way, state, (int) file.tick()) : null;
            if (!locks.note(first, lock, way, generation)) { // LAYOUT set 5
                key.robbed++;
                return LOST_LOCK;
            }
            long reserved =
                    RecordDescriptor.held(RecordDescriptor.RESERVED, file.slot(), file.incarnation(), generation);
            if (evicts) {
                noteDeparted(way, records.version(way));
            }
            if (!records.casState(way, state, reserved)) { // LAYOUT set 6
                continue;
            }
            if (evicts) {
                countEviction(state, expired, owed, outcome);
                records.releasePages(way);
            }
            int stored = publish(key, way, reserved, lock, room, outcome);
            Departures.keep(key, leaving, expired);
            if (stored == PAGES_HELD || stored == NO_HEAD) {
                return awaitPages(first, lock, stored, key.body, outcome);
            }
            return stored;
        }
        return NO_ROOM;
    }

    /**
     * Takes the key's own record away where its time has run out: no kill could lose anything by that any more, its way and its pages
     * are there before any live entry has to go, and whatever its version was, it is no longer beside the new record. Not one that is owed and
     * that the new record stands for: until that is there, a kill would lose it.
     */
    private void retireExpired(EncodedKey key) {
        Found found = key.found;
        Body body = key.body;
        boolean stays = found.isOwed()
                && Version.compare(body.versionClock, body.versionOrigin, found.versionClock, found.versionOrigin) >= 0;
        if (found.way >= 0 && found.expired && !stays) {
            retireEnded(key); // LAYOUT set 3
            found.way = -1;
        }
    }

    /** Takes the key's own record away whose time has run out, and has that told. */
    void retireEnded(EncodedKey key) {
        Found found = key.found;
        EntrySnapshot leaving = departures.copy(found.way, found.state, (int) file.tick());
        if (depart(found.way, found.state)) { // LAYOUT set 3, set 10
            counters.increment(Counter.EXPIRATIONS);
            Departures.keep(key, leaving, true);
        }
    }

    /** The free way that {@link #look} has proposed, once, if nobody has used it since; -1 otherwise. */
    private int proposedFree(EncodedKey key) {
        boolean free = key.candidate >= 0 && RecordDescriptor.kind(key.candidateState) == RecordDescriptor.FREE;
        return free ? proposed(key, -1) : -1;
    }

    /** The way that {@link #look} has proposed, once, if it still stands as it did then; -1 otherwise. */
    private int proposed(EncodedKey key, int existing) {
        int way = key.candidate;
        key.candidate = -1;
        boolean usable = way != existing && key.isInItsBuckets(way);
        return usable && records.stillShows(way, key.candidateState) ? way : -1;
    }

    /**
     * Looks at all that a write of the key is about to need and proposes the way that it takes: without a fence in between, the
     * lines of two headers, the old record and the new one come from memory at the same time. Decides nothing: under the lock
     * everything is looked at again.
     */
    void look(EncodedKey key, Room room) {
        int tag = BucketTable.tag(key.high);
        int first = key.firstBucket;
        int second = key.secondBucket;
        long inFirst = buckets.matches(first, tag);
        long inSecond = buckets.matches(second, tag);
        int existing = inFirst != 0
                ? first * WAYS + BucketTable.lane(inFirst)
                : inSecond != 0 ? second * WAYS + BucketTable.lane(inSecond) : -1;
        int way = victims.findFree(first, second, existing);
        if (way < 0) {
            way = victims.find(first, second, existing, room);
        }
        key.candidate = way;
        if (way >= 0) {
            key.candidateState = records.stateAcquire(way);
        }
        long looked = existing < 0 ? 0 : records.stateAcquire(existing);
        // Kept, so that no compiler leaves loads out of which nobody wants the result.
        key.signature = way < 0 ? looked : looked + records.fetch(way, key.length + key.body.length);
    }

    private void countEviction(long state, boolean expired, boolean owed, WriteOutcome outcome) {
        outcome.evicted |= !expired;
        counters.increment(expired ? Counter.EXPIRATIONS : Counter.EVICTIONS);
        if (owed || (!expired && (RecordDescriptor.marks(state) & victims.holdMask()) != 0)) {
            counters.increment(Counter.LOST_UNPUBLISHED);
        }
    }

    private int publish(EncodedKey key, int way, long reserved, long lock, Room room, WriteOutcome outcome) {
        boolean visible = false;
        boolean isInsertion = !key.found.isLive();
        Body body = key.body;
        body.firstPage = OverflowArea.NONE;
        try {
            // A thief that came before the reservation has not seen it, but has changed the lock word by now.
            if (locks.holds(key.firstBucket, lock)) { // LAYOUT set 7
                if (records.overflows(key.length, body.length)) {
                    int taken = takePages(key, way, reserved, room, outcome);
                    if (taken < 0) {
                        return taken;
                    }
                }
                visible = show(key, way, reserved, isInsertion);
            }
        } finally {
            if (!visible) {
                records.releasePages(way, body.firstPage);
                free(way, reserved);
            }
        }
        if (!visible) {
            counters.increment(Counter.WRITES_RESTARTED);
            key.robbed++;
            return LOST_LOCK;
        }
        key.robbed = 0;
        if (isInsertion) {
            steps.inserted();
        }
        return way;
    }

    /** Writes the body, the way's lanes, and last the state word that makes it visible; false where it was set aside, or lost a page. */
    private boolean show(EncodedKey key, int way, long reserved, boolean isInsertion) {
        Body body = key.body;
        int bucket = way / WAYS;
        int lane = way % WAYS;
        if (!records.write(way, reserved, key, body)) {
            return false;
        }
        int due = RecordView.due(body.expiry, body.lastAccess, body.idleLimit);
        int hints = body.marks | (due != 0 ? BucketTable.EXPIRES : 0);
        buckets.setStamp(bucket, lane, BucketTable.stampOf(buckets.step(), isInsertion)); // LAYOUT set 8
        buckets.setHints(bucket, lane, hints); // LAYOUT set 8
        if (due != 0) {
            buckets.expectExpiry(bucket, due); // LAYOUT set 8
        }
        buckets.setTag(bucket, lane, BucketTable.tag(key.high)); // LAYOUT set 8
        long state = RecordDescriptor.visible(body.marks, RecordDescriptor.generation(reserved));
        boolean visible = records.casState(way, reserved, state); // LAYOUT set 9
        if (visible) {
            // A late acknowledgement of the way's last entry may have changed the hints under our hands.
            buckets.setMarkHints(bucket, lane, body.marks); // LAYOUT set 9
        }
        return visible;
    }

    /**
     * Takes the pages of a large value, evicting others for it where the room allows that.
     *
     * @return how many, {@link #NO_ROOM}, {@link #PAGES_HELD} or {@link #NO_HEAD}
     */
    private int takePages(EncodedKey key, int way, long reserved, Room room, WriteOutcome outcome) {
        Body body = key.body;
        int generation = RecordDescriptor.generation(reserved);
        int wanted = SegmentDescriptor.pagesOf(body.length);
        int missing = wanted;
        for (int tries = 0; tries < MAX_TRIES; tries++) {
            missing -= pages.takeFree(way, generation, missing, body);
            if (missing == 0) {
                return wanted;
            }
            if (room == Room.FREE_ONLY) {
                return NO_ROOM;
            }
            long chosen = pages.victim(key.found.way, wanted, missing, room);
            if (chosen == PageChoice.FREED) {
                continue;
            }
            if (chosen == PageChoice.BARREN) {
                return NO_ROOM;
            }
            int victim = OverflowArea.way(chosen);
            if (victim < 0) {
                return chosen == PageChoice.COMING ? PAGES_HELD : NO_HEAD;
            }
            long state = victims.stateOf(victim, room); // LAYOUT set 7
            boolean expired = records.isExpired(victim, (int) file.tick());
            boolean owed = expired && records.isOwed(victim, state, (int) file.tick());
            EntrySnapshot leaving = departures.copy(victim, state, (int) file.tick());
            // A way that shows another entry by now was not chosen for that one.
            boolean stands = RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE
                    && RecordDescriptor.generation(state) == OverflowArea.generation(chosen);
            if (stands && depart(victim, state)) {
                countEviction(state, expired, owed, outcome);
                Departures.keep(key, leaving, expired);
            }
        }
        return PAGES_HELD;
    }

    /**
     * Lets the others go first after this write has given its way and its pages back: two that each hold half of the pages would
     * otherwise both end without room. Without the lock, so that nobody takes this one for dead; by chance, so that those who met
     * once do not meet again.
     *
     * @param reason {@link #PAGES_HELD} or {@link #NO_HEAD}
     * @return {@link #LOST_LOCK}, or {@link #NO_ROOM} where this write has waited, or looked, for long enough
     */
    private int awaitPages(int bucket, long lock, int reason, Body body, WriteOutcome outcome) {
        long nowNs = System.nanoTime();
        if (outcome.pageWaits == 0) {
            outcome.pagesDeadlineNs = nowNs + PAGES_WAIT_NS;
        } else if (outcome.pagesDeadlineNs - nowNs < 0) {
            return NO_ROOM;
        }
        long pauseNs;
        if (reason == NO_HEAD) {
            outcome.vainLooks++;
            // Who was replacing a value during the first look may have ended before this one: what it has replaced is
            // free by now, and what it has stored may go.
            boolean isFirst = outcome.vainLooks == 1;
            if (!isFirst && (outcome.vainLooks == HEAD_LOOKS || !locks.isAnotherHeld(bucket))) {
                pages.noteBarren(SegmentDescriptor.pagesOf(body.length));
                return NO_ROOM;
            }
            pauseNs = isFirst ? 0 : FIRST_LOOK_PAUSE_NS << (outcome.vainLooks - 2);
        } else {
            outcome.vainLooks = 0;
            long bound = FIRST_PAUSE_NS << Math.min(outcome.pageWaits, MAX_DOUBLINGS);
            pauseNs = 1 + ThreadLocalRandom.current().nextLong(bound);
        }
        locks.release(bucket, lock);
        counters.increment(Counter.WRITES_RESTARTED);
        outcome.pageWaits++;
        if (pauseNs > 0) {
            LockSupport.parkNanos(pauseNs);
        }
        return LOST_LOCK;
    }

    /** Takes the older record of a key away that has just been stored anew. */
    void retireReplaced(EncodedKey key) {
        Found found = key.found;
        if (found.way >= 0 && found.expired) {
            retireEnded(key); // LAYOUT set 10
        } else if (found.way >= 0) {
            retire(found.way, found.state); // LAYOUT set 10
        }
    }

    /**
     * Takes a visible record away of whose key nothing newer stays here. An announcement that was made before that one was known there is kept out by what
     * is noted of it first: it would bring back what that one had replaced. Returns false where somebody else has taken it away.
     */
    boolean depart(int way, long seen) {
        noteDeparted(way, records.version(way));
        return retire(way, seen);
    }

    /**
     * Where the segment has relays, which announce, by whichever process. What is read of a way that shows another entry by now keeps out more than it
     * has to, which costs a question; what is further ahead than clocks may be would do so for as long.
     */
    private void noteDeparted(int way, long versionClock) {
        if (file.relays().areAny()) {
            long most = clock.mostExpected();
            if (versionClock <= most) {
                buckets.noteDeparted(way / WAYS, versionClock, most);
            }
        }
    }

    /** Clock of a version below which an entry of either bucket may have had a newer one here that has gone; 0 for none. */
    long departed(int firstBucket, int secondBucket) {
        return buckets.departed(firstBucket, secondBucket, clock.mostExpected());
    }

    /** Takes a visible record away: of its key something newer stays, or a tombstone. Returns false where somebody else has done so. */
    boolean retire(int way, long seen) {
        long state = seen;
        long reserved = RecordDescriptor.held(
                RecordDescriptor.RESERVED, file.slot(), file.incarnation(), RecordDescriptor.generation(seen) + 1);
        while (!records.casState(way, state, reserved)) { // LAYOUT set 10, delete 3, sweep 2
            state = records.stateVolatile(way);
            boolean sameEntry = RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE
                    && RecordDescriptor.generation(state) == RecordDescriptor.generation(seen);
            if (!sameEntry) {
                return false;
            }
        }
        records.releasePages(way); // LAYOUT set 10, delete 3
        free(way, reserved);
        return true;
    }

    /** Gives a reserved way up, also where a thief has set it aside meanwhile. Its hints count no more without a tag. */
    void free(int way, long reserved) {
        buckets.setTag(way / WAYS, way % WAYS, 0); // LAYOUT set 10, delete 3, sweep 2
        long free = RecordDescriptor.free(RecordDescriptor.generation(reserved));
        if (!records.casState(way, reserved, free)) { // LAYOUT set 10, delete 3, sweep 2
            long aside = RecordDescriptor.held(
                    RecordDescriptor.ASIDE,
                    RecordDescriptor.slot(reserved),
                    RecordDescriptor.incarnation(reserved),
                    RecordDescriptor.generation(reserved));
            records.casState(way, aside, free); // LAYOUT set 9
        }
    }

    /** Clears marks under the word they were read under; the hints follow. */
    boolean clearMarks(int way, long state, int marks) {
        long cleared = RecordDescriptor.withMarks(state, RecordDescriptor.marks(state) & ~marks);
        if (RecordDescriptor.kind(state) != RecordDescriptor.VISIBLE || !records.casState(way, state, cleared)) {
            return false;
        }
        alignHints(way);
        return true;
    }

    /** Adds marks under the word they were read under; the hints follow. */
    boolean addMarks(int way, long state, int marks) {
        long marked = RecordDescriptor.withMarks(state, RecordDescriptor.marks(state) | marks);
        if (RecordDescriptor.kind(state) != RecordDescriptor.VISIBLE || !records.casState(way, state, marked)) {
            return false;
        }
        alignHints(way);
        return true;
    }

    /** Makes a way's mark hints equal its marks; repeats while the state word changes under it. */
    void alignHints(int way) {
        long state = records.stateVolatile(way);
        while (RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE) {
            buckets.setMarkHints(way / WAYS, way % WAYS, RecordDescriptor.marks(state)); // LAYOUT sweep 2
            long now = records.stateVolatile(way);
            if (now == state) {
                return;
            }
            state = now;
        }
    }
}
