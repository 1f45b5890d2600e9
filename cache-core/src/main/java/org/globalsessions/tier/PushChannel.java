package org.globalsessions.tier;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The way of messages to remote clients whom other processes serve. Any thread. */
public interface PushChannel {
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
     * @return to how many processes it goes; exceptionally {@link org.globalsessions.TierUnavailableException} where the relay did not say
     */
    CompletableFuture<Integer> push(PushMessage message);
}
