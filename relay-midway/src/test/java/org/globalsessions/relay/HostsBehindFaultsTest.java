package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.tier.TierHost;
import org.globalsessions.transport.client.RecordingListener;
import org.globalsessions.transport.client.RelayLink;
import org.globalsessions.transport.client.RelayLinkSettings;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Hosts and a relay with each fault between them: every question ends in time, and null is never an outage. */
class HostsBehindFaultsTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Duration REQUEST_TIMEOUT = Duration.ofMillis(500);

    /** Sessions that are asked for, and as many keys that nobody has set. */
    private static final int SESSIONS = 200;

    private static final int EL_COUNT = 2_000;
    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    /** How many questions find their answer. */
    private enum Answered {
        SOME,
        NONE,
        /** As quickly as the connection is back. */
        ANY
    }

    /** What is between the hosts and the relay. */
    private enum Fault {
        LATENCY(Answered.SOME),
        DRIP(Answered.SOME),
        REFUSED(Answered.SOME),
        RESET(Answered.ANY),
        RESET_AND_REFUSED(Answered.NONE),
        CUT(Answered.NONE),
        CUT_TO_RELAY(Answered.NONE),
        CUT_TO_HOSTS(Answered.NONE);

        private final Answered answered;

        Fault(Answered answered) {
            this.answered = answered;
        }

        void begin(FaultProxy proxy) {
            switch (this) {
                case LATENCY -> proxy.delay(Duration.ofMillis(20), Duration.ofMillis(20));
                case DRIP -> proxy.drip(512, Duration.ofMillis(10));
                case REFUSED -> proxy.refuse();
                case RESET -> proxy.reset();
                case RESET_AND_REFUSED -> {
                    proxy.refuse();
                    proxy.reset();
                }
                case CUT -> proxy.cut();
                case CUT_TO_RELAY -> proxy.cut(FaultProxy.Way.TO_RELAY);
                case CUT_TO_HOSTS -> proxy.cut(FaultProxy.Way.TO_HOSTS);
            }
        }
    }

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;
    private FaultProxy proxy;

    @BeforeEach
    void open() throws IOException {
        relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                // Of nobody else's session before it is asked for.
                .announce(RelayContext.Announce.OFF)
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(EL_COUNT))));
        proxy = opened.keep(new FaultProxy(relay.port(), 11));
    }

    private SessionCacheManager application(String name, int port) throws IOException {
        return opened.keep(SessionCacheManager.open(ConfigFactory.parseString(
                """
                message_relay {
                  auth_path : "auths", address : "localhost", port : %d, reconnect_wait : 50ms, request_timeout : %dms
                }
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : %d } }
                """.formatted(port, REQUEST_TIMEOUT.toMillis(), folder.resolve(name), folder, EL_COUNT))));
    }

    private static byte[] value(int number) {
        return ("value-" + number).getBytes(UTF_8);
    }

    /** The value, null, or a failure: in time, whatever is between here and the relay. */
    private static byte[] ended(CompletableFuture<byte[]> question) throws Exception {
        return question.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @EnumSource
    void shouldEndEveryQuestionAndSayNullForNoSessionThatThereIsUnder(Fault fault) throws Exception {
        SessionCacheManager a = application("a", relay.port());
        SessionCacheManager b = application("b", proxy.port());
        awaitAnswer(a, "none-yet", null);
        awaitAnswer(b, "none-yet", null);
        for (int i = 0; i < SESSIONS; i++) {
            a.set("user-" + i, value(i), TO_RELAY).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }

        fault.begin(proxy);
        List<CompletableFuture<byte[]>> known = new ArrayList<>();
        List<CompletableFuture<byte[]>> unknown = new ArrayList<>();
        for (int i = 0; i < SESSIONS; i++) {
            known.add(b.get("user-" + i));
            unknown.add(b.get("none-" + i));
            b.set("own-" + i, value(i));
            if (i % 20 == 0) {
                // Over a while, so that some are asked before and some after what the fault does to the connection.
                Thread.sleep(10);
            }
        }
        int answered = 0;
        for (int i = 0; i < SESSIONS; i++) {
            answered += endsRight(known.get(i), value(i)) + endsRight(unknown.get(i), null);
        }
        if (fault.answered != Answered.ANY) {
            assertThat(answered > 0).as("answered=%d", answered).isEqualTo(fault.answered == Answered.SOME);
        }

        proxy.heal();
        for (int i = 0; i < SESSIONS; i++) {
            awaitAnswer(b, "user-" + i, value(i));
            awaitAnswer(b, "none-" + i, null);
            awaitArrival(a, "own-" + i, value(i));
        }
    }

    /** 1 for the right answer, 0 for an outage. */
    private static int endsRight(CompletableFuture<byte[]> question, byte[] expected) throws Exception {
        try {
            assertThat(ended(question)).isEqualTo(expected);
            return 1;
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(TierUnavailableException.class);
            return 0;
        }
    }

    /** What another host has set while nobody could hear of it. */
    private static void awaitArrival(SessionCacheManager host, String key, byte[] expected) {
        await().atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .ignoreExceptions()
                .until(() -> Arrays.equals(ended(host.get(key)), expected));
    }

    /** The answer once there is one: null only where null is expected. */
    private static void awaitAnswer(SessionCacheManager host, String key, byte[] expected) {
        await().atMost(LIMIT).pollDelay(Duration.ZERO).until(() -> endsRight(host.get(key), expected) == 1);
    }

    @Test
    void shouldNoticeByPingsThatAConnectionIsHalfOpenAndComeBack() {
        Duration silence = Duration.ofMillis(800);
        RelayLink link = opened.keep(new RelayLink(
                new RelayLinkSettings(
                        "auths",
                        "",
                        PeerAddress.tcp("localhost", proxy.port()),
                        Duration.ofSeconds(20),
                        RelayLinkSettings.DEFAULT_WINDOW,
                        RelayLinkSettings.DEFAULT_WINDOW_BYTES,
                        new ReconnectPolicy(Duration.ofMillis(20), Duration.ofMillis(200), 0),
                        new LinkSettings(
                                Duration.ofMillis(200),
                                silence,
                                Duration.ofSeconds(1),
                                Duration.ofSeconds(1),
                                1 << 20,
                                16 << 20),
                        PipelineSecurity.plain()),
                new TierHost(5, 5, 5, 0, 1)));
        link.start(new RecordingListener());
        await().atMost(LIMIT).until(link::isConnected);
        proxy.cut();
        long cutNs = System.nanoTime();
        // Its own time-out is far away: the connection's end ends it.
        CompletableFuture<?> question =
                link.ask("user-1".getBytes(UTF_8), relay.lru().encode("user-1").digest());
        await().atMost(LIMIT).until(question::isDone);
        Duration noticed = Duration.ofNanos(System.nanoTime() - cutNs);
        assertThat(noticed).isGreaterThan(silence.dividedBy(2));
        assertThat(question)
                .failsWithin(LIMIT)
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(TierUnavailableException.class)
                .withMessageContaining("is away");
        assertThat(link.isConnected()).isFalse();
        proxy.heal();
        await().atMost(LIMIT).until(link::isConnected);
        assertThat(link.ask(
                        "user-1".getBytes(UTF_8), relay.lru().encode("user-1").digest()))
                .succeedsWithin(LIMIT)
                .satisfies(answer -> assertThat(answer.entry()).isNull());
    }
}
