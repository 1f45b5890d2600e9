package org.globalsessions.relay;

import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.agrona.ErrorHandler;
import org.agrona.IoUtil;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Aeron media driver that carries what relay and sibling say to each other: embedded, in a fresh folder for each start, or
 * an external one known by its folder.
 *
 * <p>A fresh folder, because a driver refuses to start in the folder of one that was alive less than 10 s ago. The folder's
 * name carries this process's id, so that the next start can remove what a killed relay left behind.
 */
final class IpcDriver implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(IpcDriver.class);
    private static final String PREFIX = "global-sessions-aeron-";
    private static final String DRIVER_FOLDER = "driver";
    private static final int TERM_BUFFER_LENGTH = 4 << 20;
    /**
     * A dead sibling's subscription holds back the stream until it is given up, so this bounds the pause after its death. A
     * process stopped for longer loses its client and opens a new one.
     */
    private static final long CLIENT_LIVENESS_NS = TimeUnit.SECONDS.toNanos(3);

    private final MediaDriver driver;
    private final Path parent;
    private final String folder;

    private IpcDriver(MediaDriver driver, Path parent, String folder) {
        this.driver = driver;
        this.parent = parent;
        this.folder = folder;
    }

    /**
     * Uses a driver that runs elsewhere.
     *
     * @param folder its folder
     * @return the driver
     */
    static IpcDriver external(Path folder) {
        return new IpcDriver(null, null, folder.toString());
    }

    /**
     * Launches a driver in this process.
     *
     * @param threading    one thread, or one for each part
     * @param errorHandler told of its errors
     * @return the driver
     * @throws IOException where its folder cannot be made
     */
    static IpcDriver embedded(ThreadingMode threading, ErrorHandler errorHandler) throws IOException {
        Path parent = root().resolve(PREFIX
                + System.getProperty("user.name").replaceAll("[^A-Za-z0-9]", "_")
                + "-"
                + ProcessHandle.current().pid()
                + "-"
                + Long.toHexString(new SecureRandom().nextLong()));
        // The driver makes its folder anew, with everybody's rights; this one around it is its owner's alone.
        Files.createDirectory(
                parent, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path folder = parent.resolve(DRIVER_FOLDER);
        MediaDriver.Context context = new MediaDriver.Context()
                .aeronDirectoryName(folder.toString())
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true)
                .warnIfDirectoryExists(false)
                .ipcTermBufferLength(TERM_BUFFER_LENGTH)
                .clientLivenessTimeoutNs(CLIENT_LIVENESS_NS)
                .publicationUnblockTimeoutNs(2 * CLIENT_LIVENESS_NS)
                .timerIntervalNs(TimeUnit.MILLISECONDS.toNanos(250))
                .threadingMode(threading)
                .errorHandler(errorHandler)
                .terminationHook(() -> LOGGER.warn("The media driver was asked to end: {}", folder));
        Supplier<IdleStrategy> quiet = () -> new BackoffIdleStrategy(1, 1, 1_000, TimeUnit.MILLISECONDS.toNanos(4));
        context.sharedIdleStrategy(quiet.get())
                .conductorIdleStrategy(quiet.get())
                .senderIdleStrategy(quiet.get())
                .receiverIdleStrategy(quiet.get());
        return new IpcDriver(MediaDriver.launch(context), parent, folder.toString());
    }

    private static Path root() {
        Path memory = Path.of("/dev/shm");
        return Files.isWritable(memory) ? memory : Path.of(System.getProperty("java.io.tmpdir"));
    }

    /**
     * Removes the folder of a driver whose process is dead.
     *
     * @param folder folder of a driver, as an earlier start noted it
     */
    static void removeLeftBehind(String folder) {
        Path parent = Path.of(folder).getParent();
        if (parent == null || parent.getFileName() == null || !Files.isDirectory(parent)) {
            return;
        }
        String[] parts = parent.getFileName().toString().split("-", -1);
        if (!parent.getFileName().toString().startsWith(PREFIX) || parts.length < 3) {
            return;
        }
        long pid;
        try {
            pid = Long.parseLong(parts[parts.length - 2]);
        } catch (NumberFormatException e) {
            LOGGER.warn("The folder of an earlier media driver has a name that is not ours: {}", parent, e);
            return;
        }
        boolean alive = pid != ProcessHandle.current().pid()
                && ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
        if (!alive) {
            LOGGER.info("Removing what a relay that was killed left behind: {}", parent);
            IoUtil.delete(parent.toFile(), true);
        }
    }

    /**
     * The driver's folder.
     *
     * @return absolute path
     */
    String folder() {
        return folder;
    }

    /** Ends an embedded driver and removes its folder. */
    @Override
    public void close() {
        if (driver != null) {
            driver.close();
            IoUtil.delete(new File(parent.toString()), true);
        }
    }
}
