package org.globalsessions.segment;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.BiFunction;

/** A segment behind an interface of the JDK, for a second copy of the library: without a value it gets, with one it sets. */
public final class ForeignLru implements BiFunction<byte[], byte[], byte[]> {
    private final SharedLru lru;

    /**
     * Attaches to a segment.
     *
     * @param file       the segment's file
     * @param elCount    its sessions
     * @param recordSize its bytes of a record
     * @throws IOException where it cannot
     */
    public ForeignLru(Path file, int elCount, int recordSize) throws IOException {
        lru = SharedLru.open(new SegmentSettings(file).elCount(elCount).recordSize(recordSize));
    }

    @Override
    public byte[] apply(byte[] key, byte[] value) {
        if (value == null) {
            return lru.get(lru.encode(key));
        }
        WriteOutcome outcome = new WriteOutcome();
        lru.set(lru.encode(key), value, 0, value.length, 0, null, false, outcome);
        if (outcome.status() != WriteOutcome.Status.STORED) {
            throw new IllegalStateException("not stored: " + outcome.status());
        }
        return value;
    }
}
