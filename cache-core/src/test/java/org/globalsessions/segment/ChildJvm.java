package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
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
public final class ChildJvm implements Closeable {
    private static final long ANSWER_SECONDS = 60;
    private static final List<String> SOON = List.of(
            "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xmx64m", "-Xss512k");

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
        return startUnder(List.of(), javaHome, main, arguments);
    }

    /**
     * The same by a command that runs the command behind it in its own place.
     *
     * @param launcher words of the command, as "ip netns exec NAME"
     */
    public static ChildJvm startUnder(List<String> launcher, Class<?> main, String... arguments)
            throws IOException, InterruptedException {
        return startUnder(launcher, Path.of(System.getProperty("java.home")), main, arguments);
    }

    private static ChildJvm startUnder(List<String> launcher, Path javaHome, Class<?> main, String... arguments)
            throws IOException, InterruptedException {
        List<String> flags = List.of("-cp", System.getProperty("java.class.path"));
        ChildJvm child = launch(launcher, javaHome, flags, main, List.of(arguments));
        assertThat(child.answer()).isEqualTo("ready");
        return child;
    }

    /**
     * Starts one that is on its feet soon, as tests need that end hundreds of them, and does not wait for it.
     *
     * @param flags further flags of the JVM
     */
    public static ChildJvm startSoon(List<String> flags, Class<?> main, String... arguments) throws IOException {
        List<String> all = new ArrayList<>(SOON);
        all.addAll(flags);
        all.add("-cp");
        all.add(placeOf(SharedLru.class) + File.pathSeparator + placeOf(main));
        return launch(List.of(), Path.of(System.getProperty("java.home")), all, main, List.of(arguments));
    }

    /** The folder or jar that a class is from: two of them are read sooner than the whole class path of the tests. */
    static Path placeOf(Class<?> type) {
        try {
            return Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ChildJvm launch(
            List<String> launcher, Path javaHome, List<String> flags, Class<?> main, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>(launcher);
        command.add(javaHome.resolve("bin").resolve("java").toString());
        command.addAll(flags);
        command.add(main.getName());
        command.addAll(arguments);
        Path errors = Files.createTempFile("child", ".err");
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        return new ChildJvm(builder.start(), errors);
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
        return answer(ANSWER_SECONDS);
    }

    /** As {@link #answer()}, where the answer may take longer. */
    public String answer(long seconds) throws InterruptedException {
        String line = output.poll(seconds, TimeUnit.SECONDS);
        assertThat(line).as("answer of the child; its errors: %s", errors()).isNotNull();
        return line;
    }

    public String ask(String line) throws InterruptedException {
        send(line);
        return answer();
    }

    /** Whether a line waits that nobody has taken. */
    public boolean hasAnswered() {
        return !output.isEmpty();
    }

    public long pid() {
        return process.pid();
    }

    /** SIGSTOP, and waits until the kernel has stopped each of its threads. */
    public void stop() throws IOException, InterruptedException {
        ProcessSignals.stop(pid());
    }

    /** SIGCONT. */
    public void goOn() throws IOException, InterruptedException {
        ProcessSignals.goOn(pid());
    }

    /** SIGKILL, and does not wait: the kernel is still at it when this returns. */
    public void killWithoutWaiting() {
        process.destroyForcibly();
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
