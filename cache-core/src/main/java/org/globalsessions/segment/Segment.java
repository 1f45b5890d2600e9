package org.globalsessions.segment;

import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.status.Counter;

/**
 * The parts of one attached segment, and what every write shares: the lock, what is found under it, the tombstone that has
 * to be applied first.
 *
 * <p>Any thread of any process.
 */
final class Segment {
    /** One attempt of a write under the lock. */
    @FunctionalInterface
    interface Attempt {
        /** Returns false where the lock was lost and everything has to start again. */
        boolean run(long lock);
    }

    private final SegmentFile file;
    private final BucketTable buckets;
    private final OverflowArea overflow;
    private final RecordView records;
    private final TombstoneTable tombstones;
    private final EntryReader reader;
    private final BucketLock locks;
    private final VictimChoice victims;
    private final EntryWriter writer;
    private final Departures departures;
    private final VersionClock clock;
    private final int tombstoneFlags;
    private final boolean host;
    private final boolean laterTier;
    private volatile boolean closed;

    Segment(SegmentFile file, SegmentSettings settings) {
        int holdMask = holdMask(settings.role());
        int owedMask = settings.role().hasNextTier() ? RecordDescriptor.UNPUBLISHED : 0;
        this.file = file;
        this.laterTier = SegmentHeader.isLaterTier(file.header().getInt(SegmentDescriptor.ROLE_OFFSET));
        this.clock = new VersionClock(
                file.environment(), file.header(), new RelayClocks(file.header(), file::now), this::onSetBack);
        this.buckets = new BucketTable(file);
        this.overflow = new OverflowArea(file);
        this.host = settings.role() == SegmentSettings.Role.HOST;
        this.records = new RecordView(file, overflow, laterTier, owedMask);
        this.tombstones = new TombstoneTable(file, buckets, settings.role());
        this.reader = new EntryReader(buckets, records);
        this.locks = new BucketLock(file, buckets, records, settings.lockWait().toNanos());
        this.victims = new VictimChoice(file, buckets, records, holdMask, settings.untouchedAging());
        PageChoice pages = new PageChoice(file, overflow, victims, records);
        this.departures = new Departures(file, records, reader);
        this.writer = new EntryWriter(file, buckets, records, reader, locks, victims, pages, departures, clock);
        this.tombstoneFlags =
                TombstoneTable.NOT_APPLIED | (settings.role().hasNextTier() ? TombstoneTable.UNACKNOWLEDGED : 0);
    }

    private static int holdMask(SegmentSettings.Role role) {
        return switch (role) {
            case HOST -> RecordDescriptor.UNPUBLISHED;
            case RELAY -> RecordDescriptor.NOT_HANDED_OFF;
            case STANDALONE, RELIEF, LONE_RELAY -> 0;
        };
    }

    SegmentFile file() {
        return file;
    }

    BucketTable buckets() {
        return buckets;
    }

    OverflowArea overflow() {
        return overflow;
    }

    RecordView records() {
        return records;
    }

    TombstoneTable tombstones() {
        return tombstones;
    }

    EntryReader reader() {
        return reader;
    }

    BucketLock locks() {
        return locks;
    }

    VictimChoice victims() {
        return victims;
    }

    Departures departures() {
        return departures;
    }

    EntryWriter writer() {
        return writer;
    }

    int tick() {
        return (int) file.tick();
    }

    /** As {@link #tick}, by the clock: where what follows must not be of the moment before this process was stopped. */
    int now() {
        return (int) file.now();
    }

    int origin() {
        return file.origin();
    }

    void count(Counter counter) {
        file.counters().increment(counter);
    }

    /**
     * Runs attempts of a write under the lock of the key's first bucket until one is done. Before each, what is there stands
     * in {@code key.found} and {@code key.tombstone}, and a tombstone not yet applied is applied.
     */
    void underLock(EncodedKey key, Attempt attempt) {
        boolean done = false;
        key.robbed = 0;
        key.taken = false;
        while (!done) {
            long lock = begin(key);
            try {
                done = attempt.run(lock);
            } finally {
                end(key, lock);
            }
        }
    }

