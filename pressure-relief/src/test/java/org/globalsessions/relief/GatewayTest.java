package org.globalsessions.relief;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.relief.Entries.entry;
import static org.globalsessions.relief.Entries.key;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.globalsessions.Version;
import org.globalsessions.relief.extension.ReliefExtension;
import org.globalsessions.relief.extension.SessionValidator;
import org.globalsessions.relief.extension.ValidSession;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FilterFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.ValidateFrame;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a gateway to another system says of a session is told as that system said it, or that nobody knows. */
class GatewayTest {
    private static final ReconnectPolicy AT_ONCE = new ReconnectPolicy(Duration.ofMillis(5), Duration.ofMillis(20), 0);

    @TempDir
    private Path folder;

    private final Instant yesterday = Instant.now().minus(1, ChronoUnit.DAYS);
    private final CountDownLatch released = new CountDownLatch(1);
    private SharedLru segment;
    private SiblingStub sibling;
    private ReliefNode node;

    @BeforeEach
    void start() throws IOException {
        segment = SharedLru.open(
                new SegmentSettings(folder.resolve("other")).elCount(10).pathName("test"));
        sibling = new SiblingStub(0);
        node = ReliefNode.launch(new ReliefContext(new SegmentSettings(folder.resolve("relief.segment"))
                        .elCount(2000)
                        .pathName("test"))
                .pathName("test")
                .aging(true)
                .extension(new PlayedGateway(this::validate))
                .sibling("localhost", sibling.port(), AT_ONCE));
        await().until(() -> sibling.hellos().size() == 1);
    }

    @AfterEach
    void close() {
        released.countDown();
        node.close();
        sibling.close();
        segment.close();
    }

    private record PlayedGateway(SessionValidator validator) implements ReliefExtension {
        @Override
        public String name() {
            return "gateway";
        }
    }

    private ValidSession validate(String key) throws Exception {
        return switch (key) {
            case "valid" -> new ValidSession("user=5".getBytes(UTF_8), yesterday, Duration.ofMinutes(10));
            case "from the future" -> new ValidSession(new byte[0], Instant.MAX, Duration.ofDays(10_000));
            case "before time" -> new ValidSession(new byte[0], Instant.MIN, Duration.ofNanos(1));
            case "ended" -> new ValidSession(new byte[0], yesterday, Duration.ZERO);
            case "large" -> new ValidSession(new byte[1 << 20], yesterday, Duration.ofMinutes(10));
            case "throw" -> throw new IOException("no answer for " + key);
            case "overflow" -> throw new StackOverflowError(key);
            case "hang" -> {
                released.await();
                yield null;
            }
            default -> null;
        };
    }

    private SessionKnownFrame asked(String key) {
        return (SessionKnownFrame) sibling.ask(id -> new ValidateFrame(id, key(key)));
    }

    @Test
    void shouldSayThatItMayKnowMoreWhenASessionIsNotHere() {
        assertThat(((SessionKnownFrame) sibling.ask(id -> new NeedSessionFrame(id, key("valid")))).status())
                .isEqualTo(Status.MISSING_HERE);
        sibling.ask(id -> new SessionBackupFrame(id, entry("a", 10)));
        assertThat(((SessionKnownFrame) sibling.ask(id -> new NeedSessionFrame(id, key("a")))).status())
                .isEqualTo(Status.FOUND);
    }

    @Test
    void shouldGiveNoFilterAsTheGatewayMayKnowWhatItWouldRefuse() {
        assertThat(sibling.ask(id -> new FilterFrame(id, 0, 0, 1)))
                .isInstanceOfSatisfying(
                        ErrorFrame.class, error -> assertThat(error.code()).isEqualTo(ErrorCode.REFUSED));
    }

