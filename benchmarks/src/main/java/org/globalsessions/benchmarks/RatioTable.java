package org.globalsessions.benchmarks;

import static org.globalsessions.benchmarks.Subject.CAFFEINE;
import static org.globalsessions.benchmarks.Subject.CHRONICLE_MAP;
import static org.globalsessions.benchmarks.Subject.COPY;
import static org.globalsessions.benchmarks.Subject.EHCACHE;
import static org.globalsessions.benchmarks.Subject.FLOOR;
import static org.globalsessions.benchmarks.Subject.LMDB;
import static org.globalsessions.benchmarks.Subject.OHC;
import static org.globalsessions.benchmarks.Subject.SEGMENT;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.runner.RunnerException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Measures the segment, the floors and the peers in one run, and prints what the segment reaches of its bars: a Markdown table
 * of ratios, then one of all figures. Progress goes to standard error.
 */
@Command(
        name = "table",
        mixinStandardHelpOptions = true,
        description = "Measures the segment, the floors and the peers in one run.")
public final class RatioTable implements Callable<Integer> {
    private static final String NS = "ns";
    private static final String MILLIONS = "million/s";
    private static final int RECORD_SIZE = 384;

    @Mixin
    private final RatioTableOptions options = new RatioTableOptions();

    private final Figures figures = new Figures();
    private final PrintStream out;

    /** Made of the options. */
    private JmhRuns jmh;

    private LoadProcesses processes;

    private RatioTable(PrintStream out) {
        this.out = out;
    }

    /**
     * Measures and prints; ends with 1 where a row failed, and with 2 where an argument is wrong.
     *
     * @param args see {@code --help}
     */
    public static void main(String... args) {
        System.exit(run(System.out, args));
    }

    static int run(PrintStream out, String... args) {
        return TableOptions.run(new RatioTable(out), args);
    }

    @Override
    public Integer call() {
        List<String> flags = jvmFlags();
        jmh = new JmhRuns(flags, options.iterations(), options.warmUps(), options.iterationMs());
        processes = new LoadProcesses(flags, options.iterations(), options.warmUps(), options.iterationMs());
        long started = System.nanoTime();
        boolean failed = false;
        for (RatioTableOptions.Row row : options.rows()) {
            try {
                measure(row);
            } catch (RunnerException | IOException | RuntimeException e) {
                // The rows measured so far took minutes: they are printed all the same.
                failed = true;
                System.err.println("row " + row + " failed, and what it had measured may be in the table:");
                e.printStackTrace();
            }
        }
        out.printf(
                "%s, %s, JDK %s, %d cores; rounds %d, iterations %d of %d ms after %d; %s; %d s in all%n%n",
                LocalDate.now(ZoneOffset.UTC),
                System.getProperty("os.arch"),
                Runtime.version(),
                Runtime.getRuntime().availableProcessors(),
                options.rounds(),
                options.iterations(),
                options.iterationMs(),
                options.warmUps(),
                options.sharedKeys() ? "one key string an entry" : "one key string an operation",
                (System.nanoTime() - started) / 1_000_000_000);
        out.println(figures.ratios());
        out.println(figures.absolutes());
        return failed ? 1 : 0;
    }

    /** The flags of the benchmarks' JVMs, and what newer JDKs want besides. */
    private static List<String> jvmFlags() {
        List<String> flags = new ArrayList<>(
                Arrays.asList(TableBenchmark.class.getAnnotation(Fork.class).jvmArgsAppend()));
        if (Runtime.version().feature() >= 24) {
            flags.add("--sun-misc-unsafe-memory-access=allow");
            flags.add("--enable-native-access=ALL-UNNAMED");
        }
        String folder = System.getProperty(BenchmarkFolder.PROPERTY);
        if (folder != null) {
            flags.add("-D" + BenchmarkFolder.PROPERTY + "=" + folder);
        }
        return flags;
    }

    private void measure(RatioTableOptions.Row row) throws RunnerException, IOException {
        switch (row) {
            case GET -> gets();
            case OVERWRITE -> overwrites();
            case INSERT -> inserts();
            case THREADS -> threads();
            case PROCESSES -> twoProcesses();
            case LATENCY -> latency();
            case HOT -> hotKey();
            case ALLOCATION -> allocation();
            case DISK -> disk();
            case OPEN -> open();
        }
    }

