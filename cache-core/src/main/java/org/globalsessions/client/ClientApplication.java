package org.globalsessions.client;

import org.globalsessions.SessionCacheManager;
import org.globalsessions.config.NodeConfig;

/**
 * The application behind a gateway that {@code global-sessions} runs: lets clients in, answers them, hears of those who are gone. Found with
 * {@link java.util.ServiceLoader} on the node's class path; the key {@code gateway.application} of its file has the {@link #name} of the one that is used.
 *
 * <pre>{@code
 * @Token(name = "SID", type = Token.Type.COOKIE)
 * public final class ShopApplication implements ClientApplication { ... }
 * }</pre>
 *
 * <p>Public, with a constructor without arguments that opens and starts nothing: {@code check} makes one of each to learn its name.
 */
public interface ClientApplication extends ClientHandler, ClientRequestHandler, ClientDestroyHandler {
    /**
     * What a configuration calls it.
     *
     * @return the name, the same each time
     */
    String name();

    /**
     * Called once, before the gateway listens and before any other call but that of {@link #name}. May block, for 30 s at most: the gateway does not start
     * then, as it does not where this throws.
     *
     * @param cache     holds the clients' sessions, and whatever the application keeps there; closed by the node
     * @param directory binds clients, and sends to them
     * @param config    the node's file, of which an application may want more, such as the settings of its queues
     */
    void start(SessionCacheManager cache, ClientDirectory directory, NodeConfig config);

    /**
     * Called once where {@link #start} has ended well, after the gateway has ended: no call is under way that came from it, or its time is over. May block, for
     * 5 s at most.
     */
    default void stop() {}
}
