package org.globalsessions.benchmarks;

import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.tier.TierBusyException;

/**
 * One request for each entry of a range, 64 in flight. What is refused, as a tier has no room at the moment or is away, is sent again, as a host does with what is not
 * acknowledged; what is answered and is not the entry is lost. One thread.
 */
final class Sweep {
    private static final int IN_FLIGHT = 64;
    private static final long PROGRESS_LIMIT_S = 30;
    private static final long LOOK_AGAIN_NS = TimeUnit.MICROSECONDS.toNanos(200);

    /**
     * What became of it.
     *
     * @param perSecond entries a second, those that are lost as well
     * @param refused   how often an entry was refused, and sent again
     * @param lost      entries that nobody has, or has whole
     */
    record Result(double perSecond, long refused, long lost) {}

    private final Conversation conversation;
    private final Traffic.Operation operation;
    private final Semaphore free = new Semaphore(IN_FLIGHT);
    private final Queue<Integer> again = new ConcurrentLinkedQueue<>();
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();

    Sweep(Conversation conversation, Traffic.Operation operation) {
        this.conversation = conversation;
        this.operation = operation;
    }

    /**
     * Goes over a range once.
     *
     * @param first the first entry
     * @param end   the last but one
     * @throws IOException where nothing is answered for 30 s, or all is refused
     */
    Result over(int first, int end) throws IOException, InterruptedException {
        long started = System.nanoTime();
        int next = first;
        long progressNs = started;
        long before = 0;
        while (done.get() < end - first) {
            long now = System.nanoTime();
            if (done.get() != before) {
                before = done.get();
                progressNs = now;
            } else if (now - progressNs > TimeUnit.SECONDS.toNanos(PROGRESS_LIMIT_S)) {
                throw new IOException("no progress for " + PROGRESS_LIMIT_S + " s: done=" + before + " of "
                        + (end - first) + ", refused=" + refused);
            }
            if (!free.tryAcquire(1, TimeUnit.SECONDS)) {
                continue;
            }
            Integer entry = again.poll();
            if (entry == null && next < end) {
                entry = next++;
            }
            if (entry == null) {
                free.release();
                LockSupport.parkNanos(LOOK_AGAIN_NS);
            } else {
                send(entry);
            }
        }
        return new Result(done.get() * 1e9 / (System.nanoTime() - started), refused.get(), lost.get());
    }

    private void send(int entry) {
        CompletionStage<?> answer =
                operation == Traffic.Operation.GET ? conversation.getLater(entry) : conversation.setLater(entry);
        answer.whenComplete((value, failure) -> {
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            if (cause instanceof TierBusyException || cause instanceof TierUnavailableException) {
                refused.incrementAndGet();
                again.add(entry);
            } else {
                if (cause != null && lost.getAndIncrement() == 0) {
                    System.err.println("the first that is lost: " + cause);
                }
                done.incrementAndGet();
            }
            free.release();
        });
    }
}