    private void gets() throws RunnerException, IOException {
        for (int entries : options.entries()) {
            List<Subject> subjects = entries > 1_000_000
                    ? List.of(COPY, FLOOR, SEGMENT, CHRONICLE_MAP)
                    : List.of(COPY, FLOOR, SEGMENT, CHRONICLE_MAP, CAFFEINE, OHC, EHCACHE, LMDB);
            for (Distribution distribution : Distribution.values()) {
                String work = work("get into a buffer", entries, distribution);
                jmhEach(work, NS, subjects, GetBenchmark.class, "intoBuffer", parameters(entries, distribution));
                boolean uniform = distribution == Distribution.UNIFORM;
                figures.atMost(work, NS, FLOOR, COPY, 3);
                if (entries <= 20_000) {
                    figures.atMost(work, NS, SEGMENT, FLOOR, 1.5);
                    figures.atMost(work, NS, SEGMENT, CAFFEINE, 0.8);
                } else if (entries <= 1_000_000) {
                    figures.atMost(work, NS, SEGMENT, FLOOR, uniform ? 1.45 : 1.25);
                    figures.atMost(work, NS, SEGMENT, CHRONICLE_MAP, uniform ? 0.65 : 0.55);
                } else {
                    figures.atMost(work, NS, SEGMENT, FLOOR, 1.45);
                    figures.atMost(work, NS, SEGMENT, CHRONICLE_MAP, 0.7);
                }
            }
        }
    }

    private void overwrites() throws RunnerException, IOException {
        int entries = options.mainEntries();
        for (Distribution distribution : Distribution.values()) {
            String work = work("overwrite", entries, distribution);
            List<Subject> subjects = List.of(FLOOR, SEGMENT, CHRONICLE_MAP, OHC);
            jmhEach(work, NS, subjects, OverwriteBenchmark.class, "set", parameters(entries, distribution));
            figures.atMost(work, NS, SEGMENT, FLOOR, 2.2);
            figures.atMost(work, NS, SEGMENT, OHC, 0.75);
            figures.atMost(work, NS, SEGMENT, CHRONICLE_MAP, 0.55);
        }
    }

    private void inserts() throws RunnerException, IOException {
        int entries = options.mainEntries();
        String work = String.format("insert that evicts, %,d", entries);
        jmhEach(
                work,
                NS,
                List.of(SEGMENT, OHC, CAFFEINE),
                InsertThatEvictsBenchmark.class,
                "set",
                parameters(entries, Distribution.UNIFORM));
        figures.atMost(work, NS, SEGMENT, OHC, 0.8);
    }

    private void threads() throws RunnerException, IOException {
        int entries = options.mainEntries();
        for (int readPercent : new int[] {95, 50}) {
            String work = String.format("two threads, %d %% reads, %,d, uniform", readPercent, entries);
            Map<String, Object> parameters = new HashMap<>(parameters(entries, Distribution.UNIFORM));
            parameters.put("readPercent", readPercent);
            jmhEach(work, MILLIONS, shared(readPercent), MixedBenchmark.class, "operate", parameters);
            compareThroughput(work, readPercent);
        }
    }

    private void twoProcesses() throws RunnerException, IOException {
        int entries = options.mainEntries();
        for (int readPercent : new int[] {95, 50}) {
            String work = String.format("two processes, %d %% reads, %,d, uniform", readPercent, entries);
            each(
                    work,
                    MILLIONS,
                    shared(readPercent),
                    subject -> processes.throughput(subject, entries, Distribution.UNIFORM, readPercent));
            compareThroughput(work, readPercent);
        }
    }

    private static List<Subject> shared(int readPercent) {
        return readPercent > 50 ? List.of(FLOOR, SEGMENT, CHRONICLE_MAP, LMDB) : List.of(FLOOR, SEGMENT, CHRONICLE_MAP);
    }

    private void compareThroughput(String work, int readPercent) {
        figures.atLeast(work, MILLIONS, SEGMENT, FLOOR, readPercent > 50 ? 0.65 : 0.6);
        figures.atLeast(work, MILLIONS, SEGMENT, CHRONICLE_MAP, readPercent > 50 ? 1.8 : 2.5);
    }

    private void latency() throws RunnerException, IOException {
        int entries = options.mainEntries();
        for (Distribution distribution : Distribution.values()) {
            String work = work("p99.9 of get beside a writing process", entries, distribution);
            each(work, NS, List.of(FLOOR, SEGMENT), subject -> processes.latency(subject, entries, distribution));
            figures.atMost(work, NS, SEGMENT, FLOOR, 3);
        }
    }

