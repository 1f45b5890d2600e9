package org.globalsessions.transport.frame;

/**
 * Asks the gateway at a relief node whether another system knows a session that no tier has. Answered by a {@link SessionKnownFrame}.
 *
 * @param correlationId ties the answer to this, not 0
 * @param key           the key's bytes, 1 to {@link FrameCodec#MAX_KEY}
 */
public record ValidateFrame(long correlationId, byte[] key) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.CALL;
    }

    @Override
    public String toString() {
        return "ValidateFrame[correlationId=" + correlationId + ", keyBytes=" + key.length + "]";
    }
}
