package org.globalsessions.segment;

import org.globalsessions.status.Counter;

/**
 * The reads: of a value, of a whole entry, of one way. None takes a lock or waits; each copies first and believes what it has copied only
 * where the record still shows the same entry afterwards.
 *
 * <p>Any thread of any process.
 */
final class ReadOperations {
    private final Segment segment;
    private final Evictor evictor;

    ReadOperations(Segment segment, Evictor evictor) {
        this.segment = segment;
        this.evictor = evictor;
    }

    /** A value into the caller's buffer: see {@link SharedLru#getInto}. */
    int getInto(EncodedKey key, byte[] target, int offset) {
        if (!evictor.isActive()) {
            int copied = segment.reader().copyLikely(key, target, offset);
            if (copied >= 0) {
                key.hits++;
                return copied;
            }
        }
        RecordView records = segment.records();
        while (true) {
            int way = findLive(key);
            if (way < 0) {
                key.misses++;
                return SharedLru.ABSENT;
            }
            long state = key.foundState;
            int length = records.valueLength(way, key.length);
            boolean fits = length <= target.length - offset;
            boolean copied = fits && records.copyValue(way, state, key.length, target, offset, length);
            if (records.stillShows(way, state)) {
                if (copied) {
                    renew(way, state);
                    key.hits++;
                    return length;
                }
                return fits ? damaged(key) : -2 - length;
            }
        }
    }

    /** A value in an array of its own: see {@link SharedLru#get}. */
    byte[] get(EncodedKey key) {
        RecordView records = segment.records();
        while (true) {
            int way = findLive(key);
            if (way < 0) {
                key.misses++;
                return null;
            }
            long state = key.foundState;
            byte[] value = new byte[records.valueLength(way, key.length)];
            boolean copied = records.copyValue(way, state, key.length, value, 0, value.length);
            if (records.stillShows(way, state)) {
                if (copied) {
                    renew(way, state);
                    key.hits++;
                    return value;
                }
                damaged(key);
                return null;
            }
        }
    }

    /** A whole entry: see {@link SharedLru#find}. */
    boolean find(EncodedKey key, EntrySnapshot into) {
        while (true) {
            int way = findLive(key);
            if (way < 0) {
                return false;
            }
            boolean copied = segment.records().copyEntry(way, key.foundState, segment.now(), into);
            if (segment.records().stillShows(way, key.foundState)) {
                return copied || damaged(key) != SharedLru.ABSENT;
            }
        }
    }

    /** A whole entry, also one that is owed: see {@link SharedLru#findUnsent}. */
    boolean findUnsent(EncodedKey key, EntrySnapshot into) {
        while (true) {
            int way = segment.reader().find(key);
            if (way < 0) {
                return false;
            }
            long state = key.foundState;
            boolean found = readUnsent(way, into);
            if (segment.records().stillShows(way, state)) {
                return found;
            }
        }
    }

    /** The entry of one way: see {@link SharedLru#read}. */
    boolean read(int way, EntrySnapshot into) {
        return read(way, false, into);
    }

    /** The entry of one way, also one that is owed: see {@link SharedLru#readUnsent}. */
    boolean readUnsent(int way, EntrySnapshot into) {
        return read(way, true, into);
    }

    private boolean read(int way, boolean owedToo, EntrySnapshot into) {
        RecordView records = segment.records();
        while (true) {
            long state = records.stateAcquire(way);
            if (RecordDescriptor.kind(state) != RecordDescriptor.VISIBLE) {
                return false;
            }
            int tick = segment.now();
            boolean expired = records.isExpired(way, tick) && !(owedToo && records.isOwed(way, state, tick));
            boolean copied = records.copyEntry(way, state, tick, into);
            if (records.stillShows(way, state)) {
                return copied && !expired;
            }
        }
    }

