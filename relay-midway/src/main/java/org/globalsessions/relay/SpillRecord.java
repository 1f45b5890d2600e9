package org.globalsessions.relay;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import net.openhft.chronicle.bytes.MappedBytes;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;

/** The bytes of one record of a {@link SpillFile}, outside of the mapping; one thread at a time. */
final class SpillRecord {
    /** Where the key begins: bytes of a record's header. */
    static final int KEY_OFFSET = 80;

    private static final int KEY_LENGTH_OFFSET = 12;
    private static final int DIGEST_HIGH_OFFSET = 16;
    private static final int DIGEST_LOW_OFFSET = 24;
    private static final int CLOCK_OFFSET = 32;
    private static final int ORIGIN_OFFSET = 40;
    private static final int FLAGS_OFFSET = 44;
    private static final int LIFE_OFFSET = 48;
    private static final int TICK_OFFSET = 56;
    private static final int IDLE_OFFSET = 64;
    private static final int IDLE_LIMIT_OFFSET = 68;
    private static final int LIFETIME_OFFSET = 72;
    private static final int VALUE_LENGTH_OFFSET = 76;
    private static final int BEGINS_LIFE = 1;

    private final CRC32C crc = new CRC32C();
    private final ByteBuffer generationBytes = ByteBuffer.allocate(Long.BYTES);
    private ByteBuffer buffer;
    private int length;

    SpillRecord(int capacity) {
        buffer = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void ensure(int wanted) {
        if (buffer.capacity() < wanted) {
            buffer = ByteBuffer.allocate(Integer.highestOneBit(wanted) << 1).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    void encode(KeyDigest digest, SessionEntry entry, long tick) {
        int keyLength = entry.key().length;
        int valueLength = entry.value().length;
        length = (KEY_OFFSET + keyLength + valueLength + 7) & -8;
        ensure(length);
        buffer.putLong(0, 0).putInt(8, 0).putLong(length - Long.BYTES, 0);
        buffer.putInt(KEY_LENGTH_OFFSET, keyLength).putInt(VALUE_LENGTH_OFFSET, valueLength);
        buffer.putLong(DIGEST_HIGH_OFFSET, digest.high()).putLong(DIGEST_LOW_OFFSET, digest.low());
        buffer.putLong(CLOCK_OFFSET, entry.version().clock());
        buffer.putInt(ORIGIN_OFFSET, entry.version().origin());
        buffer.putInt(FLAGS_OFFSET, entry.beginsLife() ? BEGINS_LIFE : 0);
        buffer.putLong(LIFE_OFFSET, entry.life()).putLong(TICK_OFFSET, tick);
        buffer.putInt(IDLE_OFFSET, entry.idleTicks()).putInt(IDLE_LIMIT_OFFSET, entry.idleLimitTicks());
        buffer.putInt(LIFETIME_OFFSET, entry.lifetimeTicks());
        System.arraycopy(entry.key(), 0, buffer.array(), KEY_OFFSET, keyLength);
        System.arraycopy(entry.value(), 0, buffer.array(), KEY_OFFSET + keyLength, valueLength);
    }

    void load(MappedBytes bytes, long offset, int recordLength) {
        length = recordLength;
        ensure(recordLength);
        bytes.read(offset, buffer.array(), 0, recordLength);
    }

    /** Stores everything but the length, which makes the record count. */
    void store(MappedBytes bytes, long offset) {
        buffer.putInt(0, 0);
        bytes.write(offset, buffer.array(), 0, length);
    }

    boolean isSound(long generation) {
        int keyLength = buffer.getInt(KEY_LENGTH_OFFSET);
        int valueLength = buffer.getInt(VALUE_LENGTH_OFFSET);
        return generation > 0
                && keyLength > 0
                && valueLength >= 0
                && keyLength <= length
                && valueLength <= length
                && KEY_OFFSET + keyLength + valueLength <= length;
    }

    int checksum(long generation) {
        crc.reset();
        crc.update(generationBytes.putLong(0, generation).array());
        crc.update(buffer.array(), KEY_LENGTH_OFFSET, length - KEY_LENGTH_OFFSET);
        return (int) crc.getValue();
    }

    int length() {
        return length;
    }

    KeyDigest digest() {
        return new KeyDigest(buffer.getLong(DIGEST_HIGH_OFFSET), buffer.getLong(DIGEST_LOW_OFFSET));
    }

    Version version() {
        return new Version(buffer.getLong(CLOCK_OFFSET), buffer.getInt(ORIGIN_OFFSET));
    }

    long life() {
        return buffer.getLong(LIFE_OFFSET);
    }

    /**
     * The entry aged by the time since it was written, and used last at a tick where that was later; null where it was not used for too long. One
     * whose lifetime has {@linkplain SessionEntry#hasEnded ended} meanwhile is still owed to the relief tier, which may have an older version.
     */
    SessionEntry toEntry(long tick, long usedTick) {
        // Where the segment was replaced its time began anew: then nothing is known of the time between.
        int elapsed = (int) Math.min(Integer.MAX_VALUE / 2, Math.max(0, tick - buffer.getLong(TICK_OFFSET)));
        long unused = Math.min((long) buffer.getInt(IDLE_OFFSET) + elapsed, tick - usedTick);
        int idle = (int) Math.max(0, Math.min(Integer.MAX_VALUE, unused));
        int idleLimit = buffer.getInt(IDLE_LIMIT_OFFSET);
        int lifetime = buffer.getInt(LIFETIME_OFFSET);
        // Later tiers let an idle entry live a quarter longer, as the host that used it last may know better.
        boolean idleTooLong = idleLimit > 0 && idle - idleLimit > idleLimit / 4;
        if (idleTooLong) {
            return null;
        }
        int keyEnd = KEY_OFFSET + buffer.getInt(KEY_LENGTH_OFFSET);
        return new SessionEntry(
                java.util.Arrays.copyOfRange(buffer.array(), KEY_OFFSET, keyEnd),
                java.util.Arrays.copyOfRange(buffer.array(), keyEnd, keyEnd + buffer.getInt(VALUE_LENGTH_OFFSET)),
                version(),
                life(),
                (buffer.getInt(FLAGS_OFFSET) & BEGINS_LIFE) != 0,
                idle,
                idleLimit,
                lifetime > 0 ? Math.max(1, lifetime - elapsed) : 0);
    }
}
