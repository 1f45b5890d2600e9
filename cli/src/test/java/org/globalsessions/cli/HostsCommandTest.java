package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.relay.MidwayRelay;
import org.globalsessions.relay.RelayContext;
import org.globalsessions.segment.SegmentSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code hosts}: what it prints, and that a delete ends its wait for a host that is forgotten. */
class HostsCommandTest {
    @TempDir
    private Path folder;

    private static JsonNode json(CommandRun run) throws Exception {
        assertThat(run.out().lines()).as(run.err()).hasSize(1);
        return new ObjectMapper().readTree(run.out()).get("relays").get(0);
    }

    private Path client(String name, int port) throws Exception {
        return Files.writeString(folder.resolve(name + ".conf"), """
                message_relay { auth_path : "auths", address : "localhost", port : %d, reconnect_wait : 50ms }
                lru { cache { token_path : "./%s", segment_dir : ".", el_count : 160 } }
                """.formatted(port, name));
    }

    @Test
    void shouldForgetTheHostThatStatNamesWhenItIsAway() throws Exception {
        SegmentSettings segment = new SegmentSettings(folder.resolve("relay.segment")).elCount(160);
        try (MidwayRelay relay = MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .maxStale(Duration.ZERO)
                .segment(segment))) {
            Path here = client("here", relay.port());
            Path gone = client("gone", relay.port());
            try (SessionCacheManager cache = SessionCacheManager.open(here)) {
                CommandRun set = CommandRun.of("set", "k", "v", "--config", gone);
                assertThat(set.exit()).as(set.err()).isZero();
                String away = new ObjectMapper()
                        .readTree(CommandRun.of("stat", "--config", gone, "--json")
                                .out())
                        .get("host")
                        .asText();
                CompletableFuture<Boolean> everywhere = new CompletableFuture<>();
                Awaitility.await()
                        .atMost(Duration.ofSeconds(20))
                        .ignoreExceptions()
                        .until(() -> {
                            cache.delete("k", Acknowledgement.RELAY).get(10, TimeUnit.SECONDS);
                            return true;
                        });
                var unused = cache.delete("k", Acknowledgement.EVERYWHERE).thenAccept(everywhere::complete);

                JsonNode listed = json(CommandRun.of("hosts", "--config", here, "--json"));
                assertThat(listed.get("total").asInt()).isEqualTo(2);
                assertThat(listed.get("hosts").get(0).get("host").asText()).isEqualTo(away);
                assertThat(listed.get("hosts").get(0).get("connections").asInt())
                        .isZero();
                assertThat(listed.get("hosts").get(1).get("connections").asInt())
                        .isEqualTo(1);
                assertThat(everywhere).isNotDone();

                CommandRun forget = CommandRun.of("hosts", "--config", here, "--forget", away);
                assertThat(forget.exit()).as(forget.err()).isZero();
                assertThat(forget.out()).contains(": 1 hosts").contains("connected, processes 1");
                everywhere.get(20, TimeUnit.SECONDS);

                CommandRun again = CommandRun.of("hosts", "--config", here, "--forget", away);
                assertThat(again.exit()).isEqualTo(GlobalSessions.FAILED);
                assertThat(again.err()).contains("unknown host");
            }
        }
    }

    @Test
    void shouldSayWhatIsWrongWhenThereIsNoSuchRelayOrNoSuchName() throws Exception {
        Path file = client("nowhere", 1);
        CommandRun away = CommandRun.of("hosts", "--config", file);
        assertThat(away.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(away.err()).contains("relay localhost:1 is away: cannot connect");
        CommandRun name = CommandRun.of("hosts", "--config", file, "--forget", "all");
        assertThat(name.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(name.err()).contains("expected 32 hexadecimal digits");
    }
}
