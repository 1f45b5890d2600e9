package org.globalsessions.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.queue.OwnerDirectory;
import org.globalsessions.queue.OwnerTransaction;
import org.globalsessions.queue.Pulled;
import org.globalsessions.queue.QueueOwner;
import org.globalsessions.queue.QueueSettings;

/** A host that sends into queues and pulls from them, where the relay decides each transaction. Ends where its standard input does. */
public final class QueueProcess {
    private static final int IN_FLIGHT = 64;
    private static final int MESSAGE_LENGTH = 100;

    /** Few, so that an entry stays small whatever waits. */
    private static final int MOST_WAITING = 10;

    private static final long HIGHEST_NS = TimeUnit.SECONDS.toNanos(60);
    private static final int DIGITS = 3;

    private final String message = "x".repeat(MESSAGE_LENGTH);
    private final AtomicInteger next = new AtomicInteger();
    private final LongAdder done = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final SessionCacheManager cache;
    private final QueueOwner[] owners;

    private QueueProcess(SessionCacheManager cache, OwnerDirectory directory, int count) {
        this.cache = cache;
        this.owners = new QueueOwner[count];
        for (int i = 0; i < count; i++) {
            owners[i] = directory.owner("owner-" + i);
        }
    }

    /**
     * Runs; a line has a word and how many ms to measure. {@code notify}: the answer is the messages sent in a second, 64 in flight. {@code get}: µs p50 of a get that
     * the relay answers. {@code pull}: µs p50 from a pull to its message, which waits already.
     *
     * @param args a folder for the segment, the relay's port, how many owners
     * @throws Exception where it cannot start
     */
    public static void main(String... args) throws Exception {
        int count = Integer.parseInt(args[2]);
        try (SessionCacheManager cache = RelayedHost.open(args[0], "queues", Integer.parseInt(args[1]), 2 * count);
                OwnerDirectory directory =
                        new OwnerDirectory(cache, QueueSettings.DEFAULTS.maxMessages(MOST_WAITING))) {
            QueueProcess process = new QueueProcess(cache, directory, count);
            ChildJvm.tellReady();
            process.serve();
        }
    }

    private void serve() throws IOException, InterruptedException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split(" ", -1);
            long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Integer.parseInt(words[1]));
            ChildJvm.tell(Double.toString(
                    switch (words[0]) {
                        case "notify" -> notifyUntil(endNs);
                        case "get" -> getUntil(endNs);
                        case "pull" -> pullUntil(endNs);
                        default -> throw new IOException("unknown order: " + words[0]);
                    }));
            ChildJvm.tellDone();
        }
    }

    private double notifyUntil(long endNs) throws IOException, InterruptedException {
        done.reset();
        long begunNs = System.nanoTime();
        CountDownLatch chains = new CountDownLatch(IN_FLIGHT);
        for (int i = 0; i < IN_FLIGHT; i++) {
            notifyUntil(endNs, chains);
        }
        chains.await();
        double seconds = (System.nanoTime() - begunNs) / 1e9;
        if (failed.sum() > 0) {
            throw new IOException("transactions have failed: count=" + failed.sum());
        }
        return done.sum() / seconds;
    }

    /** One after the other, the next from the callback of the one before, until the time is over. */
    private void notifyUntil(long endNs, CountDownLatch chains) {
        var unused = send(owners[next.getAndIncrement() % owners.length]).whenComplete((sent, failure) -> {
            (failure == null ? done : failed).increment();
            if (System.nanoTime() - endNs < 0) {
                notifyUntil(endNs, chains);
            } else {
                chains.countDown();
            }
        });
    }

    private CompletableFuture<Object> send(QueueOwner to) {
        return to.transactAsync(transaction -> {
            transaction.notify(message, OwnerTransaction.DEFAULT_NAME);
            return null;
        });
    }

    private double getUntil(long endNs) {
        Histogram took = new Histogram(HIGHEST_NS, DIGITS);
        while (System.nanoTime() - endNs < 0) {
            String key = "nobody-" + next.getAndIncrement();
            long begunNs = System.nanoTime();
            cache.get(key).join();
            took.recordValue(System.nanoTime() - begunNs);
        }
        return took.getValueAtPercentile(50) / 1e3;
    }

    private double pullUntil(long endNs) throws IOException {
        Histogram took = new Histogram(HIGHEST_NS, DIGITS);
        while (System.nanoTime() - endNs < 0) {
            QueueOwner owner = owners[next.getAndIncrement() % owners.length];
            send(owner).join();
            long begunNs = System.nanoTime();
            Pulled pulled = owner.pull(OwnerTransaction.DEFAULT_NAME).join();
            took.recordValue(System.nanoTime() - begunNs);
            if (pulled.end() != Pulled.End.MESSAGE || pulled.message().length() != MESSAGE_LENGTH) {
                throw new IOException("no message came: " + pulled);
            }
        }
        return took.getValueAtPercentile(50) / 1e3;
    }
}
