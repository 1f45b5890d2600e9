package org.globalsessions.segment;

import java.io.IOException;
import java.nio.file.Path;

/** A process that goes as far as one step of a write or delete, says so, and stays there until it is killed. */
final class StoppingWriter {
    static final String KEY = "session";
    static final String OLD = "acknowledged";
    static final String NEW = "never acknowledged";

    private StoppingWriter() {}

    /** Where to stop: steps of a set and a delete as LAYOUT.md numbers them. */
    enum Step {
        LOCKED,
        RESERVED,
        VISIBLE,
        OLD_RESERVED,
        TOMBSTONE
    }

    static SegmentSettings settings(Path file) {
        return new SegmentSettings(file).elCount(100);
    }

    public static void main(String[] arguments) throws IOException {
        SegmentSettings settings = settings(Path.of(arguments[0]));
        SegmentFile file = SegmentFile.open(settings);
        Segment segment = new Segment(file, settings);
        EncodedKey key = new EncodedKey(file.pathKeyHigh(), file.pathKeyLow());
        key.encode(KEY);
        goTo(Step.valueOf(arguments[1]), segment, key);
        System.out.println("ready");
        // Until it is killed, or its parent has ended.
        System.in.read();
    }

    private static void goTo(Step step, Segment segment, EncodedKey key) {
        long lock = segment.begin(key);
        switch (step) {
            case LOCKED -> {}
            case RESERVED -> reserve(segment, key, lock);
            case VISIBLE -> show(segment, key, lock);
            case OLD_RESERVED -> {
                int old = key.found.way;
                long state = key.found.state;
                show(segment, key, lock);
                long reserved = RecordDescriptor.held(
                        RecordDescriptor.RESERVED,
                        segment.file().slot(),
                        segment.file().incarnation(),
                        RecordDescriptor.generation(state) + 1);
                check(segment.records().casState(old, state, reserved));
            }
            case TOMBSTONE ->
                check(segment.tombstones()
                                .put(
                                        key.high,
                                        key.low,
                                        segment.nextVersion(key),
                                        segment.origin(),
                                        0,
                                        TombstoneTable.NOT_APPLIED)
                        >= 0);
        }
    }

    private static void fill(Segment segment, EncodedKey key) {
        EntryWriter.Body body = key.body;
        body.value = NEW.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        body.length = body.value.length;
        body.versionClock = segment.nextVersion(key);
        body.versionOrigin = segment.origin();
        body.life = key.found.life;
    }

    private static void show(Segment segment, EncodedKey key, long lock) {
        fill(segment, key);
        check(segment.writer().store(key, lock, EntryWriter.Room.EVICT, new WriteOutcome()) >= 0);
    }

    /** Noted, reserved, the body written and the tag set: everything but visible. */
    private static void reserve(Segment segment, EncodedKey key, long lock) {
        fill(segment, key);
        BucketLock locks = new BucketLock(segment.file(), segment.buckets(), segment.records(), 1_000_000);
        int way = segment.victims().findFree(key.firstBucket, key.secondBucket, key.found.way);
        long free = segment.records().stateAcquire(way);
        int generation = RecordDescriptor.generation(free) + 1;
        check(locks.note(key.firstBucket, lock, way, generation));
        long reserved = RecordDescriptor.held(
                RecordDescriptor.RESERVED, segment.file().slot(), segment.file().incarnation(), generation);
        check(segment.records().casState(way, free, reserved));
        segment.records().write(way, reserved, key, key.body);
        segment.buckets().setTag(way / 16, way % 16, BucketTable.tag(key.high));
    }

    private static void check(boolean done) {
        if (!done) {
            throw new IllegalStateException("the step could not be reached");
        }
    }
}
