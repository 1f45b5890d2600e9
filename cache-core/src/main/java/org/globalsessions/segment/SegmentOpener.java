package org.globalsessions.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * Creates a segment's file or attaches to it. One use, one thread; other threads and processes may do the same at the same
 * moment.
 */
final class SegmentOpener {
    private static final int CHUNK_LENGTH = 1 << 20;

    private final SegmentSettings settings;
    private final SegmentGeometry asked;
    private final Environment environment;
    private final Path file;
    private final long deadlineNs;
    private long pageLength;

    /** @param file the settings' file with its folder's real path, which exists */
    SegmentOpener(SegmentSettings settings, Environment environment, Path file) {
        this.settings = settings;
        this.environment = environment;
        this.file = file;
        asked = SegmentGeometry.of(settings);
        deadlineNs = System.nanoTime() + settings.attachTimeout().toNanos();
    }

    /** The folder is made where this process may create the segment; the path is the same for all names of the folder. */
    static Path realFile(SegmentSettings settings) throws IOException {
        Path file = settings.file().toAbsolutePath().normalize();
        if (settings.initializer()) {
            SegmentFolder.create(file.getParent()); // LAYOUT create 1
        }
        Path folder = Files.isDirectory(file.getParent()) ? file.getParent().toRealPath() : file.getParent();
        return settings.unnamed() ? SegmentFolder.passingName(folder) : folder.resolve(file.getFileName());
    }

    SegmentMapping open() throws IOException {
        while (true) {
            SegmentMapping mapping = null;
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) { // LAYOUT attach 1
                mapping = attach();
            } else if (settings.initializer()) {
                CreationLock.locked(file, deadlineNs, this::createIfAbsent);
                mapping = attach();
            }
            if (mapping != null) {
                if (SegmentTime.isOtherBoot(mapping.header(), environment)) { // LAYOUT attach 6
                    ByteBuffer header = mapping.header();
                    CreationLock.locked(file, deadlineNs, () -> SegmentTime.enterBoot(header, environment));
                }
                return mapping;
            }
            CreationLock.park(
                    deadlineNs,
                    "nobody has created the segment: attach_timeout="
                            + settings.attachTimeout().toMillis() + " ms, file=" + file
                            + "; start the node that creates it, or set am_initializer (manage_section) to true");
        }
    }

    /** The mapped segment, or null where it went away meanwhile or waits to be replaced. */
    private SegmentMapping attach() throws IOException {
        SegmentFolder.requireOwnPlainFile(file); // LAYOUT attach 2
        try (FileChannel channel = FileChannel.open(
                file, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS))) {
            ByteBuffer header = SegmentHeader.read(channel, file); // LAYOUT attach 3
            SegmentGeometry found = SegmentGeometry.of(header);
            SegmentHeader.requireEqual(found, asked, settings.pathName(), file);
            SegmentHeader.requireRole(header, settings.role(), file);
            SegmentMapping mapping =
                    SegmentMapping.map(channel, found, HugePages.pageLength(file, channel.size())); // LAYOUT attach 4
            return SegmentFile.isRetired(mapping.header()) ? null : mapping; // LAYOUT attach 5
        } catch (NoSuchFileException e) {
            // Between the look and the opening it was replaced: the caller looks again until the deadline.
            return null;
        }
    }

    /** Writes the whole file under another name, then gives it its own: whoever sees the name sees a finished segment. */
    private void createIfAbsent() throws IOException {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) { // LAYOUT create 2
            return;
        }
        pageLength = HugePages.pageLength(file.getParent());
        long length = HugePages.roundUp(asked.fileLength(), pageLength);
        requireRoom(length, null); // LAYOUT create 3
        Path temporary = file.resolveSibling(file.getFileName() + ".creating");
        // What a creator left that died in here; nobody else writes it, since we have the lock.
        Files.deleteIfExists(temporary); // LAYOUT create 4
        boolean created = false;
        try (FileChannel channel = FileChannel.open(
                temporary,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(SegmentFolder.FILE_MODE)))) {
            takeRoom(channel, length); // LAYOUT create 4
            ByteBuffer header = SegmentHeader.create(asked, settings.role(), environment);
            // Through a mapping, as hugetlbfs knows no other way.
            ByteBuffer start =
                    SegmentMapping.piece(channel, MapMode.READ_WRITE, 0, SegmentDescriptor.HEADER_LENGTH, pageLength);
            start.put(0, header, 0, SegmentDescriptor.HEADER_LENGTH); // LAYOUT create 5
            start.putInt(SegmentDescriptor.VERSION_OFFSET, SegmentDescriptor.LAYOUT_VERSION); // LAYOUT create 6
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE); // LAYOUT create 6
            created = true;
        } finally {
            if (!created) {
                Files.deleteIfExists(temporary);
            }
        }
    }

    /** Fills the whole file and leaves no hole: a hole on a full file system would end a process at its first access. */
    private void takeRoom(FileChannel channel, long length) throws IOException {
        try {
            if (pageLength > 1) {
                touchPages(channel, length);
            } else {
                writeZeros(channel, length);
            }
        } catch (IOException e) {
            // The room may have gone since it was measured.
            requireRoom(length - (pageLength > 1 ? 0 : channel.size()), e);
            throw e;
        }
    }

    private static void writeZeros(FileChannel channel, long length) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(CHUNK_LENGTH);
        long offset = 0;
        while (offset < length) {
            zeros.clear().limit((int) Math.min(CHUNK_LENGTH, length - offset));
            offset += zeros.remaining();
            writeFully(channel, zeros, offset - zeros.remaining());
        }
    }

    /**
     * Each piece mapped makes the file so much longer and reserves its pages, or fails where the pool has too few; the touch takes
     * them.
     */
    private void touchPages(FileChannel channel, long length) throws IOException {
        for (long offset = 0; offset < length; offset += SegmentMapping.MAX_PIECE_LENGTH) {
            long pieceLength = Math.min(SegmentMapping.MAX_PIECE_LENGTH, length - offset);
            ByteBuffer piece = SegmentMapping.piece(channel, MapMode.READ_WRITE, offset, pieceLength, pageLength);
            for (long at = 0; at < pieceLength; at += pageLength) {
                piece.put((int) at, (byte) 0);
            }
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes, long offset) throws IOException {
        long at = offset;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }

    private void requireRoom(long length, IOException cause) throws IOException {
        Path folder = file.getParent();
        boolean huge = pageLength > 1;
        long free = huge
                ? HugePages.free(folder, pageLength)
                : Files.getFileStore(folder).getUsableSpace();
        if (free < length) {
            throw new IOException(
                    "no room for the segment: asked=" + length + " bytes, free=" + free + " bytes, folder="
                            + folder + ", el_count=" + asked.elCount() + ", record_size="
                            + asked.recordStride()
                            + (huge ? ", huge pages of " + pageLength + " bytes; raise vm.nr_hugepages, " : "; ")
                            + "make el_count or record_size smaller or give another segment_dir",
                    cause);
        }
    }
}
