package org.globalsessions.queue;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.globalsessions.ValueTooLargeException;
import org.globalsessions.client.ClientControl;
import org.globalsessions.client.ClientRequest;
import org.globalsessions.client.ClientRequestException;
import org.globalsessions.client.ClientRequestHandler;

/**
 * Lets remote clients pull the messages of their owner, and go on where they were: answers the requests whose methods begin with {@value #PREFIX}, and passes all others on to
 * the application. Whose queues a client may use the application says; under which name, the client's request.
 *
 * <pre>{@code
 * Gateway.open(settings, directory, logins, new QueueRequests(owners, request -> request.user().name(), requests), goodbyes);
 * }</pre>
 *
 * <table>
 * <caption>what a client may ask for; a name has no blank here</caption>
 * <tr><th>method and parameters</th><th>answer</th></tr>
 * <tr><td>{@code queue/pull NAME}</td><td>{@code message NUMBER TEXT}, {@code timed-out}, {@code taken-over} or {@code closed}</td></tr>
 * <tr><td>{@code queue/pull-to-acknowledge NAME}</td><td>the same; the message stays the first until it is acknowledged</td></tr>
 * <tr><td>{@code queue/acknowledge NAME NUMBER}</td><td>{@code true}, or {@code false} where it is no longer the first</td></tr>
 * <tr><td>{@code queue/names}</td><td>the names, with a blank between</td></tr>
 * <tr><td>{@code queue/begin NAME}</td><td>{@code NONCE}, or {@code NONCE MEMENTO} where one was remembered</td></tr>
 * <tr><td>{@code queue/counts NAME NONCE}</td><td>{@code true}, or {@code false} where another client has begun since: who comes back looks before it begins or pulls</td></tr>
 * <tr><td>{@code queue/remember NAME NONCE MEMENTO}</td><td>{@code true}, or {@code false} where the nonce does not count</td></tr>
 * <tr><td>{@code queue/end NAME NONCE}</td><td>{@code true}, or {@code false} where another client has begun since</td></tr>
 * </table>
 *
 * <p>What the application does in the same step as a client remembers something belongs to a request of its own, with {@link OwnerTransaction#remember}.
 *
 * <p>Any thread may call any method.
 */
public final class QueueRequests implements ClientRequestHandler {
    /** What the methods begin with that are answered here. */
    public static final String PREFIX = "queue/";

    /** Code of a request that is not as it should be: nothing is changed. */
    public static final int BAD_REQUEST = 400;

    /** Code where the client has no queues. */
    public static final int NO_OWNER = 403;

    /** Code of an unknown method that begins with {@value #PREFIX}. */
    public static final int UNKNOWN_METHOD = 404;

    /** Code where what is to be kept is too much: nothing is changed. */
    public static final int TOO_LARGE = 413;

    /** Code where too much is under way of the client or its owner, or the owner has as many names as it should. */
    public static final int TOO_MANY = 429;

    /** Most requests of a client under way here, pulls among them. */
    public static final int MOST_UNDER_WAY = 32;

    /** Most bytes that an owner's clients may have remembered together: what waits for them is kept in the same entry. */
    public static final int MOST_MEMENTO_BYTES = 20_480;

    /** Answers one method. */
    @FunctionalInterface
    private interface Method {
        CompletableFuture<String> answer(QueueOwner owner, Asked asked, String[] words);
    }

    /** A method, how many words its parameters are, and whether the last one is all the rest of them, blanks and all. */
    private record Known(int words, boolean endsWithText, Method method) {}

    /** What a client has under way: guarded by itself. */
    private static final class ClientWork {
        /** By the number of each. */
        final Map<Long, CompletableFuture<Pulled>> pulls = new HashMap<>();

        long pullsBegun;
        int underWay;

        /** How often its pulls were ended: one that was asked for before and begins after that is not to wait. */
        int endings;

        boolean over;
    }

    /** A request under way, and how often its client's pulls had been ended when it came. */
    private record Asked(ClientWork work, int endings) {}

    private final OwnerDirectory owners;
    private final Function<ClientRequest, String> ownerOf;
    private final ClientRequestHandler application;
    private final Map<ClientControl, ClientWork> works = new ConcurrentHashMap<>();

