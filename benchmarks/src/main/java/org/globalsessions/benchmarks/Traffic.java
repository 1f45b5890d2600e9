package org.globalsessions.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.Histogram;

/** The loads on one {@link Conversation}, each for a window of time; uniform keys. One thread. */
final class Traffic {
    /** What is done. */
    enum Operation {
        GET,
        SET
    }

    /** How several requests are kept in flight. */
    enum Style {
        /** Each answer's callback sends the next request. */
        CHAINS,
        /** All are sent, then all answers awaited. */
        BATCHES
    }

    private static final int IN_FLIGHT = 64;
    private static final long ANSWER_LIMIT_S = 20;
    private static final long HIGHEST_NS = TimeUnit.SECONDS.toNanos(100);

    /**
     * What a window gave, corrected for coordinated omission.
     *
     * @param p50Us median in µs
     * @param p99Us 99th percentile in µs
     */
    record Latency(double p50Us, double p99Us) {}

    private final Conversation conversation;
    private final int entries;

    /** Draws on whatever thread sends, one at a time for each chain: so each chain has its own. */
    private final SplittableRandom seeds = new SplittableRandom(4711);

    Traffic(Conversation conversation, int entries) {
        this.conversation = conversation;
        this.entries = entries;
    }

    /** Stores every entry once. */
    void fill() throws Exception {
        List<CompletableFuture<?>> open = new ArrayList<>(IN_FLIGHT);
        for (int entry = 0; entry < entries; entry++) {
            open.add(conversation.setLater(entry).toCompletableFuture());
            if (open.size() == IN_FLIGHT) {
                awaitAll(open);
            }
        }
        awaitAll(open);
    }

    /** One at a time, the caller waits for each answer. */
    Latency waiting(Operation operation, long windowNs) throws Exception {
        Histogram raw = new Histogram(HIGHEST_NS, 3);
        SplittableRandom random = seeds.split();
        long started = System.nanoTime();
        long before = started;
        while (before - started < windowNs) {
            int entry = random.nextInt(entries);
            if (operation == Operation.GET) {
                conversation.get(entry);
            } else {
                conversation.set(entry);
            }
            long after = System.nanoTime();
            raw.recordValue(Math.min(HIGHEST_NS, after - before));
            before = after;
        }
        return latency(raw);
    }

    /** One at a time, the answer's callback sends the next one: nobody is woken but the event loops. */
    Latency calledBack(Operation operation, long windowNs) throws Exception {
        Histogram raw = new Histogram(HIGHEST_NS, 3);
        chains(1, operation, windowNs, raw);
        return latency(raw);
    }

    /**
     * As if requests had been due at even intervals, mostly as long as the median: a pause of the server counts once for each of those that it would have held up.
     */
    private Latency latency(Histogram raw) {
        long usualNs = Math.max(Math.max(1, conversation.shortestIntervalNs()), raw.getValueAtPercentile(50));
        Histogram corrected = raw.copyCorrectedForCoordinatedOmission(usualNs);
        return new Latency(corrected.getValueAtPercentile(50) / 1e3, corrected.getValueAtPercentile(99) / 1e3);
    }

    /** Operations a second with 64 in flight. */
    double manyInFlight(Operation operation, Style style, long windowNs) throws Exception {
        long started = System.nanoTime();
        long done = style == Style.CHAINS ? chains(IN_FLIGHT, operation, windowNs, null) : batches(operation, windowNs);
        return done * 1e9 / (System.nanoTime() - started);
    }

    private long batches(Operation operation, long windowNs) throws Exception {
        SplittableRandom random = seeds.split();
        List<CompletableFuture<?>> open = new ArrayList<>(IN_FLIGHT);
        long started = System.nanoTime();
        long done = 0;
        while (System.nanoTime() - started < windowNs) {
            conversation.beginBatch();
            for (int i = 0; i < IN_FLIGHT; i++) {
                open.add(send(operation, random.nextInt(entries)).toCompletableFuture());
            }
            conversation.flush();
            awaitAll(open);
            done += IN_FLIGHT;
        }
        return done;
    }

    private static void awaitAll(List<CompletableFuture<?>> open)
            throws ExecutionException, InterruptedException, TimeoutException {
        for (CompletableFuture<?> answer : open) {
            answer.get(ANSWER_LIMIT_S, TimeUnit.SECONDS);
        }
        open.clear();
    }

    private CompletionStage<?> send(Operation operation, int entry) {
        return operation == Operation.GET ? conversation.getLater(entry) : conversation.setLater(entry);
    }

    private long chains(int count, Operation operation, long windowNs, Histogram raw) throws Exception {
        long endNs = System.nanoTime() + windowNs;
        CountDownLatch ended = new CountDownLatch(count);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Chain> chains = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Chain chain = new Chain(operation, endNs, seeds.split(), raw, ended, failure);
            chains.add(chain);
            chain.run();
        }
        if (!ended.await(windowNs + TimeUnit.SECONDS.toNanos(ANSWER_LIMIT_S), TimeUnit.NANOSECONDS)) {
            throw new IllegalStateException("answers are missing after " + ANSWER_LIMIT_S + " s");
        }
        if (failure.get() != null) {
            throw new IllegalStateException("a request failed", failure.get());
        }
        return chains.stream().mapToLong(chain -> chain.done).sum();
    }

    /** One request after the other, each from the callback of the one before. */
    private final class Chain {
        private final Operation operation;
        private final long endNs;
        private final SplittableRandom random;
        private final Histogram raw;
        private final CountDownLatch ended;
        private final AtomicReference<Throwable> failure;

        /** Of the answers that came before their request's sender had gone on: it sends the next one then, in a loop. */
        private final AtomicInteger turns = new AtomicInteger();

        /** Written by one thread after the other; the latch publishes it. */
        private long done;

        private long sentNs;

        Chain(
                Operation operation,
                long endNs,
                SplittableRandom random,
                Histogram raw,
                CountDownLatch ended,
                AtomicReference<Throwable> failure) {
            this.operation = operation;
            this.endNs = endNs;
            this.random = random;
            this.raw = raw;
            this.ended = ended;
            this.failure = failure;
        }

        void run() {
            if (turns.getAndIncrement() > 0) {
                return;
            }
            do {
                sentNs = System.nanoTime();
                if (sentNs - endNs >= 0) {
                    ended.countDown();
                    return;
                }
                send(operation, random.nextInt(entries)).whenComplete(this::answered);
            } while (turns.decrementAndGet() > 0);
        }

        private void answered(Object value, Throwable failed) {
            if (failed != null) {
                failure.compareAndSet(null, failed);
                ended.countDown();
                return;
            }
            done++;
            if (raw != null) {
                raw.recordValue(Math.min(HIGHEST_NS, System.nanoTime() - sentNs));
            }
            run();
        }
    }
}
