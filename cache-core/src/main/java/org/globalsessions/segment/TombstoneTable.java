package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.TICK_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.TOMBSTONES_PER_BUCKET;
import static org.globalsessions.segment.SegmentDescriptor.TOMBSTONE_DIGEST_HIGH_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.TOMBSTONE_DIGEST_LOW_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.TOMBSTONE_LENGTH;
import static org.globalsessions.segment.SegmentDescriptor.TOMBSTONE_LIFE_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.TOMBSTONE_ORIGIN_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.TOMBSTONE_POSITION_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.TOMBSTONE_STATE_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.TOMBSTONE_TICK_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.TOMBSTONE_VERSION_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.YOUNGEST_DROPPED_OFFSET;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.globalsessions.Version;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;

/**
 * The compact table of tombstones: digest and version of deleted keys, 56 bytes each, in one of two buckets of eight.
 *
 * <p>Any thread of any process may read. Tombstones of one key are written under the lock of the key's first bucket; places
 * are shared between keys and taken by compare-and-set like records: state words have the same form, and a visible tombstone
 * is never changed but in its flags. Where there is a next tier, a tombstone that it has not acknowledged is never dropped.
 */
final class TombstoneTable {
    /** Flag: entries that it beats may still be visible. Whoever meets it applies it first. */
    static final int NOT_APPLIED = 1;

    /** Flag: the next tier has not acknowledged it. */
    static final int UNACKNOWLEDGED = 2;

    /**
     * For a position: the relay's next number, which is given once there is a place, so that none is given in vain but where a lock is lost. Unlike that of an
     * entry it is there before the change is to be seen, which does no harm as the relay's event loop alone reads numbers for answers, and makes changes.
     */
    static final long NEXT_NUMBER = -1;

    /** How long an acknowledged tombstone stays: longer than any question can be open. 5 minutes. */
    static final int RETENTION_TICKS = 30_000;

    private static final int CANDIDATES = 2 * TOMBSTONES_PER_BUCKET;
    private static final int EQUAL_LOOKS = 3;
    private static final int EQUAL_LOOKS_IF_FREE = 2;
    private static final long SAME_TOMBSTONE = 0xFFFF_FFFF_0000_0007L;

    /** A tombstone as it was read. Reused. */
    static final class Found {
        int place = -1;
        long state;
        long versionClock;
        int versionOrigin;
        long position;
        long life;

        /** Of the state words of the key's tombstones; {@link #moved} where one of them has changed while it was read. */
        private long signature;

        private boolean moved;

        boolean exists() {
            return place >= 0;
        }

        int flags() {
            return RecordDescriptor.marks(state);
        }

        /** How it stands to a version: below 0 where it is lower, as where there is none, 0 for that very one, above 0 where it is higher. */
        int comparedTo(Version version) {
            return Version.compare(versionClock, versionOrigin, version.clock(), version.origin());
        }

        /** Whether it waits for the next tier's receipt. */
        boolean isUnacknowledged() {
            return exists() && (flags() & UNACKNOWLEDGED) != 0;
        }
    }

    private final SegmentFile file;
    private final BucketTable buckets;
    private final ByteBuffer header;
    private final ByteBuffer table;
    private final int bucketCount;
    private final Counters counters;
    private final int heldBy;
    private final boolean host;

    /**
     * The tombstones of a segment.
     *
     * @param role of the segment. Where there is no next tier nobody ever acknowledges a tombstone, also none that was made while there was
     *             one
     */
    TombstoneTable(SegmentFile file, BucketTable buckets, SegmentSettings.Role role) {
        this.heldBy = role.hasNextTier() ? NOT_APPLIED | UNACKNOWLEDGED : NOT_APPLIED;
        this.host = role == SegmentSettings.Role.HOST;
        this.buckets = buckets;
        this.file = file;
        this.header = file.header();
        this.table = file.tombstones();
        this.bucketCount = file.tombstoneBucketCount();
        this.counters = file.counters();
    }

    int count() {
        return bucketCount * TOMBSTONES_PER_BUCKET;
    }

    private int place(long digestHigh, int candidate) {
        long spread = KeyHash.spread(digestHigh, 0);
        int bucket = candidate < TOMBSTONES_PER_BUCKET
                ? KeyHash.firstOf(spread, bucketCount)
                : KeyHash.secondOf(spread, bucketCount);
        return bucket * TOMBSTONES_PER_BUCKET + candidate % TOMBSTONES_PER_BUCKET;
    }

