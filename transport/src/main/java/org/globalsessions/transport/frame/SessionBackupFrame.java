package org.globalsessions.transport.frame;

import org.globalsessions.tier.SessionEntry;

/**
 * Hands an entry off to a relief node, or to the sibling which passes it on; or copies one from another relief node.
 *
 * @param correlationId ties the answer to this, not 0
 * @param entry the entry
 * @param freeOnly whether it takes a free or expired place only: a copy, which is not worth the loss of another entry
 */
public record SessionBackupFrame(long correlationId, SessionEntry entry, boolean freeOnly) implements Frame {
    /**
     * A hand-off, which takes the place of the oldest entry if need be.
     *
     * @param correlationId ties the answer to this, not 0
     * @param entry the entry
     */
    public SessionBackupFrame(long correlationId, SessionEntry entry) {
        this(correlationId, entry, false);
    }

    @Override
    public FrameType type() {
        return FrameType.SESSION_BACKUP;
    }
}
