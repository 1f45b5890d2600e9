package org.globalsessions.segment;

import org.globalsessions.Version;

/**
 * A writer of one entry that holds the lock of its bucket and has looked at what is there, and is stopped there. It goes on once,
 * on any thread, as a process does that the system had not let run for a while.
 */
final class StoppedWriter {
    private final Segment segment;
    private final EncodedKey key;
    private final long lock;
    private final WriteOutcome outcome = new WriteOutcome();

    private StoppedWriter(Segment segment, EncodedKey key, long lock, byte[] value) {
        this.segment = segment;
        this.key = key;
        this.lock = lock;
        EntryWriter.Body body = key.body;
        body.value = value;
        body.length = value.length;
        body.versionClock = segment.nextVersion(key);
        body.versionOrigin = segment.origin();
        body.life = key.found.life;
        body.lastAccess = segment.tick();
    }

    static StoppedWriter holdingTheLock(StressedSegment stressed, StressedEntry entry, byte[] value) {
        EncodedKey key = stressed.encodeApart(entry);
        long lock = stressed.segment().begin(key);
        return new StoppedWriter(stressed.segment(), key, lock, value);
    }

    /**
     * A thief that takes the lock over from whoever has it, but leaves the way alone that the former holder had noted. Only for the
     * test that has to fail.
     */
    static StoppedWriter stealingWithoutTheNote(StressedSegment stressed, StressedEntry entry, byte[] value) {
        EncodedKey key = stressed.encodeApart(entry);
        Segment segment = stressed.segment();
        BucketTable buckets = segment.buckets();
        key.firstBucket = buckets.firstBucket(key.low);
        key.secondBucket = buckets.secondBucket(key.low);
        SegmentFile file = segment.file();
        long holder = (long) file.incarnation() << 9 | (file.slot() + 1);
        long seen;
        long mine;
        do {
            seen = buckets.lockWord(key.firstBucket);
            mine = ((seen >>> 24) + 1) << 24 | holder;
        } while (!buckets.casLockWord(key.firstBucket, seen, mine));
        segment.writer().findNewest(key);
        return new StoppedWriter(segment, key, mine, value);
    }

    /** Whether what it has found is of this version. */
    boolean found(Version version) {
        return key.found.isLive()
                && key.found.versionClock == version.clock()
                && key.found.versionOrigin == version.origin();
    }

    /** Gives up without a write. */
    void giveUp() {
        segment.end(key, lock);
    }

    /** Goes on with its write; whether that is stored. It does not start again where it has lost the lock. */
    boolean resume() {
        try {
            int way = segment.writer().store(key, lock, EntryWriter.Room.EVICT, outcome);
            if (way == EntryWriter.NO_ROOM) {
                throw new IllegalStateException("no room in a segment with room for all");
            }
            if (way < 0) {
                return false;
            }
            segment.writer().retire(key.found.way, key.found.state);
            return true;
        } finally {
            segment.end(key, lock);
        }
    }
}
