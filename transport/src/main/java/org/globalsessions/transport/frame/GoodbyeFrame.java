package org.globalsessions.transport.frame;

/**
 * The sender is about to close the connection, on purpose. What it has not acknowledged it has not done.
 *
 * @param reason why: one of the constants, 0 to 255
 */
public record GoodbyeFrame(int reason) implements Frame {
    @Override
    public long correlationId() {
        return 0;
    }

    @Override
    public FrameType type() {
        return FrameType.GOODBYE;
    }

    /** The node ends. */
    public static final int ENDING = 1;

    /** The node starts again at once. */
    public static final int RESTARTING = 2;
}
