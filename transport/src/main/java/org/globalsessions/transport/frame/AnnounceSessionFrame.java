package org.globalsessions.transport.frame;

import org.globalsessions.tier.SessionEntry;

/**
 * The relay tells of an entry that another host has stored.
 *
 * @param epoch the relay's epoch
 * @param position number of the change, 0 or more
 * @param entry the entry
 */
public record AnnounceSessionFrame(long epoch, long position, SessionEntry entry) implements Frame {
    @Override
    public long correlationId() {
        return 0;
    }

    @Override
    public FrameType type() {
        return FrameType.ANNOUNCE_SESSION;
    }
}
