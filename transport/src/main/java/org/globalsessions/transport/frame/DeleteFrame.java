package org.globalsessions.transport.frame;

import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;

/**
 * Deletes every version of a key whose life is not newer than the tombstone.
 *
 * @param correlationId ties the answer to this, not 0
 * @param level how far the delete has to have gone before the answer
 * @param claimEpoch relay epoch of the position
 * @param claimPosition position up to which the sender's segment had applied announcements when this was sent, 0 or more: of deletes of the
 *     key after that its host knew nothing
 * @param digest digest of the key
 * @param tombstone the delete's version
 */
public record DeleteFrame(
        long correlationId,
        Acknowledgement level,
        long claimEpoch,
        long claimPosition,
        KeyDigest digest,
        Version tombstone)
        implements Frame {
    /**
     * A delete passed on by one that knows of all.
     *
     * @param correlationId ties the answer to this, not 0
     * @param level how far the delete has to have gone before the answer
     * @param digest digest of the key
     * @param tombstone the delete's version
     */
    public DeleteFrame(long correlationId, Acknowledgement level, KeyDigest digest, Version tombstone) {
        this(correlationId, level, 0, 0, digest, tombstone);
    }

    @Override
    public FrameType type() {
        return FrameType.DELETE;
    }
}
