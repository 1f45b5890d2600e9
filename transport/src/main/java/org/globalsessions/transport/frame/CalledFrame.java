package org.globalsessions.transport.frame;

import java.util.List;

/**
 * Answer to {@link CommandFrame}.
 *
 * @param correlationId that of the frame answered
 * @param outcome       what became of it
 * @param lines         what the command has answered, at most {@link FrameCodec#MAX_LINES} of at most {@link FrameCodec#MAX_TEXT} bytes of
 *                      UTF-8; none where it was not run to its end
 */
public record CalledFrame(long correlationId, Outcome outcome, List<String> lines) implements Frame {
    /** What became of it. */
    public enum Outcome {
        /** It was run. */
        DONE,
        /** No relief node of that id is connected. */
        NO_NODE,
        /** The node has no such command. */
        UNKNOWN_COMMAND,
        /** The command has thrown. */
        FAILED,
        /** The command has not ended in time, and may still end. */
        LATE,
        /** Too many commands wait at the node; this one was not run. */
        BUSY,
        /** The command was run, and has answered more than a frame may carry. */
        TOO_LONG
    }

    /**
     * An answer without lines.
     *
     * @param correlationId that of the frame answered
     * @param outcome       what became of it
     */
    public CalledFrame(long correlationId, Outcome outcome) {
        this(correlationId, outcome, List.of());
    }

    /**
     * The same under another correlation id.
     *
     * @param id the id
     * @return the frame to pass on
     */
    public CalledFrame withCorrelationId(long id) {
        return new CalledFrame(id, outcome, lines);
    }

    @Override
    public FrameType type() {
        return FrameType.CALLED;
    }

    /** Without the lines, which are the application's. */
    @Override
    public String toString() {
        return "CalledFrame[correlationId=" + correlationId + ", outcome=" + outcome + ", lines=" + lines.size() + "]";
    }
}