    @Test
    void shouldTellASessionAsOfWhenItBeganInTheOtherSystem() {
        SessionEntry entry = asked("valid").entry();
        assertThat(entry.value()).isEqualTo("user=5".getBytes(UTF_8));
        assertThat(entry.key()).isEqualTo(key("valid"));
        assertThat(entry.life() >> Version.LOGICAL_BITS).isEqualTo(ChronoUnit.MICROS.between(Instant.EPOCH, yesterday));
        assertThat(entry.version().clock()).isEqualTo(entry.life());
        assertThat(entry.lifetimeTicks()).isEqualTo(60_000);
        assertThat(entry.beginsLife()).isFalse();
        // It is the relay's to keep.
        assertThat(((SessionKnownFrame) sibling.ask(id -> new NeedSessionFrame(id, key("valid")))).status())
                .isEqualTo(Status.MISSING_HERE);
    }

    @Test
    void shouldKeepTimesWithinWhatTiersCanKeep() {
        SessionEntry future = asked("from the future").entry();
        long nowMicros = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        assertThat(future.life() >> Version.LOGICAL_BITS).isBetween(nowMicros - 60_000_000, nowMicros + 1_000_000);
        assertThat(future.lifetimeTicks()).isEqualTo(240 * 24 * 3_600 * 100);
        SessionEntry before = asked("before time").entry();
        assertThat(before.life() >> Version.LOGICAL_BITS).isEqualTo(1);
        assertThat(before.lifetimeTicks()).isEqualTo(1);
    }

    @Test
    void shouldSayMissingWhenTheOtherSystemDoesNotKnowIt() {
        assertThat(asked("nobody's").status()).isEqualTo(Status.MISSING);
        assertThat(node.counters().get(Counter.VALIDATIONS_FAILED)).isZero();
    }

    @Test
    void shouldSayThatNobodyKnowsWhenTheGatewayFailsAndNameNoKey() throws IOException {
        List<String> keys = List.of("throw", "overflow", "ended", "large");
        for (String key : keys) {
            assertThat(asked(key).status()).as(key).isEqualTo(Status.UNAVAILABLE);
        }
        assertThat(node.counters().get(Counter.VALIDATIONS_FAILED)).isEqualTo(keys.size());
        assertThat(asked("valid").status()).isEqualTo(Status.FOUND);
        node.close();
        assertThat(Files.readString(folder.resolve("relief.segment"), StandardCharsets.ISO_8859_1))
                .contains("an extension's gateway failed")
                .doesNotContain("no answer for");
    }

    @Test
    void shouldSayThatNobodyKnowsWhenTheGatewayHangsAndAnswerOthersMeanwhile() {
        CopyOnWriteArrayList<SessionKnownFrame> answers = new CopyOnWriteArrayList<>();
        int all = ExtensionGateway.THREADS + ExtensionGateway.WAITING + 1;
        try (EventLoops loops = EventLoops.start("test", 1);
                ExtensionGateway gateway = new ExtensionGateway(segment, loops, this::validate)) {
            loops.execute(() -> {
                for (int i = 1; i < all; i++) {
                    gateway.validate(new ValidateFrame(i, key("hang")), answers::add);
                }
                gateway.validate(new ValidateFrame(all, key("valid")), answers::add);
            });
            await().until(() -> answers.size() == all);
            assertThat(answers.get(0).correlationId()).as("too many waited").isEqualTo(all);
            assertThat(answers).extracting(SessionKnownFrame::status).containsOnly(Status.UNAVAILABLE);
            assertThat(segment.counters().get(Counter.VALIDATIONS_FAILED)).isEqualTo(all);
            // Those that hung were interrupted.
            loops.execute(() -> gateway.validate(new ValidateFrame(1, key("valid")), answers::add));
            await().until(() -> answers.size() == all + 1);
            assertThat(answers.get(all).status()).isEqualTo(Status.FOUND);
        }
    }

    @Test
    void shouldRefuseASessionWithoutTimeOrValue() {
        assertThatThrownBy(() -> new ValidSession(new byte[0], yesterday, Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("remaining time out of range: remaining=PT-1S, above 0");
        assertThatThrownBy(() -> new ValidSession(null, yesterday, Duration.ofSeconds(1)))
                .isInstanceOf(NullPointerException.class);
    }
}
