package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Each fault by itself, between two plain sockets. */
class FaultProxyTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** Long enough for bytes that may pass, also on a busy machine that is late with them: too short lets a fault pass, and no test fail. */
    private static final int NOTHING_MS = 200;

    private static final long SEED = 7;

    @RegisterExtension
    final Opened opened = new Opened();

    private ServerSocket server;
    private FaultProxy proxy;
    private Socket host;
    private Socket relay;

    @BeforeEach
    void open() throws IOException {
        server = opened.keep(new ServerSocket(0, 8, InetAddress.getLoopbackAddress()));
        proxy = opened.keep(new FaultProxy(server.getLocalPort(), SEED));
        host = connect();
        relay = accept();
    }

    private Socket connect() throws IOException {
        Socket socket = opened.keep(new Socket(InetAddress.getLoopbackAddress(), proxy.port()));
        socket.setSoTimeout((int) LIMIT.toMillis());
        return socket;
    }

    private Socket accept() throws IOException {
        server.setSoTimeout((int) LIMIT.toMillis());
        Socket socket = opened.keep(server.accept());
        socket.setSoTimeout((int) LIMIT.toMillis());
        return socket;
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(US_ASCII));
    }

    private static String read(Socket socket, int length) throws IOException {
        return new String(socket.getInputStream().readNBytes(length), US_ASCII);
    }

    private static void assertNothingComes(Socket socket) throws IOException {
        socket.setSoTimeout(NOTHING_MS);
        assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        socket.setSoTimeout((int) LIMIT.toMillis());
    }

    private static Duration since(long beganNs) {
        return Duration.ofNanos(System.nanoTime() - beganNs);
    }

    @Test
    void shouldPassBytesAndEndsBothWaysWhenThereIsNoFault() throws IOException {
        write(host, "question");
        assertThat(read(relay, 8)).isEqualTo("question");
        write(relay, "answer");
        assertThat(read(host, 6)).isEqualTo("answer");
        host.shutdownOutput();
        assertThat(relay.getInputStream().read()).isEqualTo(-1);
        write(relay, "last");
        relay.close();
        assertThat(read(host, 100)).isEqualTo("last");
        await().atMost(LIMIT).until(() -> proxy.connections() == 0);
    }

    @Test
    void shouldPassNothingAndEndNothingWhenItIsCutAndAllOfItOnceItIsHealed() throws IOException {
        proxy.cut();
        write(host, "one");
        write(relay, "two");
        host.shutdownOutput();
        assertNothingComes(relay);
        assertNothingComes(host);
        Socket later = connect();
        write(later, "three");
        assertNothingComes(accept());
        assertThat(proxy.connections()).isEqualTo(2);
        proxy.heal();
        assertThat(read(relay, 100)).isEqualTo("one");
        assertThat(read(host, 3)).isEqualTo("two");
    }

    @Test
    void shouldPassTheOtherWayWhenOneIsCut() throws IOException {
        proxy.cut(FaultProxy.Way.TO_HOSTS);
        write(host, "question");
        assertThat(read(relay, 8)).isEqualTo("question");
        write(relay, "answer");
        assertNothingComes(host);
        proxy.heal();
        assertThat(read(host, 6)).isEqualTo("answer");
    }

    @Test
    void shouldHoldTheSenderBackWhenItIsCut() throws IOException {
        proxy.cut();
        try (SocketChannel sender =
                SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), proxy.port()))) {
            sender.configureBlocking(false);
            ByteBuffer bytes = ByteBuffer.allocate(1 << 20);
            // What the kernel keeps in its buffers, 6 MiB and 4 MiB at most by default, and no more.
            long sent = 0;
            for (int count = sender.write(bytes); count > 0 && sent < 64 << 20; count = sender.write(bytes.clear())) {
                sent += count;
            }
            assertThat(sent).isBetween(1L, 32L << 20);
        }
    }

    @Test
    void shouldDelayEachByteAndKeepTheOrderWhenThereIsLatencyAndJitter() throws IOException {
        proxy.delay(Duration.ofMillis(50), Duration.ofMillis(30));
        StringBuilder sent = new StringBuilder();
        long beganNs = System.nanoTime();
        for (int i = 100; i < 150; i++) {
            write(host, Integer.toString(i));
            sent.append(i);
        }
        assertThat(read(relay, sent.length())).isEqualTo(sent.toString());
        write(relay, "answer");
        assertThat(read(host, 6)).isEqualTo("answer");
        assertThat(since(beganNs)).isGreaterThan(Duration.ofMillis(100));
    }

    @Test
    void shouldPassSoManyBytesAnIntervalWhenItDrips() throws IOException {
        proxy.drip(10, Duration.ofMillis(20));
        String text = "0123456789".repeat(20);
        long beganNs = System.nanoTime();
        write(host, text);
        assertThat(read(relay, text.length())).isEqualTo(text);
        assertThat(since(beganNs)).isGreaterThan(Duration.ofMillis(19 * 20));
        write(host, text);
        proxy.heal();
        assertThat(read(relay, text.length())).isEqualTo(text);
    }

    @Test
    void shouldEndConnectionsOnBothSidesAndTakeNewOnesWhenItResets() throws IOException {
        proxy.reset();
        assertThat(proxy.connections()).isZero();
        for (Socket socket : new Socket[] {host, relay}) {
            assertThatThrownBy(() -> socket.getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
        }
        write(connect(), "again");
        assertThat(read(accept(), 5)).isEqualTo("again");
    }

    @Test
    void shouldRefuseNewConnectionsAndKeepTheOldWhenToldTo() throws IOException {
        proxy.refuse();
        assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
        write(host, "still");
        assertThat(read(relay, 5)).isEqualTo("still");
        proxy.heal();
        write(connect(), "again");
        assertThat(read(accept(), 5)).isEqualTo("again");
    }

    @Test
    void shouldEndTheHostsConnectionWhenTheRelayIsGone() throws IOException {
        relay.setSoLinger(true, 0);
        relay.close();
        assertThatThrownBy(() -> host.getInputStream().read()).isInstanceOf(SocketException.class);
        server.close();
        Socket late = connect();
        assertThatThrownBy(() -> late.getInputStream().read()).isInstanceOf(SocketException.class);
    }

    @Test
    void shouldLeaveNothingBehindWhenItIsClosed() throws IOException {
        proxy.cut();
        proxy.close();
        assertThatThrownBy(() -> host.getInputStream().read()).isInstanceOf(SocketException.class);
        assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
        proxy.close();
    }
}
