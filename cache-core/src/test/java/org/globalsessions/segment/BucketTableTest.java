package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stamps that the sweep and readers change at once. */
class BucketTableTest {
    private static final int BUCKET = 1;
    private static final int WAY = 5;
    private static final int OLD = BucketTable.stampOf(3, true);
    private static final int LIFTED = BucketTable.stampOf(7, true);

    @TempDir
    private Path folder;

    private SegmentFile file;
    private BucketTable buckets;

    @BeforeEach
    void open() throws IOException {
        file = SegmentFile.open(new SegmentSettings(folder.resolve("segment")).elCount(13));
        buckets = new BucketTable(file);
        buckets.setStamp(BUCKET, WAY, OLD);
    }

    @AfterEach
    void close() {
        file.close();
    }

    @Test
    void shouldKeepAUseWhenTheSweepLiftsTheStampThatItSawBefore() {
        int seen = buckets.stamp(BUCKET, WAY);
        buckets.touch(BUCKET, WAY);
        int used = buckets.stamp(BUCKET, WAY);
        buckets.changeStamp(BUCKET, WAY, seen, LIFTED);
        assertThat(used & BucketTable.UNTOUCHED).isZero();
        assertThat(buckets.stamp(BUCKET, WAY)).isEqualTo(used);
    }

    @Test
    void shouldLiftTheStampAndNoNeighboursWhenNobodyHasUsedIt() {
        int before = buckets.stamp(BUCKET, WAY - 1);
        buckets.setStamp(BUCKET, WAY + 1, 0xFFFF);
        buckets.changeStamp(BUCKET, WAY, OLD, 0xFFFE);
        assertThat(buckets.stamp(BUCKET, WAY)).isEqualTo(0xFFFE);
        assertThat(buckets.stamp(BUCKET, WAY + 1)).isEqualTo(0xFFFF);
        assertThat(buckets.stamp(BUCKET, WAY - 1)).isEqualTo(before);
    }
}
