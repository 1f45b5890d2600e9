package org.globalsessions.transport.frame;

import org.globalsessions.tier.FoundClients;

/**
 * Answer to {@link FindClientsFrame}.
 *
 * @param correlationId that of the frame answered
 * @param found         the clients
 */
public record ClientsFoundFrame(long correlationId, FoundClients found) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.CLIENTS_FOUND;
    }
}
