package org.globalsessions.status;

/** The counters of a segment, in its file: each attach slot has its own row, a counter's value is the sum of the rows. */
public final class Counters {
    /**
     * Adds one to this process's row.
     *
     * @param counter which
     */
    public void increment(Counter counter) {
        throw new UnsupportedOperationException();
    }

    /**
     * Adds to this process's row.
     *
     * @param counter which
     * @param amount  how much
     */
    public void add(Counter counter, long amount) {
        throw new UnsupportedOperationException();
    }

    /**
     * Sum over all rows.
     *
     * @param counter which
     * @return its value
     */
    public long get(Counter counter) {
        throw new UnsupportedOperationException();
    }
}
