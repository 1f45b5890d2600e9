package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rows of README's troubleshooting table. */
class BadInputTest {
    @TempDir
    private Path folder;

    @Test
    void shouldEndWithTwoAndNameEveryProblemWhenAConfigurationIsWrong() throws IOException {
        Path file = client("el_cuont : 5\nrecord_size : big\nuntouched_aging : 9");

        CommandRun run = CommandRun.of("get", "key", "--config", file);

        assertThat(run.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines())
                .containsExactlyInAnyOrder(
                        "global-sessions: " + file
                                + ":2: lru.cache.el_cuont: unknown key, nearest known key is el_count",
                        "global-sessions: " + file
                                + ":3: lru.cache.record_size: wrong type: found \"big\", expected size (a bare"
                                + " number counts bytes), allowed is 128 to 64KiB",
                        "global-sessions: " + file
                                + ":4: lru.cache.untouched_aging: out of range: found 9, allowed is 1 to 4");
    }

    @Test
    void shouldEndWithTwoWhenTheCommandLineIsWrong() {
        assertThat(CommandRun.of().exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(CommandRun.of("get", "key").exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(CommandRun.of("--nonsense").exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(CommandRun.of("quickstart", "--sessions", "5").err()).contains("allowed is 1000 to 5000000");
    }

    @Test
    void shouldNotRepeatWordsThatMayBeKeysWhenThereAreTooMany() {
        CommandRun run = CommandRun.of("set", "key-1", "value-1", "key-2", "--Value2", "--config", "client.conf");
        assertThat(run.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(run.err())
                .startsWith("Too many arguments: 2 of them have no meaning here")
                .doesNotContain("key-1", "value-1", "key-2", "Value2");
        assertThat(CommandRun.of("get", "key-1", "--config", "client.conf", "--jsno")
                        .err())
                .startsWith("Unknown option: --jsno");
    }

    @Test
    void shouldTakeTheFirstWordAsAFileWhenItIsNoCommand() {
        CommandRun run = CommandRun.of(folder.resolve("none.conf"));

        assertThat(run.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(run.err())
                .isEqualToIgnoringNewLines("global-sessions: " + folder.resolve("none.conf") + ": no such file");
    }

    @Test
    void shouldStoreFindTouchAndDeleteWhenNoRelayIsNamed() throws IOException {
        Path file = client("el_count : 100");

        assertThat(CommandRun.of("set", "key", "value", "--config", file, "--json")
                        .out())
                .contains("\"stored\":true", "\"acknowledged\":\"local\"");
        CommandRun found = CommandRun.of("get", "key", "--config", file, "--json");
        assertThat(found.exit()).isZero();
        assertThat(found.out()).isEqualToIgnoringNewLines("{\"found\":true,\"length\":5,\"valueBase64\":\"dmFsdWU=\"}");
        assertThat(CommandRun.of("touch", "key", "--config", file).exit()).isZero();
        assertThat(CommandRun.of("delete", "key", "--config", file).exit()).isZero();
        assertThat(CommandRun.of("delete", "key", "--config", file).exit()).isEqualTo(GlobalSessions.FAILED);
        CommandRun gone = CommandRun.of("get", "key", "--config", file);
        assertThat(gone.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(gone.err()).isEqualToIgnoringNewLines("global-sessions: not found");
    }

    @Test
    void shouldNameBothValuesWhenTheSegmentHasAnotherGeometry() throws IOException {
        Path file = client("el_count : 100");
        CommandRun.of("set", "key", "value", "--config", file);
        client("el_count : 200");

        CommandRun run = CommandRun.of("get", "key", "--config", file);

        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err().lines()).singleElement().asString().contains("el_count", "100", "200", ".segment");
        client("el_count : 100");
        assertThat(CommandRun.of("get", "key", "--config", file, "--json").out())
                .contains("dmFsdWU=");
    }

    @Test
    void shouldNameAskedAndFreeBytesWhenTheFolderHasNoRoom() throws IOException {
        // 16,000,000 records of 64 KiB are more than any machine of ours has.
        Path file = client("el_count : 16000000\nrecord_size : 64KiB");

        CommandRun run = CommandRun.of("get", "key", "--config", file);

        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err().lines())
                .singleElement()
                .asString()
                .containsPattern("\\d{13}")
                .contains("free");
    }

    @Test
    void shouldNameDigestSizeAndLimitAndStoreNothingWhenAValueIsTooLarge() throws IOException {
        Path file = client("el_count : 100, max_value_size : 399");

        CommandRun run = CommandRun.of("set", "secret-key", "v".repeat(400), "--config", file);

        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err()).doesNotContain("secret-key").doesNotContain("vvv");
        assertThat(run.err().lines()).singleElement().asString().contains("400").containsPattern("[0-9a-f]{16}");
        assertThat(CommandRun.of("get", "secret-key", "--config", file).exit()).isEqualTo(GlobalSessions.FAILED);
    }

    @Test
    void shouldFailAndNeverSayNotFoundWhenTheRelayIsAway() throws IOException {
        Path file = folder.resolve("client.conf");
        Files.writeString(file, """
                lru.cache { segment_dir : "%s", el_count : 100 }
                message_relay { auth_path : a, address : localhost, port : 1 }
                """.formatted(folder));

        CommandRun run = CommandRun.of("get", "key", "--config", file, "--timeout", "300ms");

        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err().lines())
                .singleElement()
                .asString()
                .doesNotContain("not found")
                .contains("localhost:1");
    }

    @Test
    void shouldNameTheFileWhenAKeyIsNotThere() throws IOException {
        Path file = folder.resolve("sibling.conf");
        Files.writeString(file, """
                half_edge : true, auth_path : a, port : 7, cache.token_path : t
                tls { server_key : k.pem, server_cert : c.pem, client_cert : c.pem }
                """);

        assertThat(CommandRun.of("check", file).exit()).isZero();
        CommandRun run = CommandRun.of(file);

        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err())
                .isEqualToIgnoringNewLines(
                        "global-sessions: tls.server_cert: " + folder.resolve("c.pem") + ": no such file");
    }

    @Test
    void shouldRefuseAndNotTouchWhenTheFileIsNoSegment() throws IOException {
        Path file = Files.write(folder.resolve("x.segment"), new byte[1 << 20]);

        CommandRun run = CommandRun.of("stat", "--segment", file);

        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err().lines()).singleElement().asString().contains("not a segment", file.toString());
    }

