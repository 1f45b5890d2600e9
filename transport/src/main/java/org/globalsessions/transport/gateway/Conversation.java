package org.globalsessions.transport.gateway;

import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.ClientRequest;
import org.globalsessions.client.ClientRequestException;
import org.globalsessions.client.ClientRequestHandler;
import org.globalsessions.client.ClientState;
import org.globalsessions.client.GatewayClients;

/** Takes the messages of clients that were let in. */
final class Conversation {
    private static final Outgoing PONG = new Outgoing(Messages.PONG);

    private final ClientDirectory directory;
    private final GatewayClients table;
    private final ClientRequestHandler handler;
    private final ServedClients clients;
    private final Callbacks callbacks;
    private final GatewayCounters counters;
    private final Executor loop;

    Conversation(
            ClientDirectory directory,
            GatewayClients table,
            ClientRequestHandler handler,
            ServedClients clients,
            Callbacks callbacks,
            GatewayCounters counters,
            Executor loop) {
        this.directory = directory;
        this.table = table;
        this.handler = handler;
        this.clients = clients;
        this.callbacks = callbacks;
        this.counters = counters;
        this.loop = loop;
    }

    /** A message has come; event loop. What it answers goes to the client over whatever link that has. */
    void onMessage(ServedClient client, String message) {
        client.heard();
        counters.increment(GatewayCounter.RECEIVED);
        switch (Messages.wordOf(message)) {
            case Messages.PING -> client.send(PONG);
            case Messages.ASK -> ask(client, message);
            case Messages.BYE -> clients.destroy(client).exceptionally(failure -> false);
            default -> malformed(client, 0);
        }
    }

    private void malformed(ServedClient client, long number) {
        counters.increment(GatewayCounter.REFUSED);
        client.send(new Outgoing(Messages.error(number, Messages.MALFORMED, "no such message")));
    }

    private void ask(ServedClient client, String message) {
        Messages.Ask ask = Messages.parseAsk(message);
        if (ask == null) {
            malformed(client, 0);
            return;
        }
        client.asked();
        if (!client.requests().offer(() -> answer(client, ask), callbacks)) {
            counters.increment(GatewayCounter.REQUESTS_REFUSED);
            client.send(new Outgoing(Messages.error(ask.number(), Messages.TOO_MANY, "too many requests under way")));
        }
    }

    /** On a thread that may block. */
    private void answer(ServedClient client, Messages.Ask ask) {
        try {
            ClientState state = stateOf(client);
            if (state == null) {
                return;
            }
            CompletionStage<String> answer = handler.onRequest(new ClientRequest(
                    client, client.formerUser(), state.address(), state.authorisation(), ask.method(), ask.params()));
            var unused = answer.whenComplete((text, failure) -> {
                if (failure == null) {
                    send(client, Messages.answer(ask.number(), text == null ? "" : text));
                } else {
                    fail(client, ask, failure);
                }
            });
        } catch (RuntimeException | Error e) {
            // Also where it gives no stage at all.
            fail(client, ask, e);
        }
    }

    /** What the table says of the client, and nobody else; null where it is gone. */
    private ClientState stateOf(ServedClient client) {
        String identifier = client.identifier();
        if (identifier == null) {
            return null;
        }
        ClientState here = table.look(identifier);
        return here != null ? here : directory.find(identifier);
    }

    private void fail(ServedClient client, Messages.Ask ask, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        String error;
        if (cause instanceof ClientRequestException told) {
            error = Messages.error(ask.number(), told.code(), oneLine(told.getMessage()));
        } else if (cause instanceof TierUnavailableException) {
            error = Messages.error(ask.number(), Messages.UNAVAILABLE, Reception.UNAVAILABLE);
        } else {
            callbacks.failed(cause);
            error = Messages.error(ask.number(), Messages.FAILED, "the request failed");
        }
        send(client, error);
    }

    private static String oneLine(String text) {
        return text == null ? "" : text.replaceAll("\\p{Cntrl}", " ");
    }

    private void send(ServedClient client, String message) {
        loop.execute(() -> client.send(new Outgoing(message)));
    }
}