    private static int offset(int place) {
        return place * TOMBSTONE_LENGTH;
    }

    long state(int place) {
        return (long) Words.LONG.getVolatile(table, offset(place) + TOMBSTONE_STATE_OFFSET);
    }

    boolean casState(int place, long expected, long changed) {
        return Words.LONG.compareAndSet(table, offset(place) + TOMBSTONE_STATE_OFFSET, expected, changed);
    }

    boolean stillShows(int place, long state) {
        VarHandle.acquireFence();
        long now = (long) Words.LONG.getOpaque(table, offset(place) + TOMBSTONE_STATE_OFFSET);
        return ((now ^ state) & SAME_TOMBSTONE) == 0;
    }

    long digestHigh(int place) {
        return table.getLong(offset(place) + TOMBSTONE_DIGEST_HIGH_OFFSET);
    }

    long digestLow(int place) {
        return table.getLong(offset(place) + TOMBSTONE_DIGEST_LOW_OFFSET);
    }

    /** Finds the highest tombstone of a digest, under the lock of the key; {@code into.place} is -1 where there is none. */
    void find(long digestHigh, long digestLow, Found into) {
        find(digestHigh, digestLow, 0, into);
    }

    /** As {@link #find}, the highest one that the next tier has not acknowledged: where another host's is higher there are two. */
    void findUnacknowledged(long digestHigh, long digestLow, Found into) {
        find(digestHigh, digestLow, UNACKNOWLEDGED, into);
    }

    /** As {@link #find}, without the lock. */
    void look(long digestHigh, long digestLow, Found into) {
        look(digestHigh, digestLow, 0, into);
    }

    /** As {@link #findUnacknowledged}, without the lock. */
    void lookForUnacknowledged(long digestHigh, long digestLow, Found into) {
        look(digestHigh, digestLow, UNACKNOWLEDGED, into);
    }

    /**
     * A delete that follows another one is visible before that one's place is freed, but a look from place to place can pass the first before and
     * come to the second after: it would see neither. So it counts when the lock word stayed the same and several looks have seen the same:
     * as in {@link EntryReader}, it looks again only when a writer has made progress.
     */
    private void look(long digestHigh, long digestLow, int flags, Found into) {
        int first = buckets.firstBucket(digestLow);
        long lock = buckets.lockWord(first);
        long seen = 0;
        int equalLooks = 0;
        while (true) {
            find(digestHigh, digestLow, flags, into);
            long now = buckets.lockWord(first);
            boolean same = now == lock && !into.moved;
            equalLooks = !same ? 0 : equalLooks > 0 && into.signature == seen ? equalLooks + 1 : 1;
            if (equalLooks == (HolderWord.isFree(now) ? EQUAL_LOOKS_IF_FREE : EQUAL_LOOKS)) {
                return;
            }
            seen = into.signature;
            lock = now;
        }
    }

    private void find(long digestHigh, long digestLow, int flags, Found into) {
        into.place = -1;
        into.versionClock = 0;
        into.versionOrigin = 0;
        into.position = 0;
        into.life = 0;
        into.state = 0;
        into.signature = 0;
        into.moved = false;
        if (buckets.tombstones(buckets.firstBucket(digestLow)) == 0) {
            // Counted before it is visible: there is none.
            return;
        }
        for (int candidate = 0; candidate < CANDIDATES; candidate++) {
            int place = place(digestHigh, candidate);
            long state = state(place);
            if (RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE
                    && (RecordDescriptor.marks(state) & flags) == flags
                    && digestHigh(place) == digestHigh
                    && digestLow(place) == digestLow) {
                consider(place, state, into);
            }
        }
    }

    private void consider(int place, long state, Found into) {
        int at = offset(place);
        long clock = table.getLong(at + TOMBSTONE_VERSION_OFFSET);
        int origin = table.getInt(at + TOMBSTONE_ORIGIN_OFFSET);
        long position = table.getLong(at + TOMBSTONE_POSITION_OFFSET);
        long life = table.getLong(at + TOMBSTONE_LIFE_OFFSET);
        boolean shown = stillShows(place, state);
        into.signature = into.signature * 31 + state;
        into.moved |= !shown;
        if (shown
                // A damaged one: no write could come after it.
                && clock <= Version.MAX_CLOCK
                && (into.place < 0 || Version.compare(clock, origin, into.versionClock, into.versionOrigin) > 0)) {
            into.place = place;
            into.state = state;
            into.versionClock = clock;
            into.versionOrigin = origin;
            into.position = position;
            into.life = life;
        }
    }

