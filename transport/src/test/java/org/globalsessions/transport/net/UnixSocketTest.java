package org.globalsessions.transport.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.globalsessions.config.Schema;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.PeerIdentity;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UnixSocketTest extends SocketFixture {
    private final RecordingHandler server = new RecordingHandler(welcomeThen(Connection::send));
    private final RecordingHandler client = new RecordingHandler();

    /** Short whatever the build's own folder is: a socket's path has a limit. */
    private Path folder;

    private Path socket;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = Files.createTempDirectory("gs-unix");
        toClose(this::deleteFolder);
        socket = folder.resolve("relay.sock");
    }

    @Test
    void shouldCarryFramesInOrderAndRemoveTheSocketWhenClosed() throws Exception {
        Path made = folder.resolve("run").resolve("relay.sock");
        Listener listener = listen(made);
        Connector connector = connect(made);
        awaitWelcome();
        assertThat(mode(made)).isEqualTo("rw-------");
        assertThat(mode(made.getParent())).isEqualTo("rwx------");

        int frames = 2_000;
        for (int i = 1; i <= frames; i++) {
            assertThat(connector.connection().send(new NeedSessionFrame(i, new byte[1 + i % 100])))
                    .isTrue();
        }

        await().until(() -> client.frames.size() == frames + 1);
        for (int i = 1; i <= frames; i++) {
            assertThat(client.frames.get(i).correlationId()).isEqualTo(i);
        }
        assertThat(server.frames.get(0)).isInstanceOf(HelloFrame.class);
        assertThat(server.opened.get(0).remoteAddress()).isEqualTo("unix:" + made);
        assertThat(client.opened.get(0).remoteAddress()).isEqualTo("unix:" + made);
        String user = System.getProperty("user.name");
        assertThat(server.opened.get(0).peer()).isEqualTo(new PeerIdentity(null, user));
        assertThat(client.opened.get(0).peer()).isEqualTo(new PeerIdentity(null, user));
        listener.close();
        assertThat(made).doesNotExist();
        assertThat(server.failures).isEmpty();
        assertThat(client.failures).isEmpty();
    }

    @Test
    void shouldComeBackWhenTheListenerStartsAgain() throws Exception {
        Listener first = listen(socket);
        connect(socket);
        awaitWelcome();

        first.close();
        server.opened.forEach(Connection::close);
        await().until(() -> !client.connectFailures.isEmpty());
        listen(socket);

        await().until(() -> welcomes() == 2);
        assertThat(client.connectFailures.get(0)).startsWith("cannot connect to unix:" + socket + ": ");
    }

    @Test
    void shouldTakeAwayWhatAKilledProcessLeftBehind() throws Exception {
        ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        left.bind(UnixDomainSocketAddress.of(socket));
        left.close();
        assertThat(socket).exists();

        listen(socket);
        connect(socket);

        awaitWelcome();
    }

    @Test
    void shouldRefuseAndLeaveItAloneWhenAnotherListensThere() throws Exception {
        listen(socket);

        assertThatThrownBy(() -> listen(socket))
                .isInstanceOf(IOException.class)
                .hasMessage("cannot listen on unix:" + socket
                        + ": another process listens there; end it, or give another path");
        connect(socket);
        awaitWelcome();
    }

    @Test
    void shouldRefuseAndLeaveItAloneWhenThereIsAnotherFile() throws Exception {
        Files.writeString(socket, "somebody's");

        assertThatThrownBy(() -> listen(socket))
                .hasMessageStartingWith("cannot listen on unix:" + socket + ": there is something that is no socket");

        assertThat(socket).hasContent("somebody's");
    }

    @Test
    void shouldRefuseFolderThatOthersMayOpen() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));

        assertThatThrownBy(() -> listen(socket))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("mode=755, expected=700, folder=" + folder)
                .hasMessageContaining("chmod 700");
        assertThat(socket).doesNotExist();
    }

    @Test
    void shouldTakeThePathsThatTheConfigurationTakesAndNoLongerOne() throws Exception {
        int room = Schema.UNIX_SOCKET_PATH_BYTES - folder.toString().length() - 1;
        Path longest = folder.resolve("s".repeat(room));
        Path tooLong = folder.resolve("s".repeat(room + 1));

        listen(longest);
        connect(longest);
        awaitWelcome();

        assertThatThrownBy(() -> listen(tooLong))
                .hasMessageContaining("path too long: bytes=107, limit=106; give a shorter folder");
    }

    @Test
    void shouldLetOneWinWhenManyBindAtOnce() throws Exception {
        ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        left.bind(UnixDomainSocketAddress.of(socket));
        left.close();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        toClose(threads::shutdownNow);
        List<Future<Boolean>> attempts = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            attempts.add(threads.submit(() -> {
                try {
                    Listener.bindUnix(loops, socket, LinkSettings.DEFAULTS, server);
                    return true;
                } catch (IOException another) {
                    return false;
                }
            }));
        }
        int won = 0;
        for (Future<Boolean> attempt : attempts) {
            won += attempt.get() ? 1 : 0;
        }

        assertThat(won).isEqualTo(1);
        connect(socket);
        awaitWelcome();
    }

    private void deleteFolder() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private long welcomes() {
        return client.frames.stream()
                .filter(frame -> frame instanceof WelcomeFrame)
                .count();
    }

    private void awaitWelcome() {
        await().until(() -> welcomes() == 1);
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS));
    }

    private Listener listen(Path path) throws IOException {
        return toClose(Listener.bindUnix(loops, path, LinkSettings.DEFAULTS, server));
    }

    private Connector connect(Path path) {
        return connect(PeerAddress.unix(path), LinkSettings.DEFAULTS, PipelineSecurity.plain(), client);
    }
}
