package org.globalsessions.segment;

import static org.globalsessions.segment.RecordDescriptor.ACCESS_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.EXPIRY_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.FLAGS_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.IDLE_LIMIT_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.KEY_LENGTH_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.KEY_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.LIFE_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.ORIGIN_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.OVERFLOWED;
import static org.globalsessions.segment.RecordDescriptor.STATE_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.VALUE_LENGTH_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.VERSION_OFFSET;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * The records: state words, validated reads, writes of a reserved record.
 *
 * <p>Any process, any thread; bodies are written only by the process that has reserved the way. A reader takes the state word
 * (acquire), copies with plain loads, and takes the state word again behind an acquire fence: if kind and generation are the
 * same, no writer has touched the bytes in between, because each use of a way gives it another generation before the first
 * byte is written.
 */
final class RecordView {
    private static final long SAME_ENTRY = 0xFFFF_FFFF_0000_0007L;

    /** The common case does not apply. */
    static final int OTHER_CASE = -1;

    private static final int LINE = 64;
    private static final int MAX_FETCH = 512;

    private final ByteBuffer[] buffers;
    private final OverflowArea area;
    private final int shift;
    private final int mask;
    private final int stride;
    private final int count;
    private final SegmentTime time;
    private final boolean laterTier;
    private final int owedMask;

    RecordView(SegmentFile file, OverflowArea area) {
        this(file, area, false, 0);
    }

    /**
     * With the idle limits of a later tier, whose records say how long it keeps an idle entry: what is copied from them says what was told.
     *
     * @param owedMask the mark of what the next tier has not acknowledged, 0 where there is none
     */
    RecordView(SegmentFile file, OverflowArea area, boolean laterTier, int owedMask) {
        this.laterTier = laterTier;
        this.owedMask = owedMask;
        this.buffers = file.recordBuffers();
        this.area = area;
        this.shift = Integer.numberOfTrailingZeros(file.recordsPerBuffer());
        this.mask = file.recordsPerBuffer() - 1;
        this.stride = file.recordStride();
        this.count = file.bucketCount() * SegmentDescriptor.WAYS;
        this.time = file.time();
    }

    /** Key and value bytes together that a record holds. */
    int bodyCapacity() {
        return stride - KEY_OFFSET;
    }

    /** Whether a value of some length goes to pages. */
    boolean overflows(int keyLength, int valueLength) {
        return valueLength > bodyCapacity() - keyLength;
    }

    /** Longest value for a key of some length, whatever the limit of the segment's settings. */
    int valueCapacity(int keyLength) {
        boolean hasPages = area.pageCount() > 0 && keyLength + Integer.BYTES <= bodyCapacity();
        return hasPages ? Integer.MAX_VALUE : bodyCapacity() - keyLength;
    }

    private ByteBuffer buffer(int way) {
        return buffers[way >>> shift];
    }

    private int offset(int way) {
        return (way & mask) * stride;
    }

    long stateAcquire(int way) {
        return (long) Words.LONG.getAcquire(buffer(way), offset(way) + STATE_OFFSET);
    }

    long stateVolatile(int way) {
        return (long) Words.LONG.getVolatile(buffer(way), offset(way) + STATE_OFFSET);
    }

    /** Loads the lines that a record of so many bytes of key and value will take, for a write that is about to fill them. */
    long fetch(int way, int bodyLength) {
        long sum = 0;
        ByteBuffer buffer = buffer(way);
        int at = offset(way);
        int end = at + Math.min(stride, Math.min(KEY_OFFSET + bodyLength, MAX_FETCH));
        for (; at < end; at += LINE) {
            sum += (long) Words.LONG.getOpaque(buffer, at);
        }
        return sum;
    }

    boolean casState(int way, long expected, long changed) {
        return Words.LONG.compareAndSet(buffer(way), offset(way) + STATE_OFFSET, expected, changed);
    }

    /** Whether a record still shows the entry that it showed under an earlier word; marks may have changed. */
    boolean stillShows(int way, long state) {
        // Plain loads of the body before this must not sink below the second look at the state.
        VarHandle.acquireFence();
        long now = (long) Words.LONG.getOpaque(buffer(way), offset(way) + STATE_OFFSET);
        return ((now ^ state) & SAME_ENTRY) == 0;
    }

    boolean keyEquals(int way, EncodedKey key) {
        ByteBuffer buffer = buffer(way);
        int at = offset(way);
        return (buffer.getShort(at + KEY_LENGTH_OFFSET) & 0xFFFF) == key.length
                && hasBytes(buffer, at + KEY_OFFSET, key.bytes, key.length);
    }

