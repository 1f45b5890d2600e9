package org.globalsessions.status;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * The counters of a segment, in its file: each attach slot has its own row, a counter's value is the sum of the rows. A row
 * outlives its process and goes on when the slot is given out again, so values never go back.
 *
 * <p>Any thread may use it. With a read-only mapping only {@link #get} works.
 */
public final class Counters {
    /** Counters of a row. */
    static final int COUNTER_COUNT = 64;

    private static final int ROW_LENGTH = COUNTER_COUNT * Long.BYTES;
    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final ByteBuffer rows;
    private final int rowCount;
    private final int rowOffset;

    /**
     * A view of the rows.
     *
     * @param rows the region, 512 bytes a row, at an address that is a multiple of 8; kept
     * @param row  the row that this process adds to; any where it only reads
     */
    public Counters(ByteBuffer rows, int row) {
        this.rows = Objects.requireNonNull(rows, "rows");
        rowCount = rows.capacity() / ROW_LENGTH;
        rowOffset = Objects.checkIndex(row, rowCount) * ROW_LENGTH;
    }

    /**
     * Adds one to this process's row.
     *
     * @param counter which
     */
    public void increment(Counter counter) {
        add(counter, 1);
    }

    /**
     * Adds to this process's row.
     *
     * @param counter which
     * @param amount  how much
     */
    public void add(Counter counter, long amount) {
        // An atomic add, since the threads of a process share its row. Nothing is ordered by a counter.
        LONG.getAndAdd(rows, rowOffset + counter.id() * Long.BYTES, amount);
    }

    /**
     * Sum over all rows.
     *
     * @param counter which
     * @return its value; adds that run meanwhile may or may not be in it
     */
    public long get(Counter counter) {
        long sum = 0;
        for (int row = 0; row < rowCount; row++) {
            sum += (long) LONG.getOpaque(rows, row * ROW_LENGTH + counter.id() * Long.BYTES);
        }
        return sum;
    }
}