    @Test
    void shouldNameAddressAndPortWhenThePortIsInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("localhost"))) {
            CommandRun run = CommandRun.of(relay(taken.getLocalPort()));

            assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
            assertThat(run.err().lines())
                    .singleElement()
                    .asString()
                    .contains("localhost:" + taken.getLocalPort(), "address already in use");
        }
    }

    @Test
    void shouldCloseCountAndGoOnWhenAStrayClientSpeaksHttpOrRandomBytes() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getByName("localhost"))) {
            port = free.getLocalPort();
        }
        NodeConfig config = NodeConfig.load(relay(port));
        byte[] random = new byte[4096];
        new Random(7).nextBytes(random);
        try (NodeLauncher nodes = NodeLauncher.launch(List.of(config), () -> {})) {
            assertThat(nodes.count()).isEqualTo(1);
            SegmentStat stat = SegmentStat.open(config.cache().segmentFile());
            speak(port, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.UTF_8));
            await().atMost(Duration.ofSeconds(20)).until(() -> stat.counter(Counter.BAD_FRAMES) == 1);
            speak(port, random);
            await().atMost(Duration.ofSeconds(20)).until(() -> stat.counter(Counter.BAD_FRAMES) == 2);

            Path client = Files.writeString(folder.resolve("c.conf"), """
                    lru.cache { segment_dir : "%s", el_count : 100 }
                    message_relay { auth_path : a, address : localhost, port : %d }
                    """.formatted(folder, port));
            assertThat(CommandRun.of("set", "key", "value", "--config", client).exit())
                    .isZero();
            assertThat(stat.counter(Counter.ERRORS)).isZero();
        }
    }

    /** Sends bytes and reads until the other side closes; what it says before is its own affair. */
    private static void speak(int port, byte[] bytes) throws IOException {
        try (Socket socket = new Socket("localhost", port)) {
            socket.setSoTimeout(20_000);
            try {
                socket.getOutputStream().write(bytes);
                socket.getInputStream().readAllBytes();
            } catch (SocketException reset) {
                // A close with bytes unread resets the connection: that is a close as well.
                assertThat(reset).isNotNull();
            }
        }
    }

    private Path relay(int port) throws IOException {
        return Files.writeString(folder.resolve("relay.conf"), """
                edge_supported_relay : true, auth_path : a, port : %d
                path_types.a.cache { segment_dir : "%s", el_count : 100 }
                """.formatted(port, folder));
    }

    private Path client(String cache) throws IOException {
        return Files.writeString(
                folder.resolve("client.conf"), "lru.cache { segment_dir : \"" + folder + "\"\n" + cache + "\n}\n");
    }
}
