package org.globalsessions.segment;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * The lock under which a segment is created and its time carried over a boot: a file of its own beside the segment, so that it
 * exists before the segment does. Static, any thread.
 */
final class CreationLock {
    private static final long PARK_NS = 5_000_000;

    private CreationLock() {}

    /** What is done under the lock. */
    interface Action {
        void run() throws IOException;
    }

    /**
     * An object that stands for a segment's file in this whole JVM, also for a second copy of this library with its own class
     * loader. POSIX locks count per process: two threads of one JVM that open and close the same lock file would take each
     * other's lock away, so they do it one after the other. Interned strings are the objects that class loaders share.
     */
    static Object mutex(Path file) {
        return ("org.globalsessions.segment:" + file).intern();
    }

    /** The lock file of a segment's file. */
    static Path fileOf(Path file) {
        return file.resolveSibling(file.getFileName() + ".lock");
    }

    static void locked(Path file, long deadlineNs, Action action) throws IOException {
        Path lockFile = fileOf(file);
        synchronized (mutex(file)) {
            try (FileChannel channel = FileChannel.open(
                    lockFile,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(SegmentFolder.FILE_MODE)))) {
                FileLock lock = tryLock(channel); // LAYOUT create 2
                while (lock == null) {
                    park(deadlineNs, "another process has kept the creation lock, lock file=" + lockFile);
                    lock = tryLock(channel);
                }
                action.run(); // LAYOUT create 2
            }
        }
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // Only somebody without the mutex above; to wait is right all the same.
            return null;
        }
    }

    /** Waits a little; ends the waiting at the deadline with what was waited for. */
    static void park(long deadlineNs, String waitedFor) throws InterruptedIOException {
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("interrupted: " + waitedFor);
        }
        if (deadlineNs - System.nanoTime() <= 0) {
            throw new SegmentException("attach_timeout is over: " + waitedFor);
        }
        LockSupport.parkNanos(PARK_NS);
    }
}
