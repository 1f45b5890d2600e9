package org.globalsessions.segment;

import static org.globalsessions.segment.RecordDescriptor.ACCESS_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.EXPIRY_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.FLAGS_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.IDLE_LIMIT_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.KEY_LENGTH_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.KEY_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.LIFE_OFFSET;
import static org.globalsessions.segment.RecordDescriptor.ORIGIN_OFFSET;
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

    private final ByteBuffer[] buffers;
    private final int shift;
    private final int mask;
    private final int stride;

    RecordView(SegmentFile file) {
        this.buffers = file.recordBuffers();
        this.shift = Integer.numberOfTrailingZeros(file.recordsPerBuffer());
        this.mask = file.recordsPerBuffer() - 1;
        this.stride = file.recordStride();
    }

    /** Key and value bytes together that a record holds. */
    int bodyCapacity() {
        return stride - KEY_OFFSET;
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
        int length = key.length;
        if ((buffer.getShort(at + KEY_LENGTH_OFFSET) & 0xFFFF) != length) {
            return false;
        }
        byte[] bytes = key.bytes;
        int from = at + KEY_OFFSET;
        for (int i = 0; i < length; i++) {
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
        int length = keyLength(way);
        EntrySnapshot scratch = digest.scratch;
        if (scratch.key.length < length) {
            scratch.key = new byte[length];
        }
        buffer(way).get(offset(way) + KEY_OFFSET, scratch.key, 0, length);
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

    /** Length of the value as it stands; may be nonsense until validated, so it is cut to what a record can hold
     * behind a key of the length that the copy will skip. */
    int valueLength(int way, int keyLength) {
        int length = buffer(way).getInt(offset(way) + VALUE_LENGTH_OFFSET);
        return Math.max(0, Math.min(length, bodyCapacity() - keyLength));
    }

    void copyValue(int way, int keyLength, byte[] target, int targetOffset, int length) {
        buffer(way).get(offset(way) + KEY_OFFSET + keyLength, target, targetOffset, length);
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

    int lastAccess(int way) {
        return (int) (long) Words.LONG.getOpaque(buffer(way), offset(way) + ACCESS_OFFSET);
    }

    int expiry(int way) {
        return buffer(way).getInt(offset(way) + EXPIRY_OFFSET);
    }

    int idleLimit(int way) {
        return buffer(way).getInt(offset(way) + IDLE_LIMIT_OFFSET);
    }

    /**
     * Renews the last access where an idle limit makes it matter. The word holds the generation too, so that a late renewal
     * does not reach the next entry of the way.
     */
    void touch(int way, long state, int tick) {
        ByteBuffer buffer = buffer(way);
        int at = offset(way) + ACCESS_OFFSET;
        if (buffer.getInt(offset(way) + IDLE_LIMIT_OFFSET) == 0) {
            return;
        }
        long word = (long) Words.LONG.getOpaque(buffer, at);
        int generation = RecordDescriptor.generation(state);
        if ((int) (word >>> 32) == generation && tick - (int) word > 0) {
            Words.LONG.compareAndSet(buffer, at, word, access(tick, generation)); // LAYOUT get 5
        }
    }

    private static long access(int tick, int generation) {
        return ((long) generation << 32) | (tick & 0xFFFF_FFFFL);
    }

    /** Copies a whole entry; the caller validates afterwards. */
    void copyEntry(int way, long state, int tick, EntrySnapshot into) {
        int keyLength = keyLength(way);
        int valueLength = valueLength(way, keyLength);
        if (into.key.length < keyLength) {
            into.key = new byte[keyLength];
        }
        if (into.value.length < valueLength) {
            into.value = new byte[valueLength];
        }
        ByteBuffer buffer = buffer(way);
        int at = offset(way);
        buffer.get(at + KEY_OFFSET, into.key, 0, keyLength);
        buffer.get(at + KEY_OFFSET + keyLength, into.value, 0, valueLength);
        into.keyLength = keyLength;
        into.valueLength = valueLength;
        into.way = way;
        into.stateWord = state;
        into.versionClock = version(way);
        into.versionOrigin = origin(way);
        into.life = life(way);
        into.idleLimitTicks = idleLimit(way);
        into.idleTicks = Math.max(0, tick - lastAccess(way));
        int expiry = expiry(way);
        into.lifetimeTicks = expiry == 0 ? 0 : Math.max(1, expiry - tick);
    }

    /** Writes the whole body of a way that the caller has reserved under the given state word. */
    void write(int way, long reserved, EncodedKey key, EntryWriter.Body body) {
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
        buffer.putShort(at + FLAGS_OFFSET, (short) 0);
        buffer.put(at + KEY_OFFSET, key.bytes, 0, key.length);
        buffer.put(at + KEY_OFFSET + key.length, body.value, body.offset, body.length); // LAYOUT set 8
    }
}