    private final Map<String, Known> methods = Map.of(
            "pull",
            new Known(1, false, (owner, asked, words) -> pull(owner, asked, words[0], owner::pull)),
            "pull-to-acknowledge",
            new Known(1, false, (owner, asked, words) -> pull(owner, asked, words[0], owner::pullToAcknowledge)),
            "acknowledge",
            new Known(
                    2,
                    false,
                    (owner, asked, words) ->
                            owner.acknowledge(words[0], number(words[1])).thenApply(String::valueOf)),
            "names",
            new Known(0, false, (owner, asked, words) -> owner.transactAsync(QueueRequests::names)),
            "begin",
            new Known(
                    1,
                    false,
                    (owner, asked, words) ->
                            owner.transactAsync(t -> text(admitted(t, words[0]).begin(words[0])))),
            "counts",
            new Known(
                    2,
                    false,
                    (owner, asked, words) -> owner.transactAsync(t -> String.valueOf(t.counts(words[0], words[1])))),
            "remember",
            new Known(
                    3,
                    true,
                    (owner, asked, words) ->
                            owner.transactAsync(t -> String.valueOf(remember(t, words[0], words[1], words[2])))),
            "end",
            new Known(
                    2,
                    false,
                    (owner, asked, words) -> owner.transactAsync(t -> String.valueOf(t.end(words[0], words[1])))));

    /**
     * A handler over an application's own.
     *
     * @param owners      whose queues these are; closed before the gateway, so that clients hear that their pulls have ended
     * @param ownerOf     the name of the owner whose queues a client may use, by who asks and nothing that it says; null where it may use none
     * @param application answers all other requests
     */
    public QueueRequests(
            OwnerDirectory owners, Function<ClientRequest, String> ownerOf, ClientRequestHandler application) {
        this.owners = Objects.requireNonNull(owners, "owners");
        this.ownerOf = Objects.requireNonNull(ownerOf, "ownerOf");
        this.application = Objects.requireNonNull(application, "application");
    }

    @Override
    public CompletionStage<String> onRequest(ClientRequest request) {
        if (!request.method().startsWith(PREFIX)) {
            return application.onRequest(request);
        }
        Known known = methods.get(request.method().substring(PREFIX.length()));
        if (known == null) {
            throw new ClientRequestException(UNKNOWN_METHOD, "no such method of a queue");
        }
        // First: a client that logs out while it is found out whose queues these are waits no longer there.
        Asked asked = begin(request.client());
        try {
            String ownerName = ownerOf.apply(request);
            if (ownerName == null) {
                throw new ClientRequestException(NO_OWNER, "no queues for this client");
            }
            QueueOwner owner = owner(ownerName);
            String[] words = words(request.params(), known);
            return known.method()
                    .answer(owner, asked, words)
                    .whenComplete((answer, failure) -> over(asked.work()))
                    .exceptionallyCompose(failure -> CompletableFuture.failedFuture(told(failure)));
        } catch (RuntimeException e) {
            over(asked.work());
            throw told(e);
        }
    }

    /**
     * Ends the pulls of a client, for one that logs out or becomes somebody else while it stays connected: what comes for its owner from then on is for the owner's other
     * clients. They are answered {@code closed}, as are those that the client has asked for before and that do not wait yet. Call it once the client is unbound, or bound as
     * somebody else.
     *
     * @param client the client
     */
    public void endPulls(ClientControl client) {
        ClientWork work = works.get(client);
        if (work != null) {
            endPulls(work, false);
        }
    }

    private static void endPulls(ClientWork work, boolean over) {
        List<CompletableFuture<Pulled>> ended;
        synchronized (work) {
            work.over |= over;
            work.endings++;
            ended = List.copyOf(work.pulls.values());
            work.pulls.clear();
        }
        ended.forEach(pull -> pull.cancel(false));
    }

    private QueueOwner owner(String name) {
        try {
            return owners.owner(name);
        } catch (IllegalArgumentException e) {
            throw new ClientRequestException(NO_OWNER, "no queues for this client: no name of an owner");
        }
    }

    private static boolean remember(OwnerTransaction transaction, String name, String nonce, String memento) {
        boolean remembered = transaction.remember(name, nonce, memento);
        if (remembered && transaction.mementoBytesBeside(name) + memento.getBytes(UTF_8).length > MOST_MEMENTO_BYTES) {
            throw new ClientRequestException(
                    TOO_LARGE, "too much remembered of this owner: limit=" + MOST_MEMENTO_BYTES + " bytes");
        }
        return remembered;
    }

