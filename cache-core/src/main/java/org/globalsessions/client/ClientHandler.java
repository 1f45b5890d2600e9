package org.globalsessions.client;

import java.net.InetSocketAddress;
import java.util.Map;

/**
 * Lets remote clients in. What of their first request it is given, {@link Token} declares on the implementing class.
 *
 * <p>Called on threads of the gateway that may block, several at a time: one that is slow holds up its own client alone.
 */
@FunctionalInterface
public interface ClientHandler {
    /**
     * A client wants in. Called once for each client, not for each of its connections or polls.
     *
     * @param remoteAddress where its connection comes from
     * @param tokens        the declared tokens that its request has, by name
     * @param handle        takes the answer, now or later, from any thread; without one within {@code accept_timeout} the client is denied,
     *                      as it is where this throws
     */
    void onNewClient(InetSocketAddress remoteAddress, Map<String, TokenData> tokens, ClientHandle handle);

    /**
     * A client which another process had accepted goes on here: that process has ended, or the client's way leads here now. What that process
     * knew of the user beyond the name stayed there.
     *
     * @param userName name of the user
     * @return the user that later callbacks are given; by default one without credentials
     */
    default User onResumedClient(String userName) {
        return User.named(userName);
    }
}
