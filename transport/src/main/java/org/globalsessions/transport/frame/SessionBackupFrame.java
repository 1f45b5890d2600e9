package org.globalsessions.transport.frame;

import org.globalsessions.tier.SessionEntry;

/**
 * Hands an entry off to a relief node, or to the sibling which passes it on.
 *
 * @param correlationId ties the answer to this, not 0
 * @param entry the entry
 */
public record SessionBackupFrame(long correlationId, SessionEntry entry) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.SESSION_BACKUP;
    }
}
