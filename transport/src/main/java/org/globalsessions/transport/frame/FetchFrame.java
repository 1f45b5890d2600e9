package org.globalsessions.transport.frame;

import java.util.List;
import org.globalsessions.tier.KeyDigest;

/**
 * Asks a relief node for whole entries.
 *
 * @param correlationId ties the answer to this, not 0
 * @param digests       digests of their keys, 0 to {@link FrameCodec#MAX_ITEMS}
 */
public record FetchFrame(long correlationId, List<KeyDigest> digests) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.FETCH;
    }
}
