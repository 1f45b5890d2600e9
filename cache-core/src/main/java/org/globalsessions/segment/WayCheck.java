package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.WAYS;

import org.globalsessions.Version;
import org.globalsessions.segment.Finding.Region;

/**
 * The rules of a way: state word, tag, stamp and hints, the record's fields, that its key belongs there, that it is the only
 * visible one of its key, and that no applied tombstone beats it. Counts what it sees.
 */
final class WayCheck implements PlaceCheck {
    private static final long UNUSED_STATE_BITS = 3L << 6;
    private static final long HOLDER_BITS = 0xFFFF_FF00L;
    private static final int MARKS = 7;
    private static final int KNOWN_HINTS = MARKS | BucketTable.EXPIRES;
    private static final int OLDEST_STAMP = 0x2800;

    private final CheckedSegment segment;
    private final FileView view;
    private final RecordImage record;
    private final RecordImage other;
    private long visible;
    private long reserved;
    private long aside;
    private long unpublished;

    WayCheck(CheckedSegment segment) {
        this.segment = segment;
        this.view = segment.view();
        this.record = new RecordImage(view, segment.geometry());
        this.other = new RecordImage(view, segment.geometry());
    }

    long visible() {
        return visible;
    }

    long reserved() {
        return reserved;
    }

    long aside() {
        return aside;
    }

    long unpublished() {
        return unpublished;
    }

    @Override
    public long count() {
        return segment.geometry().recordCount();
    }

    @Override
    public void look(long way, Findings findings) {
        long state = record.stateOf(way);
        long at = record.offsetOf(way);
        if ((state & UNUSED_STATE_BITS) != 0) {
            findings.add(damage(way, at, state, "state word has bits that mean nothing"));
        }
        switch (RecordDescriptor.kind(state)) {
            case RecordDescriptor.FREE -> lookAtFree(way, at, state, findings);
            case RecordDescriptor.VISIBLE -> {
                if (record.read(way)) {
                    visible++;
                    unpublished += record.marks() & RecordDescriptor.UNPUBLISHED;
                    lookAtVisible(findings);
                }
            }
            case RecordDescriptor.RESERVED -> {
                reserved++;
                lookAtHeld(way, at, state, "way is reserved", findings);
            }
            case RecordDescriptor.ASIDE -> {
                aside++;
                lookAtHeld(way, at, state, "way is set aside, written", findings);
            }
            default -> findings.add(damage(way, at, state, "state word has no known kind"));
        }
    }

    private Finding damage(long way, long at, long word, String what) {
        return segment.damage(Region.RECORDS, way, at, word, what);
    }

    private void lookAtFree(long way, long at, long state, Findings findings) {
        if ((state & HOLDER_BITS) != 0 || RecordDescriptor.marks(state) != 0) {
            findings.add(damage(way, at, state, "free way names a holder or has marks"));
        }
        if (tag(way) != 0 && record.stateOf(way) == state) {
            findings.add(damage(way, tagOffset(way), tag(way), "free way has a tag, so no writer finds it"));
        }
        lookAtHints(way, findings);
    }

    private void lookAtHeld(long way, long at, long state, String what, Findings findings) {
        if (RecordDescriptor.marks(state) != 0) {
            findings.add(damage(way, at, state, "held way has marks"));
        }
        findings.add(segment.held(
                Region.RECORDS,
                way,
                at,
                state,
                RecordDescriptor.slot(state),
                RecordDescriptor.incarnation(state),
                what));
        lookAtHints(way, findings);
    }

    private void lookAtHints(long way, Findings findings) {
        int hints = hints(way);
        if ((hints & ~KNOWN_HINTS) != 0) {
            findings.add(damage(way, hintOffset(way), hints, "hints have bits that mean nothing"));
        }
    }

    private void lookAtVisible(Findings findings) {
        long way = record.way;
        long at = record.offset;
        if ((record.state & HOLDER_BITS) != 0) {
            findings.add(damage(way, at, record.state, "visible way names a holder"));
        }
        if ((int) (record.access >>> 32) != RecordDescriptor.generation(record.state)) {
            findings.add(damage(
                    way,
                    at + RecordDescriptor.ACCESS_OFFSET,
                    record.access,
                    "last access is of another generation than the state word"));
        }
        lookAtTimes(findings);
        lookAtVersion(findings);
        lookAtLanes(findings);
        if ((record.flags & ~RecordDescriptor.OVERFLOWED) != 0) {
            findings.add(damage(way, at + RecordDescriptor.FLAGS_OFFSET, record.flags, "flags have unknown bits"));
        }
        if (!record.hasValidLengths()) {
            findings.add(damage(
                    way,
                    at + RecordDescriptor.VALUE_LENGTH_OFFSET,
                    record.valueLength,
                    "lengths do not fit the record: key=" + record.keyLength + ", value=" + record.valueLength
                            + ", record=" + record.stride()));
            return;
        }
        if (record.isOverflowed()) {
            lookAtChain(findings);
        }
        lookAtKey(findings);
    }

