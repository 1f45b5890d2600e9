package org.globalsessions.benchmarks;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** What does it cost to replace the value of an entry that is there? */
public class OverwriteBenchmark extends TableBenchmark {
    /** What is measured. */
    @Param({"FLOOR", "SEGMENT", "CHRONICLE_MAP", "OHC", "CAFFEINE", "EHCACHE", "LMDB"})
    public Subject subject;

    @Override
    Subject subject() {
        return subject;
    }

    /**
     * An overwrite with a value of the same length.
     *
     * @param cursor the thread's
     */
    @Benchmark
    public void set(Cursor cursor) {
        int operation = cursor.next(this);
        cursor.client.set(cursor.workload.key(operation), cursor.value);
    }
}
