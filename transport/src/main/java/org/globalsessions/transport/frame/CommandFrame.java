package org.globalsessions.transport.frame;

import java.util.List;
import org.globalsessions.tier.KeyDigest;

/**
 * An operator has a command run by the application's extension at a relief node. The sibling passes it on.
 *
 * @param correlationId ties the answer to this, not 0
 * @param node          the relief node's id
 * @param name          which command, at most {@link FrameCodec#MAX_COMMAND} bytes of UTF-8; empty to be told which there are
 * @param arguments     what it is given, at most {@link FrameCodec#MAX_ARGUMENTS} of at most {@link FrameCodec#MAX_TEXT} bytes
 */
public record CommandFrame(long correlationId, KeyDigest node, String name, List<String> arguments) implements Frame {
    /**
     * The same under another correlation id.
     *
     * @param id the id
     * @return the frame to pass on
     */
    public CommandFrame withCorrelationId(long id) {
        return new CommandFrame(id, node, name, arguments);
    }

    @Override
    public FrameType type() {
        return FrameType.CALL;
    }

    /** Without name and arguments, which may be a session's key by mistake or on purpose. */
    @Override
    public String toString() {
        return "CommandFrame[correlationId=" + correlationId + ", arguments=" + arguments.size() + "]";
    }
}