    /** As many pages as the value takes, each naming this head, and no more. */
    private void lookAtChain(Findings findings) {
        int page = record.firstPage;
        int length = SegmentDescriptor.pagesOf(record.valueLength);
        for (int link = 0; link < length; link++) {
            if (!record.ownsPage(page)) {
                tellOfChain(
                        page, "chain of pages breaks off: link=" + link + " of " + length + ", page=" + page, findings);
                return;
            }
            page = record.nextPage(page);
        }
        if (page != OverflowArea.NONE) {
            tellOfChain(page, "chain of pages is longer than the value: pages=" + length, findings);
        }
    }

    private void tellOfChain(int page, String what, Findings findings) {
        if (record.stillShows()) {
            findings.add(
                    damage(record.way, record.offset + RecordDescriptor.KEY_OFFSET + record.keyLength, page, what));
        }
    }

    private void lookAtTimes(Findings findings) {
        long at = record.offset;
        int tick = segment.tick();
        int limit = CheckedSegment.MAX_TICKS + CheckedSegment.TICK_MARGIN;
        if (record.expiry != 0 && record.expiry - tick > limit) {
            findings.add(damage(
                    record.way,
                    at + RecordDescriptor.EXPIRY_OFFSET,
                    record.expiry,
                    "lifetime ends later than 240 days from now: ticks from now=" + (record.expiry - tick)));
        }
        if (record.idleLimit < 0 || record.idleLimit > CheckedSegment.MAX_TICKS) {
            findings.add(damage(
                    record.way,
                    at + RecordDescriptor.IDLE_LIMIT_OFFSET,
                    record.idleLimit,
                    "idle limit is not between 0 and 240 days: ticks=" + record.idleLimit));
        } else if (record.idleLimit != 0 && tick - record.lastAccess() < -CheckedSegment.TICK_MARGIN) {
            findings.add(damage(
                    record.way,
                    at + RecordDescriptor.ACCESS_OFFSET,
                    record.access,
                    "last access lies in the future: ticks from now=" + (record.lastAccess() - tick)));
        }
    }

    private void lookAtVersion(Findings findings) {
        if (record.version <= 0 || record.version > Version.MAX_CLOCK) {
            findings.add(damage(
                    record.way,
                    record.offset + RecordDescriptor.VERSION_OFFSET,
                    record.version,
                    "version's clock is not above 0, or leaves no room for another above it"));
        }
        if (record.life <= 0 || record.life > record.version) {
            findings.add(damage(
                    record.way,
                    record.offset + RecordDescriptor.LIFE_OFFSET,
                    record.life,
                    "life is not between 1 and the version's clock"));
        }
    }

    /** Stamp and hints of a visible way. */
    private void lookAtLanes(Findings findings) {
        long way = record.way;
        lookAtHints(way, findings);
        int hints = hints(way);
        boolean expires = record.expiry != 0 || record.idleLimit != 0;
        if (((hints & BucketTable.EXPIRES) != 0) != expires) {
            findings.add(damage(
                    way,
                    hintOffset(way),
                    hints,
                    expires ? "entry expires, its hint says that it does not" : "hint says that the entry expires"));
        }
        if ((hints & MARKS) != record.marks()) {
            findings.add(segment.leftover(
                    Region.RECORDS,
                    way,
                    hintOffset(way),
                    hints,
                    "hints are not the marks: marks=" + record.marks(),
                    "the next full sweep makes them equal"));
        }
        int step = (int) view.getLong(SegmentDescriptor.STEP_OFFSET) & BucketTable.STEP_MASK;
        int stamp = view.getUnsignedShort(stampOffset(way));
        if (BucketTable.age(step, stamp) > OLDEST_STAMP) {
            findings.add(segment.leftover(
                    Region.RECORDS,
                    way,
                    stampOffset(way),
                    stamp,
                    "stamp is older than a quarter of its range: step=" + step,
                    "the next sweep lifts it"));
        }
    }

    private void lookAtKey(Findings findings) {
        long way = record.way;
        int tag = tag(way);
        int wanted = BucketTable.tag(record.digestHigh());
        if (tag != wanted) {
            findings.add(damage(
                    way,
                    tagOffset(way),
                    tag,
                    "tag is not the key's, so no reader finds the entry: expected=" + Integer.toHexString(wanted)));
        }
        int first = segment.places().firstBucket(record.digestLow());
        int second = segment.places().secondBucket(record.digestLow());
        long bucket = way / WAYS;
        if (bucket != first && bucket != second) {
            findings.add(damage(
                    way,
                    record.offset + RecordDescriptor.KEY_OFFSET,
                    record.keyLength,
                    "key does not belong to this bucket: bucket=" + bucket + ", the key's=" + first + " and "
                            + second));
            return;
        }
        lookForDouble(first, wanted, first, findings);
        lookForDouble(second, wanted, first, findings);
        lookAtTombstones(findings);
    }

