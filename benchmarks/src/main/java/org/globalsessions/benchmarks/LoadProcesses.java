package org.globalsessions.benchmarks;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Starts {@link LoadProcess}es with the flags of the benchmarks' JVMs, and reads what they find. One thread. */
final class LoadProcesses {
    private static final int OPENINGS = 5;

    private final List<String> jvmFlags;
    private final int windows;
    private final int warmUps;
    private final int windowMs;

    LoadProcesses(List<String> jvmFlags, int windows, int warmUps, int windowMs) {
        this.jvmFlags = jvmFlags;
        this.windows = windows;
        this.warmUps = warmUps;
        this.windowMs = windowMs;
    }

    /** Two processes with the same load; the sum of both in millions a second, one figure a window. */
    List<Double> throughput(Subject subject, int entries, Distribution distribution, int readPercent)
            throws IOException {
        try (BenchmarkFolder folder = new BenchmarkFolder();
                Child first = start(orders(
                        subject, folder.path(), entries, distribution, true, LoadProcess.Task.OPERATE, readPercent));
                Child second = startAfter(
                        first,
                        orders(
                                subject,
                                folder.path(),
                                entries,
                                distribution,
                                false,
                                LoadProcess.Task.OPERATE,
                                readPercent))) {
            second.awaitReady();
            first.go();
            second.go();
            List<Double> ours = first.figures();
            List<Double> theirs = second.figures();
            List<Double> sums = new ArrayList<>();
            for (int i = 0; i < windows; i++) {
                sums.add(ours.get(i) + theirs.get(i));
            }
            return sums;
        }
    }

    /** The 99.9th percentile of the gets of one process while another one overwrites as fast as it can, in ns. */
    List<Double> latency(Subject subject, int entries, Distribution distribution) throws IOException {
        try (BenchmarkFolder folder = new BenchmarkFolder();
                Child reader = start(
                        orders(subject, folder.path(), entries, distribution, true, LoadProcess.Task.LATENCY, 100));
                Child writer = startAfter(reader, writer(subject, folder.path(), entries, distribution))) {
            writer.awaitReady();
            writer.go();
            reader.go();
            return reader.figures();
        }
    }

    /** Time of attaching to a filled table and reading one entry, each in a JVM of its own, in ns. */
    List<Double> attach(Subject subject, int entries) throws IOException {
        try (BenchmarkFolder folder = new BenchmarkFolder();
                Child holder = start(orders(
                        subject, folder.path(), entries, Distribution.UNIFORM, true, LoadProcess.Task.HOLD, 100))) {
            holder.awaitReady();
            List<Double> times = new ArrayList<>();
            for (int i = 0; i < OPENINGS; i++) {
                times.add(open(subject, folder.path(), entries, false));
            }
            return times;
        }
    }

    /** Time of making an empty table, each in a JVM and a folder of its own, in ns. */
    List<Double> create(Subject subject, int entries) throws IOException {
        List<Double> times = new ArrayList<>();
        for (int i = 0; i < OPENINGS; i++) {
            try (BenchmarkFolder folder = new BenchmarkFolder()) {
                times.add(open(subject, folder.path(), entries, true));
            }
        }
        return times;
    }

    private double open(Subject subject, Path folder, int entries, boolean create) throws IOException {
        try (Child child =
                start(orders(subject, folder, entries, Distribution.UNIFORM, create, LoadProcess.Task.OPEN, 100))) {
            return Double.parseDouble(child.line());
        }
    }

    private LoadProcess.Orders orders(
            Subject subject,
            Path folder,
            int entries,
            Distribution distribution,
            boolean create,
            LoadProcess.Task task,
            int readPercent) {
        return new LoadProcess.Orders(
                subject, folder, entries, distribution, create, task, readPercent, windows, warmUps, windowMs);
    }

    /** Overwrites until it is ended: it must not stop before the reader does, which sorts between its windows. */
    private LoadProcess.Orders writer(Subject subject, Path folder, int entries, Distribution distribution) {
        return new LoadProcess.Orders(
                subject,
                folder,
                entries,
                distribution,
                false,
                LoadProcess.Task.OPERATE,
                0,
                Integer.MAX_VALUE,
                0,
                windowMs);
    }

    private Child startAfter(Child first, LoadProcess.Orders orders) throws IOException {
        first.awaitReady();
        return start(orders);
    }

    private Child start(LoadProcess.Orders orders) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmFlags);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(LoadProcess.class.getName());
        command.addAll(List.of(orders.toArguments()));
        return new Child(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** A process under way. Ended, by force if need be, when closed. */
    private static final class Child implements AutoCloseable {
        private final Process process;
        private final BufferedReader output;
        private final BufferedWriter input;

        Child(Process process) {
            this.process = process;
            output = process.inputReader(StandardCharsets.UTF_8);
            input = process.outputWriter(StandardCharsets.UTF_8);
        }

        void awaitReady() throws IOException {
            String line = line();
            if (!line.equals("ready")) {
                throw new IOException("a process was to be ready and said: " + line);
            }
        }

        void go() throws IOException {
            input.write("go\n");
            input.flush();
        }

        List<Double> figures() throws IOException {
            List<Double> figures = new ArrayList<>();
            for (String line = line(); !line.equals("done"); line = line()) {
                figures.add(Double.valueOf(line));
            }
            return figures;
        }

        /** The next line that is meant for us. */
        String line() throws IOException {
            String line = output.readLine();
            while (line != null && !line.startsWith(LoadProcess.MARK)) {
                line = output.readLine();
            }
            if (line == null) {
                throw new IOException("a process ended early; its error output says why");
            }
            return line.substring(LoadProcess.MARK.length());
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
}
