package org.globalsessions.segment;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * One lock file per attach slot, in a folder beside the segment. Whoever has the slot has the file's lock, and the kernel gives
 * it up when that process ends, however it ends, also across containers, where pids say nothing.
 *
 * <p>POSIX locks have a trap: when a process closes <em>any</em> descriptor of a file, it loses its locks on it. So a file of a
 * slot that this very process has must never be opened a second time; {@link ProcessTable} sees to that. Lock files are never
 * deleted: a process could lock the deleted one while another locks its successor.
 */
final class LivenessLocks {
    private final Path folder;

    LivenessLocks(Path segmentFile) throws IOException {
        folder = folderOf(segmentFile);
        SegmentFolder.create(folder);
    }

    static Path folderOf(Path segmentFile) {
        return segmentFile.resolveSibling(segmentFile.getFileName() + ".slots");
    }

    static Path fileOf(Path segmentFile, int slot) {
        return folderOf(segmentFile).resolve(nameOf(slot));
    }

    private static String nameOf(int slot) {
        // Three digits. Not by a Formatter: its first use takes a new process ten milliseconds, most of an attach.
        return Integer.toString(1000 + slot).substring(1);
    }

    private Path file(int slot) {
        return folder.resolve(nameOf(slot));
    }

    /** Makes the file of a slot that nobody has, before the slot is claimed: from then on "no file" means "unknown". */
    void createFile(int slot) throws IOException {
        try {
            Files.createFile(
                    file(slot),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(SegmentFolder.FILE_MODE)));
        } catch (FileAlreadyExistsException e) {
            // The rule: it is kept from the slot's former processes.
            return;
        }
    }

    /** The lock of a slot just claimed, or null while somebody else has it: the one who had the slot, or one who looks. */
    FileLock tryLock(int slot) throws IOException {
        FileChannel channel = FileChannel.open(file(slot), Set.of(StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
        FileLock lock = null;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // Somebody in this JVM has it: not ours, as a null from the kernel would say.
            return null;
        } finally {
            if (lock == null) {
                channel.close();
            }
        }
        return lock;
    }

    /** Whether nobody has the lock of a slot. Never to be asked of a slot that this process has. */
    boolean isUnlocked(int slot) throws IOException {
        FileLock lock = tryLock(slot);
        if (lock == null) {
            return false;
        }
        lock.acquiredBy().close(); // LAYOUT dead 4
        return true;
    }
}
