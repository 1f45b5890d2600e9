package org.globalsessions.transport.frame;

/**
 * Something was refused or failed. Answers the frame with its correlation id, or concerns the connection if that is 0.
 *
 * @param correlationId that of the frame answered, or 0
 * @param code one of {@link org.globalsessions.transport.ErrorCode}, 0 to 65535
 * @param text what was wrong, for a log; never a key or value; at most {@link FrameCodec#MAX_TEXT} bytes of UTF-8
 */
public record ErrorFrame(long correlationId, int code, String text) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.ERROR;
    }
}