    /** Brings what a write is about to need from memory, before the lock is held. */
    void look(EncodedKey key, EntryWriter.Room room) {
        key.firstBucket = buckets.firstBucket(key.low);
        key.secondBucket = buckets.secondBucket(key.low);
        writer.look(key, room);
    }

    /** Begins one attempt: takes the lock, looks at what is there. Returns the lock word held. */
    long begin(EncodedKey key) {
        // Pairs with close: either it sees that this thread writes, or this thread sees that the segment is closed.
        key.writing = true;
        boolean ready = false;
        long lock = 0;
        try {
            if (closed) {
                throw new IllegalStateException("the segment is closed in this process: " + file.path());
            }
            int first = buckets.firstBucket(key.low);
            key.firstBucket = first;
            key.secondBucket = buckets.secondBucket(key.low);
            lock = locks.acquire(first, key.robbed); // LAYOUT set 1, delete 1
            writer.findNewest(key); // LAYOUT set 2, delete 1
            tombstones.find(key.high, key.low, key.tombstone);
            applyTombstone(key, lock); // LAYOUT set 2, delete 1
            ready = true;
            return lock;
        } finally {
            if (!ready) {
                end(key, lock);
            }
        }
    }

    /** Ends an attempt: gives the lock up where it is still held. */
    void end(EncodedKey key, long lock) {
        if (lock != 0) {
            locks.release(key.firstBucket, lock); // LAYOUT set 11, delete 4
        }
        key.writing = false;
        // A proposal is for this attempt alone: a later write of the thread would evict what has been used since.
        key.candidate = -1;
        if (key.firstGone != null) {
            departures.tellKept(key);
        }
    }

    /**
     * Takes a visible record away outside a bucket's lock, as a write of the key's thread: the way is reserved for a moment, so
     * the slot must not be given up under it.
     */
    boolean retire(EncodedKey thread, int way, long state) {
        thread.writing = true;
        try {
            ensureOpen();
            return writer.depart(way, state);
        } finally {
            thread.writing = false;
        }
    }

    void ensureOpen() {
        if (closed) {
            throw new IllegalStateException("the segment is closed in this process: " + file.path());
        }
    }

    /** Where the clock that versions are made of stands. */
    long versionClock() {
        return clock.next(0);
    }

    /** What was begun up to now may have been sent by a process that has lost its life. */
    void noteCuts() {
        file.relays().raiseCuts(versionClock());
    }

    /** What was begun up to now may have been sent by a process that has just lost its connection. */
    void noteCut(RelayLease lease) {
        lease.raiseCut(versionClock());
    }

    /**
     * Lower versions are given from now on. At a later tier what it has taken was not ahead of its clock then; at a host lives that begin from
     * now on look older than some that were sent.
     */
    private void onSetBack(long before) {
        if (laterTier) {
            clock.see(before);
        } else {
            file.relays().raiseCuts(before);
        }
    }

    /** The clock that versions are made of. */
    VersionClock clock() {
        return clock;
    }

    /** Whether the lock of the key's first bucket is still held under this word. */
    boolean holds(EncodedKey key, long lock) {
        return locks.holds(key.firstBucket, lock);
    }

    /** Whether writes are refused by now. */
    boolean isClosed() {
        return closed;
    }

    /**
     * Refuses further writes and waits for those under way, at most so long. The attach slot may be given up only after, since
     * a process that gets it next must find nothing still written under it.
     *
     * @return false where a write is still under way
     */
    boolean closeForWrites(ThreadKeys threads, long timeoutNs) {
        closed = true;
        // Only now: a thread that got its key before must be waited for, one that gets it from now on finds this
        // closed.
        List<EncodedKey> keys = threads.all();
        long deadlineNs = System.nanoTime() + timeoutNs;
        for (EncodedKey key : keys) {
            while (key.writing) {
                if (System.nanoTime() - deadlineNs > 0) {
                    return false;
                }
                Thread.onSpinWait();
            }
        }
        return true;
    }

