package org.globalsessions.segment;

import java.util.Arrays;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;

/**
 * Walks over the live entries and the tombstones of a segment by file alone, also while others write.
 *
 * <p>One thread. The walk is repeated for what has changed since, as an entry that a write moves into a part already walked over would
 * be missed: see {@link ScanPasses}. An entry that is written meanwhile may be shown more than once, in rising versions.
 */
final class EntryScan {
    private static final int LOOKS = 8;
    private static final int BUCKET_LOOKS = 64;

    private final CheckedSegment segment;
    private final RecordImage record;
    private final EntrySnapshot entry = new EntrySnapshot();

    /** Generation in which each way was shown last. */
    private int[] shown;

    private boolean[] wasShown;
    private long shownCount;

    /** Whether what has expired is shown too where the next tier still has to get it. */
    private final boolean owedToo;

    /** Whether records say how long a later tier keeps an idle entry, and not what was told. */
    private final boolean laterTier;

    EntryScan(CheckedSegment segment, boolean owedToo) {
        this.segment = segment;
        this.owedToo = owedToo;
        this.record = new RecordImage(segment.view(), segment.geometry());
        this.laterTier = SegmentHeader.isLaterTier(segment.view().getInt(SegmentDescriptor.ROLE_OFFSET));
    }

    void entries(EntryVisitor visitor) {
        int ways = (int) segment.geometry().recordCount();
        shown = new int[ways];
        wasShown = new boolean[ways];
        ScanPasses passes = new ScanPasses(segment.geometry().bucketCount(), this::lockWord);
        while (passes.next()) {
            for (int first = 0; first < ways; first += SegmentDescriptor.WAYS) {
                if (!bucket(first, visitor)) {
                    return;
                }
            }
        }
    }

    private long lockWord(int bucket) {
        return segment.view().longAcquire(CheckedSegment.bucketOffset(bucket) + SegmentDescriptor.LOCK_OFFSET);
    }

    /** Looks at a bucket until a look shows nothing new: an overwrite puts the new record beside the old one where it can. */
    private boolean bucket(int firstWay, EntryVisitor visitor) {
        long before = -1;
        for (int looks = 0; looks < BUCKET_LOOKS && shownCount != before; looks++) {
            before = shownCount;
            for (int way = firstWay; way < firstWay + SegmentDescriptor.WAYS; way++) {
                boolean isNew = !wasShown[way] || shown[way] != RecordDescriptor.generation(record.stateOf(way));
                if (isNew && read(way)) {
                    shown[way] = RecordDescriptor.generation(entry.stateWord);
                    wasShown[way] = true;
                    shownCount++;
                    if (!visitor.visit(entry)) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    private boolean read(int way) {
        for (int looks = 0; looks < LOOKS; looks++) {
            int tick = segment.tick();
            boolean shown = record.read(way)
                    && record.hasValidLengths()
                    && (!record.isExpired(tick) || (owedToo && record.isOwed(tick)));
            if (!shown) {
                return false;
            }
            boolean whole = copy(way, tick);
            if (record.stillShows()) {
                return whole;
            }
        }
        return false;
    }

    /** False where the value has pages that are not its own. */
    private boolean copy(int way, int tick) {
        entry.key = Arrays.copyOf(record.keyBytes, record.keyLength);
        entry.keyLength = record.keyLength;
        if (entry.value.length < record.valueLength) {
            entry.value = new byte[record.valueLength];
        }
        boolean whole = record.copyValue(entry.value);
        entry.valueLength = record.valueLength;
        entry.way = way;
        entry.stateWord = record.state;
        entry.versionClock = record.version;
        entry.versionOrigin = record.origin;
        entry.life = record.life;
        entry.idleLimitTicks = laterTier ? Ticks.told(record.idleLimit) : record.idleLimit;
        entry.idleTicks = Math.max(0, tick - record.lastAccess());
        entry.lifetimeTicks = record.expiry == 0 ? 0 : Math.max(1, record.expiry - tick);
        return whole;
    }

    void tombstones(TombstoneVisitor visitor) {
        FileView view = segment.view();
        long count = (long) segment.geometry().tombstoneBucketCount() * SegmentDescriptor.TOMBSTONES_PER_BUCKET;
        for (long place = 0; place < count; place++) {
            long at = segment.geometry().tombstonesOffset() + place * SegmentDescriptor.TOMBSTONE_LENGTH;
            long state = view.longAcquire(at + SegmentDescriptor.TOMBSTONE_STATE_OFFSET);
            if (RecordDescriptor.kind(state) != RecordDescriptor.VISIBLE) {
                continue;
            }
            KeyDigest digest = new KeyDigest(
                    view.longAcquire(at + SegmentDescriptor.TOMBSTONE_DIGEST_HIGH_OFFSET),
                    view.longAcquire(at + SegmentDescriptor.TOMBSTONE_DIGEST_LOW_OFFSET));
            Version version = new Version(
                    view.longAcquire(at + SegmentDescriptor.TOMBSTONE_VERSION_OFFSET),
                    view.getInt(at + SegmentDescriptor.TOMBSTONE_ORIGIN_OFFSET));
            long position = view.longAcquire(at + SegmentDescriptor.TOMBSTONE_POSITION_OFFSET);
            long now = view.longAcquire(at + SegmentDescriptor.TOMBSTONE_STATE_OFFSET);
            boolean same = RecordDescriptor.generation(now) == RecordDescriptor.generation(state)
                    && RecordDescriptor.kind(now) == RecordDescriptor.VISIBLE;
            if (same && !visitor.visit(digest, version, position)) {
                return;
            }
        }
    }
}
