package org.globalsessions.transport.frame;

import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.tier.SessionEntry;

/**
 * Publishes an entry.
 *
 * @param correlationId ties the answer to this, not 0
 * @param level how far the entry has to have gone before the answer
 * @param claimEpoch relay epoch of the position
 * @param claimPosition position up to which the sender's segment had applied announcements before the entry was read, 0 or more
 * @param seenTombstone the key's tombstone in the sender's segment, or {@link Version#NONE}
 * @param expected version that has to be there for the entry to be stored, {@link Version#NONE} where nothing live may be there; null for no condition
 * @param entry the entry
 */
public record SessionFrame(
        long correlationId,
        Acknowledgement level,
        long claimEpoch,
        long claimPosition,
        Version seenTombstone,
        Version expected,
        SessionEntry entry)
        implements Frame {
    /**
     * A frame without a condition.
     *
     * @param correlationId ties the answer to this, not 0
     * @param level how far the entry has to have gone before the answer
     * @param claimEpoch relay epoch of the position
     * @param claimPosition position up to which the sender's segment had applied announcements
     * @param seenTombstone the key's tombstone in the sender's segment, or {@link Version#NONE}
     * @param entry the entry
     */
    public SessionFrame(
            long correlationId,
            Acknowledgement level,
            long claimEpoch,
            long claimPosition,
            Version seenTombstone,
            SessionEntry entry) {
        this(correlationId, level, claimEpoch, claimPosition, seenTombstone, null, entry);
    }

    /**
     * Whether the entry is stored on a condition alone.
     *
     * @return true if a version is expected
     */
    public boolean isConditional() {
        return expected != null;
    }

    @Override
    public FrameType type() {
        return FrameType.SESSION;
    }
}
