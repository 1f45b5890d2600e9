package org.globalsessions;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Those who wait for a session to arrive on this host: told at once where this process hears of it, else by a look into the
 * segment five times a second.
 *
 * <p>Any thread may call any method. Who waits is answered on the application's executor, since what depends on the answer may block:
 * a set, the link's thread and the housekeeping must not. At most {@link #CAPACITY} wait, further ones are refused.
 */
final class Arrivals {
    /** Most who wait. */
    static final int CAPACITY = 1024;

    /** Longest wait. */
    static final Duration MAX_TIMEOUT = Duration.ofDays(1);

    private record Waiter(String key, long deadlineNs, CompletableFuture<byte[]> result) {}

    private final Set<Waiter> waiters = ConcurrentHashMap.newKeySet();
    private final AtomicInteger count = new AtomicInteger();
    private final Predicate<String> isHere;
    private final Function<String, CompletableFuture<byte[]>> get;
    private final Executor executor;

    /**
     * Nobody waits yet.
     *
     * @param isHere   whether a key is in the segment
     * @param get      asks all tiers
     * @param executor answers those who wait
     */
    Arrivals(Predicate<String> isHere, Function<String, CompletableFuture<byte[]>> get, Executor executor) {
        this.isHere = isHere;
        this.get = get;
        this.executor = executor;
    }

    CompletableFuture<byte[]> await(String key, Duration timeout) {
        if (timeout.isNegative() || timeout.compareTo(MAX_TIMEOUT) > 0) {
            throw new IllegalArgumentException(
                    "timeout is out of range: timeout=" + timeout + ", limit=" + MAX_TIMEOUT);
        }
        if (count.incrementAndGet() > CAPACITY) {
            count.decrementAndGet();
            if (isHere.test(key)) {
                // Nothing to wait for.
                return get.apply(key);
            }
            return CompletableFuture.failedFuture(
                    new RejectedExecutionException("too many wait for sessions to arrive: limit=" + CAPACITY));
        }
        Waiter waiter = new Waiter(key, System.nanoTime() + timeout.toNanos(), new CompletableFuture<>());
        // Registered before the first question, or an arrival between the two would be missed.
        waiters.add(waiter);
        // Also where the asker gives up by itself: it would keep a place until its time is over.
        var unusedEnd = waiter.result.whenComplete((value, failure) -> leave(waiter));
        try {
            var unused = get.apply(key).thenAccept(value -> {
                if (value != null) {
                    waiter.result.complete(value);
                }
            });
        } catch (Throwable e) {
            // A key that is refused, or a cache that is closed: nobody is left to wait.
            leave(waiter);
            throw e;
        }
        return waiter.result;
    }

    /** A session has come into the segment, or to the relay: whose key it is, is asked of each key that somebody waits for. */
    void arrived(Predicate<String> isKey) {
        for (Waiter waiter : waiters) {
            if (isKey.test(waiter.key)) {
                // The first may join a question that was asked before the session came, and be told that it is not
                // there.
                answer(waiter, false, 2);
            }
        }
    }

    boolean isEmpty() {
        return waiters.isEmpty();
    }

    /** Looks for what came by way of another process, and ends what has waited long enough. */
    void tick() {
        long nowNs = System.nanoTime();
        for (Waiter waiter : waiters) {
            try {
                boolean late = waiter.deadlineNs - nowNs <= 0;
                if (late || isHere.test(waiter.key)) {
                    answer(waiter, late, 1);
                }
            } catch (Throwable e) {
                // Its own matter: those behind it in the set are looked after all the same.
                executor.execute(() -> waiter.result.completeExceptionally(e));
                leave(waiter);
            }
        }
    }

    void close() {
        for (Waiter waiter : waiters) {
            waiter.result.completeExceptionally(new TierUnavailableException("the cache was closed meanwhile"));
        }
    }

    private void answer(Waiter waiter, boolean last, int questions) {
        if (last) {
            leave(waiter);
        }
        var unused = get.apply(waiter.key).whenComplete((value, failure) -> {
            if (value != null || last) {
                executor.execute(() -> tell(waiter, value, failure));
                // At once: the executor may take its time, and the next look would find it answered already.
                leave(waiter);
            } else if (failure == null && questions > 1) {
                answer(waiter, false, questions - 1);
            }
        });
    }

    private static void tell(Waiter waiter, byte[] value, Throwable failure) {
        if (failure == null) {
            waiter.result.complete(value);
        } else {
            waiter.result.completeExceptionally(failure);
        }
    }

    private void leave(Waiter waiter) {
        if (waiters.remove(waiter)) {
            count.decrementAndGet();
        }
    }
}