    /**
     * Notes in {@code key.found} what version and life the key has here, without the lock of a write.
     *
     * @return false where the key has no live entry here
     */
    boolean lookAt(EncodedKey key) {
        RecordView records = segment.records();
        EntryWriter.Found found = key.found;
        while (true) {
            found.way = findLive(key);
            if (found.way < 0) {
                return false;
            }
            found.state = key.foundState;
            found.versionClock = records.version(found.way);
            found.versionOrigin = records.origin(found.way);
            found.life = records.life(found.way);
            found.expired = false;
            if (records.stillShows(found.way, found.state)) {
                return true;
            }
        }
    }

    /** Renews recency and idle time: see {@link SharedLru#touch}. */
    boolean touch(EncodedKey key) {
        while (true) {
            int way = findLive(key);
            if (way < 0) {
                return false;
            }
            if (segment.records().stillShows(way, key.foundState)) {
                renew(way, key.foundState);
                return true;
            }
        }
    }

    /** The same of an entry that was just read: see {@link SharedLru#touch(EncodedKey, EntrySnapshot)}. */
    boolean touch(EncodedKey key, EntrySnapshot read) {
        RecordView records = segment.records();
        boolean live = !records.isExpired(read.way);
        if (records.stillShows(read.way, read.stateWord)) {
            if (live) {
                renew(read.way, read.stateWord);
            }
            return live;
        }
        return touch(key);
    }

    /** Takes in a use elsewhere: see {@link SharedLru#renew}. */
    boolean renew(EncodedKey key, long life, int idleTicks) {
        RecordView records = segment.records();
        while (true) {
            int way = findLive(key);
            if (way < 0) {
                return false;
            }
            long state = key.foundState;
            boolean same = records.life(way) == life;
            if (records.stillShows(way, state)) {
                if (same) {
                    segment.buckets().touch(way / SegmentDescriptor.WAYS, way % SegmentDescriptor.WAYS);
                    records.touch(way, state, segment.now() - idleTicks);
                }
                return same;
            }
        }
    }

    /** How long a life was not used here: see {@link SharedLru#idleTicks}. */
    int idleTicks(EncodedKey key, long life) {
        RecordView records = segment.records();
        while (true) {
            int way = segment.reader().find(key);
            if (way < 0) {
                return SharedLru.ABSENT;
            }
            boolean same = records.life(way) == life;
            int idle = Math.max(0, segment.now() - records.lastAccess(way));
            if (records.stillShows(way, key.foundState)) {
                return same ? idle : SharedLru.ABSENT;
            }
        }
    }

    /** Entries whose time has not run out: see {@link SharedLru#liveCount}. */
    int liveCount() {
        int count = 0;
        int tick = segment.tick();
        BucketTable buckets = segment.buckets();
        RecordView records = segment.records();
        for (int bucket = 0; bucket < buckets.bucketCount(); bucket++) {
            for (int lane = 0; lane < SegmentDescriptor.WAYS; lane++) {
                int way = bucket * SegmentDescriptor.WAYS + lane;
                if (buckets.tagAt(bucket, lane) != 0
                        && RecordDescriptor.kind(records.stateAcquire(way)) == RecordDescriptor.VISIBLE
                        && ((buckets.hints(bucket, lane) & BucketTable.EXPIRES) == 0
                                || !records.isExpired(way, tick))) {
                    count++;
                }
            }
        }
        return count;
    }

    /** The way that shows the key, if its time has not run out; -1 otherwise. */
    private int findLive(EncodedKey key) {
        while (true) {
            int way = segment.reader().find(key);
            if (way < 0) {
                return -1;
            }
            if (!segment.records().isExpired(way)) {
                return way;
            }
            if (segment.records().stillShows(way, key.foundState)) {
                return -1;
            }
        }
    }

    private void renew(int way, long state) {
        segment.buckets().touch(way / SegmentDescriptor.WAYS, way % SegmentDescriptor.WAYS);
        segment.records().touch(way, state, evictor.isActive());
    }

    /** The head stands and its pages are not its own, which no writer leaves behind: the file was changed from outside. */
    private int damaged(EncodedKey key) {
        key.misses++;
        segment.count(Counter.DAMAGED_ENTRIES);
        return SharedLru.ABSENT;
    }
}
