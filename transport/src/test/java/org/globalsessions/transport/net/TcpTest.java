package org.globalsessions.transport.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SubscribeFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.junit.jupiter.api.Test;

class TcpTest extends SocketFixture {
    private static final LinkSettings QUICK = new LinkSettings(
            Duration.ofMillis(100),
            Duration.ofMillis(400),
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            64 << 10,
            256 << 10);

    @Test
    void shouldEchoFramesInOrderWhenManyAreSentAtOnce() throws IOException {
        RecordingHandler server = new RecordingHandler(welcomeThen(Connection::send));
        RecordingHandler client = new RecordingHandler();
        Connector connector = connect(listen(server).port(), client);
        awaitWelcome(client);

        int frames = 2_000;
        for (int i = 1; i <= frames; i++) {
            assertThat(connector.connection().send(new NeedSessionFrame(i, new byte[1 + i % 100])))
                    .isTrue();
        }

        await().until(() -> client.frames.size() == frames + 1);
        for (int i = 1; i <= frames; i++) {
            NeedSessionFrame echoed = (NeedSessionFrame) client.frames.get(i);
            assertThat(echoed.correlationId()).isEqualTo(i);
            assertThat(echoed.key()).hasSize(1 + i % 100);
        }
        assertNoFailures(server, client);
    }

    @Test
    void shouldConnectAgainAndSayHelloWhenServerRestarts() throws IOException {
        RecordingHandler server = new RecordingHandler(welcomeThen((connection, frame) -> {}));
        RecordingHandler client = new RecordingHandler();
        Listener first = listen(server);
        int port = first.port();
        Connector connector = connect(port, client);
        awaitWelcome(client);

        first.close();
        server.opened.forEach(Connection::close);
        await().until(() -> client.closed.size() == 1);
        await().until(() -> !client.connectFailures.isEmpty());
        assertThat(connector.connection()).isNull();
        toClose(Listener.bind(loops, LOOPBACK, port, server));

        await().until(() -> client.frames.size() == 2);
        assertThat(client.frames).allMatch(frame -> frame instanceof WelcomeFrame);
        assertThat(server.frames).hasSize(2).allMatch(frame -> frame instanceof HelloFrame);
        assertNoFailures(server, client);
    }

    @Test
    void shouldGiveUpWhenPolicyAllowsNoMoreAttempts() throws IOException {
        int port = freePort();
        RecordingHandler client = new RecordingHandler();
        toClose(Connector.start(
                loops,
                LOOPBACK,
                port,
                SocketFixture::hello,
                new ReconnectPolicy(Duration.ofMillis(1), Duration.ofMillis(1), 3),
                client));

        await().until(() -> client.gaveUp.contains(true));
        assertThat(client.gaveUp).containsExactly(false, false, true);
        assertThat(client.connectFailures).allMatch(reason -> reason.contains(LOOPBACK + ":" + port));
    }

    @Test
    void shouldSayWhyWhenHostNameIsUnknown() {
        RecordingHandler client = new RecordingHandler();
        toClose(Connector.start(loops, "no-such-host.invalid", 1, SocketFixture::hello, QUICK_RECONNECT, client));

        await().until(() -> !client.connectFailures.isEmpty());
        assertThat(client.connectFailures.get(0)).contains("no-such-host.invalid:1", "not known");
    }

    @Test
    void shouldGrowPausesWhenPeerAcceptsButNeverWelcomes() throws IOException {
        RecordingHandler server = new RecordingHandler((connection, frame) -> {
            connection.send(new ErrorFrame(frame.correlationId(), ErrorCode.REFUSED, "path not served here"));
            connection.close();
        });
        RecordingHandler client = new RecordingHandler();
        connect(listen(server).port(), client);

        await().until(() -> client.connectFailures.size() >= 3);
        assertThat(client.connectFailures).allMatch(reason -> reason.contains("path not served here"));
    }

    @Test
    void shouldGrowPausesBeyondTheLongestWhenThePeerRefuses() throws IOException {
        RecordingHandler server = new RecordingHandler((connection, frame) -> {
            connection.send(new ErrorFrame(frame.correlationId(), ErrorCode.REFUSED, "not this one"));
            connection.close();
        });
        RecordingHandler client = new RecordingHandler();
        long beganNs = System.nanoTime();
        toClose(Connector.start(
                loops,
                PeerAddress.tcp(LOOPBACK, listen(server).port()),
                SocketFixture::hello,
                new ReconnectPolicy(Duration.ofMillis(4), Duration.ofMillis(4), Duration.ofMinutes(1), 0),
                LinkSettings.DEFAULTS,
                PipelineSecurity.plain(),
                client));

        await().until(() -> client.connectFailures.size() >= 10);
        // Half of 4, 8, ... 1024 ms.
        assertThat(System.nanoTime() - beganNs)
                .isGreaterThan(Duration.ofMillis(1_022).toNanos());
    }

