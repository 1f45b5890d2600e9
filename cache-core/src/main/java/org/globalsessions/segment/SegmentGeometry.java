package org.globalsessions.segment;

import java.nio.ByteBuffer;

/**
 * What all processes of a segment must agree on, and the lengths that follow from it.
 *
 * @param recordStride bytes of a record, a multiple of 64
 * @param elCount      sessions held before the first eviction
 * @param bucketCount  buckets of 16 ways
 * @param tombstoneBucketCount buckets of 8 tombstones
 * @param pageCount    pages of the overflow area
 * @param seed         seed of the choice of buckets
 * @param pathKeyHigh  upper half of the digest key
 * @param pathKeyLow   lower half of the digest key
 */
record SegmentGeometry(
        int recordStride,
        int elCount,
        int bucketCount,
        int tombstoneBucketCount,
        int pageCount,
        long seed,
        long pathKeyHigh,
        long pathKeyLow) {
    private static final int MIN_RECORD_SIZE = 128;
    private static final int MAX_RECORD_SIZE = 65_536;
    private static final int MAX_EL_COUNT = 16_000_000;
    private static final int MAX_PAGE_COUNT = SegmentMapping.MAX_PIECE_LENGTH / SegmentDescriptor.PAGE_WORD_LENGTH;

    static SegmentGeometry of(SegmentSettings settings) {
        requireRange("record_size", settings.recordSize(), MIN_RECORD_SIZE, MAX_RECORD_SIZE);
        requireRange("el_count", settings.elCount(), 1, MAX_EL_COUNT);
        requireRange("max_value_size", settings.maxValueSize(), 1, SegmentSettings.MAX_VALUE_SIZE);
        if (!(settings.overflowShare() >= 0 && settings.overflowShare() <= 0.9)) {
            throw new IllegalArgumentException(
                    "overflow_share out of range: overflow_share=" + settings.overflowShare() + ", least=0, most=0.9");
        }
        int stride = SegmentDescriptor.recordStride(settings.recordSize());
        int bucketCount = SegmentDescriptor.bucketCount(settings.elCount());
        int pageCount =
                SegmentDescriptor.pageCount(bucketCount, stride, settings.overflowShare(), settings.maxValueSize());
        requireRange("pages of the overflow area (overflow_share)", pageCount, 0, MAX_PAGE_COUNT);
        return new SegmentGeometry(
                stride,
                settings.elCount(),
                bucketCount,
                SegmentDescriptor.tombstoneBucketCount(settings.elCount()),
                pageCount,
                settings.seed(),
                KeyHash.pathKeyHigh(settings.pathName()),
                KeyHash.pathKeyLow(settings.pathName()));
    }

    /** What a header says, unchecked: {@link SegmentHeader} compares it with the rest of the header. */
    static SegmentGeometry of(ByteBuffer header) {
        return new SegmentGeometry(
                header.getInt(SegmentDescriptor.RECORD_STRIDE_OFFSET),
                header.getInt(SegmentDescriptor.EL_COUNT_OFFSET),
                header.getInt(SegmentDescriptor.BUCKET_COUNT_OFFSET),
                header.getInt(SegmentDescriptor.TOMBSTONE_BUCKET_COUNT_OFFSET),
                header.getInt(SegmentDescriptor.PAGE_COUNT_OFFSET),
                header.getLong(SegmentDescriptor.SEED_OFFSET),
                header.getLong(SegmentDescriptor.PATH_KEY_HIGH_OFFSET),
                header.getLong(SegmentDescriptor.PATH_KEY_LOW_OFFSET));
    }

    static void requireRange(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    name + " out of range: " + name + "=" + value + ", least=" + least + ", most=" + most);
        }
    }

    /** Whether a header's numbers fit each other, so that nothing that follows from them overflows or lies. */
    boolean isConsistent() {
        return recordStride >= MIN_RECORD_SIZE
                && recordStride <= MAX_RECORD_SIZE
                && recordStride == SegmentDescriptor.recordStride(recordStride)
                && elCount >= 1
                && elCount <= MAX_EL_COUNT
                && bucketCount == SegmentDescriptor.bucketCount(elCount)
                && tombstoneBucketCount == SegmentDescriptor.tombstoneBucketCount(elCount)
                && pageCount >= 0
                && pageCount <= MAX_PAGE_COUNT;
    }

    long tombstonesOffset() {
        return SegmentDescriptor.tombstonesOffset(bucketCount);
    }

    long pageWordsOffset() {
        return SegmentDescriptor.pageWordsOffset(bucketCount, tombstoneBucketCount);
    }

    long pageBitmapOffset() {
        return SegmentDescriptor.pageBitmapOffset(bucketCount, tombstoneBucketCount, pageCount);
    }

    long recordsOffset() {
        return SegmentDescriptor.recordsOffset(bucketCount, tombstoneBucketCount, pageCount);
    }

    long pagesOffset() {
        return SegmentDescriptor.pagesOffset(bucketCount, tombstoneBucketCount, pageCount, recordStride);
    }

    long fileLength() {
        return SegmentDescriptor.fileLength(bucketCount, tombstoneBucketCount, pageCount, recordStride);
    }

    /** Records of one mapped piece: a power of two, for shift and mask, in at most 1 GiB. */
    int recordsPerBuffer() {
        return Integer.highestOneBit(SegmentMapping.MAX_PIECE_LENGTH / recordStride);
    }

    long recordCount() {
        return (long) bucketCount * SegmentDescriptor.WAYS;
    }
}
