package org.globalsessions.transport.gateway;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A remote client over a real WebSocket, the JDK's. */
final class WebSocketClient implements AutoCloseable {
    private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    final CompletableFuture<Void> ponged = new CompletableFuture<>();
    private WebSocket socket;
    String identifier;

    static WebSocketClient connect(int port, String path) {
        return connect(port, path, builder -> {});
    }

    static WebSocketClient connect(int port, String path, Consumer<WebSocket.Builder> more) {
        WebSocketClient client = new WebSocketClient();
        WebSocket.Builder builder = HttpClient.newHttpClient().newWebSocketBuilder();
        more.accept(builder);
        client.socket = builder.buildAsync(URI.create("ws://localhost:" + port + path), client.new Listener())
                .join();
        return client;
    }

    void send(String message) {
        socket.sendText(message, true).join();
    }

    void ping() {
        socket.sendPing(ByteBuffer.allocate(0)).join();
    }

    WebSocket socket() {
        return socket;
    }

    String next() throws InterruptedException {
        return GatewayFixture.inTime(received);
    }

    BlockingQueue<String> received() {
        return received;
    }

    /** The status of the close frame; -1 where the connection was cut. */
    int awaitClose() {
        return closed.orTimeout(GatewayFixture.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    boolean isClosed() {
        return closed.isDone();
    }

    /** Without a word, as a network that is gone. */
    void cut() {
        socket.abort();
    }

    @Override
    public void close() {
        socket.abort();
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder parts = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            parts.append(data);
            if (last) {
                received.add(parts.toString());
                parts.setLength(0);
            }
            from.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onPong(WebSocket from, ByteBuffer message) {
            ponged.complete(null);
            from.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket from, int statusCode, String reason) {
            closed.complete(statusCode);
            return null;
        }

        @Override
        public void onError(WebSocket from, Throwable error) {
            closed.complete(-1);
        }
    }
}
