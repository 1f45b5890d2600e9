package org.globalsessions.segment;

import java.util.function.Consumer;
import org.globalsessions.Version;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;

/**
 * Lists what a table holds, a part at a time: entries in the order of their ways, then tombstones in that of their places.
 *
 * <p>A record stays in its way, and a tombstone in its place, as long as it is there in that version: so whatever stays throughout is
 * listed by a walk over all parts, whoever writes meanwhile. What is stored meanwhile is listed or not.
 *
 * <p>Any thread; it keeps nothing between two parts.
 */
final class InventoryScan {
    /** Most ways and places looked at for one part: an empty table must not hold its caller either. */
    static final int MAX_LOOKS = 1 << 16;

    private final Segment segment;

    InventoryScan(Segment segment) {
        this.segment = segment;
    }

    /**
     * One part: see {@link SharedLru#inventory}.
     *
     * @param key         of the calling thread, for its digests
     * @param deletesOnly whether only tombstones that wait for no receipt
     */
    long part(EncodedKey key, long cursor, int most, boolean deletesOnly, Consumer<InventoryItem> into) {
        long ways = (long) segment.buckets().bucketCount() * SegmentDescriptor.WAYS;
        long end = ways + segment.tombstones().count();
        if (cursor >= end) {
            return 0;
        }
        long at = deletesOnly ? Math.max(cursor, ways) : cursor;
        long last = Math.min(end, at + MAX_LOOKS);
        int listed = 0;
        for (; at < last && listed < most; at++) {
            InventoryItem item = at < ways ? entry(key, (int) at) : tombstone(key, (int) (at - ways), deletesOnly);
            if (item != null) {
                into.accept(item);
                listed++;
            }
        }
        return at < end ? at : 0;
    }

    /** The live entry that a way shows, or null. */
    private InventoryItem entry(EncodedKey key, int way) {
        RecordView records = segment.records();
        if (segment.buckets().tagAt(way / SegmentDescriptor.WAYS, way % SegmentDescriptor.WAYS) == 0) {
            return null;
        }
        while (true) {
            long state = records.stateAcquire(way);
            if (RecordDescriptor.kind(state) != RecordDescriptor.VISIBLE) {
                return null;
            }
            boolean expired = records.isExpired(way);
            int length = records.copyKey(way, key.scratch);
            Version version = new Version(records.version(way), records.origin(way));
            long life = records.life(way);
            if (records.stillShows(way, state)) {
                key.encode(key.scratch.key, length);
                return expired ? null : InventoryItem.entry(key.digest(), version, life);
            }
        }
    }

    /** The tombstone that a place shows, or null. */
    private InventoryItem tombstone(EncodedKey key, int place, boolean acknowledgedOnly) {
        TombstoneTable tombstones = segment.tombstones();
        TombstoneTable.Found found = key.tombstone;
        if (!tombstones.read(place, found)) {
            return null;
        }
        KeyDigest digest = new KeyDigest(tombstones.digestHigh(place), tombstones.digestLow(place));
        boolean wanted = !acknowledgedOnly || !found.isUnacknowledged();
        return wanted && tombstones.stillShows(place, found.state)
                ? InventoryItem.tombstone(digest, new Version(found.versionClock, found.versionOrigin))
                : null;
    }
}
