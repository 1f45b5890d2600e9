package org.globalsessions.benchmarks;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/**
 * What does a new key cost where the table is full, so that another entry has to go? The keys come around again only after
 * {@link Workload#OPERATIONS} others, when they have long been evicted; so at most 1,000,000 entries.
 */
public class InsertThatEvictsBenchmark extends TableBenchmark {
    /** What is measured. */
    @Param({"SEGMENT", "OHC", "CAFFEINE"})
    public Subject subject;

    @Override
    Subject subject() {
        return subject;
    }

    /**
     * Stores half as many entries again as the table was made for, so that it is full: of three keys two should be there, and
     * as many as four of five where a table has more places than entries.
     */
    @Override
    Workload prepare(Table.Client client) {
        int stored = entries + entries / 2;
        Workload.fill(client, 0, stored);
        int present = Workload.countPresent(client, stored);
        if (present < 600 || present > 850) {
            throw new IllegalStateException("not full, or too small: of 1,000 keys stored, " + present + " are there");
        }
        return Workload.ofNewKeys(2L * entries);
    }

    /**
     * A set of a key that the table does not have.
     *
     * @param cursor the thread's
     */
    @Benchmark
    public void set(Cursor cursor) {
        int operation = cursor.next(this);
        cursor.client.set(cursor.workload.key(operation), cursor.value);
    }
}