    /**
     * Copies the value of a record that shows a key, holds its value itself and has not expired; renews its last access. All in
     * one, so that the record's place is worked out once.
     *
     * @return the value's length, or {@link #OTHER_CASE}
     */
    int copyIfShown(int way, EncodedKey key, byte[] target, int targetOffset) {
        ByteBuffer buffer = buffer(way);
        int at = offset(way);
        long state = buffer.getLong(at + STATE_OFFSET);
        // Pairs with the compare-and-set that makes a record visible: its body comes after its state word.
        VarHandle.acquireFence();
        // Value length, key length and flags in one: equal only without OVERFLOWED.
        long lengths = buffer.getLong(at + VALUE_LENGTH_OFFSET);
        int keyLength = key.length;
        int length = (int) lengths;
        boolean common = RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE
                && (int) (lengths >>> 32) == keyLength
                && length >= 0
                && length <= Math.min(bodyCapacity() - keyLength, target.length - targetOffset);
        if (!common || !hasBytes(buffer, at + KEY_OFFSET, key.bytes, keyLength)) {
            return OTHER_CASE;
        }
        // Lifetime's end and idle limit in one.
        boolean mayExpire = buffer.getLong(at + EXPIRY_OFFSET) != 0;
        int tick = mayExpire ? (int) time.now() : 0;
        if (mayExpire && isExpired(way, tick)) {
            return OTHER_CASE;
        }
        buffer.get(at + KEY_OFFSET + keyLength, target, targetOffset, length);
        // The copy must not sink below the second look at the state.
        VarHandle.acquireFence();
        if (((buffer.getLong(at + STATE_OFFSET) ^ state) & SAME_ENTRY) != 0) {
            return OTHER_CASE;
        }
        if (mayExpire && buffer.getInt(at + IDLE_LIMIT_OFFSET) != 0) {
            touch(way, state, tick);
        }
        return length;
    }

