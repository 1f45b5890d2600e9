package org.globalsessions;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs what waits for the relay's answers, and the listeners: on the application's executor, or on a few threads of the cache's own, which
 * end when idle. Each task may block, so that one get that waits for a database holds up no other.
 *
 * <p>Any thread.
 */
final class AnswerThreads implements Executor, AutoCloseable {
    private static final int THREADS = Math.max(4, 2 * Runtime.getRuntime().availableProcessors());
    private static final int MAX_ANSWERS = 2 * Recovery.MAX_QUESTIONS;

    private final Executor fallback = new CompletableFuture<>().defaultExecutor();
    private final ExecutorService own;
    private final Executor executor;

    /**
     * Threads of the cache's own where the application gives none.
     *
     * @param wanted the application's executor, or null
     */
    AnswerThreads(Executor wanted) {
        own = wanted == null ? ownThreads() : null;
        executor = wanted == null ? own : wanted;
    }

    private static ExecutorService ownThreads() {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                THREADS, THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MAX_ANSWERS), task -> {
                    Thread thread = new Thread(task, "global-sessions-answers-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    @Override
    public void execute(Runnable task) {
        AtomicBoolean begun = new AtomicBoolean();
        Runnable once = () -> {
            if (begun.compareAndSet(false, true)) {
                task.run();
            }
        };
        try {
            executor.execute(once);
        } catch (Throwable e) {
            // One that the application has shut down, whose queue is full, or that gets no further thread from the
            // system,
            // must not leave callers waiting for ever.
            fallback.execute(once);
        }
    }

    /** Ends the cache's own threads once they are idle; the application's executor is its own matter. */
    @Override
    public void close() {
        if (own != null) {
            own.shutdown();
        }
    }
}
