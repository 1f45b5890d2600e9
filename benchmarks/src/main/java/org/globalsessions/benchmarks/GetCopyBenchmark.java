package org.globalsessions.benchmarks;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** What does a hit cost whose value comes in an array of its own? With the profiler "gc": does it allocate more than that? */
public class GetCopyBenchmark extends TableBenchmark {
    /** What is measured. */
    @Param({"FLOOR", "SEGMENT"})
    public Subject subject;

    @Override
    Subject subject() {
        return subject;
    }

    /**
     * A hit as an array.
     *
     * @param cursor the thread's
     * @return the value
     */
    @Benchmark
    public byte[] get(Cursor cursor) {
        int operation = cursor.next(this);
        return cursor.client.getCopy(cursor.workload.key(operation));
    }
}
