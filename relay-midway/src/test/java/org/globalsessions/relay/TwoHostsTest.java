package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.ConditionFailedException;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentDescriptor;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Two applications, each on a segment of its own as on two hosts, and a relay between them over TCP. */
class TwoHostsTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int EL_COUNT = 160;

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;
    private FakeSibling sibling;
    private SessionCacheManager a;
    private SessionCacheManager b;

    @BeforeEach
    void open() throws IOException {
        relay = opened.keep(MidwayRelay.launch(context().port(0)));
        sibling = opened.keep(newSibling(null));
        a = opened.keep(application("a"));
        b = opened.keep(application("b"));
    }

    private RelayContext context() {
        return new RelayContext()
                .authPath("auths")
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(EL_COUNT))
                .siblingExternal(true);
    }

    private FakeSibling newSibling(FakeSibling earlier) {
        return new FakeSibling(
                relay.lru().file().note(),
                "auths",
                key -> relay.lru().encode(key).digest(),
                earlier);
    }

    private SessionCacheManager application(String name) throws IOException {
        return application(name, relay.port());
    }

    private SessionCacheManager application(String name, int port) throws IOException {
        return SessionCacheManager.open(
                ConfigFactory.parseString("""
                message_relay { auth_path : "auths", address : "localhost", port : %d, reconnect_wait : 50ms }
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : %d, unpublished_wait : 5s } }
                """.formatted(port, folder.resolve(name), folder, EL_COUNT)));
    }

    private static byte[] value(int number) {
        return ("value-" + number).getBytes(UTF_8);
    }

    /** The value, or null; asked for again where a tier is away. */
    private static byte[] get(SessionCacheManager cache, String key) {
        long deadlineNs = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            try {
                return cache.get(key).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                assertThat(e).hasCauseInstanceOf(TierUnavailableException.class);
                assertThat(deadlineNs - System.nanoTime()).isPositive();
            } catch (InterruptedException | TimeoutException e) {
                throw new AssertionError(e);
            }
        }
    }

    private List<Path> segments() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(
                            file -> Files.isRegularFile(file) && file.toString().endsWith(".segment"))
                    .toList();
        }
    }

    private static int origin(Path segment) throws IOException {
        try (FileChannel channel = FileChannel.open(segment)) {
            ByteBuffer bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
            channel.read(bytes, SegmentDescriptor.ORIGIN_OFFSET);
            return bytes.getInt(0);
        }
    }

    private static void origin(Path segment, int origin) throws IOException {
        try (FileChannel channel = FileChannel.open(segment, StandardOpenOption.WRITE)) {
            channel.write(
                    ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, origin),
                    SegmentDescriptor.ORIGIN_OFFSET);
        }
    }

    @Test
    void shouldDrawAnotherOriginAndGoOnWhenTheRelayKnowsAnotherHostByIt() throws Exception {
        List<Path> before = segments();
        application("c").close();
        Path segment = segments().stream()
                .filter(file -> !before.contains(file))
                .findFirst()
                .orElseThrow();
        int taken = relay.lru().file().origin();
        origin(segment, taken);

        SessionCacheManager c = opened.keep(application("c"));
        c.set("k", value(1));
        await().atMost(LIMIT).untilAsserted(() -> assertThat(get(a, "k")).isEqualTo(value(1)));
        assertThat(origin(segment)).isNotEqualTo(taken).isPositive();
    }

    @Test
    void shouldFindTheSessionOnTheOtherHostWhenOneHasSetIt() {
        a.set("user-1", value(1));
        await().atMost(LIMIT).untilAsserted(() -> assertThat(get(b, "user-1")).isEqualTo(value(1)));
        assertThat(get(b, "user-2")).isNull();
        assertThat(a.delete("user-1", Acknowledgement.RELIEF).join()).isTrue();
        await().atMost(LIMIT).until(() -> b.getLocal("user-1") == null);
        assertThat(get(b, "user-1")).isNull();
        assertThat(sibling.published).isEmpty();
    }

    @Test
    void shouldFindEverySessionWhenTenTimesWhatASegmentHoldsWereSet() {
        int sessions = 10 * EL_COUNT;
        // Connected: before that, a set into a full segment would not wait for the link.
        await().atMost(LIMIT).until(() -> relay.counters().get(Counter.CONNECTIONS) == 2);
        assertThat(get(a, "none")).isNull();
        for (int i = 0; i < sessions; i++) {
            a.set("user-" + i, value(i));
        }
        // The last ones may still be on their way to the relay.
        await().atMost(LIMIT).until(() -> a.counter(Counter.PUBLISHED) >= sessions);
        for (int i = 0; i < sessions; i++) {
            assertThat(get(b, "user-" + i)).isEqualTo(value(i));
        }
        assertThat(a.counter(Counter.LOST_UNPUBLISHED)).isZero();
        assertThat(relay.counters().get(Counter.LOST_SPILL_FULL)).isZero();
        assertThat(relay.counters().get(Counter.HANDED_OFF)).isGreaterThan(sessions / 2);
        assertThat(relay.counters().get(Counter.ERRORS)).isZero();
    }

    @Test
    void shouldLetExactlyOneHostWinEachRoundWhenBothSaveOverTheSameVersion() throws Exception {
        int rounds = 100;
        SetOptions decided = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);
        await().atMost(LIMIT).until(() -> relay.counters().get(Counter.CONNECTIONS) == 2);
        Version expected = a.set("user-1", value(0), decided).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        for (int round = 1; round <= rounds; round++) {
            // Some rounds over what only the relief tier has, as after an eviction; some over nothing.
            if (round % 20 == 0) {
                a.delete("user-1", Acknowledgement.RELAY).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
                // Its announcement is applied there, so that a new life may begin.
                await().atMost(LIMIT).until(() -> b.getLocal("user-1") == null);
                expected = Version.NONE;
            } else if (round % 10 == 0) {
                KeyDigest digest = relay.lru().encode("user-1").digest();
                Version there = expected;
                await().atMost(LIMIT)
                        .until(() -> sibling.published.get(digest).version().equals(there));
                assertThat(relay.lru().removeOlder(digest, new Version(there.clock() + 1, 0)))
                        .isTrue();
            }
            // Each is the first to save every other time.
            SetOptions over = decided.expectedVersion(expected);
            CompletableFuture<Version> early = round % 2 == 0 ? a.set("user-1", value(round), over) : null;
            CompletableFuture<Version> byB = b.set("user-1", value(-round), over);
            CompletableFuture<Version> byA = early == null ? a.set("user-1", value(round), over) : early;
            Version ofA = wonOrNull(byA);
            Version ofB = wonOrNull(byB);
            assertThat(ofA == null).as("round %d: a=%s, b=%s", round, ofA, ofB).isNotEqualTo(ofB == null);
            expected = ofA == null ? ofB : ofA;
            byte[] winner = value(ofA == null ? -round : round);
            assertThat(get(a, "user-1")).as("round %d", round).isEqualTo(winner);
            assertThat(get(b, "user-1")).as("round %d", round).isEqualTo(winner);
        }
        assertThat(relay.counters().get(Counter.CONDITIONS_FAILED)).isEqualTo(rounds);
    }

    @Test
    void shouldGetTheSameAnswerOnTheNextConnectionWhenTheReceiptWasLost() throws Exception {
        FaultProxy proxy = opened.keep(new FaultProxy(relay.port(), 1));
        SessionCacheManager c = opened.keep(application("c", proxy.port()));
        SetOptions decided = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);
        Version first = a.set("user-1", value(1), decided).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(get(c, "user-1")).isEqualTo(value(1));
        long stored = relay.lru().file().position();
        proxy.cut(FaultProxy.Way.TO_HOSTS);
        CompletableFuture<Version> saved = c.set("user-1", value(2), decided.expectedVersion(first));
        await().atMost(LIMIT).until(() -> relay.lru().file().position() > stored);
        // Somebody goes on from there before the receipt comes a second time.
        Version second = await().atMost(LIMIT)
                .until(() -> a.getVersioned("user-1").join().version(), there -> !there.equals(first));
        Version third =
                a.set("user-1", value(3), decided.expectedVersion(second)).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        proxy.reset();
        proxy.heal();
        assertThat(saved.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                .isEqualTo(second)
                .isLessThan(third);
        await().atMost(LIMIT).untilAsserted(() -> assertThat(get(c, "user-1")).isEqualTo(value(3)));
        assertThat(relay.lru().file().position()).isEqualTo(stored + 2);
    }

    private static Version wonOrNull(CompletableFuture<Version> saved) throws Exception {
        try {
            return saved.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(ConditionFailedException.class);
            return null;
        }
    }

    @Test
    void shouldAgreeAgainWhenTheRelayComesBack() throws IOException {
        a.set("user-1", value(1));
        assertThat(get(b, "user-1")).isEqualTo(value(1));
        int port = relay.port();
        relay.close();
        assertThat(a.delete("user-1").join()).isTrue();
        a.set("user-2", value(2));
        a.set("user-3", value(3));
        relay = opened.keep(MidwayRelay.launch(context().port(port)));
        opened.keep(newSibling(sibling));
        await().atMost(LIMIT).untilAsserted(() -> assertThat(get(b, "user-2")).isEqualTo(value(2)));
        await().atMost(LIMIT).untilAsserted(() -> assertThat(get(b, "user-3")).isEqualTo(value(3)));
        await().atMost(LIMIT).until(() -> b.getLocal("user-1") == null);
        assertThat(get(b, "user-1")).isNull();
    }
}
