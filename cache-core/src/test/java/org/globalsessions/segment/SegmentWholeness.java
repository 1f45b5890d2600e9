package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;

/** What has to hold of the places of a segment when nobody writes and all that dead processes held was freed. */
final class SegmentWholeness {
    private SegmentWholeness() {}

    /** Fails with the number of the way that is wrong. */
    static void check(SharedLru lru) {
        Segment segment =
                new Segment(lru.file(), SteppedOperation.settings(lru.file().path()));
        EncodedKey key = new EncodedKey(lru.file().pathKeyHigh(), lru.file().pathKeyLow());
        EntrySnapshot entry = new EntrySnapshot();
        Set<String> digests = new HashSet<>();
        for (int way = 0; way < lru.bucketCount() * SegmentDescriptor.WAYS; way++) {
            int bucket = way / SegmentDescriptor.WAYS;
            int lane = way % SegmentDescriptor.WAYS;
            long state = segment.records().stateVolatile(way);
            int kind = RecordDescriptor.kind(state);
            assertThat(kind)
                    .as("kind of way %d, neither reserved nor aside", way)
                    .isIn(RecordDescriptor.FREE, RecordDescriptor.VISIBLE);
            if (kind == RecordDescriptor.FREE) {
                assertThat(segment.buckets().tagAt(bucket, lane))
                        .as("tag of free way %d", way)
                        .isZero();
                continue;
            }
            segment.records().copyEntry(way, state, segment.tick(), entry);
            key.encode(entry.key, entry.keyLength);
            assertThat(segment.buckets().tagAt(bucket, lane))
                    .as("tag of way %d", way)
                    .isEqualTo(BucketTable.tag(key.high));
            assertThat(segment.buckets().hints(bucket, lane) & 7)
                    .as("mark hints of way %d", way)
                    .isEqualTo(RecordDescriptor.marks(state));
            int first = segment.buckets().firstBucket(key.low);
            assertThat(bucket)
                    .as("bucket of way %d", way)
                    .isIn(first, segment.buckets().secondBucket(key.low, first));
            assertThat(digests.add(key.high + " " + key.low))
                    .as("only record of its key: way %d", way)
                    .isTrue();
        }
        assertThat(lru.size()).isEqualTo(digests.size());
        for (int place = 0; place < segment.tombstones().count(); place++) {
            long state = segment.tombstones().state(place);
            assertThat(RecordDescriptor.kind(state))
                    .as("kind of tombstone %d", place)
                    .isIn(RecordDescriptor.FREE, RecordDescriptor.VISIBLE);
            assertThat(RecordDescriptor.marks(state) & TombstoneTable.NOT_APPLIED)
                    .as("tombstone %d is applied", place)
                    .isZero();
        }
    }
}
