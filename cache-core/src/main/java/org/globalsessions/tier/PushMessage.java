package org.globalsessions.tier;

import java.util.Objects;

/**
 * A message to remote clients, on its way to the gateways that serve them. The text shows neither whom it is for nor its parameters.
 *
 * @param toRole whether it is for all clients of a role; else for those of an address
 * @param to     the role, or the address
 * @param method what it is about
 * @param params its parameters
 */
public record PushMessage(boolean toRole, String to, String method, String params) {
    /**
     * Checks that all is there.
     *
     * @param toRole whether it is for all clients of a role
     * @param to     the role, or the address
     * @param method what it is about
     * @param params its parameters
     */
    public PushMessage {
        Objects.requireNonNull(to, "to");
        Objects.requireNonNull(method, "method");
        Objects.requireNonNull(params, "params");
    }

    @Override
    public String toString() {
        return "PushMessage[toRole=" + toRole + ", method=" + method + ", paramsLength=" + params.length() + "]";
    }
}
