package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.segment.SegmentSettings;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Two applications and a relay over TCP: when a delete is everywhere, no host serves the session, also one that is cut off. */
class EverywhereTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration MAX_STALE = Duration.ofSeconds(3);
    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    @TempDir
    private Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;
    private SessionCacheManager a;
    private SessionCacheManager b;

    @BeforeEach
    void open() throws IOException {
        try (HostMemory memory = HostMemory.open(folder.resolve("relay.segment.hosts"))) {
            memory.nowWhole();
        }
        relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .maxStale(MAX_STALE)
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(160))));
        a = opened.keep(application("a", relay.port()));
        b = opened.keep(application("b", relay.port()));
    }

    private SessionCacheManager application(String name, int port) throws IOException {
        return SessionCacheManager.open(ConfigFactory.parseString("""
                message_relay { name : "r", auth_path : "auths", address : "localhost", port : %d, reconnect_wait : 50ms }
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : 160 } }
                """.formatted(port, folder.resolve(name), folder)));
    }

    private void storeOnBoth(String key) throws Exception {
        a.set(key, key.getBytes(UTF_8), TO_RELAY).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        await().atMost(LIMIT).ignoreExceptions().until(() -> b.get(key).join() != null);
        await().atMost(LIMIT).until(() -> b.getLocal(key) != null);
    }

    @Test
    void shouldBeServedByNoHostAtTheMomentWhenTheDeleteIsEverywhere() throws Exception {
        for (int i = 0; i < 100; i++) {
            String key = "user-" + i;
            storeOnBoth(key);
            assertThat(a.delete(key, Acknowledgement.EVERYWHERE).get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
            assertThat(b.getLocal(key)).isNull();
        }
    }

    @Test
    void shouldBeServedByNoHostThatIsCutOffWhenTheDeleteIsEverywhere() throws Exception {
        storeOnBoth("user");
        b.close();
        // The same segment, in a process that reaches no relay of that name.
        SessionCacheManager cut = opened.keep(application("b", 1));
        long beganNs = System.nanoTime();
        assertThat(cut.getLocal("user")).isEqualTo("user".getBytes(UTF_8));
        assertThat(a.delete("user", Acknowledgement.EVERYWHERE).get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                .isTrue();
        assertThat(System.nanoTime() - beganNs).isGreaterThan(MAX_STALE.toNanos() / 4);
        assertThat(cut.getLocal("user")).isNull();
    }
}
