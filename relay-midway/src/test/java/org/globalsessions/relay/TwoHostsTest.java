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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.segment.SegmentDescriptor;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two applications, each on a segment of its own as on two hosts, and a relay between them over TCP. */
class TwoHostsTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int EL_COUNT = 160;

    @TempDir
    Path folder;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private MidwayRelay relay;
    private FakeSibling sibling;
    private SessionCacheManager a;
    private SessionCacheManager b;

    @BeforeEach
    void open() throws IOException {
        relay = keep(MidwayRelay.launch(context().port(0)));
        sibling = keep(newSibling(null));
        a = keep(application("a"));
        b = keep(application("b"));
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
        return SessionCacheManager.open(
                ConfigFactory.parseString("""
                message_relay { auth_path : "auths", address : "localhost", port : %d, reconnect_wait : 50ms }
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : %d, unpublished_wait : 5s } }
                """.formatted(relay.port(), folder.resolve(name), folder, EL_COUNT)));
    }

    private <T extends AutoCloseable> T keep(T resource) {
        opened.add(resource);
        return resource;
    }

    @AfterEach
    void close() throws Exception {
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
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

        SessionCacheManager c = keep(application("c"));
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
    void shouldAgreeAgainWhenTheRelayComesBack() throws IOException {
        a.set("user-1", value(1));
        assertThat(get(b, "user-1")).isEqualTo(value(1));
        int port = relay.port();
        relay.close();
        assertThat(a.delete("user-1").join()).isTrue();
        a.set("user-2", value(2));
        a.set("user-3", value(3));
        relay = keep(MidwayRelay.launch(context().port(port)));
        keep(newSibling(sibling));
        await().atMost(LIMIT).untilAsserted(() -> assertThat(get(b, "user-2")).isEqualTo(value(2)));
        await().atMost(LIMIT).untilAsserted(() -> assertThat(get(b, "user-3")).isEqualTo(value(3)));
        await().atMost(LIMIT).until(() -> b.getLocal("user-1") == null);
        assertThat(get(b, "user-1")).isNull();
    }
}