    @Test
    void shouldGrowPausesAsEverWhenThePeerIsOnlyBusy() {
        ReconnectPolicy policy =
                new ReconnectPolicy(Duration.ofMillis(200), Duration.ofSeconds(5), Duration.ofMinutes(1), 0);
        Random random = new Random(7);
        assertThat(policy.pause(1, true, random)).isBetween(Duration.ofMillis(100), Duration.ofMillis(200));
        assertThat(policy.pause(50, false, random)).isBetween(Duration.ofMillis(2_500), Duration.ofSeconds(5));
        assertThat(policy.pause(50, true, random)).isBetween(Duration.ofSeconds(30), Duration.ofMinutes(1));
        assertThatThrownBy(() -> new ReconnectPolicy(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ZERO, 0))
                .hasMessage("refusedWait below longestWait: refusedWait=PT0S, longestWait=PT2S");
    }

    @Test
    void shouldHearOfThePeerOnlyWhenItIsAliveWhenProbed() throws Exception {
        RecordingHandler server = new RecordingHandler(welcomeThen((connection, frame) -> {}));
        int port = listen(server).port();
        Connector alive = connect(port, new RecordingHandler());
        await().until(() -> server.opened.size() == 1);
        assertThat(probe(server.opened.get(0), Duration.ofSeconds(20))).isTrue();
        alive.close();
        await().until(() -> server.closed.size() == 1);
        assertThat(probe(server.opened.get(0), Duration.ofSeconds(20))).isFalse();

        try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), port)) {
            silent.getOutputStream().write(bytesOf(hello()));
            await().until(() -> server.frames.size() == 2);
            long beganNs = System.nanoTime();
            assertThat(probe(server.opened.get(1), Duration.ofMillis(100))).isFalse();
            assertThat(System.nanoTime() - beganNs).isGreaterThanOrEqualTo(100_000_000);
            CompletableFuture<Boolean> open = begin(server.opened.get(1), Duration.ofSeconds(20));
            silent.shutdownOutput();
            assertThat(open.get(10, TimeUnit.SECONDS)).isFalse();
        }
    }

    private static boolean probe(Connection connection, Duration limit) throws Exception {
        return begin(connection, limit).get(30, TimeUnit.SECONDS);
    }

    private static CompletableFuture<Boolean> begin(Connection connection, Duration limit) {
        CompletableFuture<Boolean> heard = new CompletableFuture<>();
        connection.execute(() -> connection.probe(limit, heard::complete));
        return heard;
    }

    @Test
    void shouldTellAddressAndPortWhenPortIsInUse() throws IOException {
        int port = listen(new RecordingHandler()).port();

        assertThatThrownBy(() -> Listener.bind(loops, LOOPBACK, port, new RecordingHandler()))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("cannot listen on 127.0.0.1:" + port + ": address already in use;");
    }

    @Test
    void shouldTellWhenAddressIsNotOurs() {
        assertThatThrownBy(() -> Listener.bind(loops, "192.0.2.1", 0, new RecordingHandler()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("192.0.2.1:0: not an address of this machine");
        assertThatThrownBy(() -> Listener.bind(loops, "no-such-host.invalid", 0, new RecordingHandler()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("host name is not known");
        assertThatThrownBy(() -> Listener.bind(loops, LOOPBACK, 65_536, new RecordingHandler()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("port=65536, allowed=0..65535");
    }

    @Test
    void shouldAnswerWithErrorFrameAndCloseWhenHttpArrives() throws Exception {
        RecordingHandler server = new RecordingHandler();
        int port = listen(server).port();

        ErrorFrame error = (ErrorFrame) sendAndReadOne(
                port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100).getBytes(StandardCharsets.US_ASCII));

        assertThat(error.code()).isEqualTo(ErrorCode.MALFORMED);
        assertThat(error.text()).contains("HTTP");
        await().until(() -> server.closed.size() == 1);
        assertThat(server.badFrames).hasSize(1);
        assertThat(server.frames).isEmpty();
        assertThat(server.failures).isEmpty();
    }

    @Test
    void shouldRefuseOnceAndStayUnharmedWhenRandomBytesArrive() throws Exception {
        RecordingHandler server = new RecordingHandler(welcomeThen(Connection::send));
        int port = listen(server).port();
        long seed = 42;
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        int strangers = 50;
        for (int i = 0; i < strangers; i++) {
            byte[] bytes = new byte[5 + random.nextInt(5_000)];
            random.nextBytes(bytes);
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.getOutputStream().write(bytes);
                socket.setSoTimeout(10_000);
                drain(socket.getInputStream());
            }
        }
        await().until(() -> server.closed.size() == strangers);
        assertThat(server.badFrames).hasSize(strangers);

        RecordingHandler client = new RecordingHandler();
        connect(port, client);
        awaitWelcome(client);
        assertNoFailures(server, client);
    }

    @Test
    void shouldRefuseWhenFirstFrameIsNoHello() throws Exception {
        RecordingHandler server = new RecordingHandler();
        int port = listen(server).port();

        ErrorFrame error = (ErrorFrame) sendAndReadOne(port, bytesOf(new SubscribeFrame(1, 1, 0, 0)));

        assertThat(error.code()).isEqualTo(ErrorCode.UNEXPECTED);
        assertThat(server.frames).isEmpty();
    }

    @Test
    void shouldCloseWhenNoHelloComesInTime() throws Exception {
        RecordingHandler server = new RecordingHandler();
        Listener listener = Listener.bind(
                loops,
                LOOPBACK,
                0,
                new LinkSettings(
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(15),
                        Duration.ofMillis(50),
                        Duration.ofSeconds(1),
                        1024,
                        2048),
                PipelineSecurity.plain(),
                server);
        toClose(listener);

        ErrorFrame error = (ErrorFrame) sendAndReadOne(listener.port(), new byte[0]);

        assertThat(error.text()).contains("no first frame within 50 ms");
        await().until(() -> server.closed.size() == 1);
    }

    @Test
    void shouldCloseAndTryAgainWhenServerGoesSilent() throws Exception {
        byte[] welcome = bytesOf(new WelcomeFrame(1, 1, 0, 0, 0, FrameCodec.MAX_FRAME, Right.ALL, 0));
        try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            RecordingHandler client = new RecordingHandler();
            connect(PeerAddress.tcp(LOOPBACK, silent.getLocalPort()), QUICK, PipelineSecurity.plain(), client);
            try (Socket first = silent.accept()) {
                long begin = System.nanoTime();
                first.getOutputStream().write(welcome);
                awaitWelcome(client);
                await().until(() -> client.closed.size() == 1);
                assertThat(System.nanoTime() - begin)
                        .isGreaterThanOrEqualTo(QUICK.silenceLimit().toNanos());
                try (Socket second = silent.accept()) {
                    await().until(() -> client.opened.size() == 2);
                    assertThat(second.isConnected()).isTrue();
                }
            }
        }
    }

    @Test
    void shouldStayOpenByPingsWhenNobodyHasAnythingToSay() throws Exception {
        RecordingHandler server = new RecordingHandler(welcomeThen((connection, frame) -> {}));
        RecordingHandler client = new RecordingHandler();
        Listener listener = listen(LOOPBACK, QUICK, PipelineSecurity.plain(), server);
        Connector connector =
                connect(PeerAddress.tcp(LOOPBACK, listener.port()), QUICK, PipelineSecurity.plain(), client);
        awaitWelcome(client);
        // Paused reads are no silence of the peer's either.
        connector.connection().pauseReads();

        await().during(Duration.ofMillis(1_200))
                .atMost(Duration.ofSeconds(20))
                .until(() -> client.closed.isEmpty() && server.closed.isEmpty());
    }

    @Test
    void shouldRefuseToQueueBeyondBudgetWhenPeerStopsReading() throws Exception {
        byte[] welcome = bytesOf(new WelcomeFrame(1, 1, 0, 0, 0, FrameCodec.MAX_FRAME, Right.ALL, 0));
        LinkSettings patient = new LinkSettings(
                Duration.ofSeconds(5),
                Duration.ofSeconds(60),
                Duration.ofSeconds(5),
                Duration.ofSeconds(2),
                64 << 10,
                256 << 10);
        try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            RecordingHandler client = new RecordingHandler();
            Connector connector = connect(
                    PeerAddress.tcp(LOOPBACK, silent.getLocalPort()), patient, PipelineSecurity.plain(), client);
            try (Socket socket = silent.accept()) {
                socket.getOutputStream().write(welcome);
                awaitWelcome(client);
                Connection connection = connector.connection();
                Frame large = new NeedSessionFrame(7, new byte[32 << 10]);
                AtomicInteger sent = new AtomicInteger();
                // The operating system goes on taking bytes for a moment: full is what stays full.
                await().during(Duration.ofMillis(200)).until(() -> {
                    boolean full = !connection.send(large);
                    if (!full) {
                        sent.incrementAndGet();
                        while (connection.send(large)) {
                            sent.incrementAndGet();
                        }
                    }
                    return full;
                });
                assertThat(connection.isWritable()).isFalse();
                assertThat(connection.pendingBytes()).isLessThanOrEqualTo(256 << 10);
                assertThat(connection.isOpen()).isTrue();

                long expected = sent.get() * (32L * 1024 + 18);
                InputStream in = socket.getInputStream();
                socket.setSoTimeout(10_000);
                byte[] buffer = new byte[1 << 16];
                long read = 0;
                while (read < expected) {
                    read += in.read(buffer);
                }
                await().until(() -> !client.writable.isEmpty() && connection.isWritable());
                assertThat(connection.send(large)).isTrue();
            }
        }
    }

    @Test
    void shouldDeliverNothingWhilePausedAndAllInOrderWhenResumed() throws IOException {
        List<Connection> paused = new ArrayList<>();
        RecordingHandler server = new RecordingHandler(welcomeThen((connection, frame) -> {
            if (frame.correlationId() == 10) {
                connection.pauseReads();
                paused.add(connection);
            }
        }));
        RecordingHandler client = new RecordingHandler();
        Connector connector = connect(listen(server).port(), client);
        awaitWelcome(client);
        for (int i = 1; i <= 100; i++) {
            connector.connection().send(new NeedSessionFrame(i, new byte[10]));
        }
        await().until(() -> server.frames.size() == 11);
        await().during(Duration.ofMillis(100)).until(() -> server.frames.size() == 11);

        paused.get(0).resumeReads();

        await().until(() -> server.frames.size() == 101);
        for (int i = 1; i <= 100; i++) {
            assertThat(server.frames.get(i).correlationId()).isEqualTo(i);
        }
    }

    @Test
    void shouldCloseAndShowFailureWhenHandlerThrows() throws IOException {
        RecordingHandler server = new RecordingHandler((connection, frame) -> {
            throw new IllegalStateException("planted");
        });
        RecordingHandler client = new RecordingHandler();
        connect(listen(server).port(), client);

        await().until(() -> !server.closed.isEmpty());
        assertThat(server.failures.get(0)).hasMessage("planted");
    }

    @Test
    void shouldDeliverWhatWasSentBeforeWhenClosing() throws IOException {
        RecordingHandler server = new RecordingHandler(welcomeThen((connection, frame) -> {}));
        RecordingHandler client = new RecordingHandler();
        Connector connector = connect(listen(server).port(), client);
        awaitWelcome(client);
        Connection connection = connector.connection();
        for (int i = 1; i <= 500; i++) {
            connection.send(new NeedSessionFrame(i, new byte[500]));
        }
        connector.close();

        await().until(() -> server.closed.size() == 1);
        assertThat(server.frames).hasSize(501);
        assertThat(connection.send(new NeedSessionFrame(1, new byte[1]))).isFalse();
        assertThat(client.opened).hasSize(1);
    }

    @Test
    void shouldSplitAtAnyByteWhenFramesArriveInPieces() throws Exception {
        RecordingHandler server = new RecordingHandler();
        int port = listen(server).port();
        byte[] bytes = bytesOf(hello());
        for (int split = 1; split < bytes.length; split += 7) {
            int before = server.frames.size();
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setTcpNoDelay(true);
                socket.getOutputStream().write(bytes, 0, split);
                socket.getOutputStream().flush();
                socket.getOutputStream().write(bytes, split, bytes.length - split);
                await().pollInterval(Duration.ofMillis(2)).until(() -> server.frames.size() == before + 1);
            }
        }
        assertThat(server.badFrames).isEmpty();
    }

    private Listener listen(RecordingHandler handler) throws IOException {
        return listen(LOOPBACK, LinkSettings.DEFAULTS, PipelineSecurity.plain(), handler);
    }

    private Connector connect(int port, RecordingHandler handler) {
        return connect(PeerAddress.tcp(LOOPBACK, port), LinkSettings.DEFAULTS, PipelineSecurity.plain(), handler);
    }

    private static void awaitWelcome(RecordingHandler client) {
        await().until(() -> !client.frames.isEmpty());
        assertThat(client.frames.get(0)).isInstanceOf(WelcomeFrame.class);
    }

    private static void assertNoFailures(RecordingHandler... handlers) {
        for (RecordingHandler handler : handlers) {
            assertThat(handler.failures).isEmpty();
        }
    }

    private static byte[] bytesOf(Frame frame) {
        ByteBuffer buffer = ByteBuffer.allocate(FrameCodec.encodedLength(frame));
        FrameCodec.encode(frame, buffer);
        return buffer.array();
    }

    /** Sends bytes as a stranger would, and reads the one frame that comes back before the end of the stream. */
    private static Frame sendAndReadOne(int port, byte[] bytes) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(bytes);
            ByteBuffer answer = ByteBuffer.wrap(drain(socket.getInputStream()));
            Frame frame = FrameCodec.decode(answer);
            assertThat(answer.hasRemaining()).isFalse();
            return frame;
        }
    }

    private static byte[] drain(InputStream in) throws IOException {
        try {
            return in.readAllBytes();
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the connection was not closed", e);
        } catch (IOException e) {
            // A reset ends the connection as well: bytes of ours were under way when the other side closed.
            return new byte[0];
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
