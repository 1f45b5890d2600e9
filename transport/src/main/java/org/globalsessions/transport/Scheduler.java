package org.globalsessions.transport;

import java.time.Duration;

/**
 * One thread that runs what it is given, at once or later, one task at a time; and the clock by which it does so. What belongs to such a
 * thread needs no lock.
 *
 * <p>Any thread may call any method.
 */
public interface Scheduler {
    /**
     * Runs something soon, after what was given before.
     *
     * @param task what to run; must not block
     */
    void execute(Runnable task);

    /**
     * Runs something once, later.
     *
     * @param task  what to run; must not block
     * @param delay from now, 0 or more
     * @return takes it back
     */
    Scheduled schedule(Runnable task, Duration delay);

    /**
     * The clock of the delays, as {@link System#nanoTime}.
     *
     * @return nanoseconds from any origin
     */
    long nanoTime();

    /** Something that will run later. */
    interface Scheduled {
        /**
         * Takes it back; does nothing if it has run.
         *
         * @return false if it has run or was taken back before
         */
        boolean cancel();
    }
}
