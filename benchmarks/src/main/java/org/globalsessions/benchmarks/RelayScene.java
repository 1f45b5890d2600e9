package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The servers and clients of one row, each a process of its own, started when first asked for and ended, with their files, when
 * closed. One thread.
 */
final class RelayScene implements AutoCloseable {
    /** So that none of the relay's entries has to give way, whatever buckets their keys are in. */
    private static final double ROOM = 1.3;

    private final RelayTableOptions options;
    private final boolean isTls;
    private final BenchmarkFolder folder;
    private final Processes processes;
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
        this.processes = new Processes(options.quick());
        KeyFiles.make(folder.path());
    }

    /** Where the relay is. */
    Endpoint relay(Endpoint.Transport transport) throws IOException {
        if (relay == null) {
            Path file = folder.path().resolve("relay.conf");
            int room = (int) (ROOM * options.entries()) + 1;
            Files.writeString(file, NodeServer.relay(folder.path(), isTls ? folder.path() : null, room, ""));
            relay = processes.start(NodeServer.class, true, file.toString());
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
            echo = processes.start(
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
            processes.add(redis);
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
        ChildJvm client = processes.start(TrafficProcess.class, false, arguments.toArray(new String[0]));
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
        ChildJvm hosts = processes.start(AnnouncementProcess.class, false, arguments.toArray(new String[0]));
        hosts.awaitReady();
        return hosts;
    }

    /** Sender and receiver over Aeron IPC, connected to one media driver. */
    List<ChildJvm> ipc() throws IOException {
        String driver = folder.path().resolve("aeron").toString();
        ChildJvm sender = processes.start(IpcSender.class, true, driver);
        sender.awaitReady();
        ChildJvm receiver = processes.start(IpcReceiver.class, true, driver, newFolder("ipc"));
        receiver.awaitReady();
        return List.of(sender, receiver);
    }

    @Override
    public void close() throws IOException {
        try {
            processes.close();
        } finally {
            folder.close();
        }
    }
}
