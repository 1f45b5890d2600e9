package org.globalsessions.transport.frame;

import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;

/**
 * Deletes every version of a key whose life is not newer than the tombstone.
 *
 * @param correlationId ties the answer to this, not 0
 * @param level how far the delete has to have gone before the answer
 * @param digest digest of the key
 * @param tombstone the delete's version
 */
public record DeleteFrame(long correlationId, Acknowledgement level, KeyDigest digest, Version tombstone)
        implements Frame {
    @Override
    public FrameType type() {
        return FrameType.DELETE;
    }
}
