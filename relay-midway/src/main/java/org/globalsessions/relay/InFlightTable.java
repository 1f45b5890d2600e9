package org.globalsessions.relay;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What was sent to the sibling and not answered yet: bounded, in the order of sending, each with a deadline. One thread.
 *
 * @param <T> what was sent
 */
final class InFlightTable<T> {
    private static final int KIND_BITS = 3;

    private record Held<T>(T sent, long deadlineNs) {}

    private final LinkedHashMap<Long, Held<T>> table = new LinkedHashMap<>();
    private final int capacity;
    private final int kind;
    private final long timeoutNs;
    /** Begins at random, so that a late answer to a relay that was killed is not taken for one to this relay. */
    private long sequence = new SecureRandom().nextLong() >>> 24;

    /**
     * An empty table.
     *
     * @param capacity  most elements
     * @param kind      0 to 7: lowest bits of the correlation ids, so that an answer finds its table
     * @param timeoutNs how long an answer is waited for, in nanoseconds
     */
    InFlightTable(int capacity, int kind, long timeoutNs) {
        this.capacity = capacity;
        this.kind = kind;
        this.timeoutNs = timeoutNs;
    }

    /**
     * Which kind of table a correlation id is of.
     *
     * @param correlationId the id
     * @return 0 to 7
     */
    static int kindOf(long correlationId) {
        return (int) correlationId & ((1 << KIND_BITS) - 1);
    }

    boolean isFull() {
        return table.size() >= capacity;
    }

    int size() {
        return table.size();
    }

    /** The correlation id that the next {@link #add} will use. */
    long nextId() {
        return ((sequence + 1) << KIND_BITS) | kind;
    }

    void add(T sent, long nowNs) {
        if (isFull()) {
            throw new IllegalStateException("table full: size=" + table.size() + ", limit=" + capacity);
        }
        sequence++;
        table.put((sequence << KIND_BITS) | kind, new Held<>(sent, nowNs + timeoutNs));
    }

    /** Takes out what was sent under an id; null where it is not there any more. */
    T remove(long correlationId) {
        Held<T> held = table.remove(correlationId);
        return held == null ? null : held.sent;
    }

    /** Takes out what has waited too long. */
    int expire(long nowNs, Consumer<T> expired) {
        int count = 0;
        Iterator<Map.Entry<Long, Held<T>>> entries = table.entrySet().iterator();
        while (entries.hasNext()) {
            Held<T> held = entries.next().getValue();
            if (held.deadlineNs - nowNs > 0) {
                break;
            }
            entries.remove();
            expired.accept(held.sent);
            count++;
        }
        return count;
    }

    /** Takes out everything, in the order of sending. */
    List<T> removeAll() {
        List<T> all = new ArrayList<>(table.size());
        table.values().forEach(held -> all.add(held.sent));
        table.clear();
        return all;
    }
}
