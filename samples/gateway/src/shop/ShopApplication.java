package shop;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.client.ClientApplication;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.ClientHandle;
import org.globalsessions.client.ClientRequest;
import org.globalsessions.client.ClientRequestException;
import org.globalsessions.client.TokenData;
import org.globalsessions.client.User;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.queue.OwnerDirectory;
import org.globalsessions.queue.OwnerTransaction;
import org.globalsessions.queue.QueueRequests;
import org.globalsessions.queue.QueueSettings;

/**
 * Lets every visitor in. Who logs in is bound to {@code user.NAME}, with all devices, and may send to others. Who asks is always what the
 * table says of the connection, never what a message says.
 *
 * <p>A user has baskets by name. A device takes one over by {@code queue/begin}, pulls the notes that wait for it, and buys into it; what is bought is
 * remembered in the same step, so that another device goes on exactly there and nothing is bought twice.
 */
public final class ShopApplication implements ClientApplication {
    /** An application would ask its own store, which keeps no passwords but their hashes. */
    private static final Map<String, String> PASSWORDS = Map.of("ann", "apple", "bob", "birch");

    private static final Duration GRACE = Duration.ofSeconds(30);
    private static final int NOT_LOGGED_IN = 1;
    private static final int WRONG_LOGIN = 2;
    private static final int NO_SUCH_REQUEST = 3;
    private static final int MOVED = 4;
    private static final int NOT_NEXT = 5;
    private static final int MOST_BASKETS = 20;

    private volatile ClientDirectory directory;
    private volatile OwnerDirectory owners;

    /** What clients ask of their queues; the rest is this application's own. */
    private volatile QueueRequests requests;

    @Override
    public String name() {
        return "shop";
    }

    @Override
    public void start(SessionCacheManager cache, ClientDirectory clients, NodeConfig config) {
        directory = clients;
        owners = new OwnerDirectory(cache, QueueSettings.from(config));
        requests = new QueueRequests(owners, request -> nameOf(request).isEmpty() ? null : nameOf(request), this::onOtherRequest);
    }

    @Override
    public void stop() {
        owners.close();
    }

    @Override
    public void onNewClient(InetSocketAddress from, Map<String, TokenData> tokens, ClientHandle handle) {
        handle.accept(User.named("visitor"));
    }

    @Override
    public void onDestroyClient(User user, String identifier) {
        // Its binding has gone with it: there is nothing else to tidy up here.
    }

    @Override
    public CompletionStage<String> onRequest(ClientRequest request) {
        return requests.onRequest(request);
    }

    private CompletionStage<String> onOtherRequest(ClientRequest request) {
        return switch (request.method()) {
            case "login" -> login(request);
            case "whoami" -> CompletableFuture.completedFuture(nameOf(request));
            case "say" -> say(request);
            case "buy" -> buy(request);
            case "bought" -> bought(request);
            case "note" -> note(request);
            case "logout" -> logOut(request);
            case "logout-everywhere" -> logOutEverywhere(request);
            default -> refused(NO_SUCH_REQUEST, "no such request");
        };
    }

    private CompletionStage<String> login(ClientRequest request) {
        String[] words = request.params().split(" ", 2);
        String user = words[0];
        if (words.length < 2 || !words[1].equals(PASSWORDS.get(user))) {
            return refused(WRONG_LOGIN, "wrong name or password");
        }
        String client = request.client().identifier();
        return directory
                .bindAsync(client, "user." + user, user.getBytes(StandardCharsets.UTF_8))
                // An identifier that somebody may have learned before the login is worth nothing after it.
                .thenCompose(bound -> directory.renameAsync(client, GRACE))
                .thenApply(renamed -> {
                    endPulls(request);
                    return user;
                });
    }

    private CompletionStage<String> say(ClientRequest request) {
        String from = nameOf(request);
        String[] words = request.params().split(" ", 2);
        if (from.isEmpty()) {
            return refused(NOT_LOGGED_IN, "log in first");
        }
        if (words.length < 2 || !PASSWORDS.containsKey(words[0])) {
            return refused(NO_SUCH_REQUEST, "nobody of that name");
        }
        return directory
                .notifyAsync("user." + words[0], "said", from + ": " + words[1])
                .thenApply(sent -> "");
    }

