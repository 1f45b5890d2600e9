package org.globalsessions.backup;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;

/**
 * Writes a backup of a segment, live or dead, by its file alone: takes no attach slot and disturbs nobody. Each entry in it is
 * whole; the backup as a whole is of no one moment, as others write meanwhile.
 *
 * <p>One use, one thread. The file has its name only once it is complete and on the disk.
 */
public final class BackupWriter {
    private final FileChannel channel;
    private final ByteBuffer head =
            ByteBuffer.allocate(BackupFormat.BLOCK_HEAD_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private ByteBuffer body = ByteBuffer.allocate(BackupFormat.BLOCK_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private int count;
    private long entries;
    private long tombstones;

    private BackupWriter(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Backs a segment up.
     *
     * @param segment the segment
     * @param target  the backup's file; one that is there is replaced at the end
     * @return what is in it
     * @throws IOException where the file cannot be written; what was there before is still there then
     */
    public static BackupSummary write(SegmentInspector segment, Path target) throws IOException {
        return write(segment, target, System.currentTimeMillis());
    }

    static BackupSummary write(SegmentInspector segment, Path target, long wallClockMs) throws IOException {
        Path file = target.toAbsolutePath();
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        // What one left that was killed in here, whoever may read it.
        Files.deleteIfExists(temporary);
        boolean complete = false;
        try (FileChannel channel = FileChannel.open(
                temporary,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            BackupSummary summary = new BackupWriter(channel).writeAll(segment, wallClockMs);
            channel.force(true);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
            complete = true;
            return summary;
        } finally {
            if (!complete) {
                Files.deleteIfExists(temporary);
            }
        }
    }

    private BackupSummary writeAll(SegmentInspector segment, long wallClockMs) throws IOException {
        writeHeader(segment, wallClockMs);
        IOException[] failure = new IOException[1];
        // Entries first: of one that is deleted meanwhile the tombstone is in the backup, and beats it there.
        segment.scanUnsentToo(entry -> {
            failure[0] = trying(() -> append(entry.toEntry(), entry.marks()));
            return failure[0] == null;
        });
        rethrow(failure[0]);
        flush(BackupFormat.ENTRIES);
        segment.scanTombstones((digest, version, position) -> {
            failure[0] = trying(() -> append(digest, version, position));
            return failure[0] == null;
        });
        rethrow(failure[0]);
        flush(BackupFormat.TOMBSTONES);
        body.putLong(entries).putLong(tombstones);
        writeBlock(BackupFormat.END);
        return new BackupSummary(entries, tombstones, channel.position());
    }

    @FunctionalInterface
    private interface Step {
        void run() throws IOException;
    }

    private static IOException trying(Step step) {
        try {
            step.run();
            return null;
        } catch (IOException e) {
            // A visitor may not throw it: the scan is ended and it is thrown there.
            return e;
        }
    }

    private static void rethrow(IOException failure) throws IOException {
        if (failure != null) {
            throw failure;
        }
    }

    private void writeHeader(SegmentInspector segment, long wallClockMs) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(BackupFormat.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(BackupFormat.HEADER_MAGIC_OFFSET, BackupFormat.MAGIC);
        header.putInt(BackupFormat.HEADER_VERSION_OFFSET, BackupFormat.FORMAT_VERSION);
        header.putInt(BackupFormat.HEADER_ROLE_OFFSET, segment.roleNumber());
        header.putLong(
                BackupFormat.HEADER_PATH_KEY_HIGH_OFFSET, segment.pathKey().high());
        header.putLong(
                BackupFormat.HEADER_PATH_KEY_LOW_OFFSET, segment.pathKey().low());
        header.putLong(BackupFormat.HEADER_WALL_CLOCK_MS_OFFSET, wallClockMs);
        header.putInt(BackupFormat.HEADER_CRC_OFFSET, BackupFormat.crcOfHeader(header));
        writeFully(header);
    }

    private void append(SessionEntry entry, int marks) throws IOException {
        if (!BackupFormat.isEntry(
                entry.version().clock(),
                entry.life(),
                entry.lifetimeTicks(),
                entry.idleLimitTicks(),
                entry.idleTicks())) {
            // Damage in the segment, which inspect names: it must not make the backup one that no reader takes.
            return;
        }
        int keyLength = entry.key().length;
        int valueLength = entry.value().length;
        reserve(BackupFormat.ENTRY_KEY_OFFSET + keyLength + valueLength, BackupFormat.ENTRIES);
        body.putShort((short) keyLength).putShort((short) marks).putInt(valueLength);
        body.putLong(entry.version().clock()).putLong(entry.life());
        body.putInt(entry.version().origin()).putInt(entry.lifetimeTicks());
        body.putInt(entry.idleLimitTicks()).putInt(entry.idleTicks());
        body.put(entry.key()).put(entry.value());
        count++;
        entries++;
    }

    private void append(KeyDigest digest, Version version, long position) throws IOException {
        if (!BackupFormat.isClock(version.clock())) {
            return;
        }
        reserve(BackupFormat.TOMBSTONE_LENGTH, BackupFormat.TOMBSTONES);
        body.putLong(digest.high()).putLong(digest.low()).putLong(version.clock());
        body.putInt(version.origin()).putInt(0).putLong(position);
        count++;
        tombstones++;
    }

    /** Makes room for so many bytes in the block: writes what is there, and grows for one that is longer than a block. */
    private void reserve(int bytes, int kind) throws IOException {
        if (body.remaining() < bytes) {
            flush(kind);
        }
        if (body.remaining() < bytes) {
            body = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    private void flush(int kind) throws IOException {
        if (count > 0) {
            writeBlock(kind);
        }
    }

    private void writeBlock(int kind) throws IOException {
        int length = body.position();
        head.putInt(BackupFormat.BLOCK_KIND_OFFSET, kind);
        head.putInt(BackupFormat.BLOCK_LENGTH_OFFSET, length);
        head.putInt(BackupFormat.BLOCK_COUNT_OFFSET, count);
        head.putInt(BackupFormat.BLOCK_CRC_OFFSET, BackupFormat.crcOfBlock(head, body, length));
        writeFully(head.rewind());
        writeFully(body.flip());
        body.clear();
        count = 0;
    }

    private void writeFully(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
