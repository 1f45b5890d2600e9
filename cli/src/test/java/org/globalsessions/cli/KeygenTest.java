package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import org.globalsessions.config.NodeConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeygenTest {
    @TempDir
    private Path folder;

    @Test
    void shouldServeARelayAndItsClientWhenKeysAreMade() throws Exception {
        Path keys = folder.resolve("keys");
        CommandRun made = CommandRun.of("keygen", keys, "--host", "relay.example", "--host", "192.0.2.7", "--json");
        assertThat(made.exit()).as(made.err()).isZero();
        JsonNode report = new ObjectMapper().readTree(made.out());
        assertThat(report.get("made")).hasSize(6);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keys)))
                .isEqualTo("rwx------");
        for (String key : List.of("ca.key", "server.key", "client.key")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keys.resolve(key))))
                    .isEqualTo("rw-------");
        }
        assertThat(hosts(keys))
                .containsExactlyInAnyOrder("relay.example", "192.0.2.7", "localhost", "127.0.0.1", "0:0:0:0:0:0:0:1");

        for (String address : List.of("localhost", "127.0.0.1")) {
            assertServes(address);
        }
    }

    /** With the names of files that the samples have. */
    private void assertServes(String address) throws Exception {
        int port = freePort();
        Path relay = Files.writeString(folder.resolve("relay.conf"), """
                edge_supported_relay : true, auth_path : sessions, address : "%s", port : %d
                tls { server_key : keys/server.key, server_cert : keys/server.crt, client_cert : keys/client.crt }
                path_types.sessions.cache { token_path : relay-%d, segment_dir : "%s", el_count : 100 }
                """.formatted(address, port, port, folder));
        Path client = Files.writeString(folder.resolve("client.conf"), """
                lru.cache { token_path : client-%d, segment_dir : "%s", el_count : 100 }
                message_relay {
                    auth_path : sessions, address : "%s", port : %d
                    tls { client_key : keys/client.key, client_cert : keys/client.crt, server_cert : keys/server.crt }
                }
                """.formatted(port, folder, address, port));
        try (NodeLauncher running = NodeLauncher.launch(List.of(NodeConfig.load(relay)), () -> {})) {
            assertThat(running.count()).isEqualTo(1);
            CommandRun set = CommandRun.of("set", "key", "value", "--config", client, "--ack", "relay");
            assertThat(set.exit()).as(set.err()).isZero();
        }
    }

    @Test
    void shouldOverwriteNothingAndRenewAPairThatWasMovedAway() throws Exception {
        Path keys = folder.resolve("keys");
        assertThat(CommandRun.of("keygen", keys).exit()).isZero();
        String authority = Files.readString(keys.resolve("ca.crt"));
        String client = Files.readString(keys.resolve("client.key"));

        CommandRun again = CommandRun.of("keygen", keys);
        assertThat(again.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(again.err()).contains("nothing to make, all files are there");

        Files.delete(keys.resolve("server.key"));
        CommandRun half = CommandRun.of("keygen", keys);
        assertThat(half.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(half.err()).contains("only one file of a pair is there", "server.crt");

        Files.delete(keys.resolve("server.crt"));
        CommandRun renewed = CommandRun.of("keygen", keys);
        assertThat(renewed.exit()).as(renewed.err()).isZero();
        assertThat(renewed.out()).contains("server.key", "server.crt").doesNotContain("client.key");
        assertThat(keys.resolve("ca.crt")).hasContent(authority);
        assertThat(keys.resolve("client.key")).hasContent(client);

        Files.delete(keys.resolve("ca.key"));
        Files.delete(keys.resolve("ca.crt"));
        assertThat(CommandRun.of("keygen", keys).err()).contains("not the authority to make others by");
    }

    @Test
    void shouldEndWithTwoWhenAHostIsNone() {
        for (String bad : List.of("not a host", "under_score", "-dash", "")) {
            CommandRun run = CommandRun.of("keygen", folder.resolve("keys"), "--host", bad);
            assertThat(run.exit()).as(bad).isEqualTo(GlobalSessions.BAD_USAGE);
        }
        assertThat(folder.resolve("keys")).doesNotExist();
    }

    private static List<String> hosts(Path keys) throws Exception {
        try (var in = Files.newInputStream(keys.resolve("server.crt"))) {
            X509Certificate server =
                    (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
            return server.getSubjectAlternativeNames().stream()
                    .map(name -> name.get(1).toString())
                    .toList();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
