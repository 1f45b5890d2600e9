package org.globalsessions.transport.frame;

import org.globalsessions.tier.SessionEntry;

/**
 * Answers a question for one key.
 *
 * @param correlationId that of the frame answered
 * @param status what is known
 * @param epoch the answering node's epoch
 * @param position its position, read before its segment was looked at, 0 or more
 * @param entry the entry where found, else null
 */
public record SessionKnownFrame(long correlationId, Status status, long epoch, long position, SessionEntry entry)
        implements Frame {
    @Override
    public FrameType type() {
        return FrameType.SESSION_KNOWN;
    }

    /** What is known of a key. */
    public enum Status {
        /** Here it is. */
        FOUND,
        /** Every tier that could hold it has said no. */
        MISSING,
        /** A tier that could hold it did not answer, so nobody knows. */
        UNAVAILABLE,
        /** A relief node says no, and has a gateway to another system, which may know more: see {@link ValidateFrame}. */
        MISSING_HERE,
        /** Sibling to relay: here it is, and every relief node that it would be handed off to has it. */
        FOUND_KEPT;

        /**
         * Whether there is an entry with it.
         *
         * @return true for one that is found, whoever keeps it
         */
        public boolean isFound() {
            return this == FOUND || this == FOUND_KEPT;
        }
    }
}
