package org.globalsessions.client;

import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Does something for each of many, so many at a time that neither this host's relays nor its memory are flooded. After a failure it begins no
 * further ones.
 *
 * <p>Its steps may end on any thread; it goes on on theirs.
 *
 * @param <T> what it is done for
 */
final class SomeAtATime<T> {
    private final Iterator<T> all;
    private final int atATime;
    private final Function<T, CompletableFuture<Boolean>> step;
    private final CompletableFuture<Integer> result = new CompletableFuture<>();

    /** Calls of {@link #goOn} that are not answered yet: who finds none goes on for all, so that no stack grows where steps end at once. */
    private final AtomicInteger calls = new AtomicInteger();

    /** How many steps have ended since the last look; the lock guards this, and what became of them. */
    private int ended;

    private int counted;
    private Throwable failure;

    /** Changed by whoever goes on, one at a time. */
    private int underWay;

    /**
     * Begins with {@link #run}.
     *
     * @param all     each once
     * @param atATime most steps under way
     * @param step    its future says whether this one counts
     */
    SomeAtATime(Iterator<T> all, int atATime, Function<T, CompletableFuture<Boolean>> step) {
        this.all = all;
        this.atATime = atATime;
        this.step = step;
    }

    /** How many counted, once all have ended; exceptionally as the first step that failed, once those under way have ended. */
    CompletableFuture<Integer> run() {
        goOn();
        return result;
    }

    private void goOn() {
        if (calls.getAndIncrement() > 0) {
            return;
        }
        int answered = 1;
        do {
            boolean failed = takeEnded();
            while (!failed && underWay < atATime && all.hasNext()) {
                underWay++;
                start(all.next());
            }
            if (underWay == 0 && (failed || !all.hasNext())) {
                end();
            }
            answered = calls.addAndGet(-answered);
        } while (answered > 0);
    }

    private void start(T next) {
        CompletableFuture<Boolean> started;
        try {
            started = step.apply(next);
        } catch (RuntimeException e) {
            started = CompletableFuture.failedFuture(e);
        }
        var unused = started.whenComplete(this::onEnded);
    }

    private synchronized boolean takeEnded() {
        underWay -= ended;
        ended = 0;
        return failure != null;
    }

    private void onEnded(Boolean counts, Throwable failed) {
        synchronized (this) {
            ended++;
            if (failed == null) {
                counted += counts ? 1 : 0;
            } else if (failure == null) {
                failure = failed;
            }
        }
        goOn();
    }

    private synchronized void end() {
        if (failure == null) {
            result.complete(counted);
        } else {
            result.completeExceptionally(failure);
        }
    }
}