    /** Reads whatever one place shows; false where it shows nothing, or what no writer leaves. */
    boolean read(int place, Found into) {
        into.place = -1;
        long state = state(place);
        if (RecordDescriptor.kind(state) != RecordDescriptor.VISIBLE) {
            return false;
        }
        consider(place, state, into);
        return into.place >= 0;
    }

    /**
     * Stores a tombstone and takes lower ones of the same digest away, under the lock of the key. Where there is no place for it, a load
     * that has begun must find out all the same: it counts as dropped at once.
     *
     * @param position its number, 0 for none yet, or {@link #NEXT_NUMBER}
     * @param life     what no version in its place may be below, 0 for nothing
     * @return its place, or -1 where all places hold tombstones that must not be dropped
     */
    int put(long digestHigh, long digestLow, long clock, int origin, long position, long life, int flags) {
        long number = position;
        for (int tries = 0; tries < CANDIDATES * 4; tries++) {
            int place = choose(digestHigh);
            if (place < 0) {
                return refuse();
            }
            long state = state(place);
            int kind = RecordDescriptor.kind(state);
            boolean droppable = isDroppable(state);
            if (kind != RecordDescriptor.FREE && !droppable) {
                continue;
            }
            int generation = RecordDescriptor.generation(state) + 1;
            boolean early = droppable && !isRetentionOver(place);
            long reserved =
                    RecordDescriptor.held(RecordDescriptor.RESERVED, file.slot(), file.incarnation(), generation);
            int droppedOf = droppable ? buckets.firstBucket(digestLow(place)) : -1;
            if (droppable) {
                noteDropOf(place); // LAYOUT delete 2
            }
            if (!casState(place, state, reserved)) { // LAYOUT delete 2
                continue;
            }
            if (droppable) {
                buckets.addTombstones(droppedOf, -1);
            }
            if (early) {
                counters.increment(Counter.TOMBSTONES_DROPPED_EARLY);
            }
            number = number == NEXT_NUMBER ? file.nextPosition() : number; // LAYOUT delete 2
            write(place, digestHigh, digestLow, clock, origin, number, life);
            int bucket = buckets.firstBucket(digestLow);
            buckets.addTombstones(bucket, 1);
            if (!casState(place, reserved, RecordDescriptor.visible(flags, generation))) { // LAYOUT delete 2
                // This process was taken for dead: what it had reserved is another one's.
                buckets.addTombstones(bucket, -1);
                continue;
            }
            dropLower(digestHigh, digestLow, clock, origin, place); // LAYOUT delete 2
            return place;
        }
        return refuse();
    }

    private int refuse() {
        noteDrop(0);
        counters.increment(Counter.TOMBSTONES_REFUSED);
        return -1;
    }

    private void write(int place, long digestHigh, long digestLow, long clock, int origin, long position, long life) {
        int at = offset(place);
        // The reservation must be seen before the first byte of the body, as with records.
        VarHandle.storeStoreFence();
        table.putLong(at + TOMBSTONE_DIGEST_HIGH_OFFSET, digestHigh);
        table.putLong(at + TOMBSTONE_DIGEST_LOW_OFFSET, digestLow);
        table.putLong(at + TOMBSTONE_VERSION_OFFSET, clock); // LAYOUT delete 2
        table.putInt(at + TOMBSTONE_ORIGIN_OFFSET, origin);
        table.putInt(at + TOMBSTONE_TICK_OFFSET, (int) publishedTick());
        table.putLong(at + TOMBSTONE_POSITION_OFFSET, position);
        table.putLong(at + TOMBSTONE_LIFE_OFFSET, life);
    }

    /**
     * Takes tombstones of a digest away that are not higher than a version, but for one place; not a host's own that another one's is put
     * above, while the next tier has not acknowledged it: nobody else would tell that tier.
     */
    void dropLower(long digestHigh, long digestLow, long clock, int origin, int keep) {
        for (int candidate = 0; candidate < CANDIDATES; candidate++) {
            int place = place(digestHigh, candidate);
            long state = state(place);
            int at = offset(place);
            boolean awaited = host
                    && (RecordDescriptor.marks(state) & UNACKNOWLEDGED) != 0
                    && table.getInt(at + TOMBSTONE_ORIGIN_OFFSET) != origin;
            if (place != keep
                    && !awaited
                    && RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE
                    && digestHigh(place) == digestHigh
                    && digestLow(place) == digestLow
                    && Version.compare(
                                    table.getLong(at + TOMBSTONE_VERSION_OFFSET),
                                    table.getInt(at + TOMBSTONE_ORIGIN_OFFSET),
                                    clock,
                                    origin)
                            <= 0) {
                // Its key has a higher one, which is as young: no load has to know.
                free(place, state);
            }
        }
    }

