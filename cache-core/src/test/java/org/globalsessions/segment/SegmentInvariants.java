package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.HashSet;
import java.util.Set;

/** What holds of a segment that nobody is just writing: checked by state words and keys, not by the hints alone. */
final class SegmentInvariants {
    private final BucketTable buckets;
    private final RecordView records;
    private final SegmentFile file;
    private final EntrySnapshot entry = new EntrySnapshot();
    private final EncodedKey key;

    SegmentInvariants(SharedLru lru) {
        file = lru.file();
        buckets = new BucketTable(file);
        records = new RecordView(file, new OverflowArea(file));
        key = new EncodedKey(file.pathKeyHigh(), file.pathKeyLow());
    }

    /** The keys that are visible; throws an {@link AssertionError} where an invariant is broken. */
    Set<String> check() {
        Set<String> keys = new HashSet<>();
        for (int bucket = 0; bucket < buckets.bucketCount(); bucket++) {
            require(HolderWord.isFree(buckets.lockWord(bucket)), "a lock is held", bucket, -1);
            for (int lane = 0; lane < SegmentDescriptor.WAYS; lane++) {
                checkWay(bucket, lane, keys);
            }
        }
        return keys;
    }

    private void checkWay(int bucket, int lane, Set<String> keys) {
        int way = bucket * SegmentDescriptor.WAYS + lane;
        long state = records.stateAcquire(way);
        int tag = buckets.tagAt(bucket, lane);
        if (RecordDescriptor.kind(state) == RecordDescriptor.FREE) {
            require(tag == 0, "a free way has a tag", bucket, lane);
            return;
        }
        require(RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE, "a way is held by nobody", bucket, lane);
        records.copyEntry(way, state, (int) file.tick(), entry);
        key.encode(entry.key, entry.keyLength);
        require(tag == BucketTable.tag(key.high), "the tag is another key's", bucket, lane);
        int first = buckets.firstBucket(key.low);
        require(
                bucket == first || bucket == buckets.secondBucket(key.low),
                "the key does not belong here",
                bucket,
                lane);
        require(
                (buckets.hints(bucket, lane) & 7) == RecordDescriptor.marks(state),
                "hints and marks differ",
                bucket,
                lane);
        require(entry.life <= entry.versionClock, "a life is younger than its version", bucket, lane);
        require(
                keys.add(new String(entry.key, 0, entry.keyLength, UTF_8)),
                "two records of one key are visible",
                bucket,
                lane);
    }

    private static void require(boolean holds, String otherwise, int bucket, int lane) {
        if (!holds) {
            throw new AssertionError(otherwise + ": bucket " + bucket + ", lane " + lane);
        }
    }
}
