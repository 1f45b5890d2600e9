package org.globalsessions.segment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * What the machine's other work cost a measured call: the longer of two times in the same window, that for which the measuring
 * thread was ready to run and did not (the kernel counts it), and that by which a thread which only waits for a millisecond, again
 * and again, woke too late. A call is charged with the rest.
 */
final class SchedulerDelay implements AutoCloseable {
    private static final Path OWN = Path.of("/proc/thread-self/schedstat");
    private static final long PARK_NS = 1_000_000;

    /** What waking from a park costs on an idle machine. */
    private static final long USUAL_NS = 200_000;

    private final Thread control = new Thread(this::run, "control");
    private volatile boolean closed;
    private volatile long lateNs;

    /** Since when the control thread waits; what it is late by now counts although it has not woken. */
    private volatile long parkedNs = System.nanoTime();

    private long startLateNs;
    private long startOwnNs;

    SchedulerDelay() {
        control.setDaemon(true);
        control.start();
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    private void run() {
        while (!closed) {
            parkedNs = System.nanoTime();
            LockSupport.parkNanos(PARK_NS);
            lateNs += late(System.nanoTime());
        }
    }

    private long late(long nowNs) {
        return Math.max(0, nowNs - parkedNs - PARK_NS - USUAL_NS);
    }

    /** Begins a window of the calling thread. */
    void begin() {
        startLateNs = lateNs;
        startOwnNs = ownNs();
    }

    /** Nanoseconds lost since {@link #begin}, on the thread that called it. */
    long lostNs() {
        return Math.max(ownNs() - startOwnNs, controlLostNs());
    }

    /** What the control thread alone lost since {@link #begin}: for a window that ends on another thread. */
    long controlLostNs() {
        return lateNs + late(System.nanoTime()) - startLateNs;
    }

    /** Time that the calling thread was ready and did not run, 0 where the kernel does not count it. */
    private static long ownNs() {
        try {
            return Long.parseLong(Files.readString(OWN).split(" ", 3)[1]);
        } catch (IOException e) {
            return 0;
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(control);
    }
}
