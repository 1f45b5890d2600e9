package org.globalsessions.transport.gateway;

import java.util.List;
import java.util.Map;

/** A gateway's clients, for an operator's console. */
public interface GatewayMXBean {
    /**
     * Ends a client, as the application's own {@code destroy} does.
     *
     * @param clientIdentifier its identifier, or its digest as {@link #getClients} shows it
     * @return false where there is no such client
     */
    boolean removeClient(String clientIdentifier);

    /**
     * The clients.
     *
     * @return a keyed digest of each one's identifier; the key is this process's own
     */
    List<String> getClients();

    /**
     * How many clients there are.
     *
     * @return the count
     */
    int getClientCount();

    /**
     * What the gateway has counted since its start.
     *
     * @return each counter by its words
     */
    Map<String, Long> getCounters();
}
