package org.globalsessions.transport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.transport.gateway.GatewayFixture.PATIENCE;
import static org.globalsessions.transport.gateway.GatewayFixture.settings;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bad input of one client: it gets a clear error or a counted drop, and another client, which is there in each test, notices nothing. */
class GatewayAbuseTest {
    private static final String UPGRADE = String.join(
            "\r\n",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            "");

    @TempDir
    Path folder;

    private GatewayFixture fixture;
    private WebSocketClient other;

    @BeforeEach
    void open() throws IOException {
        fixture = new GatewayFixture(folder);
    }

    private void start(GatewaySettings settings) throws Exception {
        fixture.start(settings);
        other = fixture.login("other");
    }

    @AfterEach
    void close() throws Exception {
        try {
            other.send("ask 7 still {\"well\":true}");
            assertThat(other.next()).isEqualTo("answer 7 {\"well\":true}");
        } finally {
            fixture.close();
        }
    }

    private void awaitRefused(long count) {
        await().atMost(PATIENCE).until(() -> fixture.gateway.counter(GatewayCounter.REFUSED) >= count);
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.connect(new InetSocketAddress("localhost", fixture.gateway.port()));
        return socket;
    }

    private static void write(Socket socket, String text) throws IOException {
        OutputStream to = socket.getOutputStream();
        to.write(text.getBytes(StandardCharsets.ISO_8859_1));
        to.flush();
    }

