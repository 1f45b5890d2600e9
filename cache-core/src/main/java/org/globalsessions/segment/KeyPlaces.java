package org.globalsessions.segment;

/**
 * The buckets in which a digest's record and tombstone may lie, from nothing but a header's numbers. Immutable.
 *
 * @param bucketCount          buckets of ways
 * @param tombstoneBucketCount buckets of tombstones
 * @param seedMix              the seed, mixed
 */
record KeyPlaces(int bucketCount, int tombstoneBucketCount, long seedMix) {
    static KeyPlaces of(SegmentGeometry geometry) {
        return new KeyPlaces(geometry.bucketCount(), geometry.tombstoneBucketCount(), KeyHash.mix(geometry.seed()));
    }

    int firstBucket(long digestLow) {
        return first(KeyHash.mix(digestLow ^ seedMix), bucketCount);
    }

    int secondBucket(long digestLow) {
        return second(KeyHash.mix(digestLow ^ seedMix), bucketCount);
    }

    int firstTombstoneBucket(long digestHigh) {
        return first(KeyHash.mix(digestHigh), tombstoneBucketCount);
    }

    int secondTombstoneBucket(long digestHigh) {
        return second(KeyHash.mix(digestHigh), tombstoneBucketCount);
    }

    private static int first(long mixed, int count) {
        return (int) (((mixed >>> 32) * count) >>> 32);
    }

    private static int second(long mixed, int count) {
        int drawn = (int) (((mixed & 0xFFFF_FFFFL) * (count - 1)) >>> 32);
        return drawn < first(mixed, count) ? drawn : drawn + 1;
    }
}
