package org.globalsessions.tier;

import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** The way to remote clients whom other processes serve, and to the relays that know who they are. Any thread. */
public interface ClientChannel {
    /**
     * Gets messages from now on that other processes send.
     *
     * @param receiver called on the links' threads: it must not block
     */
    void attend(Consumer<PushMessage> receiver);

    /**
     * Gets no more of them.
     *
     * @param receiver as it was given before
     */
    void leave(Consumer<PushMessage> receiver);

    /**
     * Sends a message to all other processes that attend. Messages that one thread sends to one address arrive in their order.
     *
     * @param message the message
     * @return whom it reaches; exceptionally {@link org.globalsessions.TierUnavailableException} where the relay did not say
     */
    CompletableFuture<PushReach> push(PushMessage message);

    /**
     * Finds clients, whichever relay has them.
     *
     * @param by   what they are looked for by
     * @param name that address or user
     * @return all of them in one answer; exceptionally {@link org.globalsessions.TierUnavailableException} where a relay did not answer
     */
    CompletableFuture<FoundClients> find(ClientQuery.By by, String name);

    /**
     * Counts clients, whichever relay has them.
     *
     * @param by   what they are looked for by
     * @param name that address or user
     * @return an answer that tells none of them; exceptionally as {@link #find}
     */
    CompletableFuture<FoundClients> count(ClientQuery.By by, String name);

    /**
     * Shows what stands in this host's segment and no relay has acknowledged yet: of that they cannot tell. Looks at the marks of the whole segment.
     *
     * @param visitor given key and value
     */
    void forEachUnpublished(BiConsumer<String, byte[]> visitor);
}
