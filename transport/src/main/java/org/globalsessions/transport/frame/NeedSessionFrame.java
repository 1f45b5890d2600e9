package org.globalsessions.transport.frame;

/**
 * Asks for one key.
 *
 * @param correlationId ties the answer to this, not 0
 * @param key the key's bytes, 1 to {@link FrameCodec#MAX_KEY}
 */
public record NeedSessionFrame(long correlationId, byte[] key) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.NEED_SESSION;
    }

    @Override
    public String toString() {
        return "NeedSessionFrame[correlationId=" + correlationId + ", keyBytes=" + key.length + "]";
    }
}