    /** Frees the place of one whose key has another one by now that stands for it, under the lock of the key: no load has to know. */
    void replace(Found read) {
        long state = state(read.place);
        if (((state ^ read.state) & SAME_TOMBSTONE) == 0) {
            free(read.place, state);
        }
    }

    /** Frees a place that still has the state seen; loads that began before the tombstone in it find out. */
    boolean drop(int place, long state) {
        if (RecordDescriptor.kind(state) != RecordDescriptor.FREE) {
            noteDropOf(place); // LAYOUT sweep 3
        }
        return free(place, state);
    }

    /** Frees a place that still has the state seen. */
    private boolean free(int place, long state) {
        int bucket = buckets.firstBucket(digestLow(place));
        boolean dropped = casState(place, state, RecordDescriptor.free(RecordDescriptor.generation(state) + 1));
        if (dropped && RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE) {
            buckets.addTombstones(bucket, -1);
        }
        return dropped;
    }

    private int choose(long digestHigh) {
        int oldest = -1;
        int oldestAge = -1;
        int tick = (int) file.tick();
        for (int candidate = 0; candidate < CANDIDATES; candidate++) {
            int place = place(digestHigh, candidate);
            long state = state(place);
            if (RecordDescriptor.kind(state) == RecordDescriptor.FREE) {
                return place;
            }
            if (isDroppable(state)) {
                int age = Math.max(0, tick - table.getInt(offset(place) + TOMBSTONE_TICK_OFFSET));
                if (age > oldestAge) {
                    oldest = place;
                    oldestAge = age;
                }
            }
        }
        return oldest;
    }

    /** Whether a place shows a tombstone that may go: it is applied, and the next tier, where there is one, has it. */
    boolean isDroppable(long state) {
        return RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE
                && (RecordDescriptor.marks(state) & heldBy) == 0;
    }

    boolean isRetentionOver(int place) {
        return (int) file.tick() - table.getInt(offset(place) + TOMBSTONE_TICK_OFFSET) > RETENTION_TICKS;
    }

    /** Clears flags of the tombstone that was read, if its place still shows it. */
    void clearFlags(int place, long seen, int flags) {
        while (true) {
            long state = state(place);
            long cleared = RecordDescriptor.withMarks(state, RecordDescriptor.marks(state) & ~flags);
            if (((state ^ seen) & SAME_TOMBSTONE) != 0 || state == cleared || casState(place, state, cleared)) {
                return;
            }
        }
    }

    /**
     * The tick that all processes see, by which tombstones and loads are put in order: who reads it later under a key's lock reads no
     * lower one. A process's own tick may lag behind another's, and just after a stop by as long as that took.
     */
    long publishedTick() {
        return (long) Words.LONG.getVolatile(header, TICK_OFFSET);
    }

    /** Whether a tombstone is gone, or found no place, that may have been written at that published tick or later. */
    boolean hasDroppedSince(long tick) {
        return (long) Words.LONG.getVolatile(header, YOUNGEST_DROPPED_OFFSET) >= tick;
    }

    /**
     * Before a tombstone goes: a load that began before it and does not find it, and a fill or a host that is older, must find this. A fill
     * that found neither the tombstone nor the horizon would bring the session back.
     */
    private void noteDropOf(int place) {
        long position = table.getLong(offset(place) + TOMBSTONE_POSITION_OFFSET);
        raiseHorizon(position);
        noteDrop(Math.max(0, (int) publishedTick() - table.getInt(offset(place) + TOMBSTONE_TICK_OFFSET)));
    }

    /** What was written that many ticks ago is gone: of a tombstone made without its lock the age is not known, and 0. */
    void noteDrop(int age) {
        while (true) {
            long seen = (long) Words.LONG.getVolatile(header, YOUNGEST_DROPPED_OFFSET);
            long now = publishedTick();
            // One beyond the present is damage, after which every load would be run in vain.
            if ((now - age <= seen && seen <= now)
                    || Words.LONG.compareAndSet(header, YOUNGEST_DROPPED_OFFSET, seen, now - age)) {
                return;
            }
        }
    }

    /** See {@link RelayPlaces#raiseHorizon}. */
    void raiseHorizon(long tombstonePosition) {
        file.relays().raiseHorizon(tombstonePosition);
    }
}
