package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.AnnounceDeleteFrame;
import org.globalsessions.transport.frame.AnnounceSessionFrame;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Changes whose receipt was lost on the way come a second time. */
class DuplicateChangesTest {
    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;

    private void launch(boolean withSibling) throws IOException {
        relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(320))
                .siblingExternal(withSibling)));
    }

    private TestHost host(int number) {
        return opened.keep(new TestHost(relay.port(), number)).welcomed();
    }

    private KeyDigest digest(String key) {
        return relay.lru().encode(key.getBytes(UTF_8)).digest();
    }

    private static Receipt receipt(Frame answer) {
        assertThat(answer).isInstanceOf(SessionReceivedFrame.class);
        return ((SessionReceivedFrame) answer).receipt();
    }

    /** The positions of what was announced, once the mark that is set now has been announced. */
    private static List<Long> announcedUntil(TestHost setter, TestHost listener, String mark) {
        long last = receipt(setter.set(mark, "mark")).position();
        await().atMost(TestHost.LIMIT)
                .until(() -> listener.announced.stream().anyMatch(frame -> positionOf(frame) == last));
        return listener.announced.stream().map(DuplicateChangesTest::positionOf).toList();
    }

    private static long positionOf(Frame frame) {
        if (frame instanceof AnnounceSessionFrame set) {
            return set.position();
        }
        return ((AnnounceDeleteFrame) frame).position();
    }

    @Test
    void shouldGiveTheSameReceiptAndAnnounceOnceWhenASetComesAgain() throws Exception {
        launch(false);
        TestHost a = host(1);
        TestHost b = host(2).subscribed(5, 0, 0);
        SessionFrame set = a.session("user-1", "x".getBytes(UTF_8), Acknowledgement.RELAY);
        Receipt first = receipt(a.ask(set));
        a.set("user-2", "y");
        assertThat(receipt(a.ask(set))).isEqualTo(first);
        // As after a reconnect, by another process of the host.
        assertThat(receipt(host(1).ask(set))).isEqualTo(first);
        assertThat(announcedUntil(a, b, "mark")).containsExactly(1L, 2L, 3L);
    }

    @Test
    void shouldGiveTheSameReceiptWhenASetWasRaisedAboveATombstone() throws Exception {
        launch(false);
        TestHost a = host(1);
        SessionFrame early = a.session("user-1", "x".getBytes(UTF_8), Acknowledgement.RELAY);
        receipt(a.delete(digest("user-1"), Acknowledgement.RELAY));
        // It has applied the delete, and begins a life with a version that is older than the tombstone.
        SessionFrame set = new SessionFrame(
                early.correlationId(), early.level(), a.welcome.epoch(), 1, early.seenTombstone(), early.entry());
        Receipt first = receipt(a.ask(set));
        assertThat(first.outcome()).isEqualTo(Receipt.Outcome.STORED);
        assertThat(first.version()).isGreaterThan(early.entry().version());
        assertThat(receipt(a.ask(set))).isEqualTo(first);
    }

    @Test
    void shouldTakeTheLaterSetOfAHostWhoseEarlierOneGotAHigherVersionMeanwhile() throws Exception {
        launch(false);
        TestHost a = host(1);
        SessionFrame early = a.session("user-1", "one".getBytes(UTF_8), Acknowledgement.RELAY);
        receipt(a.delete(digest("user-1"), Acknowledgement.RELAY));
        Receipt first = receipt(a.ask(new SessionFrame(
                early.correlationId(), early.level(), a.welcome.epoch(), 1, early.seenTombstone(), early.entry())));
        Version begun = early.entry().version();
        assertThat(first.version()).isGreaterThan(new Version(begun.clock() + 1, begun.origin()));
        // By another process of the host, before that receipt came.
        SessionEntry update = new SessionEntry(
                early.entry().key(),
                "two".getBytes(UTF_8),
                new Version(begun.clock() + 1, begun.origin()),
                begun.clock(),
                false,
                0,
                0,
                0);
        SessionFrame later =
                new SessionFrame(7, Acknowledgement.RELAY, a.welcome.epoch(), 1, early.seenTombstone(), update);
        Receipt second = receipt(host(1).ask(later));
        assertThat(second.outcome()).isEqualTo(Receipt.Outcome.STORED);
        assertThat(second.version()).isGreaterThan(first.version());
        assertThat(second.life()).isEqualTo(first.life());
        assertThat(a.get("user-1").entry().value()).isEqualTo("two".getBytes(UTF_8));
        // Of an earlier one that says no more.
        SessionEntry before = new SessionEntry(
                early.entry().key(),
                new byte[1],
                new Version(begun.clock() - 2, begun.origin()),
                begun.clock(),
                false,
                0,
                0,
                0);
        Receipt lost = receipt(
                a.ask(new SessionFrame(8, Acknowledgement.RELAY, a.welcome.epoch(), 1, early.seenTombstone(), before)));
        assertThat(lost.outcome()).isNotEqualTo(Receipt.Outcome.STORED);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldNotBringBackWhatItsHostHadReplacedWhenThatComesAfterItsEnd(boolean startedAgain) throws Exception {
        launch(false);
        TestHost a = host(1);
        assertThat(receipt(a.ask(set(a, 1_000, 1, 3))).outcome()).isEqualTo(Receipt.Outcome.STORED);
        awaitTheEnd();
        if (startedAgain) {
            relay.close();
            launch(false);
            a = host(1);
        }
        Receipt late = receipt(a.ask(set(a, 999, 1, 0)));
        assertThat(late.outcome()).isEqualTo(Receipt.Outcome.SUPERSEDED);
        assertThat(late.version()).isEqualTo(new Version(1_000, 1));
        assertThat(host(2).get("user-1").entry()).isNull();
        // Another host's is none that the first one had replaced, nor is a later one of its own.
        assertThat(receipt(a.ask(set(a, 998, 2, 3))).outcome()).isEqualTo(Receipt.Outcome.STORED);
        assertThat(receipt(a.ask(set(a, 1_001, 1, 0))).outcome()).isEqualTo(Receipt.Outcome.STORED);
    }

    @Test
    void shouldNotBringBackWhatItsHostHadReplacedWhenThatHasLostMeanwhile() throws Exception {
        launch(false);
        TestHost a = host(1);
        receipt(a.ask(set(a, 2_000, 2, 3)));
        assertThat(receipt(a.ask(set(a, 1_000, 1, 0))).outcome()).isEqualTo(Receipt.Outcome.SUPERSEDED);
        awaitTheEnd();
        Receipt late = receipt(a.ask(set(a, 999, 1, 0)));
        assertThat(late.outcome()).isEqualTo(Receipt.Outcome.SUPERSEDED);
        assertThat(late.version()).isEqualTo(new Version(2_000, 2));
        assertThat(host(2).get("user-1").entry()).isNull();
    }

    @Test
    void shouldLoseAgainWhenASetThatHasLostComesAgainAfterTheEndOfItsWinner() throws Exception {
        launch(false);
        TestHost a = host(1);
        receipt(a.ask(set(a, 2_000, 2, 3)));
        assertThat(receipt(a.ask(set(a, 1_000, 1, 0))).outcome()).isEqualTo(Receipt.Outcome.SUPERSEDED);
        awaitTheEnd();
        Receipt again = receipt(a.ask(set(a, 1_000, 1, 0)));
        assertThat(again.outcome()).isEqualTo(Receipt.Outcome.SUPERSEDED);
        assertThat(again.version()).isEqualTo(new Version(2_000, 2));
        assertThat(host(2).get("user-1").entry()).isNull();
    }

    private void awaitTheEnd() {
        await().atMost(TestHost.LIMIT)
                .until(() -> !relay.lru().find(relay.lru().encode("user-1".getBytes(UTF_8)), new EntrySnapshot()));
    }

    /** A set of the session "user-1" in a life of its own. */
    private static SessionFrame set(TestHost host, long clock, int origin, int lifetimeTicks) {
        Version version = new Version(clock, origin);
        return new SessionFrame(
                clock,
                Acknowledgement.RELAY,
                host.welcome.epoch(),
                host.welcome.position(),
                Version.NONE,
                new SessionEntry("user-1".getBytes(UTF_8), new byte[1], version, clock, true, 0, 0, lifetimeTicks));
    }

    @Test
    void shouldGiveTheSameReceiptAndAnnounceOnceWhenADeleteComesAgain() throws Exception {
        launch(false);
        TestHost a = host(1);
        TestHost b = host(2).subscribed(5, 0, 0);
        a.set("user-1", "x");
        DeleteFrame delete = new DeleteFrame(7, Acknowledgement.RELAY, digest("user-1"), TestHost.newVersion(1));
        Receipt first = receipt(a.ask(delete));
        assertThat(first.held()).isTrue();
        assertThat(receipt(a.ask(delete))).isEqualTo(first);
        assertThat(announcedUntil(a, b, "mark")).containsExactly(1L, 2L, 3L);
    }

    @Test
    void shouldTakeNothingAwayWhenADeleteComesAgainAfterANewLife() throws Exception {
        launch(false);
        TestHost a = host(1);
        DeleteFrame delete = delete(new Version(5L << 40, 1));
        Receipt first = receipt(a.ask(delete));
        TestHost b = host(2);
        begin(b, first);
        assertThat(receipt(a.ask(delete))).isEqualTo(first);
        assertThat(b.get("user-1").entry()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldTakeNothingAwayWhenADeleteComesAgainAfterTheRelayWasStartedAgain(boolean killedAtAnother)
            throws Exception {
        launch(false);
        TestHost a = host(1);
        a.set("user-1", "x");
        DeleteFrame delete = delete(new Version(5L << 40, 1));
        Receipt first = receipt(a.ask(delete));
        assertThat(first.version()).as("raised").isGreaterThan(delete.tombstone());
        begin(host(2), first);
        if (killedAtAnother) {
            // One whose number was taken, and which is nowhere.
            relay.lru().file().nextPosition();
        }
        relay.close();
        launch(false);
        assertThat(receipt(host(1).ask(delete))).isEqualTo(first);
        assertThat(host(2).get("user-1").entry()).isNotNull();
    }

    @Test
    void shouldTakeNothingAwayWhenADeleteComesLongAfterALaterOneOfItsHost() throws Exception {
        launch(false);
        TestHost a = host(1);
        a.set("user-1", "x");
        Receipt later = receipt(a.ask(delete(new Version(5L << 40, 1))));
        begin(host(2), later);
        Receipt late = receipt(a.ask(delete(new Version(4L << 40, 1))));
        assertThat(late).isEqualTo(later);
        assertThat(host(2).get("user-1").entry()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldSupersedeEveryDeleteThatWasMadeBeforeItsHostHeardOfAnothersDelete(boolean startedAgain)
            throws Exception {
        launch(false);
        Receipt others = receipt(host(2).ask(delete(new Version(9L << 40, 2))));
        Receipt first = receipt(host(1).ask(delete(new Version(5L << 40, 1))));
        assertThat(first.outcome()).isEqualTo(Receipt.Outcome.SUPERSEDED);
        assertThat(first.version()).isGreaterThan(others.version());
        if (startedAgain) {
            relay.close();
            launch(false);
        }
        Receipt second = receipt(host(1).ask(delete(new Version(6L << 40, 1))));
        assertThat(second.outcome()).isEqualTo(Receipt.Outcome.SUPERSEDED);
        assertThat(second.version()).isGreaterThan(first.version());

        DeleteFrame aware = new DeleteFrame(
                7,
                Acknowledgement.RELAY,
                second.epoch(),
                second.position(),
                digest("user-1"),
                new Version(7L << 40, 1));
        assertThat(receipt(host(1).ask(aware)).outcome()).isEqualTo(Receipt.Outcome.STORED);
    }

    private DeleteFrame delete(Version version) {
        return new DeleteFrame(7, Acknowledgement.RELAY, digest("user-1"), version);
    }

    /** A new life over a delete that the host has heard of. */
    private static void begin(TestHost host, Receipt delete) throws Exception {
        SessionFrame login = host.session("user-1", "new".getBytes(UTF_8), Acknowledgement.RELAY);
        SessionFrame aware = new SessionFrame(
                login.correlationId(),
                login.level(),
                delete.epoch(),
                delete.position(),
                delete.version(),
                login.entry());
        assertThat(receipt(host.ask(aware)).outcome()).isEqualTo(Receipt.Outcome.STORED);
    }

    @Test
    void shouldTellWhatCountsNowWhenASetComesAgainAfterANewerOneOrADelete() throws Exception {
        launch(false);
        TestHost a = host(1);
        TestHost b = host(2).subscribed(5, 0, 0);
        SessionFrame overwritten = a.session("user-1", "x".getBytes(UTF_8), Acknowledgement.RELAY);
        a.ask(overwritten);
        a.set("user-1", "y");
        SessionFrame deleted = a.session("user-2", "x".getBytes(UTF_8), Acknowledgement.RELAY);
        a.ask(deleted);
        a.delete(digest("user-2"), Acknowledgement.RELAY);
        assertThat(receipt(a.ask(overwritten)).outcome()).isEqualTo(Receipt.Outcome.SUPERSEDED);
        assertThat(receipt(a.ask(deleted)).outcome()).isEqualTo(Receipt.Outcome.BEATEN_BY_TOMBSTONE);
        assertThat(announcedUntil(a, b, "mark")).containsExactly(1L, 2L, 3L, 4L, 5L);
    }

    @Test
    void shouldWaitForTheReliefTierAgainWhenAChangeComesAgainAndAsksForThat() throws Exception {
        launch(true);
        opened.keep(new FakeSibling(
                relay.lru().file().note(),
                "auths",
                key -> relay.lru().encode(key).digest()));
        TestHost a = host(1);
        SessionFrame set = a.session("user-1", "x".getBytes(UTF_8), Acknowledgement.RELIEF);
        Receipt first = receipt(a.ask(set));
        long sent = relay.counters().get(Counter.IPC_SENT);
        assertThat(receipt(a.ask(set))).isEqualTo(first);
        assertThat(relay.counters().get(Counter.IPC_SENT)).isGreaterThan(sent);
        assertThat(relay.lru().file().position()).isEqualTo(1);
    }
}
