package org.globalsessions.client;

import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * An accepted client, as the process sees it that serves it. What it tells lags behind the client itself, which may be gone before anybody
 * notices. Any thread.
 */
public interface ClientControl {
    /**
     * Ends the client: its connections, its binding and its session. A further attempt of that client is refused.
     *
     * @return true; false where there is no such client any more
     */
    boolean destroy();

    /**
     * As {@link #destroy}, without waiting.
     *
     * @return its result
     */
    CompletableFuture<Boolean> destroyAsync();

    /**
     * Whom it acts for.
     *
     * @return the user that it was accepted for; null once it is gone
     */
    User user();

    /**
     * When it last sent anything.
     *
     * @return the time of its last message, ping or poll; pings are not told apart
     */
    Instant lastInbound();

    /**
     * When it was last sent anything.
     *
     * @return the time at which the last write to it succeeded
     */
    Instant lastOutbound();

    /**
     * What the client's session goes by; whoever has it is the client, so it is a secret.
     *
     * @return the identifier; null when it is no longer valid
     */
    String identifier();

    /**
     * Whether it is gone, or about to go.
     *
     * @return true where it is closed; a short-cut, not something to wait on: for that there is {@link #whenClosed}, and of the client's end {@link
     *     ClientDestroyHandler}
     */
    boolean isClosed();

    /**
     * Ends once this process serves the client no more: it is gone, goes on at another gateway, or this one has ended. What waits on its behalf is to end then.
     *
     * @return completes with null, on a thread that must not be held up; not for the caller to complete
     */
    CompletionStage<Void> whenClosed();
}
