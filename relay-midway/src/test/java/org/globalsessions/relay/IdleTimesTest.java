package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.Version;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.Ticks;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.TouchFrame;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A session that is only read, and on one host only, lives on everywhere: two applications and a relay over TCP, and a relief tier. */
class IdleTimesTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final long IDLE_NS = TimeUnit.SECONDS.toNanos(2);
    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);
    private static final int LONG_LIMIT = Ticks.ticks(Duration.ofMinutes(30));
    private static final long LIFE = 1_000;
    private static final byte[] VALUE = "value".getBytes(UTF_8);

    @TempDir
    private Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;
    private FakeSibling sibling;
    private SessionCacheManager a;
    private SessionCacheManager b;

    @BeforeEach
    void open() throws IOException {
        relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(160))
                .siblingExternal(true)));
        sibling = opened.keep(new FakeSibling(
                relay.lru().file().note(),
                "auths",
                key -> relay.lru().encode(key).digest()));
        a = opened.keep(application("a"));
        b = opened.keep(application("b"));
    }

    private SessionCacheManager application(String name) throws IOException {
        return SessionCacheManager.open(
                ConfigFactory.parseString("""
                message_relay { auth_path : "auths", address : "localhost", port : %d, reconnect_wait : 50ms }
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : 160, idle_timeout : 2s } }
                """.formatted(relay.port(), folder.resolve(name), folder)));
    }

    private static void set(SessionCacheManager cache, String key) throws Exception {
        cache.set(key, VALUE, TO_RELAY).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    /**
     * Reads a session on one host for more than twice its idle time, four times in each.
     *
     * @return false where this process had no turn for so long that the session may have ended
     */
    private boolean readsForLong(SessionCacheManager cache, String key) {
        long lastNs = System.nanoTime();
        long endNs = lastNs + IDLE_NS * 5 / 2;
        while (endNs - lastNs > 0) {
            LockSupport.parkNanos(IDLE_NS / 4);
            byte[] read = cache.getLocal(key);
            long nowNs = System.nanoTime();
            if (nowNs - lastNs > IDLE_NS / 2) {
                return false;
            }
            assertThat(read).isEqualTo(VALUE);
            lastNs = nowNs;
        }
        return true;
    }

    private void setAndReadForLong(String key) throws Exception {
        set(a, key);
        int attempts = 1;
        while (!readsForLong(a, key)) {
            assertThat(attempts).isLessThan(10);
            attempts++;
            set(a, key);
        }
    }

    @Test
    void shouldFindTheSessionOnTheOtherHostWhenItWasReadOnOneForLong() throws Exception {
        // What was published the relief tier of this test keeps for ever.
        sibling.agingOnly = true;
        setAndReadForLong("user-1");
        assertThat(b.getLocal("user-1")).as("its own copy is idle").isNull();
        assertThat(b.get("user-1").get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(VALUE);
        assertThat(a.counter(Counter.TOUCHES)).isGreaterThanOrEqualTo(8);
        assertThat(relay.counters().get(Counter.ERRORS)).isZero();
    }

    @Test
    void shouldTellTheReliefTierOfUsesWhenTheSessionWasHandedOff() throws Exception {
        int attempt = 0;
        String key = "user-0";
        do {
            assertThat(attempt).isLessThan(10);
            key = "user-" + attempt;
            handOff(key);
            attempt++;
        } while (!readsForLong(a, key));
        long readNs = System.nanoTime();
        KeyDigest digest = digest(key);
        await().atMost(LIMIT).until(() -> readNs - sibling.usedAtNs.getOrDefault(digest, 0L) < IDLE_NS / 4);
    }

    @Test
    void shouldTakeAQuestionForAUseOnlyWhereTheSessionIsNotIdle() {
        TestHost host = opened.keep(new TestHost(relay.port(), 7)).welcomed();
        fill("live", LONG_LIMIT / 2);
        fill("idle", LONG_LIMIT + LONG_LIMIT / 8);
        assertThat(host.get("live").entry().idleTicks()).isGreaterThanOrEqualTo(LONG_LIMIT / 2);
        assertThat(host.get("live").entry().idleTicks()).isLessThan(LONG_LIMIT / 8);
        for (int i = 0; i < 3; i++) {
            assertThat(host.get("idle").entry().idleTicks()).isGreaterThan(LONG_LIMIT);
        }
    }

    @Test
    void shouldRenewByATouchWhatItHasOfThatLifeAndPassOnTheRest() {
        TestHost host = opened.keep(new TestHost(relay.port(), 7)).welcomed();
        fill("here", LONG_LIMIT / 2);
        fill("other life", LONG_LIMIT / 2);
        Touch elsewhere = new Touch(digest("elsewhere"), LIFE, 30);
        var unused = host.send(new TouchFrame(
                1_000_000,
                List.of(
                        new Touch(digest("here"), LIFE, 50),
                        new Touch(digest("other life"), LIFE + 1, 50),
                        elsewhere)));
        assertThat(host.get("here").entry().idleTicks()).isBetween(50, LONG_LIMIT / 4);
        assertThat(host.get("other life").entry().idleTicks()).isGreaterThanOrEqualTo(LONG_LIMIT / 2);
        assertThat(host.get("here").entry().version()).isEqualTo(new Version(LIFE, 3));
        await().atMost(LIMIT).until(() -> sibling.usedAtNs.containsKey(elsewhere.digest()));
        await("an expansion node has it, though it is not handed off")
                .atMost(LIMIT)
                .until(() -> sibling.usedAtNs.containsKey(digest("here")));
    }

    @Test
    void shouldBeUsedWhenASetLosesToANewerVersion() {
        TestHost host = opened.keep(new TestHost(relay.port(), 7)).welcomed();
        fill("k", LONG_LIMIT / 2);
        long earlier = LIFE - 1;
        SessionEntry loser = new SessionEntry(
                "k".getBytes(UTF_8), new byte[1], new Version(earlier, 4), earlier, true, 50, LONG_LIMIT, 0);
        SessionReceivedFrame received = (SessionReceivedFrame)
                host.ask(new SessionFrame(host.nextId(), Acknowledgement.RELAY, 0, 0, Version.NONE, loser));
        assertThat(received.receipt().outcome()).isEqualTo(Receipt.Outcome.SUPERSEDED);
        EntrySnapshot there = new EntrySnapshot();
        assertThat(relay.lru().find(relay.lru().encode("k"), there)).isTrue();
        assertThat(there.valueCopy()).isEqualTo(VALUE);
        assertThat(there.toEntry().idleTicks()).isBetween(50, LONG_LIMIT / 4);
    }

    private void fill(String key, int idleTicks) {
        byte[] bytes = key.getBytes(UTF_8);
        SessionEntry entry =
                new SessionEntry(bytes, VALUE, new Version(LIFE, 3), LIFE, false, idleTicks, LONG_LIMIT, 0);
        WriteOutcome outcome = new WriteOutcome();
        SharedLru lru = relay.lru();
        lru.fill(lru.encode(bytes), entry, Long.MAX_VALUE, RecordDescriptor.NOT_HANDED_OFF, true, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
    }

    private KeyDigest digest(String key) {
        return relay.lru().encode(key).digest();
    }

    /** The relay hands its oldest off as others come, and goes on holding it. */
    private void handOff(String key) throws Exception {
        set(a, key);
        KeyDigest digest = digest(key);
        for (int i = 0; !sibling.handedOff.containsKey(digest); i++) {
            assertThat(i).isLessThan(10_000);
            set(b, "other-" + i);
        }
        assertThat(a.getLocal(key)).isEqualTo(VALUE);
    }
}
