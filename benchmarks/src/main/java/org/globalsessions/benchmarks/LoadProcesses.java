package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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
                ChildJvm first = start(orders(
                        subject, folder.path(), entries, distribution, true, LoadProcess.Task.OPERATE, readPercent));
                ChildJvm second = startAfter(
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
                ChildJvm reader = start(
                        orders(subject, folder.path(), entries, distribution, true, LoadProcess.Task.LATENCY, 100));
                ChildJvm writer = startAfter(reader, writer(subject, folder.path(), entries, distribution))) {
            writer.awaitReady();
            writer.go();
            reader.go();
            return reader.figures();
        }
    }

    /** Time of attaching to a filled table and reading one entry, each in a JVM of its own, in ns. */
    List<Double> attach(Subject subject, int entries) throws IOException {
        try (BenchmarkFolder folder = new BenchmarkFolder();
                ChildJvm holder = start(orders(
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
        try (ChildJvm child =
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

    private ChildJvm startAfter(ChildJvm first, LoadProcess.Orders orders) throws IOException {
        first.awaitReady();
        return start(orders);
    }

    private ChildJvm start(LoadProcess.Orders orders) throws IOException {
        return ChildJvm.start(jvmFlags, LoadProcess.class, orders.toArguments());
    }
}
