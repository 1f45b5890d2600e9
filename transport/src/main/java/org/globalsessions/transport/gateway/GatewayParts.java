package org.globalsessions.transport.gateway;

/** What the connections of a gateway share. */
record GatewayParts(
        GatewaySettings settings,
        DeclaredTokens tokens,
        Reception reception,
        Conversation conversation,
        ServedClients clients,
        GatewayCounters counters) {}
