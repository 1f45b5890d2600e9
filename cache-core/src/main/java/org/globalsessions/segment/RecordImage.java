package org.globalsessions.segment;

import java.lang.invoke.VarHandle;

/**
 * A validated copy of one record's header and key, read by file alone. Reused for the next record; one thread.
 *
 * <p>The same rule as for every reader: state word, plain loads, fence, state word again; only what was read under one word of
 * one generation counts.
 */
final class RecordImage {
    private static final int LOOKS = 8;
    private static final long SAME_ENTRY = 0xFFFF_FFFF_0000_0007L;

    private final FileView view;
    private final SegmentGeometry geometry;
    private final long recordsOffset;
    private final int stride;
    private final EncodedKey key;

    long way;
    long offset;
    long state;
    long access;
    long version;
    long life;
    int origin;
    int expiry;
    int idleLimit;
    int valueLength;
    int keyLength;
    int flags;
    int firstPage;
    byte[] keyBytes = new byte[64];

    RecordImage(FileView view, SegmentGeometry geometry) {
        this.view = view;
        this.geometry = geometry;
        this.recordsOffset = geometry.recordsOffset();
        this.stride = geometry.recordStride();
        this.key = new EncodedKey(geometry.pathKeyHigh(), geometry.pathKeyLow());
    }

    long offsetOf(long anyWay) {
        return recordsOffset + anyWay * stride;
    }

    long stateOf(long anyWay) {
        return view.longAcquire(offsetOf(anyWay) + RecordDescriptor.STATE_OFFSET);
    }

    /**
     * Reads a way. True where it shows an entry, also one with impossible lengths: {@link #hasValidLengths} says so, and
     * only then there is a key.
     */
    boolean read(long anyWay) {
        way = anyWay;
        offset = offsetOf(anyWay);
        for (int looks = 0; looks < LOOKS; looks++) {
            state = view.longAcquire(offset + RecordDescriptor.STATE_OFFSET);
            if (RecordDescriptor.kind(state) != RecordDescriptor.VISIBLE) {
                return false;
            }
            copy();
            if (stillShows()) {
                if (hasValidLengths()) {
                    key.encode(keyBytes, keyLength);
                }
                return true;
            }
        }
        return false;
    }

    private void copy() {
        access = view.getLong(offset + RecordDescriptor.ACCESS_OFFSET);
        version = view.getLong(offset + RecordDescriptor.VERSION_OFFSET);
        life = view.getLong(offset + RecordDescriptor.LIFE_OFFSET);
        origin = view.getInt(offset + RecordDescriptor.ORIGIN_OFFSET);
        expiry = view.getInt(offset + RecordDescriptor.EXPIRY_OFFSET);
        idleLimit = view.getInt(offset + RecordDescriptor.IDLE_LIMIT_OFFSET);
        valueLength = view.getInt(offset + RecordDescriptor.VALUE_LENGTH_OFFSET);
        keyLength = view.getUnsignedShort(offset + RecordDescriptor.KEY_LENGTH_OFFSET);
        flags = view.getUnsignedShort(offset + RecordDescriptor.FLAGS_OFFSET);
        if (hasValidLengths()) {
            if (keyBytes.length < keyLength) {
                keyBytes = new byte[keyLength];
            }
            view.get(offset + RecordDescriptor.KEY_OFFSET, keyBytes, 0, keyLength);
            firstPage =
                    isOverflowed() ? view.getInt(offset + RecordDescriptor.KEY_OFFSET + keyLength) : OverflowArea.NONE;
        }
    }

    /** Whether the place still shows the entry read; marks may have changed. */
    boolean stillShows() {
        VarHandle.acquireFence();
        return ((view.longAcquire(offset + RecordDescriptor.STATE_OFFSET) ^ state) & SAME_ENTRY) == 0;
    }

    boolean hasValidLengths() {
        if (keyLength < 1 || keyLength > SharedLru.MAX_KEY_LENGTH || valueLength < 0) {
            return false;
        }
        if (isOverflowed()) {
            return valueLength <= SegmentSettings.MAX_VALUE_SIZE
                    && SegmentDescriptor.pagesOf(valueLength) <= geometry.pageCount()
                    && RecordDescriptor.KEY_OFFSET + keyLength + Integer.BYTES <= stride;
        }
        return RecordDescriptor.KEY_OFFSET + keyLength + (long) valueLength <= stride;
    }

    /** Whether the value lies in pages. */
    boolean isOverflowed() {
        return (flags & RecordDescriptor.OVERFLOWED) != 0;
    }

    int stride() {
        return stride;
    }

    int marks() {
        return RecordDescriptor.marks(state);
    }

    int lastAccess() {
        return (int) access;
    }

    long digestHigh() {
        return key.high;
    }

    long digestLow() {
        return key.low;
    }

    /** Whether lifetime or idle limit have run out at a tick. Ticks compare modulo 2^32. */
    boolean isExpired(int tick) {
        return (expiry != 0 && expiry - tick <= 0) || (idleLimit != 0 && tick - lastAccess() >= idleLimit);
    }

    /** Whether the lifetime has run out at a tick before the next tier had the entry: only where there is one an entry is unpublished. */
    boolean isOwed(int tick) {
        return (marks() & RecordDescriptor.UNPUBLISHED) != 0 && expiry != 0 && expiry - tick <= 0;
    }

    /**
     * Copies the value of the entry read; the caller asks {@link #stillShows} afterwards.
     *
     * @return false where a page is not the entry's: it has gone, or the segment is damaged
     */
    boolean copyValue(byte[] target) {
        if (!isOverflowed()) {
            view.get(offset + RecordDescriptor.KEY_OFFSET + keyLength, target, 0, valueLength);
            return true;
        }
        int page = firstPage;
        for (int done = 0; done < valueLength; done += SegmentDescriptor.PAGE_LENGTH) {
            if (!ownsPage(page)) {
                return false;
            }
            int part = Math.min(SegmentDescriptor.PAGE_LENGTH, valueLength - done);
            view.get(geometry.pagesOffset() + (long) page * SegmentDescriptor.PAGE_LENGTH, target, done, part);
            page = nextPage(page);
        }
        return true;
    }

    /** Whether a page exists and its word names the entry read. */
    boolean ownsPage(int page) {
        return page >= 0
                && page < geometry.pageCount()
                && view.longAcquire(pageWordOffset(page) + SegmentDescriptor.PAGE_OWNER_OFFSET)
                        == OverflowArea.owner((int) way, RecordDescriptor.generation(state));
    }

    /** The page behind one in its chain, -1 for none. */
    int nextPage(int page) {
        return view.getInt(pageWordOffset(page) + SegmentDescriptor.PAGE_NEXT_OFFSET) - 1;
    }

    long pageWordOffset(int page) {
        return geometry.pageWordsOffset() + (long) page * SegmentDescriptor.PAGE_WORD_LENGTH;
    }

    boolean hasKeyOf(RecordImage other) {
        return keyLength == other.keyLength
                && java.util.Arrays.equals(keyBytes, 0, keyLength, other.keyBytes, 0, keyLength);
    }
}
