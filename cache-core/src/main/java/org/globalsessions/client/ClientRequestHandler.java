package org.globalsessions.client;

import java.util.concurrent.CompletionStage;

/**
 * Answers what remote clients ask.
 *
 * <p>Called on threads of the gateway that may block, several at a time, but one at a time for each client, in the order in which that has sent
 * its requests.
 */
@FunctionalInterface
public interface ClientRequestHandler {
    /**
     * A client asks.
     *
     * @param request what for
     * @return the answer, now or later; null text is an empty one. Where it ends with {@link ClientRequestException} the client is told its code and
     *     message, at any other end that the request failed. The client's next request does not wait for it
     */
    CompletionStage<String> onRequest(ClientRequest request);
}
