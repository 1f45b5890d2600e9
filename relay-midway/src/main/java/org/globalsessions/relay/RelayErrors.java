package org.globalsessions.relay;

import org.agrona.ErrorHandler;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.status.DistinctErrors;
import org.globalsessions.transport.LogPause;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where unexpected errors of the relay go: a counter and the distinct errors in its segment, and at most one log line a
 * second. Ends nothing, least of all the JVM, which Aeron's own handler does on a driver's time-out.
 *
 * <p>Any thread.
 */
final class RelayErrors implements ErrorHandler {
    private static final Logger LOGGER = LoggerFactory.getLogger(RelayErrors.class);

    private final Counters counters;
    private final DistinctErrors errors;
    private final LogPause logPause = new LogPause();

    RelayErrors(Counters counters, DistinctErrors errors) {
        this.counters = counters;
        this.errors = errors;
    }

    @Override
    public void onError(Throwable throwable) {
        record("relay agent or Aeron", throwable);
    }

    /**
     * Counts and records one error.
     *
     * @param what  what was tried, a constant text
     * @param cause what was thrown
     */
    void record(String what, Throwable cause) {
        counters.increment(Counter.ERRORS);
        errors.record(what, cause);
        if (logPause.ends()) {
            LOGGER.warn("An error in the relay: {}", what, cause);
        } else {
            LOGGER.debug("An error in the relay: {}", what, cause);
        }
    }

    /** Counts something that is no error by itself. */
    void count(Counter counter) {
        counters.increment(counter);
    }

    /**
     * Counts and records something that failed without an exception.
     *
     * @param what a constant text
     */
    void record(String what) {
        counters.increment(Counter.ERRORS);
        errors.record(what);
    }
}
