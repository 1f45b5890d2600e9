package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Acknowledgement;
import org.globalsessions.ConditionFailedException;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The wall clock of one host is wrong, and a relay over TCP tells it the time. */
class HostClocksTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    @TempDir
    private Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private OffClock clock;
    private MidwayRelay relay;
    private SessionCacheManager right;
    private SessionCacheManager wrong;

    private void open(Duration off) throws Exception {
        // Neither host hears of the other's writes: only clocks can tell which is the later one.
        open(off, RelayContext.Announce.OFF);
    }

    private void open(Duration off, RelayContext.Announce announce) throws Exception {
        relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .announce(announce)
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(160))));
        right = opened.keep(SessionCacheManager.open(ConfigFactory.parseString(text("right"))));
        clock = new OffClock();
        clock.off(off);
        wrong = openWrong();
        assertThat(set(right, "ready", "")).isNotNull();
        await().atMost(LIMIT).ignoreExceptions().until(() -> get(wrong, "ready") != null);
    }

    private SessionCacheManager openWrong() throws IOException {
        NodeConfig config = NodeConfig.loadClient(ConfigFactory.parseString(text("wrong")));
        SegmentSettings settings = config.cache().toSegmentSettings(Role.HOST).relays(RelayPlaces.id("relay"));
        return opened.keep(OpenedSegment.cache(
                clock.open(settings),
                "relay",
                host -> new RelayLinkProvider().open(config.relaySections().get(0), host)));
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

    private static Version save(SessionCacheManager cache, String key, String value, Version expected)
            throws Exception {
        return cache.set(key, value.getBytes(UTF_8), TO_RELAY.expectedVersion(expected))
                .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    private static boolean delete(SessionCacheManager cache, String key) throws Exception {
        return cache.delete(key, Acknowledgement.RELAY).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    private static String get(SessionCacheManager cache, String key) throws Exception {
        byte[] value = cache.get(key).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        return value == null ? null : new String(value, UTF_8);
    }

    private String atRelay(String key) {
        EntrySnapshot there = new EntrySnapshot();
        return relay.lru().find(relay.lru().encode(key), there) ? new String(there.valueCopy(), UTF_8) : null;
    }

    /** A clock is told as well as the way from the relay takes long: a moment. */
    private static void awaitLaterClock(SessionCacheManager cache, Version than) {
        await().atMost(LIMIT).until(() -> set(cache, "probe", "x").compareTo(than) > 0);
    }

    /** Seconds, rounded down. */
    private static long aheadOfNow(Version version) {
        return (version.clock() >> Version.LOGICAL_BITS) / 1_000_000 - System.currentTimeMillis() / 1_000;
    }

    @Test
    void shouldBeKnownElsewhereAndLoseToALaterUpdateWhenItsHostIsAnHourAhead() throws Exception {
        open(HOUR);
        Version earlier = set(wrong, "k", "earlier");
        assertThat(aheadOfNow(earlier)).isBetween(-5L, 5L);
        assertThat(get(right, "k")).isEqualTo("earlier");
        assertThat(wrong.counter(Counter.CLOCK_AHEAD)).isEqualTo(1);
        assertThat(relay.counters().get(Counter.CLOCK_AHEAD)).isEqualTo(1);
        awaitLaterClock(right, earlier);
        set(right, "k", "later");
        assertThat(atRelay("k")).isEqualTo("later");
        Version next = set(wrong, "other", "x");
        assertThat(aheadOfNow(next)).isBetween(-5L, 5L);
        assertThat(wrong.counter(Counter.CLOCK_AHEAD))
                .as("of corrected time at once")
                .isEqualTo(1);
    }

    @Test
    void shouldSendWhatNobodyWaitsForWhenItsHostIsAnHourAhead() throws Exception {
        open(HOUR);
        for (int i = 0; i < 20; i++) {
            wrong.set("k" + i, "value".getBytes(UTF_8));
        }
        for (int i = 0; i < 20; i++) {
            String key = "k" + i;
            await().atMost(LIMIT).until(() -> "value".equals(atRelay(key)));
        }
        assertThat(wrong.counter(Counter.LOST_UNPUBLISHED)).isZero();
    }

    @Test
    void shouldDeleteInBothDirectionsWhenAHostIsAnHourAhead() throws Exception {
        open(HOUR, RelayContext.Announce.FULL);
        set(right, "k", "of right");
        assertThat(get(wrong, "k")).isEqualTo("of right");
        assertThat(delete(wrong, "k")).isTrue();
        assertThat(atRelay("k")).isNull();
        await().atMost(LIMIT).until(() -> right.getLocal("k") == null);
        set(right, "k", "again");
        await().atMost(LIMIT).until(() -> "again".equals(get(wrong, "k")));
        clock.off(HOUR.multipliedBy(3));
        Version last = set(wrong, "k", "of wrong");
        assertThat(aheadOfNow(last)).isBetween(-5L, 65L);
        assertThat(delete(right, "k")).isTrue();
        assertThat(get(right, "k")).isNull();
        await().atMost(LIMIT).until(() -> wrong.getLocal("k") == null);
        assertThat(atRelay("k")).isNull();
    }

    @Test
    void shouldBeginAnewOverItsOwnDeleteWhenItsHostIsAnHourAhead() throws Exception {
        open(HOUR);
        wrong.set("k", "first".getBytes(UTF_8));
        assertThat(wrong.delete("k").join()).isTrue();
        // Not awaited by its future: that ends where the delete before it is refused first, and the entry is sent with
        // the next pass.
        wrong.set("k", "second".getBytes(UTF_8));
        await().atMost(LIMIT).until(() -> "second".equals(atRelay("k")));
        assertThat(get(right, "k")).isEqualTo("second");
        assertThat(delete(wrong, "k")).isTrue();
        await().atMost(LIMIT).until(() -> right.getLocal("k") == null);
        assertThat(delete(right, "k")).isFalse();
        assertThat(set(right, "k", "third")).isNotNull();
        assertThat(atRelay("k")).isEqualTo("third");
    }

    @Test
    void shouldSaveOverAVersionWhenItsHostIsAnHourAhead() throws Exception {
        open(HOUR);
        Version first = set(right, "k", "one");
        Version second = save(wrong, "k", "two", first);
        assertThat(aheadOfNow(second)).isBetween(-5L, 5L);
        assertThat(atRelay("k")).isEqualTo("two");
        assertThat(wrong.counter(Counter.CLOCK_AHEAD)).isEqualTo(1);
        assertThatThrownBy(() -> save(wrong, "k", "three", first))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(ConditionFailedException.class);
        assertThat(save(right, "k", "three", second)).isGreaterThan(second);
        assertThat(atRelay("k")).isEqualTo("three");
    }

    @Test
    void shouldKeepTheRelaysTimeWhenItsProcessIsReplaced() throws Exception {
        open(HOUR);
        set(wrong, "k", "x");
        wrong.close();
        wrong = openWrong();
        wrong.set("other", "y".getBytes(UTF_8));
        await().atMost(LIMIT).until(() -> "y".equals(atRelay("other")));
        assertThat(wrong.counter(Counter.CLOCK_AHEAD)).isEqualTo(1);
    }

    @Test
    void shouldWinOverAnEarlierWriteOfAnotherHostWhenItsClockLags() throws Exception {
        open(HOUR.negated());
        Version earlier = set(right, "k", "earlier");
        awaitLaterClock(wrong, earlier);
        set(wrong, "k", "later");
        assertThat(atRelay("k")).isEqualTo("later");
        assertThat(wrong.counter(Counter.CLOCK_AHEAD)).isZero();
    }

    @Test
    void shouldEndWhatAnotherHostBeganBeforeWhenItsClockLags() throws Exception {
        open(HOUR.negated());
        set(right, "k", "earlier");
        assertThat(delete(wrong, "k")).isTrue();
        assertThat(atRelay("k")).isNull();
        set(wrong, "k", "begun anew");
        assertThat(atRelay("k")).isEqualTo("begun anew");
    }

    @Test
    void shouldNotBeAheadWhenItsLaggingClockIsPutRightMeanwhile() throws Exception {
        open(HOUR.negated());
        clock.off(Duration.ZERO);
        // The clocks are looked at once a second.
        await().atMost(LIMIT)
                .pollInterval(Duration.ofMillis(100))
                .during(Duration.ofMillis(1_500))
                .until(() -> aheadOfNow(set(wrong, "k", "earlier")) < 5);
        Version earlier = set(wrong, "k", "earlier");
        assertThat(aheadOfNow(earlier)).isBetween(-5L, 5L);
        awaitLaterClock(right, earlier);
        set(right, "k", "later");
        assertThat(atRelay("k")).isEqualTo("later");
    }
}
