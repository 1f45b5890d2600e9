package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What is too far ahead of the relay's clock is refused, whatever part of a change it is. */
class SkewLimitTest {
    private static final long MICROSECOND = 1L << Version.LOGICAL_BITS;
    private static final long SECOND = 1_000_000 * MICROSECOND;

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private final long now = System.currentTimeMillis() * 1_000 * MICROSECOND;
    private MidwayRelay relay;
    private TestHost host;

    @BeforeEach
    void launch() throws IOException {
        relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .maxClockSkew(Duration.ofMinutes(10))
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(160))));
        host = opened.keep(new TestHost(relay.port(), 1)).welcomed();
    }

    private SessionFrame session(String key, long clock, long life, Version seenTombstone) {
        Version version = new Version(clock, 1);
        SessionEntry entry = new SessionEntry(key.getBytes(UTF_8), new byte[3], version, life, true, 0, 0, 0);
        return new SessionFrame(host.nextId(), Acknowledgement.RELAY, 0, 0, seenTombstone, entry);
    }

    private Frame set(String key, long clock) {
        return host.ask(session(key, clock, clock, Version.NONE));
    }

    private Frame delete(String key, long clock) {
        return host.ask(new DeleteFrame(
                host.nextId(),
                Acknowledgement.RELAY,
                0,
                0,
                relay.lru().encode(key).digest(),
                new Version(clock, 1)));
    }

    private static void assertTaken(Frame answer) {
        assertThat(answer).isInstanceOf(SessionReceivedFrame.class);
        assertThat(((SessionReceivedFrame) answer).receipt().outcome()).isEqualTo(Receipt.Outcome.STORED);
    }

    private static ErrorFrame assertRefused(Frame answer) {
        assertThat(answer).isInstanceOf(ErrorFrame.class);
        ErrorFrame error = (ErrorFrame) answer;
        assertThat(error.code()).isEqualTo(ErrorCode.CLOCK_AHEAD);
        return error;
    }

    @Test
    void shouldTellItsClockAndTakeNothingWhenAVersionIsTooFarAhead() {
        assertTaken(set("within", now + 500 * SECOND));
        ErrorFrame refused = assertRefused(set("beyond", now + 3_600 * SECOND));
        assertThat(refused.clockMicros() * MICROSECOND).isBetween(now - SECOND, now + 300 * SECOND);
        assertThat(refused.highest()).as("seen ahead").isEqualTo(now + 500 * SECOND);
        assertRefused(delete("within", now + 3_600 * SECOND));
        assertRefused(host.ask(session("seen", now, now, new Version(now + 3_600 * SECOND, 1))));
        assertThat(host.get("beyond").entry()).isNull();
        assertThat(host.get("seen").entry()).isNull();
        assertThat(host.get("within").entry()).isNotNull();
        assertThat(relay.counters().get(Counter.CLOCK_AHEAD)).isEqualTo(3);
    }

    @Test
    void shouldGoOnFromItsEarlierClockWhenItStartsAgainWithTheWallClockSetBack() throws IOException {
        assertRefused(set("beyond", now + 3_600 * SECOND));
        // As it had kept it before the wall clock was set back by an hour.
        relay.lru().file().relayClockMicros(now / MICROSECOND + 3_600_000_000L);
        relay.close();
        launch();
        assertThat(host.welcome.clockMicros() * MICROSECOND)
                .isBetween(now + 3_600 * SECOND - SECOND, now + 3_900 * SECOND);
        assertTaken(set("beyond", now + 3_600 * SECOND));
    }

    @Test
    void shouldNotBeDrivenAheadWhenChangesFollowEachOther() {
        assertTaken(set("k", now + 590 * SECOND));
        for (int i = 1; i <= 20; i++) {
            assertRefused(set("k", now + (1_200 + 500L * i) * SECOND));
        }
    }

    @Test
    void shouldTakeWhatIsJustAboveWhatItHasAndWhatItHasTakenWhenItsClockIsSetBack() {
        // As after a step by a day: what it has of the key is further ahead than it would take.
        long before = now + 86_000 * SECOND;
        SessionEntry there =
                new SessionEntry("k".getBytes(UTF_8), new byte[3], new Version(before, 2), before, false, 0, 0, 0);
        relay.lru().fill(relay.lru().encode("k"), there, Long.MAX_VALUE, 0, true, new WriteOutcome());
        assertThat(assertRefused(set("k", before + SECOND)).highest()).isEqualTo(before);
        assertTaken(set("k", before + 2));
        assertTaken(set("k", before + 2));
        assertTaken(delete("k", before + 4));
        assertTaken(delete("k", before + 4));
        assertRefused(delete("k", before + SECOND));
    }
}
