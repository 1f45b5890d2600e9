package org.globalsessions;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.status.DistinctErrors;

/** Turns what went wrong behind the segment into what an application may see, and records the unexpected in the segment. */
final class Failures {
    private final Counters counters;
    private final DistinctErrors errors;

    Failures(Counters counters, DistinctErrors errors) {
        this.counters = counters;
        this.errors = errors;
    }

    /** Records an error that nobody expected; its thread goes on, also where there is no memory to record it. */
    void unexpected(String where, Throwable cause) {
        counters.increment(Counter.ERRORS);
        errors.record(where, cause);
    }

    /** The failure that a tier's future ended with, for applications: always a {@link TierUnavailableException}. */
    static TierUnavailableException unavailable(String what, Throwable failure) {
        Throwable cause = causeOf(failure);
        return cause instanceof TierUnavailableException known
                ? known
                : new TierUnavailableException(what + ": " + cause.getClass().getSimpleName(), cause);
    }

    /** The failure of a future that has already failed, else null. Never waits. */
    static Throwable failureOf(CompletableFuture<?> future) {
        if (!future.isCompletedExceptionally()) {
            return null;
        }
        try {
            future.join();
            return null;
        } catch (RuntimeException e) {
            return causeOf(e);
        }
    }

    /** What a failure was before a future has wrapped it. */
    static Throwable causeOf(Throwable failure) {
        boolean wrapper = failure instanceof CompletionException || failure instanceof ExecutionException;
        return wrapper && failure.getCause() != null ? failure.getCause() : failure;
    }
}
