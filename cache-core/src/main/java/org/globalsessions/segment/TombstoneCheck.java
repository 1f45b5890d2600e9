package org.globalsessions.segment;

import java.lang.invoke.VarHandle;
import org.globalsessions.Version;
import org.globalsessions.segment.Finding.Region;

/** The rules of a tombstone: state word, flags, that its digest belongs there, version, times, and that it is alone. */
final class TombstoneCheck implements PlaceCheck {
    private static final long HOLDER_BITS = 0xFFFF_FF00L;
    private static final int KNOWN_FLAGS = TombstoneTable.NOT_APPLIED | TombstoneTable.UNACKNOWLEDGED;

    private final CheckedSegment segment;
    private final FileView view;
    private long visible;

    TombstoneCheck(CheckedSegment segment) {
        this.segment = segment;
        this.view = segment.view();
    }

    long visible() {
        return visible;
    }

    @Override
    public long count() {
        return (long) segment.geometry().tombstoneBucketCount() * SegmentDescriptor.TOMBSTONES_PER_BUCKET;
    }

    private long offset(long place) {
        return segment.geometry().tombstonesOffset() + place * SegmentDescriptor.TOMBSTONE_LENGTH;
    }

    private Finding damage(long place, long at, long word, String what) {
        return segment.damage(Region.TOMBSTONES, place, at, word, what);
    }

    @Override
    public void look(long place, Findings findings) {
        long at = offset(place);
        long state = view.longAcquire(at + SegmentDescriptor.TOMBSTONE_STATE_OFFSET);
        switch (RecordDescriptor.kind(state)) {
            case RecordDescriptor.FREE -> {
                if ((int) state != 0) {
                    findings.add(damage(place, at, state, "free place names a holder or has flags"));
                }
            }
            case RecordDescriptor.RESERVED ->
                findings.add(segment.held(
                        Region.TOMBSTONES,
                        place,
                        at,
                        state,
                        RecordDescriptor.slot(state),
                        RecordDescriptor.incarnation(state),
                        "tombstone's place is reserved"));
            case RecordDescriptor.VISIBLE -> {
                visible++;
                lookAtVisible(place, at, state, findings);
            }
            default -> findings.add(damage(place, at, state, "state word has a kind that a tombstone never has"));
        }
    }

    private void lookAtVisible(long place, long at, long state, Findings findings) {
        if ((state & HOLDER_BITS) != 0 || (state & 0xC0) != 0 || (RecordDescriptor.marks(state) & ~KNOWN_FLAGS) != 0) {
            findings.add(damage(place, at, state, "visible tombstone names a holder or has unknown flags"));
        }
        long high = view.getLong(at + SegmentDescriptor.TOMBSTONE_DIGEST_HIGH_OFFSET);
        long low = view.getLong(at + SegmentDescriptor.TOMBSTONE_DIGEST_LOW_OFFSET);
        long version = view.getLong(at + SegmentDescriptor.TOMBSTONE_VERSION_OFFSET);
        int tick = view.getInt(at + SegmentDescriptor.TOMBSTONE_TICK_OFFSET);
        long position = view.getLong(at + SegmentDescriptor.TOMBSTONE_POSITION_OFFSET);
        long life = view.getLong(at + SegmentDescriptor.TOMBSTONE_LIFE_OFFSET);
        VarHandle.acquireFence();
        if (view.longAcquire(at) != state) {
            // Changed meanwhile: what was read is of two tombstones.
            return;
        }
        long bucket = place / SegmentDescriptor.TOMBSTONES_PER_BUCKET;
        int first = segment.places().firstTombstoneBucket(high);
        int second = segment.places().secondTombstoneBucket(high);
        if (bucket != first && bucket != second) {
            findings.add(damage(
                    place,
                    at + SegmentDescriptor.TOMBSTONE_DIGEST_HIGH_OFFSET,
                    state,
                    "digest does not belong to this bucket: bucket=" + bucket + ", the digest's=" + first + " and "
                            + second));
        } else {
            lookForDouble(place, state, first, high, low, findings);
            lookForDouble(place, state, second, high, low, findings);
        }
        if (version <= 0 || version > Version.MAX_CLOCK) {
            findings.add(damage(
                    place,
                    at + SegmentDescriptor.TOMBSTONE_VERSION_OFFSET,
                    version,
                    "version's clock is not above 0, or leaves no room for another above it"));
        }
        if (position < 0) {
            findings.add(
                    damage(place, at + SegmentDescriptor.TOMBSTONE_POSITION_OFFSET, position, "position is below 0"));
        }
        if (RelayPosition.placeOf(position) >= SegmentDescriptor.PLACE_COUNT) {
            findings.add(damage(
                    place,
                    at + SegmentDescriptor.TOMBSTONE_POSITION_OFFSET,
                    position,
                    "position is of a relay's place that does not exist: " + RelayPosition.placeOf(position)));
        }
        if (life < 0 || life > version) {
            findings.add(damage(
                    place,
                    at + SegmentDescriptor.TOMBSTONE_LIFE_OFFSET,
                    life,
                    "life that it took away is below 0, or above its version"));
        }
        if (segment.tick() - tick < -CheckedSegment.TICK_MARGIN) {
            findings.add(
                    damage(place, at + SegmentDescriptor.TOMBSTONE_TICK_OFFSET, tick, "it was written in the future"));
        }
        if ((RecordDescriptor.marks(state) & TombstoneTable.NOT_APPLIED) != 0) {
            findings.add(notApplied(place, at, state, low));
        }
    }

    private Finding notApplied(long place, long at, long state, long digestLow) {
        long lock = view.longAcquire(
                CheckedSegment.bucketOffset(segment.places().firstBucket(digestLow)) + SegmentDescriptor.LOCK_OFFSET);
        boolean atWork = !HolderWord.isFree(lock)
                && segment.holders().holder(HolderWord.slot(lock), HolderWord.incarnation(lock))
                        == SlotHolders.Holder.ALIVE;
        String what = "tombstone is not applied yet";
        return atWork
                ? segment.inFlux(Region.TOMBSTONES, place, at, state, what)
                : segment.leftover(
                        Region.TOMBSTONES,
                        place,
                        at,
                        state,
                        what,
                        "the next writer of the key, or the next sweep, applies it");
    }

    /** Each pair is told once, at its lower place. A kill between the higher one and the dropping of the lower leaves two. */
    private void lookForDouble(long place, long state, int bucket, long high, long low, Findings findings) {
        for (int i = 0; i < SegmentDescriptor.TOMBSTONES_PER_BUCKET; i++) {
            long other = (long) bucket * SegmentDescriptor.TOMBSTONES_PER_BUCKET + i;
            long at = offset(other);
            if (other > place
                    && RecordDescriptor.kind(view.longAcquire(at)) == RecordDescriptor.VISIBLE
                    && view.getLong(at + SegmentDescriptor.TOMBSTONE_DIGEST_HIGH_OFFSET) == high
                    && view.getLong(at + SegmentDescriptor.TOMBSTONE_DIGEST_LOW_OFFSET) == low) {
                findings.add(segment.leftover(
                        Region.TOMBSTONES,
                        place,
                        offset(place),
                        state,
                        "two tombstones of one key: the other is " + other,
                        "the higher one counts; the lower goes with the next delete, or when its retention is over"));
            }
        }
    }
}