    /** The words of a request's parameters, with the checks that need no owner. */
    private static String[] words(String params, Known known) {
        String[] words =
                params.isEmpty() ? new String[0] : params.split(" ", known.endsWithText() ? known.words() : -1);
        if (known.words() > 0 && (words.length == 0 || words[0].isEmpty())) {
            throw new ClientRequestException(BAD_REQUEST, "no session name");
        }
        if (words.length != known.words()) {
            throw new ClientRequestException(
                    BAD_REQUEST, "wrong number of parameters: words=" + words.length + ", expected=" + known.words());
        }
        try {
            if (words.length > 0) {
                OwnerTransaction.checked(words[0]);
            }
            if (known.endsWithText()) {
                OwnerTransaction.checkedMemento(words[words.length - 1]);
            }
        } catch (IllegalArgumentException e) {
            // Its text has numbers of bytes and nothing else of the request.
            throw new ClientRequestException(BAD_REQUEST, e.getMessage());
        }
        return words;
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new ClientRequestException(BAD_REQUEST, "no number of a message");
        }
    }

    /** What a client is told of what ends its request; all else is the gateway's to tell. */
    private static RuntimeException told(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof ValueTooLargeException) {
            return new ClientRequestException(TOO_LARGE, "more than can be kept of one owner");
        }
        if (cause instanceof RejectedExecutionException) {
            return new ClientRequestException(TOO_MANY, "too much under way, try again later");
        }
        return cause instanceof RuntimeException runtime ? runtime : new CompletionException(cause);
    }

    private Asked begin(ClientControl client) {
        boolean[] isNew = new boolean[1];
        ClientWork work = works.computeIfAbsent(client, any -> {
            isNew[0] = true;
            return new ClientWork();
        });
        if (isNew[0]) {
            var unused = client.whenClosed().thenRunAsync(() -> end(client, work), owners.executor());
        }
        synchronized (work) {
            if (work.underWay >= MOST_UNDER_WAY) {
                throw new ClientRequestException(TOO_MANY, "too many requests under way: limit=" + MOST_UNDER_WAY);
            }
            work.underWay++;
            return new Asked(work, work.endings);
        }
    }

    private static void over(ClientWork work) {
        synchronized (work) {
            work.underWay--;
        }
    }

    /** What a client waits for that is gone would take messages of whoever comes after it. */
    private void end(ClientControl client, ClientWork work) {
        works.remove(client, work);
        endPulls(work, true);
    }

    private CompletableFuture<String> pull(
            QueueOwner owner, Asked asked, String name, Function<String, CompletableFuture<Pulled>> begin) {
        return owner.transactAsync(t -> {
                    if (!t.names().contains(name)) {
                        // Registered by that: of many at a time each counts those before it.
                        admitted(t, name).use(name);
                    }
                    return name;
                })
                .thenCompose(admitted -> begun(asked, name, begin))
                .thenApply(QueueRequests::text);
    }

    private static CompletableFuture<Pulled> begun(
            Asked asked, String name, Function<String, CompletableFuture<Pulled>> begin) {
        ClientWork work = asked.work();
        CompletableFuture<Pulled> pull;
        long number;
        synchronized (work) {
            if (work.over || work.endings != asked.endings()) {
                return CompletableFuture.completedFuture(Pulled.without(Pulled.End.CLOSED));
            }
            // An earlier one of the same name ends by that.
            pull = begin.apply(name);
            number = ++work.pullsBegun;
            work.pulls.put(number, pull);
        }
        return pull.whenComplete((pulled, failure) -> {
                    synchronized (work) {
                        work.pulls.remove(number);
                    }
                })
                .exceptionallyCompose(failure -> pull.isCancelled()
                        ? CompletableFuture.completedFuture(Pulled.without(Pulled.End.CLOSED))
                        : CompletableFuture.failedFuture(failure));
    }

    /**
     * Clients choose names, and whoever chooses ever new ones must not drive out those of the owner's other clients.
     *
     * @return the transaction, where the name is there or there is room for another one
     */
    private OwnerTransaction admitted(OwnerTransaction transaction, String name) {
        if (!transaction.hasRoomFor(name)) {
            throw new ClientRequestException(TOO_MANY, "too many session names: limit=" + owners.maxSessions());
        }
        return transaction;
    }

    private static String text(Pulled pulled) {
        return switch (pulled.end()) {
            case MESSAGE -> "message " + pulled.number() + " " + pulled.message();
            case TIMED_OUT -> "timed-out";
            case TAKEN_OVER -> "taken-over";
            case CLOSED -> "closed";
        };
    }

    private static String text(Begun begun) {
        return begun.memento() == null ? begun.nonce() : begun.nonce() + " " + begun.memento();
    }

    /** Those with a blank no client can name. */
    private static String names(OwnerTransaction transaction) {
        return transaction.names().stream()
                .filter(name -> name.indexOf(' ') < 0)
                .collect(Collectors.joining(" "));
    }
}
