package org.globalsessions.benchmarks;

import com.typesafe.config.ConfigFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.ClientHandler;
import org.globalsessions.client.User;
import org.globalsessions.transport.gateway.Gateway;
import org.globalsessions.transport.gateway.GatewaySettings;

/** A process with a gateway that lets everybody in, as an application has one, and does with its clients what it is told. Ends where its standard input does. */
public final class GatewayServer {
    /** What is sent to clients. */
    static final String PARAMS =
            "{\"kind\":\"message\",\"from\":\"somebody\",\"text\":\"about as much as a message has\"}";

    static final String METHOD = "news";

    private static final int AUTHORISATION_LENGTH = 64;
    private static final Duration LONG = Duration.ofHours(2);
    private static final long LOOK_AGAIN_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private enum Order {
        SETTLE,
        BIND,
        UNBIND,
        TELL_ALL
    }

    private final ClientDirectory directory;
    private final List<String> identifiers = new CopyOnWriteArrayList<>();

    private GatewayServer(ClientDirectory directory) {
        this.directory = directory;
    }

    /** Waits so many seconds at most until it has nothing to do, and gives back what memory it does not need: no figure. */
    static String settle(int limitSeconds) {
        return Order.SETTLE + " " + limitSeconds;
    }

    /** Binds the first clients to an address: no figure. */
    static String bind(String address, int count) {
        return Order.BIND + " " + address + " " + count;
    }

    /** Unbinds all clients of an address: the time in ms, and their number. */
    static String unbind(String address) {
        return Order.UNBIND + " " + address;
    }

    /** Sends a message to an address: when that began, as {@link System#nanoTime} tells it. */
    static String tellAll(String address) {
        return Order.TELL_ALL + " " + address;
    }

    /**
     * Runs.
     *
     * @param args a folder for the segment, how many clients there will be, and what they are sent
     * @throws IOException where it cannot start
     */
    public static void main(String... args) throws IOException {
        Path folder = Path.of(args[0]);
        try (SessionCacheManager cache = SessionCacheManager.open(ConfigFactory.parseMap(Map.of(
                "lru.cache.token_path",
                folder.resolve("gateway").toString(),
                "lru.cache.segment_dir",
                folder.toString(),
                "lru.cache.record_size",
                256,
                "lru.cache.overflow_share",
                0,
                "lru.cache.max_value_size",
                256,
                "lru.cache.el_count",
                2 * Integer.parseInt(args[1]))))) {
            GatewayServer server = new GatewayServer(new ClientDirectory(cache, "user"));
            ClientHandler letIn = (from, tokens, handle) ->
                    server.identifiers.add(handle.accept(User.named("somebody")).identifier());
            GatewaySettings settings = new GatewaySettings()
                    .maxClients(Integer.parseInt(args[1]))
                    .acceptTimeout(Duration.ofMinutes(1))
                    .clientTimeout(LONG)
                    .timeoutCheck(LONG)
                    .sessionTimeout(LONG);
            try (Gateway gateway = Gateway.open(
                    settings,
                    server.directory,
                    letIn,
                    request -> CompletableFuture.completedFuture(""),
                    (user, identifier) -> {})) {
                ChildJvm.tellReady();
                ChildJvm.tell(Integer.toString(gateway.port()));
                server.serve(args[2]);
            }
        }
    }

    private void serve(String params) throws IOException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split(" ", -1);
            switch (Order.valueOf(words[0])) {
                case SETTLE -> awaitSilence(TimeUnit.SECONDS.toNanos(Integer.parseInt(words[1])));
                case BIND -> bindAll(words[1], Integer.parseInt(words[2]));
                case UNBIND -> unbindAll(words[1]);
                case TELL_ALL -> {
                    ChildJvm.tell(Long.toString(System.nanoTime()));
                    directory.notify(words[1], METHOD, params);
                }
            }
            ChildJvm.tellDone();
        }
    }

    /** Threads that the arrival of so many clients had called for end when they have had nothing to do for half a minute. */
    private static void awaitSilence(long limitNs) {
        long begunNs = System.nanoTime();
        while (System.nanoTime() - begunNs < limitNs
                && Thread.getAllStackTraces().keySet().stream()
                        .anyMatch(thread -> thread.getName().startsWith("gateway-callback"))) {
            LockSupport.parkNanos(LOOK_AGAIN_NS);
        }
        System.gc();
    }

    private void bindAll(String address, int count) {
        byte[] authorisation = new byte[AUTHORISATION_LENGTH];
        for (String client : identifiers.subList(0, count)) {
            if (!directory.bind(client, address, authorisation)) {
                throw new IllegalStateException("a client is gone");
            }
        }
    }

    private void unbindAll(String address) {
        long begunNs = System.nanoTime();
        int count = directory.unbindAddress(address);
        ChildJvm.tell(Double.toString((System.nanoTime() - begunNs) / 1e6));
        ChildJvm.tell(Integer.toString(count));
    }
}
