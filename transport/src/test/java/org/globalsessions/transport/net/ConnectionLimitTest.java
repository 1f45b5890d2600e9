package org.globalsessions.transport.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.tls.KeyFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** More peers than a node takes, over real sockets. */
class ConnectionLimitTest extends SocketFixture {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String TOO_MANY = "too many connections: limit=1; try again later";

    /** A handshake may take longer than any test here. */
    private static final LinkSettings PATIENT = new LinkSettings(
            Duration.ofSeconds(5),
            Duration.ofSeconds(60),
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            64 << 10,
            256 << 10);

    private final RecordingHandler server = new RecordingHandler(welcomeThen(Connection::send));
    private final ConnectionLimit limit = new ConnectionLimit(1);

    @TempDir
    private Path folder;

    private int listen(PipelineSecurity security) throws IOException {
        return toClose(Listener.bind(loops, "localhost", 0, PATIENT, security, limit, server))
                .port();
    }

    private Connector welcomed(PeerAddress peer, PipelineSecurity security) {
        RecordingHandler handler = new RecordingHandler();
        Connector connector = connect(peer, PATIENT, security, handler);
        await().atMost(LIMIT).until(() -> !handler.frames.isEmpty());
        return connector;
    }

    private Socket silent(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getByName("localhost"), port);
        socket.setSoTimeout((int) LIMIT.toMillis());
        toClose(socket);
        return socket;
    }

    @Test
    void shouldTellThePeerAndCloseWhenThereAreTooManyAndTakeItWhenThereIsRoom() throws Exception {
        PeerAddress peer = PeerAddress.tcp("localhost", listen(PipelineSecurity.plain()));
        Connector first = welcomed(peer, PipelineSecurity.plain());
        RecordingHandler second = new RecordingHandler();
        connect(peer, PATIENT, PipelineSecurity.plain(), second);

        await().atMost(LIMIT).until(() -> second.connectFailures.size() >= 2);
        assertThat(second.connectFailures).allMatch(reason -> reason.endsWith("refused, code=6: " + TOO_MANY));
        assertThat(server.tooMany).hasSizeGreaterThanOrEqualTo(2).allMatch(address -> address.contains(":"));
        assertThat(server.opened).hasSize(1);
        assertThat(server.closed).isEmpty();

        first.close();
        await().atMost(LIMIT).until(() -> server.opened.size() == 2);
        assertThat(server.failures).isEmpty();
    }

    @Test
    void shouldTellThePeerThoughItSaysNothing() throws Exception {
        int port = listen(PipelineSecurity.plain());
        welcomed(PeerAddress.tcp("localhost", port), PipelineSecurity.plain());

        ErrorFrame error = (ErrorFrame)
                FrameCodec.decode(ByteBuffer.wrap(silent(port).getInputStream().readAllBytes()));

        assertThat(error.correlationId()).isZero();
        assertThat(error.code()).isEqualTo(ErrorCode.BUSY);
        assertThat(error.text()).isEqualTo(TOO_MANY);
    }

    @Test
    void shouldCountTheConnectionsOfAllListenersTogether() throws Exception {
        welcomed(PeerAddress.tcp("localhost", listen(PipelineSecurity.plain())), PipelineSecurity.plain());
        Path socket = folder.resolve("run").resolve("s");
        toClose(Listener.bindUnix(loops, socket, PATIENT, limit, server));
        RecordingHandler second = new RecordingHandler();
        connect(PeerAddress.unix(socket), PATIENT, PipelineSecurity.plain(), second);

        await().atMost(LIMIT).until(() -> !second.connectFailures.isEmpty());
        assertThat(second.connectFailures.get(0)).endsWith(TOO_MANY);
    }

    @Test
    void shouldTellThePeerWithinTlsWhenThePortSpeaksIt() throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        PeerAddress peer = PeerAddress.tcp("localhost", listen(PipelineSecurity.of(keys.listener(""))));
        welcomed(peer, PipelineSecurity.of(keys.connector("")));
        RecordingHandler second = new RecordingHandler();
        connect(peer, PATIENT, PipelineSecurity.of(keys.connector("")), second);

        await().atMost(LIMIT).until(() -> !second.connectFailures.isEmpty());
        assertThat(second.connectFailures.get(0)).endsWith(TOO_MANY);
        assertThat(server.opened).hasSize(1);
        assertThat(server.refused).isEmpty();
    }

    @Test
    void shouldCloseWithoutAWordWhenThoseToBeToldDoNotListen() throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        int port = listen(PipelineSecurity.of(keys.listener("")));
        welcomed(PeerAddress.tcp("localhost", port), PipelineSecurity.of(keys.connector("")));
        List<Socket> waiting = new ArrayList<>();
        for (int i = 0; i < ConnectionLimit.TOLD_AT_A_TIME; i++) {
            waiting.add(silent(port));
        }

        // The handshakes of the others go on: this one is not even begun.
        assertThat(silent(port).getInputStream().read()).isEqualTo(-1);
        assertThat(server.tooMany).hasSize(ConnectionLimit.TOLD_AT_A_TIME + 1);

        for (Socket each : waiting) {
            each.close();
        }
        RecordingHandler later = new RecordingHandler();
        connect(PeerAddress.tcp("localhost", port), PATIENT, PipelineSecurity.of(keys.connector("")), later);
        await().atMost(LIMIT).until(() -> later.connectFailures.stream().anyMatch(reason -> reason.endsWith(TOO_MANY)));
    }

    @Test
    void shouldRefuseALimitThatLetsNobodyIn() {
        assertThatThrownBy(() -> new ConnectionLimit(0)).hasMessageContaining("most=0, limit=1");
    }

    @Test
    void shouldAcceptNothingForAWhileWhenAcceptingFails() {
        EmbeddedChannel listening = new EmbeddedChannel(new AcceptFailures(loops, server));
        IOException failure = new IOException("Too many open files");

        listening.pipeline().fireExceptionCaught(failure);
        listening.pipeline().fireExceptionCaught(failure);
        assertThat(server.acceptFailures).containsExactly(failure, failure);
        assertThat(listening.config().isAutoRead()).isFalse();

        listening.advanceTimeBy(AcceptFailures.PAUSE_MS - 1, TimeUnit.MILLISECONDS);
        listening.runScheduledPendingTasks();
        listening.advanceTimeBy(1, TimeUnit.MILLISECONDS);
        listening.runScheduledPendingTasks();
        assertThat(listening.config().isAutoRead()).isTrue();
        assertThat(listening.finish()).isFalse();
    }
}
