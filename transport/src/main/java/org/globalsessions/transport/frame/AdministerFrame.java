package org.globalsessions.transport.frame;

import org.globalsessions.tier.KeyDigest;

/**
 * An operator asks which hosts the relay remembers, has it forget one, or check what it knows of remote clients; or asks a sibling so of its relief nodes, or has it
 * drain one.
 *
 * @param correlationId ties the answer to this, not 0
 * @param action        what is to be done
 * @param host          digest of the identity of the host concerned, or the id of the relief node; of zeros where none is
 */
public record AdministerFrame(long correlationId, Action action, KeyDigest host) implements Frame {
    /** In place of a host's digest where an action concerns none. */
    public static final KeyDigest NO_HOST = new KeyDigest(0, 0);

    /** What is to be done. */
    public enum Action {
        /** Nothing but the answer. */
        LIST,
        /** No delete waits for this host any more, or nobody counts on what this relief node has. */
        FORGET,
        /** This relief node gets no new sessions, and others get those that it has. */
        DRAIN,
        /** What this relay knows of remote clients by address and user is compared with its entries. */
        CHECK_CLIENTS
    }

    @Override
    public FrameType type() {
        return FrameType.ADMINISTER;
    }
}
