package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A JVM of its own with the tests' class path and no flags, as an application has it: takes lines on its standard input, answers
 * with lines, and can be killed. What it wrote to standard error is kept apart.
 */
public final class ChildJvm implements AutoCloseable {
    private static final long ANSWER_SECONDS = 60;

    private final Process process;
    private final PrintStream input;
    private final BlockingQueue<String> output = new LinkedBlockingQueue<>(10_000);
    private final Path errorFile;

    private ChildJvm(Process process, Path errorFile) {
        this.process = process;
        this.errorFile = errorFile;
        input = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        Thread reader = new Thread(this::readOutput, "child output");
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts it and waits until it has said that it is ready. */
    public static ChildJvm start(Class<?> main, String... arguments) throws IOException, InterruptedException {
        return startOn(Path.of(System.getProperty("java.home")), main, arguments);
    }

    /** The same on a JDK of one's choice. */
    public static ChildJvm startOn(Path javaHome, Class<?> main, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(javaHome.resolve("bin").resolve("java").toString());
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(main.getName());
        command.addAll(List.of(arguments));
        Path errors = Files.createTempFile("child", ".err");
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        ChildJvm child = new ChildJvm(builder.start(), errors);
        assertThat(child.answer()).isEqualTo("ready");
        return child;
    }

    private void readOutput() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                output.add(line);
            }
        } catch (IOException e) {
            output.add("output ended: " + e.getClass().getName());
        }
    }

    public void send(String line) {
        input.println(line);
    }

    /** The next line of its output; fails if none comes. */
    public String answer() throws InterruptedException {
        String line = output.poll(ANSWER_SECONDS, TimeUnit.SECONDS);
        assertThat(line).as("answer of the child; its errors: %s", errors()).isNotNull();
        return line;
    }

    public String ask(String line) throws InterruptedException {
        send(line);
        return answer();
    }

    public long pid() {
        return process.pid();
    }

    /** SIGKILL, and waits until the kernel has ended it. */
    public void kill() {
        process.destroyForcibly()
                .onExit()
                .orTimeout(ANSWER_SECONDS, TimeUnit.SECONDS)
                .join();
    }

    /** Ends its input, and waits for its own end. */
    public int end() {
        input.close();
        return process.onExit()
                .orTimeout(ANSWER_SECONDS, TimeUnit.SECONDS)
                .join()
                .exitValue();
    }

    public String errors() {
        try {
            return Files.readString(errorFile);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        kill();
        Files.delete(errorFile);
    }
}
