package org.globalsessions;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs what waits for the relay's answers, and the listeners: on the application's executor, or on a few threads of the cache's own, which
 * end when idle. Each task may block, so that one get that waits for a database holds up no other; on the cache's own threads each may also
 * wait for a future of this cache.
 *
 * <p>Any thread.
 */
final class AnswerThreads implements Executor, AutoCloseable {
    private static final int THREADS = Math.max(4, 2 * Runtime.getRuntime().availableProcessors());

    /** Most threads, all but {@link #THREADS} of which wait for a future; beyond, such a wait fails. */
    private static final int MAX_THREADS = 1024;

    /** After so long without work a thread ends, then the next. */
    private static final int IDLE_S = 2;

    /** For what is left after the close. */
    private final Executor lastResort = new CompletableFuture<>().defaultExecutor();

    private final ExecutorService own = ownThreads();
    private final Executor executor;

    /**
     * Threads of the cache's own where the application gives none.
     *
     * @param wanted the application's executor, or null
     */
    AnswerThreads(Executor wanted) {
        executor = wanted == null ? own : wanted;
    }

    /**
     * A pool that puts another thread in the place of one that joins a future: with so many threads and no more, as many gets that each wait
     * for a second one would wait for ever, since what answers the second ones waits behind them.
     */
    private static ExecutorService ownThreads() {
        AtomicInteger number = new AtomicInteger();
        ForkJoinPool.ForkJoinWorkerThreadFactory factory = pool -> {
            ForkJoinWorkerThread thread = new ForkJoinWorkerThread(pool) {};
            thread.setName("global-sessions-answers-" + number.incrementAndGet());
            return thread;
        };
        return new ForkJoinPool(THREADS, factory, null, true, 0, MAX_THREADS, THREADS, null, IDLE_S, TimeUnit.SECONDS);
    }

    @Override
    public void execute(Runnable task) {
        AtomicBoolean begun = new AtomicBoolean();
        Runnable once = () -> {
            if (begun.compareAndSet(false, true)) {
                task.run();
            }
        };
        // One that the application has shut down, whose queue is full, or that gets no further thread from the system,
        // must
        // not leave callers waiting for ever.
        if (!isTakenBy(executor, once) && (executor == own || !isTakenBy(own, once))) {
            lastResort.execute(once);
        }
    }

    private static boolean isTakenBy(Executor threads, Runnable task) {
        try {
            threads.execute(task);
            return true;
        } catch (Throwable e) {
            return false;
        }
    }

    /** Ends the cache's own threads once they are idle; the application's executor is its own matter. */
    @Override
    public void close() {
        own.shutdown();
    }
}
