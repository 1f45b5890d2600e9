package org.globalsessions.relay;

/**
 * The way between the relay and the sibling of one path, both directions. Used by the relay's agent alone. Nothing waits: a frame that back
 * pressure holds up is kept, one at most, and sent in the next duty cycle.
 */
interface SiblingLink extends FrameSink, AutoCloseable {
    /**
     * Whether what carries the link is alive. To open it where it is not would wait for a time-out.
     *
     * @return true if it gave a sign of life lately
     */
    boolean isDriverActive();

    /** Opens the link; waits for answers of what carries it, for a bounded time. */
    void open();

    /**
     * Whether the link has ended, as it does after a long pause of this process or with what carries it.
     *
     * @return true if {@link #close} and {@link #open} are due
     */
    boolean isLost();

    /**
     * Whether a sibling reads what is sent, as far as is known.
     *
     * @return true if so
     */
    boolean isConnected();

    /**
     * Sends the frame that was kept back.
     *
     * @return 1 if it went out, 0 if not, or if there was none
     */
    int flush();

    /**
     * Receives what has arrived.
     *
     * @return frames and parts of frames taken
     */
    int poll();

    @Override
    void close();
}
