package org.globalsessions.backup;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;

/**
 * Reads a backup. Opening it reads the whole file once and refuses one that is cut short, changed or of another kind, so that
 * whoever visits its entries afterwards visits a whole one.
 *
 * <p>One thread. To be closed.
 */
public final class BackupReader implements AutoCloseable {
    /** Sees the entries and tombstones of a backup, in the order of the file. */
    public interface Visitor {
        /**
         * One entry.
         *
         * @param entry the entry; times are those of the backup
         * @param marks the marks that it had then
         */
        void entry(SessionEntry entry, int marks);

        /**
         * One tombstone.
         *
         * @param digest   digest of the deleted key
         * @param version  the delete's version
         * @param position relay position of the delete, 0 where unknown
         */
        void tombstone(KeyDigest digest, Version version, long position);
    }

    private final FileChannel channel;
    private final Path file;
    private final ByteBuffer header;
    private long entries;
    private long tombstones;

    private BackupReader(FileChannel channel, Path file, ByteBuffer header) {
        this.channel = channel;
        this.file = file;
        this.header = header;
    }

    /**
     * Opens a backup and reads it through.
     *
     * @param file the backup's file
     * @return its reader
     * @throws IOException     where it cannot be read
     * @throws BackupException where it is no whole backup of this format: what was found where
     */
    public static BackupReader open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        boolean whole = false;
        try {
            BackupReader reader = new BackupReader(channel, file, readHeader(channel, file));
            reader.readThrough();
            whole = true;
            return reader;
        } finally {
            if (!whole) {
                channel.close();
            }
        }
    }

    private static ByteBuffer readHeader(FileChannel channel, Path file) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(BackupFormat.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        if (!readFully(channel, header, 0)) {
            throw new BackupException("not a backup: length=" + channel.size() + ", least=" + BackupFormat.HEADER_LENGTH
                    + ", file=" + file);
        }
        if (header.getLong(BackupFormat.HEADER_MAGIC_OFFSET) != BackupFormat.MAGIC) {
            throw new BackupException("not a backup: it does not begin with GSBACKUP, file=" + file);
        }
        int version = header.getInt(BackupFormat.HEADER_VERSION_OFFSET);
        if (version != BackupFormat.FORMAT_VERSION) {
            throw new BackupException("backup refused: format version: file has " + version + ", expected "
                    + BackupFormat.FORMAT_VERSION + ", file=" + file);
        }
        if (header.getInt(BackupFormat.HEADER_CRC_OFFSET) != BackupFormat.crcOfHeader(header)) {
            throw new BackupException("backup refused: its header was changed, CRC-32C differs, file=" + file);
        }
        return header;
    }

    private static boolean readFully(FileChannel channel, ByteBuffer target, long offset) throws IOException {
        long at = offset;
        while (target.hasRemaining()) {
            int read = channel.read(target, at);
            if (read < 0) {
                return false;
            }
            at += read;
        }
        target.rewind();
        return true;
    }

    /**
     * Key of the path's digests: a segment of the same path has the same.
     *
     * @return the key
     */
    public KeyDigest pathKey() {
        return new KeyDigest(
                header.getLong(BackupFormat.HEADER_PATH_KEY_HIGH_OFFSET),
                header.getLong(BackupFormat.HEADER_PATH_KEY_LOW_OFFSET));
    }

    /**
     * When the backup was begun.
     *
     * @return milliseconds since the epoch
     */
    public long wallClockMs() {
        return header.getLong(BackupFormat.HEADER_WALL_CLOCK_MS_OFFSET);
    }

    /**
     * Entries in the backup.
     *
     * @return count
     */
    public long entries() {
        return entries;
    }

    /**
     * Tombstones in the backup.
     *
     * @return count
     */
    public long tombstones() {
        return tombstones;
    }

    private void readThrough() throws IOException {
        long[] seen = new long[2];
        visit(new Visitor() {
            @Override
            public void entry(SessionEntry entry, int marks) {
                seen[0]++;
            }

            @Override
            public void tombstone(KeyDigest digest, Version version, long position) {
                seen[1]++;
            }
        });
        if (seen[0] != entries || seen[1] != tombstones) {
            throw new BackupException("backup refused: its counts differ: entries=" + seen[0] + ", said=" + entries
                    + ", tombstones=" + seen[1] + ", said=" + tombstones + ", file=" + file);
        }
    }

    /**
     * Shows everything in the file.
     *
     * @param visitor sees it
     * @throws IOException     where the file cannot be read
     * @throws BackupException where it was changed since it was opened
     */
    public void visit(Visitor visitor) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(BackupFormat.BLOCK_HEAD_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        long at = BackupFormat.HEADER_LENGTH;
        while (true) {
            if (!readFully(channel, head.clear(), at)) {
                throw cut(at);
            }
            int kind = head.getInt(BackupFormat.BLOCK_KIND_OFFSET);
            int length = head.getInt(BackupFormat.BLOCK_LENGTH_OFFSET);
            int count = head.getInt(BackupFormat.BLOCK_COUNT_OFFSET);
            long bodyAt = at + BackupFormat.BLOCK_HEAD_LENGTH;
            // Before any allocation: a mangled length must not take the memory of this process.
            if (length < 0 || length > BackupFormat.MAX_BLOCK_LENGTH || count < 0) {
                throw changed(at);
            }
            if (length > channel.size() - bodyAt) {
                throw cut(at);
            }
            ByteBuffer body = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
            if (!readFully(channel, body, bodyAt)) {
                throw cut(at);
            }
            if (head.getInt(BackupFormat.BLOCK_CRC_OFFSET) != BackupFormat.crcOfBlock(head, body, length)) {
                throw changed(at);
            }
            if (!show(kind, count, body, visitor) || body.hasRemaining()) {
                throw changed(at);
            }
            at = bodyAt + length;
            if (kind == BackupFormat.END) {
                requireEnd(at);
                return;
            }
        }
    }

    private void requireEnd(long at) throws IOException {
        if (channel.size() != at) {
            throw new BackupException("backup refused: there are bytes behind its end: length=" + channel.size()
                    + ", end=" + at + ", file=" + file);
        }
    }

    /** False where the block's fields do not fit its length, or are such as no segment has. */
    private boolean show(int kind, int count, ByteBuffer body, Visitor visitor) {
        switch (kind) {
            case BackupFormat.ENTRIES -> {
                for (int i = 0; i < count; i++) {
                    if (!showEntry(body, visitor)) {
                        return false;
                    }
                }
                return true;
            }
            case BackupFormat.TOMBSTONES -> {
                for (int i = 0; i < count; i++) {
                    if (body.remaining() < BackupFormat.TOMBSTONE_LENGTH || !showTombstone(body, visitor)) {
                        return false;
                    }
                }
                return true;
            }
            case BackupFormat.END -> {
                if (body.remaining() != 2 * Long.BYTES || count != 0) {
                    return false;
                }
                entries = body.getLong();
                tombstones = body.getLong();
                return true;
            }
            default -> {
                return false;
            }
        }
    }

    private static boolean showEntry(ByteBuffer body, Visitor visitor) {
        int at = body.position();
        if (body.remaining() < BackupFormat.ENTRY_KEY_OFFSET) {
            return false;
        }
        int keyLength = body.getShort(at + BackupFormat.ENTRY_KEY_LENGTH_OFFSET) & 0xFFFF;
        int valueLength = body.getInt(at + BackupFormat.ENTRY_VALUE_LENGTH_OFFSET);
        int lifetime = body.getInt(at + BackupFormat.ENTRY_LIFETIME_OFFSET);
        int idleLimit = body.getInt(at + BackupFormat.ENTRY_IDLE_LIMIT_OFFSET);
        int idle = body.getInt(at + BackupFormat.ENTRY_IDLE_OFFSET);
        long length = (long) BackupFormat.ENTRY_KEY_OFFSET + keyLength + valueLength;
        long clock = body.getLong(at + BackupFormat.ENTRY_VERSION_OFFSET);
        long life = body.getLong(at + BackupFormat.ENTRY_LIFE_OFFSET);
        boolean valid =
                keyLength > 0 && valueLength >= 0 && BackupFormat.isEntry(clock, life, lifetime, idleLimit, idle);
        if (!valid || body.remaining() < length) {
            return false;
        }
        byte[] key = new byte[keyLength];
        byte[] value = new byte[valueLength];
        body.get(at + BackupFormat.ENTRY_KEY_OFFSET, key);
        body.get(at + BackupFormat.ENTRY_KEY_OFFSET + keyLength, value);
        body.position(at + (int) length);
        Version version = new Version(clock, body.getInt(at + BackupFormat.ENTRY_ORIGIN_OFFSET));
        visitor.entry(
                new SessionEntry(key, value, version, life, false, idle, idleLimit, lifetime),
                body.getShort(at + BackupFormat.ENTRY_MARKS_OFFSET));
        return true;
    }

    private static boolean showTombstone(ByteBuffer body, Visitor visitor) {
        int at = body.position();
        long clock = body.getLong(at + BackupFormat.TOMBSTONE_VERSION_OFFSET);
        if (!BackupFormat.isClock(clock)) {
            return false;
        }
        KeyDigest digest = new KeyDigest(
                body.getLong(at + BackupFormat.TOMBSTONE_DIGEST_HIGH_OFFSET),
                body.getLong(at + BackupFormat.TOMBSTONE_DIGEST_LOW_OFFSET));
        Version version = new Version(clock, body.getInt(at + BackupFormat.TOMBSTONE_ORIGIN_OFFSET));
        body.position(at + BackupFormat.TOMBSTONE_LENGTH);
        visitor.tombstone(digest, version, body.getLong(at + BackupFormat.TOMBSTONE_POSITION_OFFSET));
        return true;
    }

    private BackupException cut(long at) {
        return new BackupException("backup refused: it was cut short: no end, last block begins at byte " + at
                + ", file=" + file + "; nothing was restored: take another backup");
    }

    private BackupException changed(long at) {
        return new BackupException("backup refused: it was changed: the block at byte " + at
                + " does not fit its CRC-32C, its lengths or what a segment can have, file=" + file
                + "; nothing was restored: take another backup");
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
