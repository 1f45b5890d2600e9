package org.globalsessions.transport.frame;

import org.globalsessions.transport.ErrorCode;

/**
 * Something was refused or failed. Answers the frame with its correlation id, or concerns the connection if that is 0.
 *
 * @param correlationId that of the frame answered, or 0
 * @param code one of {@link org.globalsessions.transport.ErrorCode}, 0 to 65535
 * @param text what was wrong, for a log; never a key or value; at most {@link FrameCodec#MAX_TEXT} bytes of UTF-8
 * @param clockMicros with {@link ErrorCode#CLOCK_AHEAD} alone, else 0: the sender's clock, microseconds since 1970
 * @param highest with that code alone, else 0: clock of the highest version that the sender knows, of the key or ahead of its wall clock
 */
public record ErrorFrame(long correlationId, int code, String text, long clockMicros, long highest) implements Frame {
    /**
     * An error that tells no clock.
     *
     * @param correlationId that of the frame answered, or 0
     * @param code one of {@link ErrorCode}
     * @param text what was wrong
     */
    public ErrorFrame(long correlationId, int code, String text) {
        this(correlationId, code, text, 0, 0);
    }

    /** Whether it tells a clock. */
    boolean tellsClock() {
        return code == ErrorCode.CLOCK_AHEAD;
    }

    @Override
    public FrameType type() {
        return FrameType.ERROR;
    }
}
