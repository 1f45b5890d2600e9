package org.globalsessions.benchmarks;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Threads;

/** Do two threads that ask for one and the same key hinder each other? */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class HotKeyBenchmark extends TableBenchmark {
    /** What is measured. */
    @Param("SEGMENT")
    public Subject subject;

    @Override
    Subject subject() {
        return subject;
    }

    /** Operations that all ask for one entry, each with a string of its own. */
    @Override
    Workload prepare(Table.Client client) {
        Workload.fill(client, 0, entries);
        Workload.check(client, entries);
        return Workload.ofOneKey(entries / 2);
    }

    /**
     * A hit, alone.
     *
     * @param cursor the thread's
     * @return the value's length
     */
    @Benchmark
    @Threads(1)
    public int oneThread(Cursor cursor) {
        return get(cursor);
    }

    /**
     * A hit, while another thread does the same.
     *
     * @param cursor the thread's
     * @return the value's length
     */
    @Benchmark
    @Threads(2)
    public int twoThreads(Cursor cursor) {
        return get(cursor);
    }

    private int get(Cursor cursor) {
        int operation = cursor.next(this);
        return cursor.client.get(cursor.workload.key(operation), cursor.workload.entry(operation), cursor.target);
    }
}
