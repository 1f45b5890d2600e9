package org.globalsessions.transport.frame;

import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;

/**
 * The relay tells that another host has stored an entry, and not which: an older copy is void, whoever wants the new one asks.
 *
 * @param epoch the relay's epoch
 * @param position number of the change, 0 or more
 * @param digest digest of the key
 * @param version the version stored
 */
public record AnnounceInvalidationFrame(long epoch, long position, KeyDigest digest, Version version) implements Frame {
    @Override
    public long correlationId() {
        return 0;
    }

    @Override
    public FrameType type() {
        return FrameType.ANNOUNCE_INVALIDATION;
    }
}
