package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.relay.MidwayRelay;
import org.globalsessions.relay.RelayContext;

/** A relay as a process of its own, as the command would run it. Tells its port, and ends where its standard input does. */
public final class RelayServer {
    /** The path that it serves. */
    static final String PATH_NAME = "sessions";

    private RelayServer() {}

    /**
     * Runs.
     *
     * @param args the configuration's file
     * @throws IOException where the relay cannot start
     */
    public static void main(String... args) throws IOException {
        // Any free port, which the configuration cannot say.
        RelayContext context =
                RelayContext.from(NodeConfig.load(Path.of(args[0]))).port(0);
        try (MidwayRelay relay = MidwayRelay.launch(context)) {
            ChildJvm.tellReady();
            ChildJvm.tell(Integer.toString(relay.port()));
            while (System.in.read() >= 0) {
                // Only its end counts.
            }
        }
    }

    /**
     * The configuration of such a relay.
     *
     * @param folder  for its segment and its socket
     * @param keys    folder of {@link KeyFiles} for TLS on its port; null for plain TCP
     * @param entries entries that have to fit
     */
    static String configuration(Path folder, Path keys, int entries) {
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
                    relay {}
                    cache { token_path : "%3$s/relay.token", segment_dir : "%3$s", el_count : %5$d }
                } }
                """, PATH_NAME, Endpoint.HOST, folder, tls, entries);
    }
}
