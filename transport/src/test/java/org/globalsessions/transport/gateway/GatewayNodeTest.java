package org.globalsessions.transport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.config.ConfigurationException;
import org.globalsessions.config.NodeConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A gateway as a configuration file describes it. */
class GatewayNodeTest {
    @TempDir
    Path folder;

    private int port;

    @BeforeEach
    void takePort() throws IOException {
        NodeApplications.TOLD.clear();
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
    }

    private Path file(String application, String more) throws IOException {
        return Files.writeString(folder.resolve("gateway.conf"), """
                lru.cache { segment_dir : ".", el_count : 500 }
                gateway { port : %d
                application : "%s"
                %s
                }
                """.formatted(port, application, more));
    }

    @Test
    void shouldServeClientsByTheApplicationThatTheFileNames() throws Exception {
        Path file = file("echo", "client_timeout : 1h, max_message_size : 300");
        GatewayNode node = GatewayNode.launch(NodeConfig.load(file));
        try {
            try (WebSocketClient client = WebSocketClient.connect(port, "/ws?userName=ann")) {
                client.send("hello");
                assertThat(client.next()).startsWith("welcome ");
                client.send("ask 1 echo what is said");
                assertThat(client.next()).isEqualTo("answer 1 what is said");
                client.send("bye");
                await().until(() -> NodeApplications.TOLD.contains("gone: ann"));
            }
            // Another process of the host opens the same file, and has the same segment.
            try (SessionCacheManager other = SessionCacheManager.open(file)) {
                assertThat(other.getLocal("started")).containsExactly(1);
            }
            try (WebSocketClient client = WebSocketClient.connect(port, "/ws?userName=bob")) {
                client.send("hello");
                assertThat(client.next()).startsWith("welcome ");
                client.send("ask 1 echo " + "x".repeat(300));
                assertThat(client.awaitClose()).isEqualTo(1009);
            }
        } finally {
            node.close();
        }
        assertThat(NodeApplications.TOLD).containsExactly("start", "new client", "gone: ann", "new client", "stop");
        // The port and the segment are free again.
        GatewayNode.launch(NodeConfig.load(file)).close();
    }

    @Test
    void shouldNotStartWithoutItsApplication() throws IOException {
        NodeConfig config = NodeConfig.load(file("failing", ""));

        assertThatThrownBy(() -> GatewayNode.launch(config))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("application has failed in start")
                .hasMessageContaining("no database");
        assertThat(NodeApplications.TOLD).isEmpty();
        GatewayNode.launch(NodeConfig.load(file("echo", ""))).close();
    }

    @Test
    void shouldStopTheApplicationWhenThePortIsInUse() throws IOException {
        NodeConfig config = NodeConfig.load(file("echo", ""));
        try (ServerSocket taken = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> GatewayNode.launch(config))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(String.valueOf(taken.getLocalPort()));
        }
        assertThat(NodeApplications.TOLD).containsExactly("start", "stop");
    }

    @ParameterizedTest
    @CsvSource({
        "gone, '', ':3: gateway.application: no application of that name on the class path: found gone, there are echo, failing'",
        "echo, 'role : \"a.b\"', ':4: gateway.role: '",
        "echo, 'origins : [ \"https://shop.example/\" ]', ':4: gateway.origins: no origin: found https://shop.example/'",
        "echo, 'origins : [ \"https://Shop.example\" ]', ':4: gateway.origins: no origin: found https://Shop.example'",
        "echo, 'origins : [ \"https://shop.example:443\" ]', ':4: gateway.origins: no origin: found https://shop.example:443'",
        "echo, 'origins : [ \"http://shop.example:80\" ]', ':4: gateway.origins: no origin: found http://shop.example:80'",
        "echo, 'origins : [ \"http://:8000\" ]', ':4: gateway.origins: no origin: found http://:8000'",
        "echo, 'origins : [ \"http://shop.example:99999\" ]', ':4: gateway.origins: no origin: found http://shop.example:99999'",
        "echo, 'origins : [ \"*\" ]', ':4: gateway.origins: no origin: found *'",
    })
    void shouldSayWhereWhatIsWrongStands(String application, String more, String message) throws IOException {
        Path file = file(application, more);

        assertThatThrownBy(() -> GatewayNode.check(NodeConfig.load(file)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageStartingWith(file + message);
        assertThatThrownBy(() -> GatewayNode.launch(NodeConfig.load(file))).isInstanceOf(ConfigurationException.class);
        assertThat(folder.toFile().list()).containsExactly("gateway.conf");
    }
}
