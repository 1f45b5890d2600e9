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
import org.globalsessions.OpenedSegment;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.Version;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.OffClock;
import org.globalsessions.segment.RelayPlaces;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.client.RelayLinkProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The wall clock of one host is an hour behind, and a relay over TCP tells it the time. */
class LaggingClockTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    @TempDir
    private Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private final OffClock clock = newClock();
    private MidwayRelay relay;
    private SessionCacheManager right;
    private SessionCacheManager lagging;

    private static OffClock newClock() {
        try {
            return new OffClock();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @BeforeEach
    void open() throws IOException {
        // Neither host hears of the other's writes: only clocks can tell which is the later one.
        relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .announce(RelayContext.Announce.OFF)
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(160))));
        right = opened.keep(SessionCacheManager.open(ConfigFactory.parseString(text("right"))));
        clock.off(HOUR.negated());
        NodeConfig config = NodeConfig.loadClient(ConfigFactory.parseString(text("lagging")));
        SegmentSettings settings = config.cache().toSegmentSettings(Role.HOST).relays(RelayPlaces.id("relay"));
        lagging = opened.keep(OpenedSegment.cache(
                clock.open(settings),
                "relay",
                host -> new RelayLinkProvider().open(config.relaySections().get(0), host)));
        await().atMost(LIMIT).until(() -> lagging.counter(Counter.CLOCKS_CORRECTED) == 1);
    }

    private String text(String name) {
        return """
                message_relay { name : "relay", auth_path : "auths", address : "localhost", port : %d }
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : 160 } }
                """.formatted(relay.port(), folder.resolve(name), folder);
    }

    private static Version set(SessionCacheManager cache, String key, String value) throws Exception {
        return cache.set(key, value.getBytes(UTF_8), TO_RELAY).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    private String atRelay(String key) {
        EntrySnapshot there = new EntrySnapshot();
        return relay.lru().find(relay.lru().encode(key), there) ? new String(there.valueCopy(), UTF_8) : null;
    }

    @Test
    void shouldWinOverAnEarlierWriteOfAnotherHostWhenItsClockLags() throws Exception {
        Version earlier = set(right, "k", "earlier");
        awaitLaterClock(lagging, earlier);
        set(lagging, "k", "later");
        assertThat(atRelay("k")).isEqualTo("later");
        assertThat(right.counter(Counter.CLOCKS_CORRECTED)).isZero();
    }

    @Test
    void shouldEndWhatAnotherHostBeganBeforeWhenItsClockLags() throws Exception {
        set(right, "k", "earlier");
        assertThat(lagging.delete("k", Acknowledgement.RELAY).get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                .isTrue();
        assertThat(atRelay("k")).isNull();
        set(lagging, "k", "begun anew");
        assertThat(atRelay("k")).isEqualTo("begun anew");
    }

    @Test
    void shouldNotBeAheadWhenItsClockIsPutRightMeanwhile() throws Exception {
        clock.off(Duration.ZERO);
        // The clocks are looked at once a second.
        await().atMost(LIMIT)
                .pollInterval(Duration.ofMillis(100))
                .during(Duration.ofMillis(1_500))
                .until(() -> aheadOfNow(set(lagging, "k", "x")) < 10);
        Version earlier = set(lagging, "other", "earlier");
        awaitLaterClock(right, earlier);
        set(right, "other", "later");
        assertThat(atRelay("other")).isEqualTo("later");
    }

    /** A clock is told as well as the way from the relay takes long: a moment. */
    private static void awaitLaterClock(SessionCacheManager cache, Version than) {
        await().atMost(LIMIT).until(() -> set(cache, "probe", "x").compareTo(than) > 0);
    }

    /** Seconds, rounded down. */
    private static long aheadOfNow(Version version) {
        return (version.clock() >> Version.LOGICAL_BITS) / 1_000_000 - System.currentTimeMillis() / 1_000;
    }
}
