package org.globalsessions.benchmarks;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** What does a hit cost, beside the floors and beside the peers? */
public class GetBenchmark extends TableBenchmark {
    /** What is measured. */
    @Param
    public Subject subject;

    @Override
    Subject subject() {
        return subject;
    }

    /**
     * A hit into the caller's buffer.
     *
     * @param cursor the thread's
     * @return the value's length
     */
    @Benchmark
    public int intoBuffer(Cursor cursor) {
        int operation = cursor.next(this);
        return cursor.client.get(cursor.workload.key(operation), cursor.workload.entry(operation), cursor.target);
    }
}
