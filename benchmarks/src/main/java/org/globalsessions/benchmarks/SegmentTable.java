package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;

/** This project's segment with its defaults: records of 384 bytes, no tier behind. */
final class SegmentTable implements Table {
    private final SharedLru lru;

    SegmentTable(Path folder, int capacity, boolean create) throws IOException {
        lru = SharedLru.open(settings(folder, capacity).initializer(create));
    }

    static SegmentSettings settings(Path folder, int capacity) {
        return new SegmentSettings(folder.resolve("segment")).elCount(capacity);
    }

    @Override
    public Client client() {
        return new SegmentClient(lru);
    }

    @Override
    public void close() {
        lru.close();
    }

    private record SegmentClient(SharedLru lru, WriteOutcome outcome) implements Client {
        SegmentClient(SharedLru lru) {
            this(lru, new WriteOutcome());
        }

        @Override
        public int get(String key, int entry, byte[] target) {
            return lru.getInto(lru.encode(key), target, 0);
        }

        @Override
        public byte[] getCopy(String key) {
            return lru.get(lru.encode(key));
        }

        @Override
        public void set(String key, byte[] value) {
            lru.set(lru.encode(key), value, 0, value.length, 0, null, false, outcome);
            if (outcome.status() != WriteOutcome.Status.STORED) {
                throw new IllegalStateException("a write was refused: " + outcome.status());
            }
        }
    }
}
