package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Stops processes and has them go on. */
public final class ProcessSignals {
    private static final long LIMIT_SECONDS = 60;

    private ProcessSignals() {}

    /** SIGSTOP, and waits until the kernel has stopped each of its threads. */
    public static void stop(long pid) throws IOException, InterruptedException {
        signal(pid, "STOP");
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!areAllThreadsStopped(pid)) {
            assertThat(System.nanoTime() - deadlineNs)
                    .as("too late for SIGSTOP")
                    .isNegative();
            Thread.onSpinWait();
        }
    }

    /** SIGCONT. */
    public static void goOn(long pid) throws IOException, InterruptedException {
        signal(pid, "CONT");
    }

    private static void signal(long pid, String name) throws IOException, InterruptedException {
        Process sender = new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid).start();
        assertThat(sender.waitFor()).as("kill -%s", name).isZero();
    }

    private static boolean areAllThreadsStopped(long pid) throws IOException {
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            return threads.allMatch(ProcessSignals::isStopped);
        }
    }

    private static boolean isStopped(Path thread) {
        try {
            String stat = Files.readString(thread.resolve("stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2) == 'T';
        } catch (NoSuchFileException e) {
            // It has ended meanwhile.
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
