package org.globalsessions.segment;

import org.globalsessions.segment.Finding.Region;

/** The rules of a bucket header beside its lanes: lock word, note, reserved bytes. */
final class LockCheck implements PlaceCheck {
    private static final int RESERVED_OFFSET = 96;

    private final CheckedSegment segment;
    private final FileView view;

    LockCheck(CheckedSegment segment) {
        this.segment = segment;
        this.view = segment.view();
    }

    /** Attach slot that a lock word names, -1 for nobody. */
    static int slot(long lock) {
        return (int) (lock & 0x1FF) - 1;
    }

    static int incarnation(long lock) {
        return (int) (lock >>> 9) & 0x7FFF;
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
        if (slot(lock) >= 0) {
            findings.add(segment.held(
                    Region.BUCKETS, bucket, lockAt, lock, slot(lock), incarnation(lock), "bucket is locked"));
        } else if (incarnation(lock) != 0) {
            findings.add(
                    segment.damage(Region.BUCKETS, bucket, lockAt, lock, "lock word is free and names an incarnation"));
        }
        long noteAt = at + SegmentDescriptor.NOTE_WORD_OFFSET;
        long note = view.longAcquire(noteAt);
        if ((note & 0xFFFF_FFFFL) > segment.geometry().recordCount()) {
            findings.add(segment.damage(Region.BUCKETS, bucket, noteAt, note, "note names a way that does not exist"));
        }
        if (!view.isZero(at + RESERVED_OFFSET, at + SegmentDescriptor.BUCKET_LENGTH)) {
            findings.add(segment.damage(
                    Region.BUCKETS,
                    bucket,
                    at + RESERVED_OFFSET,
                    view.getLong(at + RESERVED_OFFSET),
                    "reserved bytes are not 0"));
        }
    }
}
