package org.globalsessions.transport.frame;

import org.globalsessions.tier.KeyDigest;

/**
 * Asks to be told when no host serves any more what a delete has deleted.
 *
 * @param correlationId ties the answer to this, not 0
 * @param digest digest of the key
 * @param epoch relay epoch of the position
 * @param position number of the delete, 0 or more
 */
public record NeedEverywhereFrame(long correlationId, KeyDigest digest, long epoch, long position) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.NEED_EVERYWHERE;
    }
}
