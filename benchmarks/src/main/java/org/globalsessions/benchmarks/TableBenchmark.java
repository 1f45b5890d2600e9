package org.globalsessions.benchmarks;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What all benchmarks of a filled table share: one subject a JVM, so that the compiler sees one; the same flags, the same
 * entries and the same sequence of operations for each. Shared by the threads of a benchmark; each has a {@link Cursor}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            // Enough for the peers that keep values on the heap, and the collector with the cheapest stores.
            "-Xms4g",
            "-Xmx4g",
            "-XX:+UseParallelGC",
            "-XX:MaxDirectMemorySize=8g",
            // What Chronicle Map, OHC and LMDB reach into; all subjects get the same.
            "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
            "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED",
            "--add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED",
            "--add-opens=jdk.compiler/com.sun.tools.javac=ALL-UNNAMED",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
            "--add-opens=java.base/java.io=ALL-UNNAMED",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/java.util=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
        })
public abstract class TableBenchmark {
    /** Entries in the table. */
    @Param({"20000", "1000000"})
    public int entries;

    /** Which of them the operations ask for. */
    @Param
    public Distribution distribution;

    /** Whether the operations share one key string an entry; see {@link Workload}. */
    @Param("false")
    public boolean sharedKeys;

    private final AtomicInteger threads = new AtomicInteger();
    private BenchmarkFolder folder;
    private Table table;
    private Workload workload;

    /**
     * What is measured.
     *
     * @return the subject
     */
    abstract Subject subject();

    /**
     * Makes and fills the table, and compares some of its answers.
     *
     * @throws IOException where there is no room
     */
    @Setup(Level.Trial)
    public void fill() throws IOException {
        folder = new BenchmarkFolder();
        table = subject().create(folder.path(), entries);
        workload = prepare(table.client());
    }

    /**
     * Fills the table and draws the operations.
     *
     * @param client a client of the empty table
     * @return the operations
     */
    Workload prepare(Table.Client client) {
        Workload.fill(client, 0, entries);
        Workload.check(client, entries);
        return new Workload(entries, distribution, sharedKeys);
    }

    /** Closes the table and removes its files. */
    @TearDown(Level.Trial)
    public void remove() {
        table.close();
        folder.close();
    }

    /** One thread's place in the sequence of operations, and what it needs to carry them out. */
    @State(Scope.Thread)
    public static class Cursor {
        final byte[] value = new byte[Workload.VALUE_LENGTH];
        byte[] target;
        Table.Client client;
        Workload workload;
        private int operation;

        /**
         * Takes the next operation; the first time, finds its place.
         *
         * @param benchmark the benchmark of this thread
         * @return number of the operation
         */
        int next(TableBenchmark benchmark) {
            if (client == null) {
                start(benchmark);
            }
            return operation++;
        }

        private void start(TableBenchmark benchmark) {
            client = benchmark.table.client();
            target = client.newTarget();
            workload = benchmark.workload;
            operation = benchmark.threads.getAndIncrement() * (Workload.OPERATIONS / 7);
            Workload.value(7, value);
        }
    }
}
