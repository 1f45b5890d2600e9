package org.globalsessions.benchmarks;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A class of the benchmarks as a process of its own, which is told what to do by lines on its standard input and ends where that
 * ends. Ended, by force if need be, when closed. One thread.
 */
final class ChildJvm implements AutoCloseable {
    /** Before each line that is meant for the one who started the process; libraries print theirs. */
    private static final String MARK = "load: ";

    private static final String READY = "ready";
    private static final String DONE = "done";

    private final Process process;
    private final BufferedReader output;
    private final BufferedWriter input;

    private ChildJvm(Process process) {
        this.process = process;
        output = process.inputReader(StandardCharsets.UTF_8);
        input = process.outputWriter(StandardCharsets.UTF_8);
    }

    static ChildJvm start(List<String> jvmFlags, Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmFlags);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(main.getName());
        command.addAll(List.of(arguments));
        return new ChildJvm(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** In the child: tells a line to the one who started it. */
    static void tell(String line) {
        System.out.println(MARK + line);
        System.out.flush();
    }

    /** In the child: it can be told what to do. */
    static void tellReady() {
        tell(READY);
    }

    /** In the child: all figures that were asked for are told. */
    static void tellDone() {
        tell(DONE);
    }

    void awaitReady() throws IOException {
        String line = line();
        if (!line.equals(READY)) {
            throw new IOException("a process was to be ready and said: " + line);
        }
    }

    void go() throws IOException {
        order("go");
    }

    /** Tells the child what to do next. */
    void order(String line) throws IOException {
        input.write(line + "\n");
        input.flush();
    }

    List<Double> figures() throws IOException {
        List<Double> figures = new ArrayList<>();
        for (String line = line(); !line.equals(DONE); line = line()) {
            figures.add(Double.valueOf(line));
        }
        return figures;
    }

    /** The next line that is meant for us. */
    String line() throws IOException {
        String line = output.readLine();
        while (line != null && !line.startsWith(MARK)) {
            line = output.readLine();
        }
        if (line == null) {
            throw new IOException("a process ended early; its error output says why");
        }
        return line.substring(MARK.length());
    }

    /** Processor time that the process has used. */
    Duration processorTime() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** Memory that the process has in use, what it shares with others as well: VmRSS. */
    long residentBytes() throws IOException {
        String name = "VmRSS:";
        return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
                .filter(line -> line.startsWith(name))
                .mapToLong(line -> Long.parseLong(
                                line.substring(name.length()).replace("kB", "").strip())
                        * 1024)
                .findFirst()
                .orElseThrow(() -> new IOException("no " + name + " of process " + process.pid()));
    }

    @Override
    public void close() throws IOException {
        try {
            input.close();
            if (!process.waitFor(2, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
