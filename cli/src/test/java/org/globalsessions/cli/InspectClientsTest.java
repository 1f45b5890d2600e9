package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.GatewayClients;
import org.globalsessions.relay.MidwayRelay;
import org.globalsessions.relay.RelayContext;
import org.globalsessions.segment.SegmentSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code inspect --clients}: what a relay knows of remote clients, compared with its entries. */
class InspectClientsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    private Path folder;

    private Path client(String name, int port) throws Exception {
        return Files.writeString(folder.resolve(name + ".conf"), """
                message_relay { auth_path : "auths", address : "localhost", port : %d, reconnect_wait : 50ms }
                lru { cache { token_path : "./%s", segment_dir : ".", el_count : 160 } }
                """.formatted(port, name));
    }

    private static JsonNode inspected(Path config) throws Exception {
        CommandRun run = CommandRun.of("inspect", "--config", config, "--clients", "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        return new ObjectMapper().readTree(run.out());
    }

    @Test
    void shouldCompareWhatTheRelayKnowsOfClientsWithItsEntries() throws Exception {
        SegmentSettings segment = new SegmentSettings(folder.resolve("relay.segment")).elCount(160);
        try (MidwayRelay relay =
                MidwayRelay.launch(new RelayContext().authPath("auths").port(0).segment(segment))) {
            Path config = client("here", relay.port());
            try (SessionCacheManager cache = SessionCacheManager.open(config)) {
                ClientDirectory directory = new ClientDirectory(cache);
                GatewayClients gateway = new GatewayClients(directory, Duration.ofMinutes(1));
                cache.set("no client", "value".getBytes(StandardCharsets.UTF_8));
                for (int i = 0; i < 5; i++) {
                    String identifier = gateway.accept("ann").join().identifier();
                    directory.bind(identifier, i < 3 ? "user.7" : "user.8", new byte[3]);
                }
                await().atMost(PATIENCE).ignoreExceptions().until(() -> {
                    JsonNode relays = inspected(config).get("relays");
                    assertThat(relays).hasSize(1);
                    JsonNode checked = relays.get(0);
                    assertThat(checked.get("differing").asInt()).isZero();
                    assertThat(checked.get("refused").asInt()).isZero();
                    return checked.get("clients").asInt() == 5
                            && checked.get("entries").asInt() == 5
                            && checked.get("addresses").asInt() == 2;
                });
                assertThat(directory.unbindAddress("user.7")).isEqualTo(3);
                await().atMost(PATIENCE)
                        .until(() -> inspected(config)
                                        .get("relays")
                                        .get(0)
                                        .get("addresses")
                                        .asInt()
                                == 1);
            }
        }
    }

    @Test
    void shouldSayWhatToGiveWhenThereIsNoRelayToAsk() throws Exception {
        CommandRun run = CommandRun.of("inspect", "--segment", folder.resolve("any"), "--clients");
        assertThat(run.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(run.err()).contains("--clients: no relay to ask");
    }
}
