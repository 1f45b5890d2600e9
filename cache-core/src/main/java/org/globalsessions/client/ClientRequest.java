package org.globalsessions.client;

import java.util.Objects;

/**
 * What a remote client asks of the application. Who asks is what the connection says, and what it may do is what the shared table says: no part of
 * the message changes either. The text shows neither parameters nor authorisation data.
 *
 * @param client        who asks
 * @param user          whom it acts for
 * @param address       what the client is bound to, or null
 * @param authorisation what was bound with it, the receiver's own copy; null where the client is not bound
 * @param method        what it asks for: 1 or more of letters, digits, {@code _}, {@code -}, {@code .} and {@code /}
 * @param params        the message's parameters, as the client has written them
 */
public record ClientRequest(
        ClientControl client, User user, ClientAddress address, byte[] authorisation, String method, String params) {
    /**
     * Checks that all is there.
     *
     * @param client        who asks
     * @param user          whom it acts for
     * @param address       what the client is bound to, or null
     * @param authorisation what was bound with it, or null
     * @param method        what it asks for
     * @param params        its parameters
     */
    public ClientRequest {
        Objects.requireNonNull(client, "client");
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(method, "method");
        Objects.requireNonNull(params, "params");
    }

    /**
     * Whether the client is bound: with or without an address.
     *
     * @return true where there is authorisation data
     */
    public boolean isBound() {
        return authorisation != null;
    }

    @Override
    public String toString() {
        return "ClientRequest[method=" + method + ", bound=" + isBound() + ", paramsLength=" + params.length() + "]";
    }
}