    private void hotKey() throws RunnerException, IOException {
        int entries = options.mainEntries();
        Map<String, Object> parameters = parameters(entries, Distribution.UNIFORM);
        String one = "one hot key, one thread";
        String two = "one hot key, two threads";
        for (int round = 0; round < options.rounds(); round++) {
            jmhOnce(one, MILLIONS, SEGMENT, HotKeyBenchmark.class, "oneThread", parameters);
            jmhOnce(two, MILLIONS, SEGMENT, HotKeyBenchmark.class, "twoThreads", parameters);
        }
        figures.gain(
                two,
                figures.median(new Figures.Key(two, MILLIONS, SEGMENT)),
                figures.median(new Figures.Key(one, MILLIONS, SEGMENT)),
                MILLIONS,
                1.7);
    }

    private void allocation() throws RunnerException {
        int entries = options.mainEntries();
        // The header of an array, and its length rounded to the next multiple of 8.
        allocation("get into a buffer", GetBenchmark.class, "intoBuffer", entries, 0);
        allocation("set", OverwriteBenchmark.class, "set", entries, 0);
        allocation("get", GetCopyBenchmark.class, "get", entries, (16 + Workload.VALUE_LENGTH + 7) & -8);
    }

    private void allocation(String operation, Class<?> benchmark, String method, int entries, int bytes)
            throws RunnerException {
        String work = "allocation of " + operation;
        Map<String, Object> parameters = new HashMap<>(parameters(entries, Distribution.UNIFORM));
        parameters.put("subject", SEGMENT);
        progress(work, SEGMENT);
        Figures.Key key = new Figures.Key(work, "bytes", SEGMENT);
        figures.add(key, jmh.allocation(benchmark, method, parameters));
        // What the measurement itself allocates in an iteration is a small part of a byte an operation.
        figures.limit(work, figures.median(key), "bytes", bytes + 0.5);
    }

    private void disk() {
        for (int entries : List.of(20_000, 1_000_000)) {
            long length = SegmentTable.settings(Path.of("segment"), entries)
                    .overflowShare(0)
                    .fileLength();
            figures.limit(
                    String.format("size on disk an entry, el_count %,d", entries),
                    (double) length / entries,
                    "bytes",
                    1.2 * RECORD_SIZE + 24);
        }
    }

    private void open() throws RunnerException, IOException {
        int entries = options.mainEntries();
        String attach = String.format("attach, %,d", entries);
        each(
                attach,
                "ms",
                List.of(FLOOR, SEGMENT, LMDB, CHRONICLE_MAP),
                subject -> milliseconds(processes.attach(subject, entries)));
        figures.limit(attach, figures.median(new Figures.Key(attach, "ms", SEGMENT)), "ms", 30);
        String create = String.format("create, %,d", entries);
        each(create, "ms", List.of(SEGMENT), subject -> milliseconds(processes.create(subject, entries)));
        figures.limit(create, figures.median(new Figures.Key(create, "ms", SEGMENT)), "ms", 2_000);
    }

    private static List<Double> milliseconds(List<Double> ns) {
        return ns.stream().map(value -> value / 1e6).toList();
    }

    private static String work(String operation, int entries, Distribution distribution) {
        return String.format(
                "%s, %,d, %s", operation, entries, distribution == Distribution.UNIFORM ? "uniform" : "Zipf");
    }

    private Map<String, Object> parameters(int entries, Distribution distribution) {
        return Map.of("entries", entries, "distribution", distribution, "sharedKeys", options.sharedKeys());
    }

    private void jmhEach(
            String work,
            String unit,
            List<Subject> subjects,
            Class<?> benchmark,
            String method,
            Map<String, Object> parameters)
            throws RunnerException, IOException {
        for (int round = 0; round < options.rounds(); round++) {
            for (Subject subject : subjects) {
                jmhOnce(work, unit, subject, benchmark, method, parameters);
            }
        }
    }

    private void jmhOnce(
            String work,
            String unit,
            Subject subject,
            Class<?> benchmark,
            String method,
            Map<String, Object> parameters)
            throws RunnerException {
        progress(work, subject);
        Map<String, Object> all = new HashMap<>(parameters);
        all.put("subject", subject);
        figures.add(new Figures.Key(work, unit, subject), jmh.scores(benchmark, method, all));
    }

    private void each(String work, String unit, List<Subject> subjects, Measurement measurement)
            throws RunnerException, IOException {
        for (int round = 0; round < options.rounds(); round++) {
            for (Subject subject : subjects) {
                progress(work, subject);
                figures.add(new Figures.Key(work, unit, subject), measurement.of(subject));
            }
        }
    }

    private static void progress(String work, Subject subject) {
        System.err.println(work + ": " + subject);
    }

    /** One subject's samples. */
    private interface Measurement {
        List<Double> of(Subject subject) throws RunnerException, IOException;
    }
}
