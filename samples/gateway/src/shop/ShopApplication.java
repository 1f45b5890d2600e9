package shop;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.client.ClientApplication;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.ClientHandle;
import org.globalsessions.client.ClientRequest;
import org.globalsessions.client.ClientRequestException;
import org.globalsessions.client.TokenData;
import org.globalsessions.client.User;

/**
 * Lets every visitor in. Who logs in is bound to {@code user.NAME}, with all devices, and may send to others. Who asks is always what the
 * table says of the connection, never what a message says.
 */
public final class ShopApplication implements ClientApplication {
    /** An application would ask its own store, which keeps no passwords but their hashes. */
    private static final Map<String, String> PASSWORDS = Map.of("ann", "apple", "bob", "birch");

    private static final Duration GRACE = Duration.ofSeconds(30);
    private static final int NOT_LOGGED_IN = 1;
    private static final int WRONG_LOGIN = 2;
    private static final int NO_SUCH_REQUEST = 3;

    private volatile ClientDirectory directory;

    @Override
    public String name() {
        return "shop";
    }

    @Override
    public void start(SessionCacheManager cache, ClientDirectory clients) {
        directory = clients;
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
        return switch (request.method()) {
            case "login" -> login(request);
            case "whoami" -> CompletableFuture.completedFuture(nameOf(request));
            case "say" -> say(request);
            case "logout" -> directory.unbindAsync(request.client().identifier()).thenApply(unbound -> "");
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
                .thenApply(renamed -> user);
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

    private CompletionStage<String> logOutEverywhere(ClientRequest request) {
        String user = nameOf(request);
        if (user.isEmpty()) {
            return refused(NOT_LOGGED_IN, "log in first");
        }
        return directory
                .notifyAsync("user." + user, "logged-out", "")
                .thenCompose(told -> directory.unbindAddressAsync("user." + user))
                .thenApply(devices -> String.valueOf(devices));
    }

    /** As it was bound; empty for one who is not. */
    private static String nameOf(ClientRequest request) {
        return request.isBound() ? new String(request.authorisation(), StandardCharsets.UTF_8) : "";
    }

    private static CompletionStage<String> refused(int code, String message) {
        return CompletableFuture.failedFuture(new ClientRequestException(code, message));
    }
}
