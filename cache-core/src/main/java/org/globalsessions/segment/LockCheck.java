package org.globalsessions.segment;

import org.globalsessions.Version;
import org.globalsessions.segment.Finding.Region;

/** The rules of a bucket header beside its lanes: lock word, note, reserved bytes. */
final class LockCheck implements PlaceCheck {
    /** First byte and end of what LAYOUT.md says is reserved and 0. */
    static final int[][] RESERVED = {
        {SegmentDescriptor.ANNOUNCED_OFFSET + Integer.BYTES, SegmentDescriptor.DEPARTED_OFFSET},
        {SegmentDescriptor.DEPARTED_OFFSET + Long.BYTES, SegmentDescriptor.BUCKET_LENGTH}
    };

    private static final int LOOKS = 3;
    private static final int MAX_RECOUNTS = 64;

    private final CheckedSegment segment;
    private final FileView view;
    private int[] tombstones;
    private int recounts;

    LockCheck(CheckedSegment segment) {
        this.segment = segment;
        this.view = segment.view();
    }

    @Override
    public void begin() {
        tombstones = new int[segment.geometry().bucketCount()];
        recounts = 0;
        long count = placeCount();
        for (long place = 0; place < count; place++) {
            long at = tombstoneOffset(place);
            if (RecordDescriptor.kind(view.longAcquire(at)) == RecordDescriptor.VISIBLE) {
                tombstones[bucketOf(at)]++;
            }
        }
    }

    private long placeCount() {
        return (long) segment.geometry().tombstoneBucketCount() * SegmentDescriptor.TOMBSTONES_PER_BUCKET;
    }

    private long tombstoneOffset(long place) {
        return segment.geometry().tombstonesOffset() + place * SegmentDescriptor.TOMBSTONE_LENGTH;
    }

    private int bucketOf(long tombstoneAt) {
        return segment.places().firstBucket(view.getLong(tombstoneAt + SegmentDescriptor.TOMBSTONE_DIGEST_LOW_OFFSET));
    }

    /** A count too low hides tombstones from writers; one too high, which a kill leaves, only costs a look. */
    private void lookAtCount(long bucket, long at, Findings findings) {
        int said = view.getInt(at);
        if (said < 0) {
            findings.add(segment.damage(Region.BUCKETS, bucket, at, said, "number of tombstones is below 0"));
        } else if (said < tombstones[(int) bucket] && isTooLow(bucket, at)) {
            findings.add(segment.damage(
                    Region.BUCKETS,
                    bucket,
                    at,
                    said,
                    "number of tombstones is too low, so that writers look for none: visible="
                            + tombstones[(int) bucket]));
        }
    }

    /** Counts the bucket's tombstones again while their number stands still: one dropped meanwhile was no damage. */
    private boolean isTooLow(long bucket, long at) {
        if (recounts++ > MAX_RECOUNTS) {
            return true;
        }
        for (int looks = 0; looks < LOOKS; looks++) {
            int before = view.getInt(at);
            int visible = 0;
            long count = placeCount();
            for (long place = 0; place < count; place++) {
                long tombstoneAt = tombstoneOffset(place);
                boolean shows = RecordDescriptor.kind(view.longAcquire(tombstoneAt)) == RecordDescriptor.VISIBLE;
                visible += shows && bucketOf(tombstoneAt) == bucket ? 1 : 0;
            }
            if (view.getInt(at) != before || visible <= before) {
                return false;
            }
        }
        return true;
    }

    @Override
    public long count() {
        return segment.geometry().bucketCount();
    }

    @Override
    public void look(long bucket, Findings findings) {
        long at = CheckedSegment.bucketOffset(bucket);
        long lockAt = at + SegmentDescriptor.LOCK_OFFSET;
        long lock = view.longAcquire(lockAt);
        if (HolderWord.slot(lock) >= 0) {
            findings.add(segment.held(
                    Region.BUCKETS,
                    bucket,
                    lockAt,
                    lock,
                    HolderWord.slot(lock),
                    HolderWord.incarnation(lock),
                    "bucket is locked"));
        } else if (HolderWord.incarnation(lock) != 0) {
            findings.add(
                    segment.damage(Region.BUCKETS, bucket, lockAt, lock, "lock word is free and names an incarnation"));
        }
        long noteAt = at + SegmentDescriptor.NOTE_WORD_OFFSET;
        long note = view.longAcquire(noteAt);
        if (BucketLock.noteWay(note) >= segment.geometry().recordCount()) {
            findings.add(segment.damage(Region.BUCKETS, bucket, noteAt, note, "note names a way that does not exist"));
        }
        lookAtCount(bucket, at + SegmentDescriptor.BUCKET_TOMBSTONES_OFFSET, findings);
        long departedAt = at + SegmentDescriptor.DEPARTED_OFFSET;
        long departed = view.longAcquire(departedAt);
        if (departed < 0 || departed > Version.MAX_CLOCK) {
            findings.add(segment.damage(
                    Region.BUCKETS,
                    bucket,
                    departedAt,
                    departed,
                    "clock of what has left is below 0, or of no version: nothing that is announced is stored"));
        }
        for (int[] range : RESERVED) {
            if (!view.isZero(at + range[0], at + range[1])) {
                findings.add(segment.damage(
                        Region.BUCKETS, bucket, at + range[0], view.getInt(at + range[0]), "reserved bytes are not 0"));
            }
        }
    }
}
