package org.globalsessions.transport.frame;

import org.globalsessions.tier.ClientQuery;

/**
 * A host's process asks for remote clients.
 *
 * @param correlationId ties the answer to this, not 0
 * @param query         which ones; its name at most {@link FrameCodec#MAX_TEXT} bytes of UTF-8
 */
public record FindClientsFrame(long correlationId, ClientQuery query) implements Frame {
    /** What each client that is told takes of the answer. */
    public static final int BYTES_A_CLIENT = 16;

    @Override
    public FrameType type() {
        return FrameType.FIND_CLIENTS;
    }

    /**
     * Whether the answer has clients' identifiers, and not their number alone.
     *
     * @return true if so
     */
    public boolean tellsClients() {
        return query.most() > 0;
    }
}
