package org.globalsessions.benchmarks;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Threads;

/** How much do two threads of one process get done, gets and overwrites mixed? {@link LoadProcess} asks it of two processes. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Threads(2)
public class MixedBenchmark extends TableBenchmark {
    /** What is measured. */
    @Param({"FLOOR", "SEGMENT", "CHRONICLE_MAP", "LMDB"})
    public Subject subject;

    /** Gets in a hundred operations. */
    @Param({"95", "50"})
    public int readPercent;

    @Override
    Subject subject() {
        return subject;
    }

    /**
     * A get or an overwrite.
     *
     * @param cursor the thread's
     * @return the value's length, or 0
     */
    @Benchmark
    public int operate(Cursor cursor) {
        int operation = cursor.next(this);
        String key = cursor.workload.key(operation);
        if (Workload.reads(operation, readPercent)) {
            return cursor.client.get(key, cursor.workload.entry(operation), cursor.target);
        }
        cursor.client.set(key, cursor.value);
        return 0;
    }
}
