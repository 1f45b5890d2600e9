package org.globalsessions.simulation;

import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Time that passes when somebody asks for the next event, and the only source of randomness of a simulation: the same seed gives the same
 * events in the same order. One thread.
 */
public final class VirtualTime {
    private record Event(long atNs, long number, Runnable task) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(atNs, other.atNs);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    private static final long MICRO = 1_000;
    private static final long MILLI = 1_000_000;

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final SplittableRandom random;
    private long nowNs = 1_000_000_000L;
    private long eventCount;

    private final boolean busy;

    /**
     * Time that begins, decided by a seed.
     *
     * @param seed decides it
     * @param busy whether threads now and then wait for a core, for up to 50 ms
     */
    public VirtualTime(long seed, boolean busy) {
        random = new SplittableRandom(seed);
        this.busy = busy;
    }

    /** How long a thread that has something to do waits for a core. */
    long untilACoreIsFree() {
        return busy && random.nextInt(10) == 0 ? between(MILLI, 50 * MILLI) : between(MICRO, 300 * MICRO);
    }

    /** Nanoseconds, never going back. */
    public long nowNs() {
        return nowNs;
    }

    /** The one source of randomness. */
    public SplittableRandom random() {
        return random;
    }

    /** How many events there have been and will be, as known now. */
    public long eventCount() {
        return eventCount;
    }

    /**
     * Adds an event.
     *
     * @param delayNs from now, 0 or more
     * @param task    what happens
     */
    public void after(long delayNs, Runnable task) {
        events.add(new Event(nowNs + delayNs, eventCount++, task));
    }

    /**
     * Lets time pass, and what is due in it happen.
     *
     * @param lengthNs how long
     */
    public void pass(long lengthNs) {
        long untilNs = nowNs + lengthNs;
        while (!events.isEmpty() && events.peek().atNs <= untilNs) {
            Event next = events.poll();
            nowNs = Math.max(nowNs, next.atNs);
            next.task.run();
        }
        nowNs = untilNs;
    }

    /**
     * A random length of time.
     *
     * @param fromNs at least
     * @param toNs   at most
     * @return nanoseconds
     */
    public long between(long fromNs, long toNs) {
        return random.nextLong(fromNs, toNs + 1);
    }
}
