package org.globalsessions.relay;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sibling as a child process: started, started again when it dies, and ended by closing the pipe that is its standard
 * input, which the kernel also does when this process is killed.
 *
 * <p>One thread of its own owns all state; any thread may call {@link #close} and {@link #pid}.
 */
final class SiblingProcess implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(SiblingProcess.class);
    private static final Duration END_OF_CHILD = Duration.ofSeconds(2);

    /** How long to wait before a child is started again. */
    static final class Pauses {
        private final long firstMs;
        private final long limitMs;
        private final long stableMs;
        private long nextMs;

        /**
         * Settings of the pauses.
         *
         * @param first  pause after the first death
         * @param limit  longest pause
         * @param stable a child that lived so long begins with the first pause again
         */
        Pauses(Duration first, Duration limit, Duration stable) {
            firstMs = first.toMillis();
            limitMs = limit.toMillis();
            stableMs = stable.toMillis();
            nextMs = firstMs;
        }

        long nextMs(long livedMs) {
            if (livedMs >= stableMs) {
                nextMs = firstMs;
            }
            long pause = nextMs;
            nextMs = Math.min(limitMs, nextMs * 2);
            return pause;
        }
    }

    private final List<String> command;
    private final Path folder;
    private final Path log;
    private final Pauses pauses;
    private final Runnable onDeath;
    private final Runnable onRestart;
    private final ScheduledExecutorService thread;
    private volatile Process child;
    private boolean closing;

    private SiblingProcess(Builder builder) {
        command = builder.command;
        folder = builder.folder;
        log = builder.log;
        pauses = builder.pauses;
        onDeath = builder.onDeath;
        onRestart = builder.onRestart;
        thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread created = new Thread(task, "relay-sibling-process");
            created.setDaemon(true);
            return created;
        });
    }

    /** What a child needs; used by one thread. */
    static final class Builder {
        private final List<String> command;
        private Path folder;
        private Path log;
        private Pauses pauses = new Pauses(Duration.ofMillis(200), Duration.ofSeconds(5), Duration.ofSeconds(30));
        private Runnable onDeath = () -> {};
        private Runnable onRestart = () -> {};

        Builder(List<String> command) {
            this.command = SiblingCommand.resolve(command);
        }

        /** Working folder of the child; null for this process's own. */
        Builder folder(Path value) {
            folder = value;
            return this;
        }

        /** File that the child's output is appended to; null to share this process's standard error. */
        Builder log(Path value) {
            log = value;
            return this;
        }

        Builder pauses(Pauses value) {
            pauses = value;
            return this;
        }

        /** Called on the owner's thread after each death that was not asked for. */
        Builder onDeath(Runnable value) {
            onDeath = value;
            return this;
        }

        /** Called on the owner's thread each time that the child is started again. */
        Builder onRestart(Runnable value) {
            onRestart = value;
            return this;
        }

        /**
         * Starts the child.
         *
         * @return its owner
         * @throws IOException where the command cannot be run at all: a mistake in the configuration
         */
        SiblingProcess start() throws IOException {
            SiblingProcess owner = new SiblingProcess(this);
            try {
                owner.run();
            } catch (IOException e) {
                owner.thread.shutdownNow();
                throw new IOException("The sibling's command cannot be started: proc_name=" + command, e);
            }
            return owner;
        }
    }

    private void run() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.redirectInput(ProcessBuilder.Redirect.PIPE);
        builder.redirectOutput(
                log == null ? ProcessBuilder.Redirect.INHERIT : ProcessBuilder.Redirect.appendTo(log.toFile()));
        if (folder != null) {
            builder.directory(folder.toFile());
        }
        long startedNs = System.nanoTime();
        Process started = builder.start();
        synchronized (this) {
            child = started;
            if (closing) {
                closePipe(started);
            }
        }
        LOGGER.info("The sibling runs as process {}", started.pid());
        started.onExit()
                .thenAcceptAsync(ended -> onExit(ended, startedNs), thread)
                .exceptionally(this::reportFailure);
    }

    private Void reportFailure(Throwable failure) {
        if (!isClosing()) {
            LOGGER.error("Watching the sibling's process failed", failure);
        }
        return null;
    }

    private void onExit(Process ended, long startedNs) {
        closePipe(ended);
        if (isClosing()) {
            return;
        }
        long livedMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNs);
        onDeath.run();
        startAgainAfter(pauses.nextMs(livedMs), "ended with code " + ended.exitValue() + " after " + livedMs + " ms");
    }

    private void startAgainAfter(long pauseMs, String why) {
        LOGGER.warn("The sibling {}; it is started again in {} ms", why, pauseMs);
        var unused = thread.schedule(
                () -> {
                    if (isClosing()) {
                        return;
                    }
                    onRestart.run();
                    try {
                        run();
                    } catch (IOException e) {
                        startAgainAfter(pauses.nextMs(0), "could not be started (" + e.getMessage() + ")");
                    }
                },
                pauseMs,
                TimeUnit.MILLISECONDS);
    }

    private synchronized boolean isClosing() {
        return closing;
    }

    private static void closePipe(Process process) {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            LOGGER.debug("The pipe of process {} was closed by its other end", process.pid(), e);
        }
    }

    /**
     * Process id of the child.
     *
     * @return the id of the one started last, which may have ended
     */
    long pid() {
        return child.pid();
    }

    /** Closes the child's pipe, by which it ends, and starts no other. */
    void askToEnd() {
        synchronized (this) {
            if (closing) {
                return;
            }
            closing = true;
        }
        closePipe(child);
    }

    /** Closes the child's pipe, waits for its end, at most 2 s, then ends it by force. */
    @Override
    public void close() {
        askToEnd();
        Process last = child;
        try {
            if (!last.waitFor(END_OF_CHILD.toMillis(), TimeUnit.MILLISECONDS)) {
                LOGGER.warn("The sibling did not end with its pipe: process {} is ended by force", last.pid());
                last.destroyForcibly();
            }
        } catch (InterruptedException e) {
            last.destroyForcibly();
            Thread.currentThread().interrupt();
        } finally {
            thread.shutdownNow();
        }
    }
}