    /**
     * Takes the record away that the key's tombstone beats, and says in the tombstone that this is done. Says so only while the
     * lock is held: whoever takes it over later finds the tombstone, but one who did so before may have stored what it beats.
     *
     * @return false where the lock was lost
     */
    private boolean applyTombstone(EncodedKey key, long lock) {
        TombstoneTable.Found tombstone = key.tombstone;
        if (!tombstone.exists()) {
            return true;
        }
        if (key.found.way >= 0 && key.found.life <= tombstone.versionClock) {
            boolean live = key.found.isLive();
            boolean retired = writer.retire(key.found.way, key.found.state); // LAYOUT set 2, delete 3
            key.taken |= retired && live;
            key.found.way = -1;
        }
        if (!locks.holds(key.firstBucket, lock)) { // LAYOUT delete 4
            return false;
        }
        if ((tombstone.flags() & TombstoneTable.NOT_APPLIED) != 0) {
            tombstones.clearFlags(tombstone.place, tombstone.state, TombstoneTable.NOT_APPLIED); // LAYOUT delete 4
        }
        return true;
    }

    /** The idle limit of a record for an entry with that one. */
    int idleLimit(int told) {
        return laterTier ? Ticks.kept(told) : told;
    }

    /**
     * Whether a record has no use any more: on a host an idle one has until no tier behind keeps the entry either, and one that is owed has
     * everywhere.
     */
    boolean isOver(int way, long state, int tick) {
        boolean over = host ? records.isOver(way, tick) : records.isExpired(way, tick);
        return over && !records.isOwed(way, state, tick);
    }

    /** Whether what was found under the lock is a live entry. */
    boolean isLive(EncodedKey key) {
        return key.found.isLive();
    }

    /** A version from elsewhere, which versions given here have to be above. */
    void see(Version version) {
        clock.see(version.clock());
    }

    /** A version above everything of the key that was found under the lock, and above what was seen of others. */
    long nextVersion(EncodedKey key) {
        long above = key.found.way >= 0 ? key.found.versionClock : 0;
        return clock.next(Math.max(above, key.tombstone.versionClock));
    }

    /** A version's clock that no other write of this host gets, above an expected one: see {@link VersionClock#unique}. */
    long uniqueVersion(long expected) {
        return clock.unique(expected, file.slot());
    }

    /** The same in the place of one that the relay has refused: see {@link VersionClock#uniqueAgain}. */
    long uniqueVersionAgain(RelayPosition relay, long above) {
        return clock.uniqueAgain(relay.place(), above, file.slot());
    }

    /** How the putting of a tombstone ended. */
    enum Burial {
        /** It stands and is applied. */
        DONE,
        /** There is no place for it. */
        NO_ROOM,
        /** The lock was lost: everything has to start again. */
        LOST_LOCK
    }

    /** Puts a tombstone and applies it at once. */
    Burial putTombstone(EncodedKey key, long lock, long versionClock, int versionOrigin, long position) {
        return putTombstone(key, lock, versionClock, versionOrigin, position, 0);
    }

    /** As {@link #putTombstone(EncodedKey, long, long, int, long)}, with a life that no version in its place may be below. */
    Burial putTombstone(EncodedKey key, long lock, long versionClock, int versionOrigin, long position, long life) {
        if (!locks.holds(key.firstBucket, lock)) {
            return Burial.LOST_LOCK;
        }
        clock.see(versionClock);
        int place = tombstones.put(key.high, key.low, versionClock, versionOrigin, position, life, tombstoneFlags);
        if (place < 0) {
            return Burial.NO_ROOM;
        }
        // By its place and not by the bucket's count of tombstones, which damage may have made too low.
        tombstones.read(place, key.tombstone);
        if (!applyTombstone(key, lock)) {
            // Its tick may be from before a load that has begun under the next holder of the lock.
            tombstones.noteDrop(0);
            return Burial.LOST_LOCK;
        }
        return Burial.DONE;
    }

    /** The next tier has the key's tombstone, or sent it: the highest one, if it is not higher than that. */
    void acknowledgeTombstone(EncodedKey key, Version known) {
        tombstones.find(key.high, key.low, key.tombstone);
        TombstoneTable.Found tombstone = key.tombstone;
        if (tombstone.exists() && tombstone.comparedTo(known) <= 0) {
            tombstones.clearFlags(tombstone.place, tombstone.state, TombstoneTable.UNACKNOWLEDGED);
        }
    }
}
