package org.globalsessions.transport.frame;

import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;

/**
 * The relay tells of a delete by another host.
 *
 * @param epoch the relay's epoch
 * @param position number of the change, 0 or more
 * @param digest digest of the key
 * @param tombstone the delete's version
 */
public record AnnounceDeleteFrame(long epoch, long position, KeyDigest digest, Version tombstone) implements Frame {
    @Override
    public long correlationId() {
        return 0;
    }

    @Override
    public FrameType type() {
        return FrameType.ANNOUNCE_DELETE;
    }
}
