package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.typesafe.config.ConfigFactory;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.ClientHandle;
import org.globalsessions.client.ClientHandler;
import org.globalsessions.client.ClientRequest;
import org.globalsessions.client.ClientRequestException;
import org.globalsessions.client.Token;
import org.globalsessions.client.TokenData;
import org.globalsessions.client.User;
import org.globalsessions.queue.OwnerDirectory;
import org.globalsessions.queue.OwnerTransaction;
import org.globalsessions.queue.QueueRequests;
import org.globalsessions.queue.QueueSettings;
import org.globalsessions.transport.gateway.Gateway;
import org.globalsessions.transport.gateway.GatewaySettings;

/**
 * A shop as a process of its own, with a gateway, on a host of its own: a client buys an item and remembers the next one in one step. Tells its gateway's port and runs
 * until it is killed.
 */
final class ShopProcess {
    static final String CART = "cart";

    private static final int SLOW = 4;
    private static final int SLOWEST_MS = 10;

    private ShopProcess() {}

    /** Everybody is whom he says he is. */
    @Token(name = "user", type = Token.Type.URL_PARAMETER)
    private static final class Logins implements ClientHandler {
        @Override
        public void onNewClient(InetSocketAddress from, Map<String, TokenData> tokens, ClientHandle handle) {
            handle.accept(User.named(tokens.get("user").value()));
        }
    }

    /** What an owner has bought, in order: the numbers of the items, each with a semicolon behind it. */
    static String bought(OwnerTransaction transaction) {
        byte[] state = transaction.state();
        return state == null ? "" : new String(state, UTF_8);
    }

    static SessionCacheManager open(Path folder, String host, int relayPort) throws Exception {
        return SessionCacheManager.open(
                ConfigFactory.parseString("""
                message_relay { auth_path : auths, name : relay, address : localhost, port : %d, reconnect_wait : 50ms }
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : 20000 } }
                """.formatted(relayPort, folder.resolve(host), folder)));
    }

    /** One purchase in so many takes its time, so that a client that was cut off may have begun again before. */
    private static CompletionStage<String> buyNowOrLater(OwnerDirectory owners, ClientRequest request) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        if (random.nextInt(SLOW) > 0) {
            return buy(owners, request);
        }
        Executor later = CompletableFuture.delayedExecutor(random.nextInt(SLOWEST_MS), TimeUnit.MILLISECONDS);
        return CompletableFuture.runAsync(() -> {}, later).thenCompose(slept -> buy(owners, request));
    }

    /** {@code buy NONCE ITEM}: bought and remembered together, or neither. */
    private static CompletionStage<String> buy(OwnerDirectory owners, ClientRequest request) {
        String[] words = request.params().split(" ", -1);
        int item = Integer.parseInt(words[1]);
        return owners.owner(request.user().name()).transactAsync(t -> {
            if (!t.remember(CART, words[0], String.valueOf(item + 1))) {
                throw new ClientRequestException(409, "another one buys");
            }
            t.state((bought(t) + item + ";").getBytes(UTF_8));
            return "bought";
        });
    }

    /**
     * Runs.
     *
     * @param arguments folder, the relay's port, the gateway's port or 0 for any
     */
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        try (SessionCacheManager cache = open(folder, "shop", Integer.parseInt(arguments[1]));
                OwnerDirectory owners = new OwnerDirectory(cache, QueueSettings.DEFAULTS);
                Gateway gateway = Gateway.open(
                        new GatewaySettings().listen("localhost", Integer.parseInt(arguments[2])),
                        new ClientDirectory(cache),
                        new Logins(),
                        new QueueRequests(
                                owners, request -> request.user().name(), request -> buyNowOrLater(owners, request)),
                        (user, identifier) -> {})) {
            System.out.println(gateway.port());
            while (System.in.read() >= 0) {
                // Only its end counts.
            }
        }
    }
}
