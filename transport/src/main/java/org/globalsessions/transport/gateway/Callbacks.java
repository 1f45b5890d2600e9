package org.globalsessions.transport.gateway;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads on which the application is called; they may block. A limit of them, and of what waits for one. */
final class Callbacks implements Executor, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Callbacks.class.getName());
    private static final int MOST_WAITING = 10_000;
    private static final long KEEP_ALIVE_SECONDS = 30;
    private static final long CLOSE_SECONDS = 2;

    private final GatewayCounters counters;
    private final ThreadPoolExecutor threads;

    Callbacks(int most, GatewayCounters counters) {
        this.counters = counters;
        AtomicInteger number = new AtomicInteger();
        // Core threads that end when idle: a pool with a queue has no others until that is full.
        threads = new ThreadPoolExecutor(
                most, most, KEEP_ALIVE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MOST_WAITING), task -> {
                    Thread thread = new Thread(task, "gateway-callback-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Runs something; what it throws is counted, and logged without its message, which may name a client.
     *
     * @throws RejectedExecutionException where too much waits, or the gateway is closed
     */
    @Override
    public void execute(Runnable task) {
        threads.execute(() -> {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                failed(e);
            }
        });
    }

    void failed(Throwable failure) {
        counters.increment(GatewayCounter.CALLBACK_FAILURES);
        StackTraceElement[] trace = failure.getStackTrace();
        LOG.log(
                System.Logger.Level.WARNING,
                "a callback of the application failed: {0} at {1}",
                failure.getClass().getName(),
                trace.length == 0 ? "an unknown place" : trace[0]);
    }

    @Override
    public void close() {
        threads.shutdown();
        try {
            if (!threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                threads.shutdownNow();
            }
        } catch (InterruptedException e) {
            threads.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