    private static boolean hasBytes(ByteBuffer buffer, int from, byte[] bytes, int length) {
        int i = 0;
        for (; i <= length - Long.BYTES; i += Long.BYTES) {
            if (buffer.getLong(from + i) != (long) KeyHash.LONGS.get(bytes, i)) {
                return false;
            }
        }
        for (; i < length; i++) {
            if (buffer.get(from + i) != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    int keyLength(int way) {
        return Math.min(buffer(way).getShort(offset(way) + KEY_LENGTH_OFFSET) & 0xFFFF, bodyCapacity());
    }

    /** Compares the digest of a record's key; the caller validates afterwards. */
    boolean digestEquals(int way, EncodedKey digest) {
        EntrySnapshot scratch = digest.scratch;
        int length = copyKey(way, scratch);
        EncodedKey other = digest.other();
        other.encode(scratch.key, length);
        return other.high == digest.high && other.low == digest.low;
    }

    long version(int way) {
        return buffer(way).getLong(offset(way) + VERSION_OFFSET);
    }

    int origin(int way) {
        return buffer(way).getInt(offset(way) + ORIGIN_OFFSET);
    }

    long life(int way) {
        return buffer(way).getLong(offset(way) + LIFE_OFFSET);
    }

    /** Length of the value as it stands; may be nonsense until validated, so it is cut to what there can be. */
    int valueLength(int way, int keyLength) {
        int length = buffer(way).getInt(offset(way) + VALUE_LENGTH_OFFSET);
        int most = isOverflowed(way) ? SegmentSettings.MAX_VALUE_SIZE : bodyCapacity() - keyLength;
        return Math.max(0, Math.min(length, most));
    }

    private boolean isOverflowed(int way) {
        return (buffer(way).getShort(offset(way) + FLAGS_OFFSET) & OVERFLOWED) != 0;
    }

    /** The first page of the value; {@link OverflowArea#NONE} where it lies in the record. */
    int firstPage(int way) {
        int keyLength = keyLength(way);
        return isOverflowed(way) && keyLength + Integer.BYTES <= bodyCapacity()
                ? buffer(way).getInt(offset(way) + KEY_OFFSET + keyLength)
                : OverflowArea.NONE;
    }

    /**
     * Copies a value; the caller validates afterwards.
     *
     * @return false where its pages are not this entry's: it has gone, or the segment is damaged
     */
    boolean copyValue(int way, long state, int keyLength, byte[] target, int targetOffset, int length) {
        if (isOverflowed(way)) {
            return area.copy(way, RecordDescriptor.generation(state), firstPage(way), target, targetOffset, length);
        }
        if (overflows(keyLength, length)) {
            // The length was read of another entry than the flags.
            return false;
        }
        buffer(way).get(offset(way) + KEY_OFFSET + keyLength, target, targetOffset, length);
        return true;
    }

    /** Whether an entry has all the pages of its value; the caller validates afterwards. */
    boolean hasItsPages(int way, long state) {
        return !isOverflowed(way)
                || area.isWhole(
                        way, RecordDescriptor.generation(state), firstPage(way), valueLength(way, keyLength(way)));
    }

    /** Whether the head that a page's word names still has the page. */
    boolean ownsPage(long owner) {
        int way = OverflowArea.way(owner);
        if (way < 0 || way >= count) {
            return false;
        }
        long state = stateAcquire(way);
        return RecordDescriptor.generation(state) == OverflowArea.generation(owner)
                && RecordDescriptor.kind(state) != RecordDescriptor.FREE;
    }

    /** Gives back a chain that the caller has taken for a way and not shown. */
    void releasePages(int way, int firstPage) {
        area.release(way, firstPage);
    }

    /** Gives back the pages of the entry that a way held before the caller reserved it, and what it took since. */
    void releasePages(int way) {
        if (isOverflowed(way)) {
            area.release(way, firstPage(way));
        }
    }

    /**
     * Whether lifetime or idle limit have run out by now. By the clock: the ticker's field is of the moment before this process was
     * stopped until the ticker has run again, and would show what ran out meanwhile.
     */
    boolean isExpired(int way) {
        boolean mayExpire = buffer(way).getLong(offset(way) + EXPIRY_OFFSET) != 0;
        return mayExpire && isExpired(way, (int) time.now());
    }

    /** Whether lifetime or idle limit have run out at a tick. Ticks are compared modulo 2^32. */
    boolean isExpired(int way, int tick) {
        ByteBuffer buffer = buffer(way);
        int at = offset(way);
        int expiry = buffer.getInt(at + EXPIRY_OFFSET);
        if (expiry != 0 && expiry - tick <= 0) {
            return true;
        }
        int idleLimit = buffer.getInt(at + IDLE_LIMIT_OFFSET);
        return idleLimit != 0 && tick - lastAccess(way) >= idleLimit;
    }

    /**
     * Whether a record has expired for all: its lifetime has run out, or so much more than its idle limit that no later tier keeps the entry
     * either. Until then it tells that this host used the entry last.
     */
    boolean isOver(int way, int tick) {
        int expiry = expiry(way);
        int idleLimit = idleLimit(way);
        return (expiry != 0 && expiry - tick <= 0)
                || (idleLimit != 0 && tick - lastAccess(way) >= Ticks.kept(idleLimit));
    }

    /**
     * Whether an entry's lifetime has ended before the next tier has acknowledged it. Nobody reads it any more, and it is owed to that tier all
     * the same: what it has overwritten may live longer there, and would come back as if this had never been.
     */
    boolean isOwed(int way, long state, int tick) {
        int expiry = expiry(way);
        return (RecordDescriptor.marks(state) & owedMask) != 0 && expiry != 0 && expiry - tick <= 0;
    }

    /** As {@link #isOwed(int, long, int)}, by the clock. */
    boolean isOwed(int way, long state) {
        return (RecordDescriptor.marks(state) & owedMask) != 0 && isOwed(way, state, (int) time.now());
    }

    /** The mark of an entry that may be owed, 0 where there is no next tier. */
    int owedMask() {
        return owedMask;
    }

    /** The tick at which a record's time runs out if nobody uses it before; 0 for never. */
    int due(int way) {
        return due(expiry(way), lastAccess(way), idleLimit(way));
    }

    /** The earlier of the lifetime's end and the idle limit's, each 0 for none. */
    static int due(int expiry, int lastAccess, int idleLimit) {
        int idleEnd = idleLimit == 0 ? 0 : Ticks.nonZero(lastAccess + idleLimit);
        return Ticks.earlier(expiry, idleEnd);
    }

    int lastAccess(int way) {
        return (int) (long) Words.LONG.getOpaque(buffer(way), offset(way) + ACCESS_OFFSET);
    }

    int expiry(int way) {
        return buffer(way).getInt(offset(way) + EXPIRY_OFFSET);
    }

    /** The idle limit that the entry has in all tiers. */
    int toldIdleLimit(int way) {
        return laterTier ? Ticks.told(idleLimit(way)) : idleLimit(way);
    }

    int idleLimit(int way) {
        return buffer(way).getInt(offset(way) + IDLE_LIMIT_OFFSET);
    }

    /**
     * Renews the last access where an idle limit, or an evictor that goes by it, makes it matter. The word holds the generation too, so that a late renewal
     * does not reach the next entry of the way.
     */
    void touch(int way, long state, boolean always) {
        if (buffer(way).getInt(offset(way) + IDLE_LIMIT_OFFSET) != 0) {
            touch(way, state, (int) time.now());
        } else if (always) {
            touch(way, state, (int) time.tick());
        }
    }

    /**
     * As a use at some tick, where that is later than the last one. Not of an entry whose idle limit has run out by then: who was stopped between
     * its read and this would bring back what others have found gone.
     */
    void touch(int way, long state, int tick) {
        ByteBuffer buffer = buffer(way);
        int at = offset(way) + ACCESS_OFFSET;
        long word = (long) Words.LONG.getOpaque(buffer, at);
        int generation = RecordDescriptor.generation(state);
        int unused = tick - (int) word;
        int idleLimit = idleLimit(way);
        boolean isOver = idleLimit != 0 && unused >= idleLimit;
        if ((int) (word >>> 32) == generation && unused > 0 && !isOver) {
            Words.LONG.compareAndSet(buffer, at, word, access(tick, generation)); // LAYOUT get 5
        }
    }

    private static long access(int tick, int generation) {
        return ((long) generation << 32) | (tick & 0xFFFF_FFFFL);
    }

    /** Copies a key; the caller validates afterwards. Returns its length. */
    int copyKey(int way, EntrySnapshot into) {
        int keyLength = keyLength(way);
        into.ensure(keyLength, 0);
        buffer(way).get(offset(way) + KEY_OFFSET, into.key, 0, keyLength);
        into.keyLength = keyLength;
        return keyLength;
    }

    /**
     * Copies a whole entry; the caller validates afterwards.
     *
     * @return false where its pages are not this entry's: it has gone, or the segment is damaged
     */
    boolean copyEntry(int way, long state, int tick, EntrySnapshot into) {
        int keyLength = copyKey(way, into);
        int valueLength = valueLength(way, keyLength);
        into.ensure(keyLength, valueLength);
        into.valueLength = valueLength;
        into.way = way;
        into.stateWord = state;
        into.versionClock = version(way);
        into.versionOrigin = origin(way);
        into.life = life(way);
        into.idleLimitTicks = toldIdleLimit(way);
        into.idleTicks = Math.max(0, tick - lastAccess(way));
        int expiry = expiry(way);
        into.lifetimeTicks = expiry == 0 ? 0 : Math.max(1, expiry - tick);
        return copyValue(way, state, keyLength, into.value, 0, valueLength);
    }

    /**
     * Writes the whole body of a way that the caller has reserved under the given state word.
     *
     * @return false where pages taken for it are its own no more
     */
    boolean write(int way, long reserved, EncodedKey key, EntryWriter.Body body) {
        ByteBuffer buffer = buffer(way);
        int at = offset(way);
        // The reservation, with its new generation, must be seen before the first byte of the body.
        VarHandle.storeStoreFence(); // LAYOUT set 8
        Words.LONG.setOpaque(
                buffer, at + ACCESS_OFFSET, access(body.lastAccess, RecordDescriptor.generation(reserved)));
        buffer.putLong(at + VERSION_OFFSET, body.versionClock);
        buffer.putLong(at + LIFE_OFFSET, body.life);
        buffer.putInt(at + ORIGIN_OFFSET, body.versionOrigin);
        buffer.putInt(at + EXPIRY_OFFSET, body.expiry);
        buffer.putInt(at + IDLE_LIMIT_OFFSET, body.idleLimit);
        buffer.putInt(at + VALUE_LENGTH_OFFSET, body.length);
        buffer.putShort(at + KEY_LENGTH_OFFSET, (short) key.length); // LAYOUT set 8
        buffer.putShort(at + FLAGS_OFFSET, (short) (body.firstPage == OverflowArea.NONE ? 0 : OVERFLOWED));
        buffer.put(at + KEY_OFFSET, key.bytes, 0, key.length);
        if (body.firstPage == OverflowArea.NONE) {
            buffer.put(at + KEY_OFFSET + key.length, body.value, body.offset, body.length); // LAYOUT set 8
            return true;
        }
        buffer.putInt(at + KEY_OFFSET + key.length, body.firstPage);
        int generation = RecordDescriptor.generation(reserved);
        // LAYOUT set 8
        return area.write(way, generation, body.firstPage, body.value, body.offset, body.length);
    }
}
