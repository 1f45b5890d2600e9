package org.globalsessions.transport.net;

import java.time.Duration;

/**
 * The threads that own connections; each connection stays with one. They are daemons.
 *
 * <p>Any thread may call any method.
 */
public final class EventLoops implements AutoCloseable {
    private EventLoops() {}

    /**
     * Starts threads.
     *
     * @param threadName name of the threads, a running number is appended
     * @param threads    how many, 1 or more
     * @return the running loops
     */
    public static EventLoops start(String threadName, int threads) {
        throw new UnsupportedOperationException(threadName + threads);
    }

    /**
     * Runs something on the first loop.
     *
     * @param task what to run; must not block
     */
    public void execute(Runnable task) {
        throw new UnsupportedOperationException();
    }

    /**
     * Runs something on the first loop, once, later.
     *
     * @param task  what to run; must not block
     * @param delay from now, 0 or more
     * @return takes it back
     */
    public Scheduled schedule(Runnable task, Duration delay) {
        throw new UnsupportedOperationException();
    }

    /** Something that will run later. */
    public interface Scheduled {
        /**
         * Takes it back; does nothing if it has run.
         *
         * @return false if it has run or was taken back before
         */
        boolean cancel();
    }

    /** Ends the threads; listeners, connectors and connections should be closed before. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
