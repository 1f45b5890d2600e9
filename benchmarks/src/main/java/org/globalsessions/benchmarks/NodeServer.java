package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.relay.MidwayRelay;
import org.globalsessions.relay.RelayContext;
import org.globalsessions.relief.ReliefContext;
import org.globalsessions.relief.ReliefNode;
import org.globalsessions.sibling.SiblingContext;
import org.globalsessions.sibling.SiblingEndpoint;

/**
 * A node as a process of its own, as the command would run it. Relay and sibling tell their port, a relief node says that it is ready once it is connected; it ends
 * where its standard input does.
 */
public final class NodeServer {
    /** The path that it serves. */
    static final String PATH_NAME = "sessions";

    private static final long CONNECT_LIMIT_NS = TimeUnit.SECONDS.toNanos(30);
    private static final long LOOK_AGAIN_NS = TimeUnit.MILLISECONDS.toNanos(10);

    private NodeServer() {}

    /**
     * Runs.
     *
     * @param args the configuration's file
     * @throws IOException where the node cannot start
     */
    public static void main(String... args) throws IOException {
        NodeConfig config = NodeConfig.load(Path.of(args[0]));
        switch (config.kind()) {
            // Any free port, which the configuration cannot say.
            case RELAY -> {
                try (MidwayRelay relay =
                        MidwayRelay.launch(RelayContext.from(config).port(0))) {
                    run(relay.port());
                }
            }
            case SIBLING -> {
                try (SiblingEndpoint sibling =
                        SiblingEndpoint.launch(SiblingContext.from(config).port(0))) {
                    run(sibling.port());
                }
            }
            default -> {
                try (ReliefNode node = ReliefNode.launch(ReliefContext.from(config))) {
                    awaitConnection(node);
                    ChildJvm.tellReady();
                    awaitEnd();
                }
            }
        }
    }

    private static void run(int port) throws IOException {
        ChildJvm.tellReady();
        ChildJvm.tell(Integer.toString(port));
        awaitEnd();
    }

    private static void awaitEnd() throws IOException {
        while (System.in.read() >= 0) {
            // Only its end counts.
        }
    }

    private static void awaitConnection(ReliefNode node) throws IOException {
        long started = System.nanoTime();
        while (!node.isConnected()) {
            if (System.nanoTime() - started > CONNECT_LIMIT_NS) {
                throw new IOException("no connection to the sibling within "
                        + TimeUnit.NANOSECONDS.toSeconds(CONNECT_LIMIT_NS) + " s");
            }
            LockSupport.parkNanos(LOOK_AGAIN_NS);
        }
    }

    /**
     * The configuration of a relay.
     *
     * @param folder  for its segment and its socket
     * @param keys    folder of {@link KeyFiles} for TLS on its port; null for plain TCP
     * @param entries entries that have to fit
     * @param behind  what stands behind it
     */
    static String relay(Path folder, Path keys, int entries, String behind) {
        String tls = keys == null
                ? ""
                : String.format("""
                        tls { server_key : "%1$s/%2$s", server_cert : "%1$s/%3$s", client_cert : "%1$s/%4$s" }
                        """, keys, KeyFiles.SERVER_KEY, KeyFiles.SERVER_CERTIFICATE, KeyFiles.AUTHORITY);
        return String.format("""
                edge_supported_relay : true
                auth_path : "%1$s"
                address : "%2$s"
                port : 7878
                unix_socket : "%3$s/relay.sock"
                %4$s
                path_types { %1$s {
                    relay { %6$s }
                    cache { %5$s }
                } }
                """, PATH_NAME, Endpoint.HOST, folder, tls, cache(folder, "relay", entries), behind);
    }

    /**
     * The configuration of a sibling of that relay.
     *
     * @param folder   of the relay's segment
     * @param entries  as the relay has it
     * @param settings further ones
     */
    static String sibling(Path folder, int entries, String settings) {
        return String.format("""
                half_edge : true
                auth_path : "%s"
                address : "%s"
                port : 7879
                cache { %s, am_initializer : false }
                %s
                """, PATH_NAME, Endpoint.HOST, cache(folder, "relay", entries), settings);
    }

    /**
     * The configuration of an aging node.
     *
     * @param folder  for its segment
     * @param name    of its segment
     * @param entries entries that have to fit
     * @param port    of the sibling
     */
    static String aging(Path folder, String name, int entries, int port) {
        return String.format("""
                lru.cache { %s }
                message_relay { auth_path : "%s", address : "%s", port : %d, age_or_replica : "age-out" }
                """, cache(folder, name, entries), PATH_NAME, Endpoint.HOST, port);
    }

    private static String cache(Path folder, String name, int entries) {
        return String.format(
                "token_path : \"%1$s/%2$s.token\", segment_dir : \"%1$s\", el_count : %3$d", folder, name, entries);
    }
}
