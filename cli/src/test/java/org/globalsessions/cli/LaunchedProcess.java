package org.globalsessions.cli;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The launcher as people start it, in a process of its own; both outputs go to files. */
final class LaunchedProcess implements AutoCloseable {
    private static final Path LAUNCHER = Path.of("bin", "global-sessions").toAbsolutePath();

    private final Process process;
    private final Path out;
    private final Path err;

    private LaunchedProcess(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    static LaunchedProcess start(Path folder, Object... args) throws IOException {
        return start(folder, Map.of(), args);
    }

    /** With variables of the environment besides those of this process. */
    static LaunchedProcess start(Path folder, Map<String, String> variables, Object... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(LAUNCHER.toString()));
        for (Object arg : args) {
            command.add(arg.toString());
        }
        Path out = Files.createTempFile(folder, "launched", ".out");
        Path err = Files.createTempFile(folder, "launched", ".err");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(variables);
        return new LaunchedProcess(builder.start(), out, err);
    }

    /** Waits until a node says that it runs. */
    LaunchedProcess awaitRunning() {
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            if (!process.isAlive()) {
                throw new IllegalStateException("ended with " + process.exitValue() + ": " + err());
            }
            return err().contains("global-sessions: running: ");
        });
        return this;
    }

    int awaitEnd(Duration limit) throws IOException, InterruptedException {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("has not ended: " + err());
        }
        return process.exitValue();
    }

    /** SIGKILL, to this process alone. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** SIGTERM, as an operator ends a node. */
    int terminate() throws IOException, InterruptedException {
        process.destroy();
        return awaitEnd(Duration.ofSeconds(30));
    }

    String out() throws IOException {
        return Files.readString(out);
    }

    String err() throws IOException {
        return Files.readString(err);
    }

    /** Where its standard output goes. */
    Path outFile() {
        return out;
    }

    long pid() {
        return process.pid();
    }

    List<ProcessHandle> children() {
        return process.toHandle().children().toList();
    }

    @Override
    public void close() {
        List<ProcessHandle> children = children();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
        process.onExit().join();
    }
}
