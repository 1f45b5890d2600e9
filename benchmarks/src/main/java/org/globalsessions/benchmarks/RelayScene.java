package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The servers and clients of one row, each a process of its own, started when first asked for and ended, with their files, when
 * closed. One thread.
 */
final class RelayScene implements AutoCloseable {
    /** As the command's launcher has them, less what only says what is told. */
    private static final List<String> NODE_FLAGS = List.of(
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
            "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
            "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED",
            "--add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED",
            "--add-opens=jdk.compiler/com.sun.tools.javac=ALL-UNNAMED",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
            "--add-opens=java.base/java.io=ALL-UNNAMED",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/java.util=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED");

    private static final List<String> FLAGS = List.of(
            "-XX:+IgnoreUnrecognizedVMOptions",
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-Xmx512m",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");

    /** So that none of the relay's entries has to give way, whatever buckets their keys are in. */
    private static final double ROOM = 1.3;

    private final RelayTableOptions options;
    private final boolean isTls;
    private final BenchmarkFolder folder;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private ChildJvm relay;
    private int relayPort;
    private ChildJvm echo;
    private int echoPort;
    private int blockingEchoPort;
    private RedisServer redis;

    RelayScene(RelayTableOptions options, boolean isTls) throws IOException {
        this.options = options;
        this.isTls = isTls;
        this.folder = new BenchmarkFolder();
        KeyFiles.make(folder.path());
    }

    private ChildJvm start(Class<?> main, boolean isNode, String... arguments) throws IOException {
        List<String> flags = new ArrayList<>(FLAGS);
        if (isNode) {
            flags.addAll(NODE_FLAGS);
        }
        if (options.quick()) {
            flags.add("-XX:TieredStopAtLevel=1");
        }
        ChildJvm child = ChildJvm.start(flags, main, arguments);
        opened.push(child);
        return child;
    }

    /** Where the relay is. */
    Endpoint relay(Endpoint.Transport transport) throws IOException {
        if (relay == null) {
            Path file = folder.path().resolve("relay.conf");
            int room = (int) (ROOM * options.entries()) + 1;
            Files.writeString(file, RelayServer.configuration(folder.path(), isTls ? folder.path() : null, room));
            relay = start(RelayServer.class, true, file.toString());
            relay.awaitReady();
            relayPort = Integer.parseInt(relay.line());
        }
        return endpoint(transport, relayPort, "relay.sock");
    }

    ChildJvm relayProcess() {
        return relay;
    }

    private Endpoint endpoint(Endpoint.Transport transport, int port, String socket) {
        return new Endpoint(transport, port, folder.path().resolve(socket), folder.path());
    }

    private void startEcho() throws IOException {
        if (echo == null) {
            echo = start(
                    EchoServer.class, false, folder.path().resolve("echo.sock").toString());
            echo.awaitReady();
            echoPort = Integer.parseInt(echo.line());
            blockingEchoPort = Integer.parseInt(echo.line());
        }
    }

    /** Where Netty's echo is. */
    Endpoint echo(Endpoint.Transport transport) throws IOException {
        startEcho();
        return endpoint(transport, echoPort, "echo.sock");
    }

    ChildJvm echoProcess() {
        return echo;
    }

    /** Where the blocking socket is. */
    Endpoint blockingEcho() throws IOException {
        startEcho();
        return endpoint(Endpoint.Transport.TCP, blockingEchoPort, "none");
    }

    /** For a client that speaks to nobody. */
    Endpoint nowhere() {
        return endpoint(Endpoint.Transport.TCP, 0, "none");
    }

    RedisServer redis() throws IOException {
        if (redis == null) {
            redis = RedisServer.start(folder.path(), folder.path());
            opened.push(redis);
        }
        return redis;
    }

    /** A client in a process of its own, connected. */
    ChildJvm client(RelaySubject subject, Endpoint endpoint) throws IOException {
        List<String> arguments = new ArrayList<>();
        arguments.add(subject.name());
        arguments.add(Integer.toString(options.entries()));
        arguments.add(newFolder(subject.name()));
        arguments.addAll(List.of(endpoint.toArguments()));
        ChildJvm client = start(TrafficProcess.class, false, arguments.toArray(new String[0]));
        client.awaitReady();
        return client;
    }

    private String newFolder(String name) throws IOException {
        return Files.createDirectory(folder.path().resolve(name)).toString();
    }

    /** Two hosts in one process, connected. */
    ChildJvm hosts(Endpoint endpoint) throws IOException {
        List<String> arguments = new ArrayList<>();
        arguments.add(newFolder("hosts"));
        arguments.addAll(List.of(endpoint.toArguments()));
        ChildJvm hosts = start(AnnouncementProcess.class, false, arguments.toArray(new String[0]));
        hosts.awaitReady();
        return hosts;
    }

    /** Sender and receiver over Aeron IPC, connected to one media driver. */
    List<ChildJvm> ipc() throws IOException {
        String driver = folder.path().resolve("aeron").toString();
        ChildJvm sender = start(IpcSender.class, true, driver);
        sender.awaitReady();
        ChildJvm receiver = start(IpcReceiver.class, true, driver, newFolder("ipc"));
        receiver.awaitReady();
        return List.of(sender, receiver);
    }

    @Override
    public void close() throws IOException {
        IOException failure = null;
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (IOException e) {
                failure = e;
            } catch (Exception e) {
                failure = new IOException(e);
            }
        }
        folder.close();
        if (failure != null) {
            throw failure;
        }
    }
}
