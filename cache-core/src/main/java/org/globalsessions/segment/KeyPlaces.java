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
        return KeyHash.firstOf(KeyHash.spread(digestLow, seedMix), bucketCount);
    }

    int secondBucket(long digestLow) {
        return KeyHash.secondOf(KeyHash.spread(digestLow, seedMix), bucketCount);
    }

    int firstTombstoneBucket(long digestHigh) {
        return KeyHash.firstOf(KeyHash.spread(digestHigh, 0), tombstoneBucketCount);
    }

    int secondTombstoneBucket(long digestHigh) {
        return KeyHash.secondOf(KeyHash.spread(digestHigh, 0), tombstoneBucketCount);
    }
}
