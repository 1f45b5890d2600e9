package org.globalsessions.transport.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A peer whose bytes come one by one, over a real socket. */
class DrippingPeerTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int PAUSE_MS = 20;
    private static final LinkSettings HELLO_SOON = new LinkSettings(
            Duration.ofSeconds(5),
            Duration.ofSeconds(15),
            Duration.ofMillis(300),
            Duration.ofSeconds(5),
            64 << 10,
            256 << 10);

    private final EventLoops loops = EventLoops.start("drip-test", 1);
    private final ScheduledExecutorService drips = Executors.newSingleThreadScheduledExecutor();
    private final RecordingHandler server = new RecordingHandler(SocketFixture.welcomeThen(Connection::send));
    private Listener listener;
    private Connector connector;

    @AfterEach
    void close() {
        drips.shutdownNow();
        if (connector != null) {
            connector.close();
        }
        listener.close();
        loops.close();
    }

    private Socket dripper() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), listener.port());
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) LIMIT.toMillis());
        return socket;
    }

    @Test
    void shouldCloseInTimeWhenTheHelloGoesOnAndNeverEnds() throws Exception {
        listener = Listener.bind(loops, "127.0.0.1", 0, HELLO_SOON, PipelineSecurity.plain(), server);
        // More bytes than there is time for.
        ByteBuffer hello = ByteBuffer.wrap(EmbeddedSide.encoded(SocketFixture.hello()));
        hello.limit(hello.limit() - 1);
        try (Socket socket = dripper()) {
            OutputStream out = socket.getOutputStream();
            ScheduledFuture<?> dripping = drips.scheduleWithFixedDelay(
                    () -> {
                        if (hello.hasRemaining()) {
                            write(out, hello.get());
                        }
                    },
                    0,
                    PAUSE_MS,
                    TimeUnit.MILLISECONDS);

            ErrorFrame error = (ErrorFrame) FrameCodec.decode(ByteBuffer.wrap(allOf(socket.getInputStream())));
            assertThat(error.code()).isEqualTo(ErrorCode.UNEXPECTED);
            assertThat(error.text()).isEqualTo("no first frame within 300 ms");
            dripping.cancel(true);
        }
        await().atMost(LIMIT).until(() -> server.closed.size() == 1);
        assertThat(server.frames).isEmpty();
        assertThat(server.failures).isEmpty();
    }

    @Test
    void shouldServeTheFrameAndNobodyLaterWhenItsBytesComeOneByOne() throws Exception {
        listener = Listener.bind(loops, "127.0.0.1", 0, server);
        RecordingHandler other = new RecordingHandler();
        connector = Connector.start(
                loops, "127.0.0.1", listener.port(), SocketFixture::hello, ReconnectPolicy.DEFAULT, other);
        await().atMost(LIMIT).until(() -> other.frames.size() == 1);
        NeedSessionFrame question = new NeedSessionFrame(9, new byte[40]);
        byte[] bytes = EmbeddedSide.encoded(question);
        try (Socket socket = dripper()) {
            drip(socket, EmbeddedSide.encoded(SocketFixture.hello()));
            assertThat(read(socket.getInputStream())).isInstanceOf(WelcomeFrame.class);
            for (int i = 0; i < bytes.length; i++) {
                // Between each byte and the next one another peer is served.
                assertThat(connector.connection().send(new NeedSessionFrame(100 + i, new byte[1])))
                        .isTrue();
                int answers = 2 + i;
                await().pollInterval(Duration.ofMillis(1)).atMost(LIMIT).until(() -> other.frames.size() == answers);
                assertThat(server.frames).noneMatch(frame -> frame.correlationId() == 9);
                socket.getOutputStream().write(bytes[i]);
            }

            assertThat(EmbeddedSide.encoded(read(socket.getInputStream()))).isEqualTo(bytes);
        }
        assertThat(server.badFrames).isEmpty();
        assertThat(server.failures).isEmpty();
    }

    private static void drip(Socket socket, byte[] bytes) throws IOException {
        for (byte each : bytes) {
            socket.getOutputStream().write(each);
        }
    }

    private static void write(OutputStream out, int value) {
        try {
            out.write(value);
        } catch (IOException e) {
            // Closed by the other side, which is what the test waits for.
            throw new IllegalStateException(e);
        }
    }

    /** What comes until the end, whether that is orderly or, as bytes of ours were under way, not. */
    private static byte[] allOf(InputStream in) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try {
            for (int next = in.read(); next >= 0; next = in.read()) {
                all.write(next);
            }
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the connection was not closed", e);
        } catch (IOException e) {
            return all.toByteArray();
        }
        return all.toByteArray();
    }

    private static Frame read(InputStream in) throws Exception {
        ByteBuffer header = ByteBuffer.wrap(in.readNBytes(Integer.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        int length = header.getInt(0);
        ByteBuffer frame = ByteBuffer.allocate(length).put(header.array()).put(in.readNBytes(length - Integer.BYTES));
        return FrameCodec.decode(frame.flip());
    }
}