    /** {@code BASKET NONCE COUNT ITEM}: the item is to be the one with that number in the basket. */
    private CompletionStage<String> buy(ClientRequest request) {
        String user = nameOf(request);
        String[] words = request.params().split(" ", 4);
        if (user.isEmpty()) {
            return refused(NOT_LOGGED_IN, "log in first");
        }
        if (words.length < 4) {
            return refused(NO_SUCH_REQUEST, "basket, nonce, count and item are needed");
        }
        return owners.owner(user).transactAsync(t -> {
            // Remembered and bought in one step: neither happens where another device has taken the basket over, or this one does not know how far it is.
            List<String> bought = bought(t, words[0]);
            if (!t.remember(words[0], words[1], words[2])) {
                throw new ClientRequestException(MOVED, "the basket is on another device now");
            }
            if (!words[2].equals(String.valueOf(bought.size() + 1))) {
                throw new ClientRequestException(NOT_NEXT, "another one of the basket is next");
            }
            t.state((textOf(t.state()) + words[0] + " " + words[3] + "\n").getBytes(StandardCharsets.UTF_8));
            bought.add(words[3]);
            return String.join(";", bought);
        });
    }

    /** {@code BASKET}: what is in it. */
    private CompletionStage<String> bought(ClientRequest request) {
        String user = nameOf(request);
        return user.isEmpty()
                ? refused(NOT_LOGGED_IN, "log in first")
                : owners.owner(user).transactAsync(t -> String.join(";", bought(t, request.params())));
    }

    /** {@code USER BASKET TEXT}: waits until a device of that user has the basket. */
    private CompletionStage<String> note(ClientRequest request) {
        String from = nameOf(request);
        String[] words = request.params().split(" ", 3);
        if (from.isEmpty()) {
            return refused(NOT_LOGGED_IN, "log in first");
        }
        if (words.length < 3 || !PASSWORDS.containsKey(words[0])) {
            return refused(NO_SUCH_REQUEST, "nobody of that name");
        }
        return owners.owner(words[0]).transactAsync(t -> {
            // Whoever leaves notes chooses no end of names for somebody else.
            if (!t.names().contains(words[1]) && t.names().size() >= MOST_BASKETS) {
                throw new ClientRequestException(NO_SUCH_REQUEST, "no such basket");
            }
            t.notify(from + ": " + words[2], words[1]);
            return "";
        });
    }

    /** What a basket has: of the user's state, a line for each item, with the basket's name before it. */
    private static List<String> bought(OwnerTransaction transaction, String basket) {
        String beginning = basket + " ";
        return textOf(transaction.state())
                .lines()
                .filter(line -> line.startsWith(beginning))
                .map(line -> line.substring(beginning.length()))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private static String textOf(byte[] state) {
        return state == null ? "" : new String(state, StandardCharsets.UTF_8);
    }

    private CompletionStage<String> logOut(ClientRequest request) {
        return directory.unbindAsync(request.client().identifier()).thenApply(unbound -> {
            endPulls(request);
            return "";
        });
    }

    /** What is left for the user from now on is none of this device's. Behind the change: what was asked for before that waits no longer then. */
    private void endPulls(ClientRequest request) {
        requests.endPulls(request.client());
    }

    private CompletionStage<String> logOutEverywhere(ClientRequest request) {
        String user = nameOf(request);
        if (user.isEmpty()) {
            return refused(NOT_LOGGED_IN, "log in first");
        }
        return directory
                .notifyAsync("user." + user, "logged-out", "")
                .thenCompose(told -> directory.unbindAddressAsync("user." + user))
                .thenApply(devices -> {
                    endPulls(request);
                    return String.valueOf(devices);
                });
    }

    /** As it was bound; empty for one who is not. */
    private static String nameOf(ClientRequest request) {
        return request.isBound() ? new String(request.authorisation(), StandardCharsets.UTF_8) : "";
    }

    private static CompletionStage<String> refused(int code, String message) {
        return CompletableFuture.failedFuture(new ClientRequestException(code, message));
    }
}
