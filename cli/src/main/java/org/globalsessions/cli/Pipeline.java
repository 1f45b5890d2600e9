package org.globalsessions.cli;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import org.globalsessions.TierUnavailableException;

/**
 * Does something for a row of numbers with a bounded count of futures open at a time, and does again what a tier could not
 * answer, until a time limit.
 */
final class Pipeline {
    private static final long RETRY_PAUSE_MS = 100;

    private final Semaphore window;
    private final int windowSize;
    private final long limitNs;
    private final IntFunction<CompletableFuture<?>> action;
    private final Executor later = CompletableFuture.delayedExecutor(RETRY_PAUSE_MS, TimeUnit.MILLISECONDS);
    private final AtomicInteger done = new AtomicInteger();
    private final AtomicLong retries = new AtomicLong();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    /**
     * Prepares a run.
     *
     * @param windowSize most futures open at a time
     * @param limit      how long one number is tried
     * @param action     what to do for a number; called again where its future ends with {@link TierUnavailableException}
     */
    Pipeline(int windowSize, Duration limit, IntFunction<CompletableFuture<?>> action) {
        this.windowSize = windowSize;
        this.window = new Semaphore(windowSize);
        this.limitNs = limit.toNanos();
        this.action = action;
    }

    /**
     * Runs 0 to count - 1 and waits for all.
     *
     * @param count    how many numbers
     * @param progress told of how many are done, on the caller's thread, now and then
     * @throws Exception the first failure that trying again does not mend
     */
    void run(int count, IntConsumer progress) throws Exception {
        int step = Math.max(1, count / 50);
        for (int n = 0; n < count && failure.get() == null; n++) {
            acquire(1);
            attempt(n, System.nanoTime());
            if (n % step == 0) {
                progress.accept(done.get());
            }
        }
        if (failure.get() == null) {
            acquire(windowSize);
        }
        Throwable first = failure.get();
        if (first instanceof Error error) {
            throw error;
        }
        if (first != null) {
            throw (Exception) first;
        }
        progress.accept(done.get());
    }

    /** How often something was tried again. */
    long retries() {
        return retries.get();
    }

    private void acquire(int permits) throws InterruptedException {
        if (!window.tryAcquire(permits, limitNs * 2, TimeUnit.NANOSECONDS)) {
            failure.compareAndSet(
                    null, new TierUnavailableException("nothing has ended for " + limitNs * 2 / 1_000_000 + " ms"));
        }
    }

    private void attempt(int n, long startedNs) {
        CompletableFuture<?> future;
        try {
            future = action.apply(n);
        } catch (RuntimeException | Error e) {
            future = CompletableFuture.failedFuture(e);
        }
        CompletableFuture<?> unused = future.whenComplete((result, thrown) -> {
            Throwable cause =
                    thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
            boolean again = cause instanceof TierUnavailableException
                    && System.nanoTime() - startedNs < limitNs
                    && failure.get() == null;
            if (again) {
                retries.incrementAndGet();
                later.execute(() -> attempt(n, startedNs));
                return;
            }
            if (cause != null) {
                failure.compareAndSet(null, cause);
            } else {
                done.incrementAndGet();
            }
            window.release();
        });
    }
}