    /** Up to the end of the connection. */
    private static String readAll(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    /** A WebSocket by hand, that has been welcomed. */
    private Socket upgraded() throws IOException {
        Socket socket = connect();
        write(socket, "GET /ws?userName=eve HTTP/1.1\r\nHost: localhost\r\n" + UPGRADE + "\r\n");
        InputStream from = socket.getInputStream();
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) from.read());
        }
        assertThat(head.toString()).startsWith("HTTP/1.1 101 ");
        return socket;
    }

    /** The status of the close frame that comes, past all that comes before. */
    private static int closeStatus(Socket socket) throws IOException {
        InputStream from = socket.getInputStream();
        while (true) {
            int first = from.read();
            if (first < 0) {
                return -1;
            }
            byte[] payload = from.readNBytes(from.read());
            if ((first & 0x0f) == 8) {
                return ByteBuffer.wrap(payload).getShort();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "frame that is not masked, 81 05 68 65 6c 6c 6f, 1002",
        "reserved bits, f1 80 00 00 00 00, 1002",
        "unknown opcode, 83 80 00 00 00 00, 1002",
        "ping in parts, 09 80 00 00 00 00, 1002",
        "ping that is too long, 89 fe 00 7e 00 00 00 00, 1002",
        "continuation of nothing, 80 80 00 00 00 00, 1002",
        "text that is not UTF-8, 81 82 00 00 00 00 c3 28, 1007",
        "binary message, 82 80 00 00 00 00, 1003",
        "length beyond the limit, 81 ff 00 00 00 00 7f ff ff ff 00 00 00 00, 1009",
        "length of 2^64 - 1, 81 ff ff ff ff ff ff ff ff ff 00 00 00 00, 1002"
    })
    void shouldCloseWithTheStatusOfTheStandardWhenFramesAreWrong(String what, String hex, int status) throws Exception {
        start(settings());
        try (Socket socket = upgraded()) {
            socket.getOutputStream().write(HexFormat.ofDelimiter(" ").parseHex(hex));

            int closed = closeStatus(socket);

            assertThat(closed).as(what).isEqualTo(status);
            awaitRefused(1);
        }
    }

    @Test
    void shouldCloseWhenPartsOfAMessageAreTogetherBeyondTheLimit() throws Exception {
        start(settings().maxMessageSize(1_024));
        WebSocketClient eve = fixture.login("eve");
        String part = "x".repeat(600);

        eve.socket().sendText(part, false).join();
        eve.socket().sendText(part, true).join();

        assertThat(eve.awaitClose()).isEqualTo(1009);
        awaitRefused(1);
    }

    @Test
    void shouldAnswerWithAnErrorWhenAMessageIsNone() throws Exception {
        start(settings());
        WebSocketClient eve = fixture.login("eve");

        eve.send("frobnicate");
        eve.send("ask");
        eve.send("ask x method {}");
        eve.send("ask 1 no_such<method {}");
        eve.send("ask -1 method {}");
        eve.send("");

        for (int i = 0; i < 6; i++) {
            assertThat(eve.next()).isEqualTo("error 0 -4 no such message");
        }
        assertThat(fixture.gateway.counter(GatewayCounter.REFUSED)).isEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ping", "ask 1 method {}", "hello nobody", "hello \u0001cAAAAAAAAAAAAAAAAAAAAAA", "hello  "})
    void shouldDenyAForgedOrMissingIdentity(String first) throws Exception {
        start(settings());
        WebSocketClient eve = WebSocketClient.connect(fixture.gateway.port(), "/ws");

        eve.send(first);

        assertThat(eve.next()).startsWith("denied ");
        assertThat(eve.awaitClose()).isEqualTo(1008);
    }

    @ParameterizedTest
    @CsvSource({"http://evil.example", "null", "http://localhost", "https://localhost:1"})
    void shouldRefuseAWebSocketAndAPollOfAnotherSitesPage(String origin) throws Exception {
        start(settings());
        try (Socket socket = connect()) {
            write(
                    socket,
                    "GET /ws HTTP/1.1\r\nHost: localhost:" + fixture.gateway.port() + "\r\nOrigin: " + origin + "\r\n"
                            + UPGRADE + "\r\n");
            assertThat(readAll(socket)).startsWith("HTTP/1.1 403 ").doesNotContain("access-control");
        }
        try (Socket socket = connect()) {
            write(
                    socket,
                    "POST /poll?userName=ann HTTP/1.1\r\nHost: localhost:" + fixture.gateway.port() + "\r\nOrigin: "
                            + origin + "\r\nContent-Length: 5\r\n\r\nhello");
            assertThat(readAll(socket)).startsWith("HTTP/1.1 403 ").doesNotContain("access-control");
        }
        assertThat(fixture.calls).hasSize(1);
    }

    @Test
    void shouldLetPagesOfTheOwnAndOfAConfiguredSiteIn() throws Exception {
        start(settings().origins(Set.of("https://shop.example")));
        for (String origin : new String[] {"https://shop.example", "http://localhost:" + fixture.gateway.port()}) {
            try (Socket socket = connect()) {
                write(
                        socket,
                        "GET /ws HTTP/1.1\r\nHost: localhost:" + fixture.gateway.port() + "\r\nOrigin: " + origin
                                + "\r\n" + UPGRADE + "\r\n");
                byte[] head = socket.getInputStream().readNBytes(12);
                assertThat(new String(head, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 101");
            }
        }
        HttpResponse<String> preflight = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + fixture.gateway.port() + "/poll"))
                                .header("Origin", "https://shop.example")
                                .header("Access-Control-Request-Headers", "x-client")
                                .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(preflight.statusCode()).isEqualTo(204);
        assertThat(preflight.headers().firstValue("access-control-allow-origin"))
                .contains("https://shop.example");
    }

    @ParameterizedTest
    @CsvSource({
        "GET / HTTP/1.1, 404",
        "GET /ws HTTP/1.1, 426",
        "POST /ws HTTP/1.1, 405",
        "DELETE /poll HTTP/1.1, 405",
        "GET /poll HTTP/1.1, 403",
        "GET /../etc/passwd HTTP/1.1, 404",
        "GET /ws?a=%zz HTTP/1.1, 426"
    })
    void shouldRefuseWhatIsNotServed(String line, int status) throws Exception {
        start(settings());
        try (Socket socket = connect()) {
            write(socket, line + "\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
            assertThat(readAll(socket)).startsWith("HTTP/1.1 " + status + " ");
        }
        awaitRefused(1);
    }

    @Test
    void shouldEndTheConnectionOfWhatIsNoHttp() throws Exception {
        start(settings());
        for (String bytes :
                new String[] {"\u0016\u0003\u0001\u0000\u0005hello\r\n\r\n", "\u0000\u0000\u0000\u0000\r\n\r\n"}) {
            try (Socket socket = connect()) {
                write(socket, bytes);
                assertThat(readAll(socket)).doesNotStartWith("HTTP/1.1 2");
            }
        }
        awaitRefused(2);
    }

    @Test
    void shouldRefuseHeadersThatAreTooLargeAndBodiesThatAreTooLarge() throws Exception {
        start(settings().maxMessageSize(1_024));
        try (Socket socket = connect()) {
            write(socket, "GET /ws HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(20_000) + "\r\n\r\n");
            assertThat(readAll(socket)).startsWith("HTTP/1.1 431 ");
        }
        try (Socket socket = connect()) {
            write(socket, "POST /poll HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999\r\n\r\n");
            assertThat(readAll(socket)).startsWith("HTTP/1.1 413 ");
        }
        awaitRefused(2);
    }

    @Test
    void shouldNotLetAHeaderOrCookieAddAnother() throws Exception {
        start(settings());
        try (Socket socket = connect()) {
            write(
                    socket,
                    "GET /ws?userName=eve%0d%0aX-Device:%20forged HTTP/1.1\r\nHost: localhost\r\n"
                            + "Cookie: Sid=a\u0001b; Sid=\"x\r\n" + UPGRADE + "\r\n");
            byte[] head = socket.getInputStream().readNBytes(12);
            assertThat(new String(head, StandardCharsets.US_ASCII)).startsWith("HTTP/1.1 ");
        }
        WebSocketClient eve =
                WebSocketClient.connect(fixture.gateway.port(), "/ws?userName=eve%0d%0aX-Device:%20forged");
        eve.send("hello");
        eve.next();
        fixture.nextAccepted();

        assertThat(fixture.nextAccepted().tokens()).containsOnlyKeys("userName");
    }

    @Test
    void shouldEndAConnectionThatDripsItsRequest() throws Exception {
        start(settings().acceptTimeout(Duration.ofMillis(400)));
        try (Socket socket = connect()) {
            CompletableFuture<String> read = CompletableFuture.supplyAsync(() -> {
                try {
                    return readAll(socket);
                } catch (IOException e) {
                    return "";
                }
            });
            for (int i = 0; i < 1_000 && !read.isDone(); i++) {
                try {
                    write(socket, i == 0 ? "GET /ws HTTP/1.1\r\n" : "X: y\r\n");
                } catch (IOException e) {
                    break;
                }
                await().pollDelay(Duration.ofMillis(20)).until(() -> true);
            }
            assertThat(read).succeedsWithin(PATIENCE).isEqualTo("");
        }
    }

    @Test
    void shouldReadAFloodLaterAndAnswerAllOfIt() throws Exception {
        start(settings().maxMessageRate(50));
        WebSocketClient eve = fixture.login("eve");

        for (int i = 0; i < 120; i++) {
            eve.send("ping");
        }

        for (int i = 0; i < 120; i++) {
            assertThat(eve.next()).isEqualTo("pong");
        }
        assertThat(fixture.gateway.counter(GatewayCounter.SLOWED)).isPositive();
    }

    @Test
    void shouldRefuseRequestsBeyondTheLimitAndAnswerTheOthers() throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        fixture.start(settings().maxRequests(4), fixture.new Logins(), request -> {
            if (request.user().name().equals("eve")) {
                hold(held);
            }
            return CompletableFuture.completedFuture(request.params());
        });
        other = fixture.login("other");
        WebSocketClient eve = fixture.login("eve");

        for (int i = 1; i <= 10; i++) {
            eve.send("ask " + i + " slow {}");
        }

        // One runs, four wait.
        assertThat(eve.next()).endsWith(" -2 too many requests under way");
        await().atMost(PATIENCE).until(() -> fixture.gateway.counter(GatewayCounter.REQUESTS_REFUSED) >= 5);
        other.send("ask 1 quick {}");
        assertThat(other.next()).isEqualTo("answer 1 {}");
        held.countDown();
        await().atMost(PATIENCE)
                .until(() -> eve.received().stream()
                                .filter(message -> message.startsWith("answer"))
                                .count()
                        >= 4);
    }

    private static void hold(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void shouldDropForOneThatDoesNotReadAndServeTheOthers() throws Exception {
        start(settings().maxPendingSize(64 * 1024));
        Socket eve = upgraded();
        byte[] hello = {(byte) 0x81, (byte) 0x85, 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o'};
        eve.getOutputStream().write(hello);
        fixture.nextAccepted();
        String identifier = fixture.nextAccepted().control().identifier();
        fixture.directory.bind(identifier, "user.7", new byte[0]);
        fixture.directory.bind(other.identifier, "user.8", new byte[0]);
        String text = "x".repeat(10_000);

        // More than the sockets' own buffers on both sides.
        await().atMost(PATIENCE).until(() -> {
            for (int i = 0; i < 100; i++) {
                fixture.directory.notify("user.7", "news", text);
            }
            return fixture.gateway.counter(GatewayCounter.DROPPED) > 0;
        });

        fixture.directory.notify("user.8", "news", "quick");
        assertThat(other.next()).isEqualTo("push news quick");
        eve.close();
    }

    @Test
    void shouldSendClientsAwayBeyondTheLimit() throws Exception {
        start(settings().maxClients(2));
        fixture.login("ann");
        WebSocketClient third = WebSocketClient.connect(fixture.gateway.port(), "/ws?userName=eve");
        third.send("hello");

        assertThat(third.next()).isEqualTo("denied too many clients, try again later");
    }

    @Test
    void shouldSendClientsAwayBeyondTheLimitOfTheirUserUntilOneHasGone() throws Exception {
        start(settings().maxClientsPerUser(2));
        WebSocketClient first = fixture.login("ann");
        fixture.login("ann");
        fixture.login("bob");
        WebSocketClient third = WebSocketClient.connect(fixture.gateway.port(), "/ws?userName=ann");
        third.send("hello");
        assertThat(third.next()).isEqualTo("denied too many clients of this user");
        assertThat(fixture.directory.clientsOf("ann")).hasSize(2);

        first.send("bye");
        await().atMost(Duration.ofSeconds(10))
                .until(() -> fixture.directory.clientsOf("ann").size() == 1);
        fixture.login("ann");
    }

    @Test
    void shouldCloseConnectionsBeyondTwiceTheLimit() throws Exception {
        start(settings().maxClients(1));
        try (Socket second = connect()) {
            assertThat(second.isConnected()).isTrue();
            ThrowableAssert.ThrowingCallable third =
                    () -> WebSocketClient.connect(fixture.gateway.port(), "/ws").close();
            assertThatThrownBy(third)
                    .isInstanceOf(CompletionException.class)
                    .cause()
                    .isNotInstanceOf(WebSocketHandshakeException.class);
        }
        awaitRefused(1);
    }
}
