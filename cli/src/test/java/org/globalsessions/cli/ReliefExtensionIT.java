package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The extensions of {@code samples/}, compiled against the distribution, in a relief node as an operator starts it. */
@Tag("slow")
class ReliefExtensionIT {
    private static final String ID = "00112233445566778899aabbccddeeff";

    @TempDir
    private Path folder;

    private Path relay;
    private Path sibling;
    private Path node;
    private Path client;

    private void configure(String extension) throws IOException {
        int[] ports = QuickstartFolder.freePorts();
        sibling = Files.writeString(folder.resolve("sibling.conf"), """
                half_edge : true
                auth_path : "sessions"
                port : %d
                cache { token_path : "./relay", segment_dir : ".", el_count : 500 }
                """.formatted(ports[1]));
        relay = Files.writeString(folder.resolve("relay.conf"), """
                edge_supported_relay : true
                auth_path : "sessions"
                port : %d
                path_types { sessions {
                    relay { sibling : external }
                    cache { token_path : "./relay", segment_dir : ".", el_count : 500 }
                } }
                """.formatted(ports[0]));
        node = Files.writeString(folder.resolve("node.conf"), """
                full_edge : true
                extension : "%s"
                node_id : "%s"
                message_relay { auth_path : "sessions", port : %d, age_or_replica : "replicating" }
                lru { cache { token_path : "./node", segment_dir : ".", el_count : 500 } }
                """.formatted(extension, ID, ports[1]));
        client = Files.writeString(folder.resolve("client.conf"), """
                message_relay { auth_path : "sessions", port : %d }
                lru { cache { token_path : "./client", segment_dir : ".", el_count : 500 } }
                """.formatted(ports[0]));
    }

    private void awaitConnected() {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> CommandRun.of("members", node).out().contains("connected"));
    }

    @Test
    void shouldAskAnotherSystemWhenNoTierHasTheSession() throws Exception {
        configure("identity");
        AtomicInteger status = new AtomicInteger(200);
        List<String> asked = new CopyOnWriteArrayList<>();
        long now = Instant.now().getEpochSecond();
        HttpServer provider = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        provider.createContext("/session", exchange -> {
            String key = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            asked.add(key);
            byte[] body = ((now - 3_600) + "\n" + (now + 3_600) + "\nalice").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(key.equals("nobody's") ? 404 : status.get(), body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        provider.start();
        Map<String, String> variables = new HashMap<>(CompiledSample.variables(
                "validating-gateway", "src/shop/IdentityGateway.java", folder.resolve("classes")));
        variables.put(
                "IDENTITY_URL", "http://localhost:" + provider.getAddress().getPort() + "/session");
        try (LaunchedNodes nodes = new LaunchedNodes(folder)) {
            nodes.launch(relay).awaitRunning();
            nodes.launch(sibling).awaitRunning();
            try (LaunchedProcess gateway =
                    LaunchedProcess.start(folder, variables, node).awaitRunning()) {
                awaitConnected();
                CommandRun set = CommandRun.of("set", "known", "here", "--config", client, "--ack", "relief");
                assertThat(set.exit()).as(set.err()).isZero();
                assertThat(got("known")).isEqualTo("here");
                assertThat(asked).isEmpty();

                assertThat(got("of-alice")).isEqualTo("user=alice");
                assertThat(got("of-alice")).isEqualTo("user=alice");
                assertThat(asked).containsExactly("of-alice");
                assertThat(got("nobody's")).isEqualTo("missing");

                // Whatever the other system says, it began before it was deleted here.
                CommandRun delete = CommandRun.of("delete", "of-alice", "--config", client, "--ack", "relief");
                assertThat(delete.exit()).as(delete.err()).isZero();
                assertThat(got("of-alice")).isEqualTo("missing");
                assertThat(asked).containsExactly("of-alice", "nobody's", "of-alice");

                status.set(500);
                assertThat(got("of-bob")).contains("nobody knows whether the session exists");
                assertThat(gateway.terminate()).as(gateway.err()).isZero();
                assertThat(gateway.err()).doesNotContain("alice", "bob", "nobody's");
            }
        } finally {
            provider.stop(0);
        }
    }

    /** The value, or that there is none, or what was said. */
    private String got(String key) throws IOException {
        CommandRun get = CommandRun.of("get", key, "--config", client, "--json");
        if (get.out().isEmpty()) {
            return get.err();
        }
        JsonNode json = new ObjectMapper().readTree(get.out());
        return json.get("found").asBoolean()
                ? new String(json.get("valueBase64").binaryValue(), StandardCharsets.UTF_8)
                : "missing";
    }

    @Test
    void shouldAnswerAnOperatorWhenARelayASiblingAndTheNodeRun() throws Exception {
        configure("shop");
        CommandRun without = CommandRun.of("check", node);
        assertThat(without.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(without.err())
                .contains("node.conf:2: extension: no extension of that name", "found shop, there are ");

        Map<String, String> variables =
                CompiledSample.variables("relief-extension", "src/shop/ShopExtension.java", folder.resolve("classes"));
        try (LaunchedNodes nodes = new LaunchedNodes(folder)) {
            nodes.launch(relay).awaitRunning();
            nodes.launch(sibling).awaitRunning();
            try (LaunchedProcess extended =
                    LaunchedProcess.start(folder, variables, node).awaitRunning()) {
                awaitConnected();
                assertThat(CommandRun.of("call", node, "--node", ID).out()).isEqualToIgnoringNewLines("signed-in");
                for (int i = 0; i < 4; i++) {
                    String value = i == 3 ? "visitor" : "user=" + i;
                    CommandRun set = CommandRun.of("set", "key-" + i, value, "--config", client, "--ack", "relief");
                    assertThat(set.exit()).as(set.err()).isZero();
                }
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> CommandRun.of("call", node, "--node", ID, "signed-in")
                                .out()
                                .contains("stored 3"));
                JsonNode json = new ObjectMapper()
                        .readTree(CommandRun.of("call", node, "--node", ID, "--json", "signed-in", "reset")
                                .out());
                assertThat(json.get("outcome").asText()).isEqualTo("done");
                assertThat(json.get("lines").get(0).asText()).isEqualTo("stored 3");
                CommandRun unknown = CommandRun.of("call", node, "--node", ID, "no-such");
                assertThat(unknown.exit()).isEqualTo(GlobalSessions.FAILED);
                assertThat(unknown.err()).contains("the node has no such command");
                CommandRun nobody = CommandRun.of("call", node, "--node", ID.replace('0', '1'), "signed-in");
                assertThat(nobody.exit()).isEqualTo(GlobalSessions.FAILED);
                assertThat(nobody.err()).contains("no such node is connected");
                assertThat(extended.terminate()).as(extended.err()).isZero();
                assertThat(extended.err()).doesNotContain("key-", "user=", "signed-in");
            }
        }
    }
}
