package org.globalsessions.cli;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * This command as a process of its own, with the same JVM, flags and class path. Its standard error goes to a file, its
 * standard output line by line to a consumer.
 */
final class ChildProcess {
    private static final int SHOWN_LINES = 25;

    private final String name;
    private final Path log;
    private final Process process;
    private final Thread reader;

    private ChildProcess(String name, Path log, Process process, Thread reader) {
        this.name = name;
        this.log = log;
        this.process = process;
        this.reader = reader;
    }

    /**
     * Starts a process.
     *
     * @param name   what it is called in reports
     * @param folder its working folder; the log NAME.log is made there
     * @param lines  sees each line of its standard output, on a thread of its own
     * @param args   arguments of the command
     * @return the process, started
     * @throws IOException where it cannot be started
     */
    static ChildProcess start(String name, Path folder, Consumer<String> lines, List<String> args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            // A debugger's or agent's port belongs to this JVM alone.
            if (!argument.startsWith("-agentlib:") && !argument.startsWith("-javaagent:")) {
                command.add(argument);
            }
        }
        command.add("-cp");
        command.add(System.getProperty("java.class.path", "." + File.separator));
        command.add(GlobalSessions.class.getName());
        command.addAll(args);
        Path log = folder.resolve(name + ".log");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        process.getOutputStream().close();
        Thread reader = new Thread(() -> read(process, lines), "output-of-" + name);
        reader.setDaemon(true);
        reader.start();
        return new ChildProcess(name, log, process, reader);
    }

    String name() {
        return name;
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Processes that it has started and that live. */
    List<ProcessHandle> children() {
        return process.toHandle().children().toList();
    }

    /**
     * Waits for the end of the process and of its output.
     *
     * @param limit how long at most
     * @return its exit code
     * @throws IOException where it has not ended in time
     */
    int await(Duration limit) throws IOException, InterruptedException {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IOException(name + " has not ended within " + limit.toSeconds() + " s" + lastWords());
        }
        reader.join(TimeUnit.SECONDS.toMillis(10));
        return process.exitValue();
    }

    /** Asks it to end, then waits, then kills it and what it had started. */
    void stop(Duration limit) throws InterruptedException {
        List<ProcessHandle> started = children();
        process.destroy();
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            process.destroyForcibly().waitFor();
        }
        for (ProcessHandle child : started) {
            child.destroyForcibly();
        }
    }

    /** Kills it, and waits until it is gone. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** The last lines of its log, for a message. */
    String lastWords() {
        try {
            List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
            List<String> last = lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size());
            return last.isEmpty() ? "" : System.lineSeparator() + String.join(System.lineSeparator(), last);
        } catch (IOException e) {
            return " (its log cannot be read: " + e + ")";
        }
    }

    private static void read(Process process, Consumer<String> lines) {
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            output.lines().forEach(lines);
        } catch (IOException | java.io.UncheckedIOException e) {
            // The pipe of a killed process closes under the reader: what it had said is here, its exit code tells the
            // rest.
            lines.accept("");
        }
    }
}
