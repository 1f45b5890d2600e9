package org.globalsessions.backup;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.globalsessions.Version;
import org.globalsessions.segment.Ticks;

/**
 * Layout of a backup's file: offsets, lengths, kinds. Static, no state; {@code docs/backup.md} is the specification, and a test
 * holds the two against each other. Numbers are little-endian.
 */
public final class BackupFormat {
    /** The eight bytes "GSBACKUP", read as a little-endian number. */
    public static final long MAGIC = 0x50554B4341425347L;

    /** Version of this format. */
    public static final int FORMAT_VERSION = 1;

    /** Length of the header. */
    public static final int HEADER_LENGTH = 64;

    /** Offset of the magic number. */
    public static final int HEADER_MAGIC_OFFSET = 0;

    /** Offset of the format's version. */
    public static final int HEADER_VERSION_OFFSET = 8;

    /** Offset of the role of the segment it was made of. */
    public static final int HEADER_ROLE_OFFSET = 12;

    /** Offset of the upper half of the path's digest key. */
    public static final int HEADER_PATH_KEY_HIGH_OFFSET = 16;

    /** Offset of the lower half of the path's digest key. */
    public static final int HEADER_PATH_KEY_LOW_OFFSET = 24;

    /** Offset of the wall clock at the start of the backup, in milliseconds since the epoch. */
    public static final int HEADER_WALL_CLOCK_MS_OFFSET = 32;

    /** Offset of the CRC-32C of the header's bytes before it. */
    public static final int HEADER_CRC_OFFSET = 60;

    /** Length of a block's head. */
    public static final int BLOCK_HEAD_LENGTH = 16;

    /** Offset of a block's kind. */
    public static final int BLOCK_KIND_OFFSET = 0;

    /** Offset of the number of bytes behind a block's head. */
    public static final int BLOCK_LENGTH_OFFSET = 4;

    /** Offset of the number of entries or tombstones in a block. */
    public static final int BLOCK_COUNT_OFFSET = 8;

    /** Offset of the CRC-32C of a block's head before it and of the bytes behind the head. */
    public static final int BLOCK_CRC_OFFSET = 12;

    /** Kind of a block of entries. */
    public static final int ENTRIES = 1;

    /** Kind of a block of tombstones. */
    public static final int TOMBSTONES = 2;

    /** Kind of the last block: how many entries and tombstones there were, 8 bytes each. */
    public static final int END = 3;

    /** Bytes from which on a block is written. */
    static final int BLOCK_LENGTH = 1 << 20;

    /** Longest block that is read: what the longest entry needs, and room to grow. */
    static final int MAX_BLOCK_LENGTH = 1 << 28;

    /** Offset of an entry's key length. */
    public static final int ENTRY_KEY_LENGTH_OFFSET = 0;

    /** Offset of an entry's marks at the time of the backup. */
    public static final int ENTRY_MARKS_OFFSET = 2;

    /** Offset of an entry's value length. */
    public static final int ENTRY_VALUE_LENGTH_OFFSET = 4;

    /** Offset of the clock of an entry's version. */
    public static final int ENTRY_VERSION_OFFSET = 8;

    /** Offset of an entry's life. */
    public static final int ENTRY_LIFE_OFFSET = 16;

    /** Offset of the origin of an entry's version. */
    public static final int ENTRY_ORIGIN_OFFSET = 24;

    /** Offset of an entry's remaining lifetime in ticks, 0 for no limit. */
    public static final int ENTRY_LIFETIME_OFFSET = 28;

    /** Offset of an entry's idle limit in ticks, 0 for none. */
    public static final int ENTRY_IDLE_LIMIT_OFFSET = 32;

    /** Offset of the ticks since an entry's last use. */
    public static final int ENTRY_IDLE_OFFSET = 36;

    /** Offset of an entry's key, which its value follows. */
    public static final int ENTRY_KEY_OFFSET = 40;

    /** Length of a tombstone. */
    public static final int TOMBSTONE_LENGTH = 40;

    /** Offset of the upper half of a tombstone's digest. */
    public static final int TOMBSTONE_DIGEST_HIGH_OFFSET = 0;

    /** Offset of the lower half of a tombstone's digest. */
    public static final int TOMBSTONE_DIGEST_LOW_OFFSET = 8;

    /** Offset of the clock of the delete's version. */
    public static final int TOMBSTONE_VERSION_OFFSET = 16;

    /** Offset of the origin of the delete's version. */
    public static final int TOMBSTONE_ORIGIN_OFFSET = 24;

    /** Offset of the relay position of the delete, 0 where unknown. */
    public static final int TOMBSTONE_POSITION_OFFSET = 32;

    private static final int MAX_TICKS = Ticks.ticks(Ticks.MAX);

    private BackupFormat() {}

    /**
     * Whether an entry's numbers are such as a segment has. Of others a backup is free on both sides: restored they would be damage,
     * an entry that outlives its own delete, or that never expires.
     */
    static boolean isEntry(long clock, long life, int lifetimeTicks, int idleLimitTicks, int idleTicks) {
        return isClock(clock)
                && life > 0
                && life <= clock
                && lifetimeTicks >= 0
                && lifetimeTicks <= MAX_TICKS
                && idleLimitTicks >= 0
                && idleLimitTicks <= MAX_TICKS
                && idleTicks >= 0;
    }

    /** Whether a version's clock is such as a segment has. */
    static boolean isClock(long clock) {
        return clock > 0 && clock <= Version.MAX_CLOCK;
    }

    static int crcOfHeader(ByteBuffer header) {
        CRC32C crc = new CRC32C();
        crc.update(header.slice(0, HEADER_CRC_OFFSET));
        return (int) crc.getValue();
    }

    static int crcOfBlock(ByteBuffer head, ByteBuffer body, int length) {
        CRC32C crc = new CRC32C();
        crc.update(head.slice(0, BLOCK_CRC_OFFSET));
        crc.update(body.slice(0, length));
        return (int) crc.getValue();
    }
}
