package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The note of a bucket's lock. What thief and holder do with it is seen by the kills, the stops and jcstress. */
class BucketLockTest {
    private static final int BUCKET = 1;

    @TempDir
    Path folder;

    @Test
    void shouldDifferWhenTwoHoldersNoteTheSameWayAndGeneration() throws IOException {
        try (SharedLru lru = SharedLru.open(new SegmentSettings(folder.resolve("segment")).elCount(100))) {
            BucketTable buckets = new BucketTable(lru.file());
            RecordView records = new RecordView(lru.file(), new OverflowArea(lru.file()));
            BucketLock locks = new BucketLock(lru.file(), buckets, records, 1_000_000);
            int way = lru.bucketCount() * SegmentDescriptor.WAYS - 1;
            long first = locks.acquire(BUCKET, 0);
            assertThat(locks.note(BUCKET, first, way, 7)).isTrue();
            long firstNote = buckets.note(BUCKET);
            locks.release(BUCKET, first);
            long second = locks.acquire(BUCKET, 0);
            assertThat(locks.note(BUCKET, second, way, 7)).isTrue();
            long secondNote = buckets.note(BUCKET);
            assertThat(secondNote).isNotEqualTo(firstNote);
            assertThat(BucketLock.noteWay(firstNote)).isEqualTo(way);
            assertThat(BucketLock.noteWay(secondNote)).isEqualTo(way);
            assertThat((int) (secondNote >>> 32)).isEqualTo(7);
            assertThat(locks.note(BUCKET, first, way, 7))
                    .as("the lock was lost")
                    .isFalse();
        }
    }

    @Test
    void shouldHaveMorePatienceWithAHolderWhenItWasRobbedItself() throws IOException {
        try (SharedLru lru = SharedLru.open(new SegmentSettings(folder.resolve("segment")).elCount(100))) {
            BucketTable buckets = new BucketTable(lru.file());
            RecordView records = new RecordView(lru.file(), new OverflowArea(lru.file()));
            BucketLock locks = new BucketLock(lru.file(), buckets, records, 1_000_000);
            locks.acquire(BUCKET, 0);
            long beganNs = System.nanoTime();
            locks.acquire(BUCKET, 4);
            assertThat(System.nanoTime() - beganNs).isGreaterThanOrEqualTo(16_000_000);
            locks.acquire(BUCKET, Integer.MAX_VALUE);
            assertThat(System.nanoTime() - beganNs).isBetween(48_000_000L, 10_000_000_000L);
        }
    }
}
