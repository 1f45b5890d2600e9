package org.globalsessions.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.random.RandomGenerator;

/** Writes a new segment's header, and judges the header of a file found. Static, no state. */
final class SegmentHeader {
    private static final String NOT_OURS =
            "; nothing was changed: give another token_path or segment_dir, or move the file away";
    private static final String DIFFERS =
            "; configure what the file has, or end every process of this segment and remove the file, so that it is created anew";

    private SegmentHeader() {}

    /** A header as its creator writes it, ready but for the version word, which is 0. */
    static ByteBuffer create(SegmentGeometry geometry, SegmentSettings.Role role, Environment environment)
            throws IOException {
        RandomGenerator random = environment.random();
        ByteBuffer header = ByteBuffer.allocate(SegmentDescriptor.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(SegmentDescriptor.MAGIC_OFFSET, SegmentDescriptor.MAGIC);
        header.putInt(SegmentDescriptor.RECORD_STRIDE_OFFSET, geometry.recordStride());
        header.putInt(SegmentDescriptor.EL_COUNT_OFFSET, geometry.elCount());
        header.putInt(SegmentDescriptor.BUCKET_COUNT_OFFSET, geometry.bucketCount());
        header.putInt(SegmentDescriptor.WAYS_OFFSET, SegmentDescriptor.WAYS);
        header.putLong(SegmentDescriptor.SEED_OFFSET, geometry.seed());
        header.putLong(SegmentDescriptor.IDENTITY_HIGH_OFFSET, random.nextLong());
        header.putLong(SegmentDescriptor.IDENTITY_LOW_OFFSET, random.nextLong());
        header.putInt(SegmentDescriptor.ORIGIN_OFFSET, random.nextInt(1, Integer.MAX_VALUE));
        header.putInt(SegmentDescriptor.TOMBSTONE_BUCKET_COUNT_OFFSET, geometry.tombstoneBucketCount());
        header.putLong(SegmentDescriptor.TOMBSTONES_OFFSET_OFFSET, geometry.tombstonesOffset());
        header.putLong(SegmentDescriptor.RECORDS_OFFSET_OFFSET, geometry.recordsOffset());
        header.putInt(SegmentDescriptor.PAGE_COUNT_OFFSET, geometry.pageCount());
        header.putLong(SegmentDescriptor.PAGE_WORDS_OFFSET_OFFSET, geometry.pageWordsOffset());
        header.putLong(SegmentDescriptor.PAGES_OFFSET_OFFSET, geometry.pagesOffset());
        header.putLong(SegmentDescriptor.FILE_LENGTH_OFFSET, geometry.fileLength());
        header.putLong(SegmentDescriptor.PATH_KEY_HIGH_OFFSET, geometry.pathKeyHigh());
        header.putLong(SegmentDescriptor.PATH_KEY_LOW_OFFSET, geometry.pathKeyLow());
        header.putLong(SegmentDescriptor.LOG_KEY_OFFSET, random.nextLong());
        header.putInt(SegmentDescriptor.ROLE_OFFSET, roleNumber(role));
        long offset = SegmentTime.FIRST_TICKS;
        header.putLong(SegmentDescriptor.TICK_OFFSET, environment.uptimeTicks() + offset);
        header.putLong(SegmentDescriptor.BOOT_OFFSET_OFFSET, offset);
        header.putLong(SegmentDescriptor.BOOT_ID_HIGH_OFFSET, environment.bootIdHigh());
        header.putLong(SegmentDescriptor.BOOT_ID_LOW_OFFSET, environment.bootIdLow());
        header.putLong(SegmentDescriptor.WALL_CLOCK_MS_OFFSET, environment.wallClockMs());
        return header;
    }

    /** Reads and checks the header of a file that claims to be a segment, without touching it. */
    static ByteBuffer read(FileChannel channel, Path file) throws IOException {
        long length = channel.size();
        ByteBuffer header = ByteBuffer.allocate(SegmentDescriptor.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        int read = 0;
        while (header.hasRemaining() && read >= 0) {
            read = channel.read(header, header.position());
        }
        requireMagic(header, length, file);
        int version = header.getInt(SegmentDescriptor.VERSION_OFFSET);
        if (version != SegmentDescriptor.LAYOUT_VERSION) {
            throw refused(
                    "layout version",
                    versionText(version),
                    versionText(SegmentDescriptor.LAYOUT_VERSION),
                    file,
                    DIFFERS);
        }
        SegmentGeometry geometry = SegmentGeometry.of(header);
        int ways = header.getInt(SegmentDescriptor.WAYS_OFFSET);
        if (ways != SegmentDescriptor.WAYS) {
            throw refused("ways of a bucket", ways, SegmentDescriptor.WAYS, file, DIFFERS);
        }
        if (!geometry.isConsistent()
                || header.getLong(SegmentDescriptor.TOMBSTONES_OFFSET_OFFSET) != geometry.tombstonesOffset()
                || header.getLong(SegmentDescriptor.PAGE_WORDS_OFFSET_OFFSET) != geometry.pageWordsOffset()
                || header.getLong(SegmentDescriptor.RECORDS_OFFSET_OFFSET) != geometry.recordsOffset()
                || header.getLong(SegmentDescriptor.PAGES_OFFSET_OFFSET) != geometry.pagesOffset()
                || header.getLong(SegmentDescriptor.FILE_LENGTH_OFFSET) != geometry.fileLength()) {
            throw new SegmentException(
                    "segment refused: its header is mangled, the numbers contradict each other: el_count="
                            + geometry.elCount() + ", record_size=" + geometry.recordStride() + ", buckets="
                            + geometry.bucketCount() + ", length="
                            + header.getLong(SegmentDescriptor.FILE_LENGTH_OFFSET)
                            + ", file=" + file + NOT_OURS);
        }
        long expected = HugePages.roundUp(geometry.fileLength(), HugePages.pageLength(file, length));
        if (length != expected) {
            throw refused("length in bytes", length, expected, file, "; it was cut or added to" + NOT_OURS);
        }
        return header;
    }

    private static void requireMagic(ByteBuffer header, long length, Path file) {
        if (header.position() < SegmentDescriptor.MAGIC_OFFSET + Long.BYTES) {
            throw new SegmentException("not a segment: length=" + length + ", least=" + SegmentDescriptor.HEADER_LENGTH
                    + ", file=" + file + NOT_OURS);
        }
        long magic = header.getLong(SegmentDescriptor.MAGIC_OFFSET);
        if (magic == Long.reverseBytes(SegmentDescriptor.MAGIC)) {
            throw refused("byte order", "big-endian", "little-endian", file, DIFFERS);
        }
        if (magic != SegmentDescriptor.MAGIC) {
            throw new SegmentException("not a segment: magic number: file=" + hex(magic) + ", expected="
                    + hex(SegmentDescriptor.MAGIC) + ", file=" + file + NOT_OURS);
        }
        if (header.hasRemaining()) {
            throw refused("length in bytes", length, "at least " + SegmentDescriptor.HEADER_LENGTH, file, NOT_OURS);
        }
    }

    /** Refuses a segment that is one, but not the one asked for. */
    static void requireEqual(SegmentGeometry found, SegmentGeometry asked, String pathName, Path file) {
        if (found.recordStride() != asked.recordStride()) {
            throw refused("record_size", found.recordStride(), asked.recordStride(), file, DIFFERS);
        }
        if (found.elCount() != asked.elCount()) {
            throw refused("el_count", found.elCount(), asked.elCount(), file, DIFFERS);
        }
        if (found.bucketCount() != asked.bucketCount()) {
            throw refused("bucket count", found.bucketCount(), asked.bucketCount(), file, DIFFERS);
        }
        if (found.pageCount() != asked.pageCount()) {
            throw refused(
                    "pages of the overflow area (from overflow_share and max_value_size)",
                    found.pageCount(),
                    asked.pageCount(),
                    file,
                    DIFFERS);
        }
        if (found.seed() != asked.seed()) {
            throw refused("seed", found.seed(), asked.seed(), file, DIFFERS);
        }
        if (found.pathKeyHigh() != asked.pathKeyHigh() || found.pathKeyLow() != asked.pathKeyLow()) {
            throw refused(
                    "key of auth_path",
                    hex(found.pathKeyHigh()) + hex(found.pathKeyLow()),
                    hex(asked.pathKeyHigh()) + hex(asked.pathKeyLow()) + " (auth_path \"" + pathName + "\")",
                    file,
                    DIFFERS);
        }
    }

    /**
     * Refuses a segment of another kind of node: writes without the marks that its role gives would never reach its next tier, and what is marked
     * could be evicted. The same node may have been given its next tier after the segment was made, or have lost it.
     */
    static void requireRole(ByteBuffer header, SegmentSettings.Role asked, Path file) {
        int number = header.getInt(SegmentDescriptor.ROLE_OFFSET);
        if (number == roleNumber(asked) || isOfOneNode(number, asked)) {
            return;
        }
        Object found = number;
        for (SegmentSettings.Role role : SegmentSettings.Role.values()) {
            if (roleNumber(role) == number) {
                found = role;
            }
        }
        throw refused("role", found, asked, file, DIFFERS);
    }

    private static boolean isOfOneNode(int found, SegmentSettings.Role asked) {
        return switch (asked) {
            case STANDALONE ->
                found == roleNumber(SegmentSettings.Role.HOST)
                        || found == roleNumber(SegmentSettings.Role.RELAY)
                        || found == roleNumber(SegmentSettings.Role.LONE_RELAY);
            case HOST -> found == roleNumber(SegmentSettings.Role.STANDALONE);
            case RELAY -> found == roleNumber(SegmentSettings.Role.LONE_RELAY);
            case LONE_RELAY -> found == roleNumber(SegmentSettings.Role.RELAY);
            case RELIEF -> false;
        };
    }

    private static SegmentException refused(String what, Object found, Object asked, Path file, String advice) {
        return new SegmentException(
                "segment refused: " + what + ": file has " + found + ", expected " + asked + ", file=" + file + advice);
    }

    /** The permanent number of a role in the header. */
    static int roleNumber(SegmentSettings.Role role) {
        return switch (role) {
            case STANDALONE -> 0;
            case HOST -> 1;
            case RELAY -> 2;
            case RELIEF -> 3;
            case LONE_RELAY -> 4;
        };
    }

    /** Whether a segment of the role with that number keeps idle entries longer than they were told: the file's role says so for all who open it. */
    static boolean isLaterTier(int number) {
        for (SegmentSettings.Role role : SegmentSettings.Role.values()) {
            if (roleNumber(role) == number) {
                return role.isLaterTier();
            }
        }
        return false;
    }

    static String versionText(int version) {
        return (version >>> 16) + "." + (version & 0xffff);
    }

    private static String hex(long number) {
        return String.format("%016x", number);
    }
}
