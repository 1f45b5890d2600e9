package org.globalsessions.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The {@code redis-server} of the PATH, on free ports and a socket of its own, keeping nothing on a disk; and its load generator.
 * Ended when closed, or else with this JVM. One thread.
 */
final class RedisServer implements AutoCloseable {
    private static final String SERVER = "redis-server";
    private static final String BENCHMARK = "redis-benchmark";
    private static final String READY = "Ready to accept connections";

    /** The load generator puts 12 digits where it is told to vary a key: with these before them a key has 32 characters. */
    private static final String KEY_BEFORE_DIGITS = "01234567890123456789";

    private final Process process;
    private final Path folder;
    private final int port;
    private final int tlsPort;
    private final Path keys;
    private final Thread atExit;

    /** Written by the owner, read by who takes the server's output. */
    private volatile boolean closing;

    private RedisServer(Process process, Path folder, int port, int tlsPort, Path keys) {
        this.process = process;
        this.folder = folder;
        this.port = port;
        this.tlsPort = tlsPort;
        this.keys = keys;
        this.atExit = new Thread(process::destroyForcibly, "end redis-server");
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** Whether there is one to compare with. */
    static boolean isInstalled() {
        return isOnPath(SERVER) && isOnPath(BENCHMARK);
    }

    private static boolean isOnPath(String program) {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(place -> Files.isExecutable(Path.of(place, program)));
    }

    static RedisServer start(Path folder, Path keys) throws IOException {
        int port = freePort();
        int tlsPort = freePort();
        List<String> command = List.of(
                SERVER,
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--unixsocket",
                folder.resolve("redis.sock").toString(),
                "--unixsocketperm",
                "700",
                "--tls-port",
                Integer.toString(tlsPort),
                "--tls-cert-file",
                keys.resolve(KeyFiles.SERVER_CERTIFICATE).toString(),
                "--tls-key-file",
                keys.resolve(KeyFiles.SERVER_KEY).toString(),
                "--tls-ca-cert-file",
                keys.resolve(KeyFiles.AUTHORITY).toString(),
                "--tls-protocols",
                "TLSv1.3",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                folder.toString(),
                "--daemonize",
                "no",
                "--loglevel",
                "notice");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        RedisServer server = new RedisServer(process, folder, port, tlsPort, keys);
        try {
            server.awaitReady();
        } catch (IOException e) {
            server.close();
            throw e;
        }
        return server;
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0)) {
            return probe.getLocalPort();
        }
    }

    private void awaitReady() throws IOException {
        // Not closed: what the server says later has to be read by somebody, or it would wait.
        BufferedReader output = process.inputReader();
        List<String> said = new ArrayList<>();
        String line = output.readLine();
        while (line != null && !line.contains(READY)) {
            said.add(line);
            line = output.readLine();
        }
        if (line == null) {
            throw new IOException(SERVER + " did not start: " + String.join(" / ", said));
        }
        Thread drain = new Thread(
                () -> {
                    try {
                        process.getInputStream().transferTo(OutputStream.nullOutputStream());
                    } catch (IOException e) {
                        // At its end the stream is closed under the reader.
                        if (!closing) {
                            System.err.println("output of " + SERVER + ": " + e.getMessage());
                        }
                    }
                },
                "output of " + SERVER);
        drain.setDaemon(true);
        drain.start();
    }

    Endpoint endpoint(Endpoint.Transport transport) {
        return new Endpoint(
                transport, transport == Endpoint.Transport.TLS ? tlsPort : port, folder.resolve("redis.sock"), keys);
    }

    /** Gets a second, in million, of one connection with 64 in flight, by the load generator. */
    double benchmarkGets(Endpoint.Transport transport, int requests, int entries) throws IOException {
        return benchmark(transport, requests, entries, "GET", KEY_BEFORE_DIGITS + "__rand_int__");
    }

    /** Stores what {@link #benchmarkGets} asks for: so many draws leave few of the entries out, which are answered as absent. */
    void fillForBenchmark(int entries) throws IOException {
        benchmark(
                Endpoint.Transport.TCP,
                8 * entries,
                entries,
                "SET",
                KEY_BEFORE_DIGITS + "__rand_int__",
                "x".repeat(Workload.VALUE_LENGTH));
    }

    private double benchmark(Endpoint.Transport transport, int requests, int entries, String... request)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(BENCHMARK));
        switch (transport) {
            case TCP -> command.addAll(List.of("-h", "127.0.0.1", "-p", Integer.toString(port)));
            case UNIX ->
                command.addAll(List.of("-s", folder.resolve("redis.sock").toString()));
            case TLS ->
                command.addAll(List.of(
                        "-h",
                        Endpoint.HOST,
                        "-p",
                        Integer.toString(tlsPort),
                        "--tls",
                        "--cacert",
                        keys.resolve(KeyFiles.AUTHORITY).toString(),
                        "--cert",
                        keys.resolve(KeyFiles.CLIENT_CERTIFICATE).toString(),
                        "--key",
                        keys.resolve(KeyFiles.CLIENT_KEY).toString()));
        }
        command.addAll(List.of("-c", "1", "-P", "64", "--csv"));
        command.addAll(List.of("-n", Integer.toString(requests), "-r", Integer.toString(entries)));
        command.addAll(List.of(request));
        Process run = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader output = run.inputReader()) {
            // "test","rps",... and a line of figures
            List<String> lines = output.lines().toList();
            if (run.waitFor() != 0 || lines.size() < 2) {
                throw new IOException(BENCHMARK + " failed: " + lines);
            }
            String[] columns = lines.get(lines.size() - 1).split("\",\"", -1);
            return Double.parseDouble(columns[1].replace("\"", "")) / 1e6;
        } catch (InterruptedException e) {
            run.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    @Override
    public void close() {
        closing = true;
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().removeShutdownHook(atExit);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "RedisServer[port=%d, tlsPort=%d]", port, tlsPort);
    }
}