    /** Each pair is told once, at its lower way. */
    private void lookForDouble(int bucket, int tag, int firstBucket, Findings findings) {
        for (int lane = 0; lane < WAYS; lane++) {
            long way = (long) bucket * WAYS + lane;
            if (way > record.way
                    && tag(way) == tag
                    && other.read(way)
                    && other.hasValidLengths()
                    && other.hasKeyOf(record)
                    && record.stillShows()
                    && other.stillShows()) {
                findings.add(doubled(firstBucket));
            }
        }
    }

    private Finding doubled(int firstBucket) {
        boolean otherNewer = Version.compare(other.version, other.origin, record.version, record.origin) > 0;
        String what = "two visible records of one key: the other is way " + other.way + ", generation "
                + Integer.toUnsignedString(RecordDescriptor.generation(other.state)) + "; the newer one is way "
                + (otherNewer ? other.way : record.way);
        long lockOffset = CheckedSegment.bucketOffset(firstBucket) + SegmentDescriptor.LOCK_OFFSET;
        long lock = view.longAcquire(lockOffset);
        boolean leftByDead = segment.holders().anyDead();
        if (!HolderWord.isFree(lock)) {
            SlotHolders.Holder holder = segment.holders().holder(HolderWord.slot(lock), HolderWord.incarnation(lock));
            leftByDead |= holder == SlotHolders.Holder.DEAD;
        }
        if (leftByDead) {
            return segment.leftover(
                    Region.RECORDS,
                    record.way,
                    record.offset,
                    record.state,
                    what,
                    "the next writer of the key, or the sweep after its writer's death, retires the older one");
        }
        // A writer that is stopped behind step 9 of a set may have lost its lock by now.
        return segment.holders().anyLive()
                ? segment.inFlux(Region.RECORDS, record.way, record.offset, record.state, what)
                : damage(record.way, record.offset, record.state, what);
    }

    private void lookAtTombstones(Findings findings) {
        long high = record.digestHigh();
        lookAtTombstonesIn(segment.places().firstTombstoneBucket(high), findings);
        lookAtTombstonesIn(segment.places().secondTombstoneBucket(high), findings);
    }

    private void lookAtTombstonesIn(int bucket, Findings findings) {
        for (int i = 0; i < SegmentDescriptor.TOMBSTONES_PER_BUCKET; i++) {
            long place = (long) bucket * SegmentDescriptor.TOMBSTONES_PER_BUCKET + i;
            long at = segment.geometry().tombstonesOffset() + place * SegmentDescriptor.TOMBSTONE_LENGTH;
            long state = view.longAcquire(at + SegmentDescriptor.TOMBSTONE_STATE_OFFSET);
            boolean beats = RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE
                    && (RecordDescriptor.marks(state) & TombstoneTable.NOT_APPLIED) == 0
                    && view.getLong(at + SegmentDescriptor.TOMBSTONE_DIGEST_HIGH_OFFSET) == record.digestHigh()
                    && view.getLong(at + SegmentDescriptor.TOMBSTONE_DIGEST_LOW_OFFSET) == record.digestLow()
                    && record.life <= view.getLong(at + SegmentDescriptor.TOMBSTONE_VERSION_OFFSET);
            if (beats && view.longAcquire(at) == state && record.stillShows()) {
                findings.add(damage(
                        record.way,
                        record.offset + RecordDescriptor.LIFE_OFFSET,
                        record.life,
                        "a tombstone that is applied beats this visible entry: tombstone=" + place));
            }
        }
    }

    private static long bucketOf(long way) {
        return CheckedSegment.bucketOffset(way / WAYS);
    }

    private static long tagOffset(long way) {
        return bucketOf(way) + SegmentDescriptor.TAGS_OFFSET + way % WAYS * Short.BYTES;
    }

    private static long stampOffset(long way) {
        return bucketOf(way) + SegmentDescriptor.STAMPS_OFFSET + way % WAYS * Short.BYTES;
    }

    private static long hintOffset(long way) {
        return bucketOf(way) + SegmentDescriptor.HINTS_OFFSET + way % WAYS;
    }

    private int tag(long way) {
        return view.getUnsignedShort(tagOffset(way));
    }

    private int hints(long way) {
        return view.getUnsignedByte(hintOffset(way));
    }
}
