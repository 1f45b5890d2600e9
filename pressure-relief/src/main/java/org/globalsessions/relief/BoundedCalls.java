package org.globalsessions.relief;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.transport.Scheduler;

/**
 * Runs an application's code on threads of its own, so many calls at a time, so many that wait, and each for so long from when it was asked for.
 * Each call ends once: whoever asked is told on the node's event loop, where {@link #run} is called.
 *
 * <p>A call that takes too long is interrupted. One that heeds no interrupt keeps its thread, and so others from theirs, which are late then.
 */
final class BoundedCalls implements AutoCloseable {
    private static final long IDLE_S = 10;

    private final SharedLru segment;
    private final Scheduler loops;
    private final Duration limit;
    private final String what;
    private final ThreadPoolExecutor threads;

    /** How a call has ended. */
    enum Ending {
        /** With an answer. */
        DONE,
        /** By an exception or error. */
        FAILED,
        /** Not yet, and nobody waits for it any more. */
        LATE,
        /** It was not begun, as too many wait. */
        BUSY
    }

    /**
     * The end of a call.
     *
     * @param ending how
     * @param answer what it has answered; null unless it is done, and where it has answered so
     */
    record Called<T>(Ending ending, T answer) {}

    /**
     * No call yet.
     *
     * @param segment for the texts of failures
     * @param loops   where whoever asks is told
     * @param what    what is called, for threads and failures
     * @param threads calls at a time
     * @param waiting calls that wait for a thread
     * @param limit   how long a call may take, its wait included
     */
    BoundedCalls(SharedLru segment, Scheduler loops, String what, int threads, int waiting, Duration limit) {
        this.segment = segment;
        this.loops = loops;
        this.limit = limit;
        this.what = what;
        AtomicInteger number = new AtomicInteger();
        this.threads = new ThreadPoolExecutor(
                threads, threads, IDLE_S, TimeUnit.SECONDS, new LinkedBlockingQueue<>(waiting), call -> {
                    Thread thread = new Thread(call, "relief-" + what + "-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        this.threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Begins a call.
     *
     * @param call what to run
     * @param then told how it ended, before this returns where it is not begun
     */
    <T> void run(Callable<T> call, Consumer<Called<T>> then) {
        Running<T> running = new Running<>(call, then);
        try {
            threads.execute(running);
        } catch (RejectedExecutionException | OutOfMemoryError e) {
            // Too many wait, or there is no memory for a thread.
            then.accept(new Called<>(Ending.BUSY, null));
            return;
        }
        running.timeOut = loops.schedule(running::late, limit);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }

    private final class Running<T> implements Runnable {
        private final Callable<T> call;
        private final Consumer<Called<T>> then;

        /** Set on the event loop, read also by the thread that is to run it. */
        private volatile boolean settled;

        private Scheduler.Scheduled timeOut;

        /** The thread while the call runs on it; guarded by this. */
        private Thread runner;

        Running(Callable<T> call, Consumer<Called<T>> then) {
            this.call = call;
            this.then = then;
        }

        @Override
        public void run() {
            if (settled) {
                return;
            }
            synchronized (this) {
                runner = Thread.currentThread();
            }
            Called<T> called = called();
            synchronized (this) {
                runner = null;
                // An interrupt that came late is not the next call's.
                Thread.interrupted();
            }
            try {
                loops.execute(() -> settle(called));
            } catch (RejectedExecutionException e) {
                // The node has ended meanwhile: nobody waits for it.
            }
        }

        private Called<T> called() {
            try {
                return new Called<>(Ending.DONE, call.call());
            } catch (Throwable e) {
                // The application's, whatever it is: the node goes on.
                segment.file().recordError("an extension's " + what + " failed", e);
                return new Called<>(Ending.FAILED, null);
            }
        }

        private void late() {
            if (!settled) {
                threads.remove(this);
                settle(new Called<>(Ending.LATE, null));
                synchronized (this) {
                    if (runner != null) {
                        runner.interrupt();
                    }
                }
            }
        }

        private void settle(Called<T> called) {
            if (!settled) {
                settled = true;
                if (timeOut != null) {
                    timeOut.cancel();
                }
                then.accept(called);
            }
        }
    }
}
