package org.globalsessions.queue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.globalsessions.ConditionFailedException;
import org.globalsessions.ValueTooLargeException;

/**
 * The transactions of this process on one owner, in the order in which they came. What waits while one is committed is committed together with the next
 * one, each on top of the one before: the entry is replaced once for all of them.
 *
 * <p>Any thread. Nothing waits here; a transaction's function runs on the thread that has brought it, or that has committed what was before it.
 */
final class OwnerWork {
    /** Most transactions that wait for an owner. */
    static final int CAPACITY = 4_096;

    private static final int MOST_TOGETHER = 64;

    /** After so many commits another thread goes on: who has brought one transaction must not be held by all others'. */
    private static final int ROUNDS = 16;

    /** Each attempt that fails means that another process has succeeded meanwhile; so many in a row are a fault. */
    private static final int ATTEMPTS = 1_000;

    private static final ThreadLocal<Boolean> WITHIN = ThreadLocal.withInitial(() -> false);

    /** Told what is committed. */
    @FunctionalInterface
    interface Committed {
        void committed(String owner, OwnerState state);
    }

    private final String owner;
    private final OwnerEntries entries;
    private final OwnerRules rules;
    private final Committed listener;
    private final Runnable whenIdle;
    private final Executor executor;
    private final ConcurrentLinkedQueue<Pending<?>> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicBoolean running = new AtomicBoolean();

    /** @param executor runs the commits beyond those of one call */
    OwnerWork(
            String owner,
            OwnerEntries entries,
            OwnerRules rules,
            Committed listener,
            Runnable whenIdle,
            Executor executor) {
        this.owner = owner;
        this.entries = entries;
        this.rules = rules;
        this.listener = listener;
        this.whenIdle = whenIdle;
        this.executor = executor;
    }

    /** One transaction that waits. */
    private static final class Pending<T> {
        final Function<OwnerTransaction, T> function;
        final CompletableFuture<T> result = new CompletableFuture<>();
        private T value;
        private Throwable failure;
        private boolean needsStore;

        Pending(Function<OwnerTransaction, T> function) {
            this.function = function;
        }

        /** Runs the function over a state, and makes its changes to that unless it throws; gives the transaction. */
        OwnerTransaction run(OwnerState state, OwnerRules rules) {
            OwnerTransaction transaction = new OwnerTransaction(state, rules);
            failure = null;
            WITHIN.set(true);
            try {
                value = function.apply(transaction);
            } catch (Throwable e) {
                // The application's: of this transaction nothing is done, and the others go on.
                failure = e;
            } finally {
                WITHIN.set(false);
                transaction.over();
            }
            if (failure == null) {
                transaction.apply(state);
            }
            needsStore = (failure == null && transaction.hasChanges()) || transaction.relies();
            return transaction;
        }

        boolean hasFailed() {
            return failure != null;
        }

        /** Whether its result counts only once the owner's entry is stored. */
        boolean needsStore() {
            return needsStore;
        }

        void complete() {
            if (failure != null) {
                result.completeExceptionally(failure);
            } else {
                result.complete(value);
            }
        }
    }

    /**
     * Reserves a place for a transaction that is about to come, so that this stays.
     *
     * @return false where too many wait
     */
    boolean reserve() {
        if (count.incrementAndGet() > CAPACITY) {
            count.decrementAndGet();
            return false;
        }
        return true;
    }

    boolean isIdle() {
        return count.get() == 0;
    }

    /** Refuses a call from within a transaction's function, which would wait for itself. */
    static void refuseWithin() {
        if (WITHIN.get()) {
            throw new IllegalStateException("a transaction cannot wait for another one: make one of both");
        }
    }

    /**
     * Has a transaction run behind those that wait, in a place that is reserved.
     *
     * @return its result; completed by the thread that commits, which must not be held up
     */
    <T> CompletableFuture<T> submit(Function<OwnerTransaction, T> function) {
        Pending<T> pending = new Pending<>(function);
        waiting.add(pending);
        run();
        return pending.result;
    }

    private void run() {
        if (running.compareAndSet(false, true)) {
            goOn();
        }
    }

