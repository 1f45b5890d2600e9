package org.globalsessions.transport.net;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.globalsessions.config.Schema;

/**
 * The file of a Unix socket that is listened on. It lies in a folder of mode 0700, so that none but this user gets to it. Whoever
 * binds it or closes it does so under the lock of a file beside it: one that was left behind by a killed process is found to
 * answer nobody and taken away, and no process takes away what another has just bound.
 *
 * <p>Any thread.
 */
final class UnixSocketFile {
    private static final String FOLDER_MODE = "rwx------";
    private static final String FILE_MODE = "rw-------";
    private static final int RIGHTS = 0777;
    private static final int OTHERS_RIGHTS = 077;
    private static final int KIND_OF_FILE = 0170000;
    private static final int SOCKET = 0140000;
    private static final long LOCK_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(5);
    private static final long LOCK_RETRY_NS = TimeUnit.MILLISECONDS.toNanos(5);

    private final Path path;

    UnixSocketFile(Path path) throws IOException {
        this.path = path.toAbsolutePath().normalize();
        int bytes = this.path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > Schema.UNIX_SOCKET_PATH_BYTES) {
            throw refused("path too long: bytes=" + bytes + ", limit=" + Schema.UNIX_SOCKET_PATH_BYTES
                    + "; give a shorter folder");
        }
    }

    /** What is done under the lock. */
    interface Action {
        void run() throws IOException;
    }

    Path path() {
        return path;
    }

    /** Binds: makes the folder, takes a left-behind socket away, and leaves the new one to this user alone. */
    void bind(Action bind) throws IOException {
        prepareFolder();
        locked(() -> {
            removeIfLeftBehind();
            bind.run();
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(FILE_MODE));
        });
    }

    void locked(Action action) throws IOException {
        Path lockFile = path.resolveSibling(path.getFileName() + ".lock");
        // Locks count per process: threads of this one would take each other's away when they close the file.
        synchronized (UnixSocketFile.class) {
            try (FileChannel channel = FileChannel.open(
                    lockFile,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(FILE_MODE)))) {
                long deadlineNs = System.nanoTime() + LOCK_TIMEOUT_NS;
                FileLock lock = channel.tryLock();
                while (lock == null) {
                    if (deadlineNs - System.nanoTime() <= 0) {
                        throw refused("another process has kept the lock for 5 s: lock file=" + lockFile);
                    }
                    if (Thread.interrupted()) {
                        Thread.currentThread().interrupt();
                        throw new InterruptedIOException("interrupted while waiting for " + lockFile);
                    }
                    LockSupport.parkNanos(LOCK_RETRY_NS);
                    lock = channel.tryLock();
                }
                action.run();
            }
        }
    }

    private void prepareFolder() throws IOException {
        Path folder = path.getParent();
        if (folder == null) {
            throw refused("no socket can lie there");
        }
        Files.createDirectories(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(FOLDER_MODE)));
        int mode = (int) Files.getAttribute(folder, "unix:mode") & RIGHTS;
        if ((mode & OTHERS_RIGHTS) != 0) {
            throw refused(
                    "other users may use its folder: mode=" + Integer.toOctalString(mode) + ", expected=700, folder="
                            + folder + "; give the socket a folder of its own, or chmod 700 this one");
        }
    }

    private void removeIfLeftBehind() throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & KIND_OF_FILE) != SOCKET) {
            throw refused("there is something that is no socket; move it away, or give another path");
        }
        if (answers()) {
            throw refused("another process listens there; end it, or give another path");
        }
        Files.delete(path);
    }

    private boolean answers() throws IOException {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            // Not blocking: one whose queue is full would keep us waiting, and it is alive.
            probe.configureBlocking(false);
            probe.connect(UnixDomainSocketAddress.of(path));
            return true;
        } catch (ConnectException nobodyListens) {
            return false;
        }
    }

    private IOException refused(String why) {
        return new IOException("cannot listen on unix:" + path + ": " + why);
    }
}
