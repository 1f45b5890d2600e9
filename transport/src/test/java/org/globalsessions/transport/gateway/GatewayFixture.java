package org.globalsessions.transport.gateway;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.client.ClientControl;
import org.globalsessions.client.ClientDestroyHandler;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.ClientHandle;
import org.globalsessions.client.ClientHandler;
import org.globalsessions.client.ClientRequestHandler;
import org.globalsessions.client.Token;
import org.globalsessions.client.TokenData;
import org.globalsessions.client.User;

/** A gateway on a free port over a segment of its own, and an application that notes what it is told. */
final class GatewayFixture implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Name and password of a user. */
    record Login(String name, Object credentials) implements User {}

    /** A client that was let in. */
    record Accepted(InetSocketAddress from, Map<String, TokenData> tokens, ClientControl control) {}

    /** One of whose end the application was told. */
    record Destroyed(User user, String identifier) {}

    /** Lets everybody in who names a user. */
    @Token(name = "X-Device", type = Token.Type.HEADER)
    @Token(name = "Sid", type = Token.Type.COOKIE)
    @Token(name = "userName", type = Token.Type.URL_PARAMETER)
    final class Logins implements ClientHandler {
        @Override
        public void onNewClient(InetSocketAddress from, Map<String, TokenData> tokens, ClientHandle handle) {
            calls.add(tokens);
            if (!tokens.containsKey("userName")) {
                handle.deny();
                return;
            }
            User user = new Login(tokens.get("userName").value(), "secret of this process");
            accepted.add(new Accepted(from, tokens, handle.accept(user)));
        }
    }

    final BlockingQueue<Accepted> accepted = new LinkedBlockingQueue<>();
    final BlockingQueue<Destroyed> destroyed = new LinkedBlockingQueue<>();
    final List<Map<String, TokenData>> calls = new CopyOnWriteArrayList<>();
    final SessionCacheManager cache;
    final ClientDirectory directory;
    final ClientDestroyHandler goodbyes = (user, identifier) -> destroyed.add(new Destroyed(user, identifier));
    Gateway gateway;

    GatewayFixture(Path folder) throws IOException {
        cache = SessionCacheManager.open(ConfigFactory.parseMap(Map.of(
                "lru.cache.token_path",
                folder.resolve("table").toString(),
                "lru.cache.segment_dir",
                folder.toString(),
                "lru.cache.el_count",
                2_000)));
        directory = new ClientDirectory(cache, "user");
    }

    static GatewaySettings settings() {
        return new GatewaySettings().listen("localhost", 0);
    }

    GatewayFixture start() throws IOException {
        return start(settings());
    }

    GatewayFixture start(GatewaySettings settings) throws IOException {
        return start(settings, new Logins());
    }

    GatewayFixture start(GatewaySettings settings, ClientHandler handler) throws IOException {
        return start(settings, handler, request -> CompletableFuture.completedFuture(request.params()));
    }

    GatewayFixture start(GatewaySettings settings, ClientHandler handler, ClientRequestHandler requests)
            throws IOException {
        gateway = Gateway.open(settings, directory, handler, requests, goodbyes);
        return this;
    }

    /** A client with a WebSocket that was let in. */
    WebSocketClient login(String user) throws InterruptedException {
        WebSocketClient client = WebSocketClient.connect(gateway.port(), "/ws?userName=" + user);
        client.send("hello");
        client.identifier = client.next().substring("welcome ".length());
        return client;
    }

    Accepted nextAccepted() throws InterruptedException {
        return inTime(accepted);
    }

    Destroyed nextDestroyed() throws InterruptedException {
        return inTime(destroyed);
    }

    static <T> T inTime(BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        if (next == null) {
            throw new AssertionError("nothing came within " + PATIENCE);
        }
        return next;
    }

    @Override
    public void close() {
        if (gateway != null) {
            gateway.close();
        }
        cache.close();
    }
}