    /** While this is the one thread that runs. A loop rather than each commit's continuation: what is committed at once would nest. */
    private void goOn() {
        for (int round = 0; ; round++) {
            if (round == ROUNDS) {
                var unused = CompletableFuture.runAsync(this::goOn, executor);
                return;
            }
            List<Pending<?>> together = take();
            if (together.isEmpty()) {
                running.set(false);
                if (waiting.isEmpty() || !running.compareAndSet(false, true)) {
                    return;
                }
                continue;
            }
            CompletableFuture<Void> done = commit(together);
            if (!done.isDone()) {
                var unused = done.whenComplete((nothing, failure) -> goOn());
                return;
            }
        }
    }

    private List<Pending<?>> take() {
        List<Pending<?>> taken = new ArrayList<>();
        while (taken.size() < MOST_TOGETHER) {
            Pending<?> next = waiting.poll();
            if (next == null) {
                break;
            }
            taken.add(next);
        }
        return taken;
    }

    private CompletableFuture<Void> commit(List<Pending<?>> together) {
        return attempt(together, ATTEMPTS).handle((nothing, failure) -> {
            if (failure != null) {
                Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
                together.forEach(pending -> pending.result.completeExceptionally(cause));
            }
            if (count.addAndGet(-together.size()) == 0) {
                whenIdle.run();
            }
            return null;
        });
    }

    private CompletableFuture<Void> attempt(List<Pending<?>> together, int attempts) {
        return calling(() -> entries.read(owner)).thenCompose(read -> {
            OwnerState state = read.state();
            boolean changes = false;
            boolean relies = false;
            for (Pending<?> pending : together) {
                OwnerTransaction transaction = pending.run(state, rules);
                changes |= transaction.hasChanges() && !pending.hasFailed();
                relies |= transaction.relies();
            }
            if (changes) {
                rules.expire(state);
            } else if (!relies || !entries.mayBeOld(read)) {
                together.forEach(Pending::complete);
                return CompletableFuture.completedFuture(null);
            }
            byte[] value = changes ? state.encode() : read.value();
            return store(together, read, value, state, attempts);
        });
    }

    private CompletableFuture<Void> store(
            List<Pending<?>> together, OwnerEntries.Read read, byte[] value, OwnerState state, int attempts) {
        if (read.value() != null && Arrays.equals(value, read.value()) && !entries.mayBeOld(read)) {
            together.forEach(Pending::complete);
            return CompletableFuture.completedFuture(null);
        }
        return calling(() -> entries.replace(owner, read, value))
                .thenAccept(version -> {
                    together.forEach(Pending::complete);
                    listener.committed(owner, state);
                })
                .exceptionallyCompose(failure -> {
                    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
                    if (cause instanceof ConditionFailedException && attempts > 1) {
                        return attempt(together, attempts - 1);
                    }
                    boolean ofOneAlone = cause instanceof ValueTooLargeException;
                    return together.size() > 1
                            ? eachAlone(together, ofOneAlone ? null : cause)
                            : CompletableFuture.failedFuture(cause);
                });
    }

    /**
     * Those that could not be stored together each by itself: the others need not suffer for one.
     *
     * @param cause what all fail with that have to be stored; null to try each
     */
    private CompletableFuture<Void> eachAlone(List<Pending<?>> together, Throwable cause) {
        CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
        for (Pending<?> pending : together) {
            if (cause != null && pending.needsStore()) {
                pending.result.completeExceptionally(cause);
                continue;
            }
            all = all.thenCompose(before -> attempt(List.of(pending), ATTEMPTS)).exceptionally(alone -> {
                pending.result.completeExceptionally(alone instanceof CompletionException ? alone.getCause() : alone);
                return null;
            });
        }
        return all;
    }

    /** What a call throws is its future's failure. */
    private static <T> CompletableFuture<T> calling(Supplier<CompletableFuture<T>> call) {
        try {
            return call.get();
        } catch (Throwable e) {
            // Also an Error: nobody else would go on with what waits.
            return CompletableFuture.failedFuture(e);
        }
    }
}
