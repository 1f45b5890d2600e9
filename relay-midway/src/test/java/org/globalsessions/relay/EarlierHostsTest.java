package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.ManualScheduler;
import org.globalsessions.transport.frame.AnnounceDeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.RenewedFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.SubscribeFrame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Hosts that were there before the relay lost its segment: what was deleted while they were cut off does not come back by them. */
class EarlierHostsTest {
    /** Of the relay, before it lost its segment. */
    private static final long EARLIER_EPOCH = 4711;

    private static final long BEGUN = TestHost.newVersion(1).clock();

    @TempDir
    private Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;
    private FakeSibling sibling;

    private void launch(boolean hasSibling) throws IOException {
        relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .siblingExternal(hasSibling)
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(320))));
    }

    /** A relay whose relief nodes know of a delete, and a sibling that does not say so yet. */
    private void launchWithDeleted(String... keys) throws IOException {
        launch(true);
        sibling = new FakeSibling(
                relay.lru().file().note(),
                "auths",
                bytes -> relay.lru().encode(bytes).digest());
        opened.keep(sibling);
        sibling.listsNoDeletes = true;
        for (String key : keys) {
            sibling.deleted.put(digest(key), TestHost.newVersion(2));
        }
    }

    private KeyDigest digest(String key) {
        return relay.lru().encode(key.getBytes(UTF_8)).digest();
    }

    private TestHost host(int number) {
        return opened.keep(new TestHost(relay.port(), number)).welcomed();
    }

    /** A change of a session that the host had from before, as it may send it before it has heard of anything. */
    private Frame update(TestHost host, String key, long claimEpoch) {
        SessionFrame frame = host.session(key, "updated".getBytes(UTF_8), Acknowledgement.RELAY);
        SessionEntry entry = frame.entry();
        return host.ask(new SessionFrame(
                frame.correlationId(),
                frame.level(),
                claimEpoch,
                0,
                Version.NONE,
                new SessionEntry(entry.key(), entry.value(), entry.version(), BEGUN, false, 0, 0, 0)));
    }

    private static void assertError(Frame answer, int code) {
        assertThat(answer).isInstanceOf(ErrorFrame.class);
        assertThat(((ErrorFrame) answer).code()).isEqualTo(code);
    }

    private static Receipt.Outcome outcome(Frame answer) {
        assertThat(answer).isInstanceOf(SessionReceivedFrame.class);
        return ((SessionReceivedFrame) answer).receipt().outcome();
    }

    private static List<KeyDigest> deletesToldTo(TestHost host) {
        return host.announced.stream()
                .filter(AnnounceDeleteFrame.class::isInstance)
                .map(frame -> ((AnnounceDeleteFrame) frame).digest())
                .toList();
    }

    @Test
    void shouldLetAHostOfAnEarlierEpochChangeAndServeNothingUntilTheDeletesAreKnown() throws Exception {
        launchWithDeleted("deleted-1", "deleted-2", "deleted-3");
        TestHost early = host(1);
        assertError(update(early, "deleted-1", EARLIER_EPOCH), ErrorCode.UNAVAILABLE);
        CompletableFuture<Frame> refusal = early.subscribe(5, EARLIER_EPOCH, 12);
        assertError(early.renew(5, 0), ErrorCode.STALE_LEASE);
        assertError(update(early, "deleted-1", EARLIER_EPOCH), ErrorCode.UNAVAILABLE);
        TestHost fresh = host(2).subscribed(6, 0, 0);
        assertThat(fresh.renew(6, 0)).as("a host that knew no relay").isInstanceOf(RenewedFrame.class);
        assertThat(outcome(fresh.set("other", "one"))).isEqualTo(Receipt.Outcome.STORED);

        sibling.listsNoDeletes = false;
        await().atMost(TestHost.LIMIT).until(() -> early.renew(5, 0) instanceof RenewedFrame);
        assertThat(refusal).isNotDone();
        assertThat(deletesToldTo(early)).contains(digest("deleted-1"), digest("deleted-2"), digest("deleted-3"));
        assertThat(outcome(update(early, "deleted-1", EARLIER_EPOCH))).isEqualTo(Receipt.Outcome.BEATEN_BY_TOMBSTONE);
        assertThat(outcome(update(early, "lives", EARLIER_EPOCH))).isEqualTo(Receipt.Outcome.STORED);
        assertThat(fresh.get("deleted-1").entry()).isNull();
        assertThat(fresh.get("lives").entry()).isNotNull();
    }

    @Test
    void shouldCollectTheDeletesOnceAlsoWhereTheRelayStartsAgainMeanwhile() throws Exception {
        launchWithDeleted("deleted");
        long epoch = relay.lru().file().relayEpoch();
        relay.close();
        launchWithDeleted("deleted");
        assertThat(relay.lru().file().relayEpoch()).isEqualTo(epoch);
        assertThat(relay.lru().file().areEarlierDeletesKnown()).isFalse();
        sibling.listsNoDeletes = false;
        await().atMost(TestHost.LIMIT).until(() -> relay.lru().file().areEarlierDeletesKnown());
        assertThat(relay.lru().tombstone(digest("deleted"))).isNotEqualTo(Version.NONE);

        long position = relay.lru().file().position();
        relay.close();
        launch(true);
        assertThat(relay.lru().file().areEarlierDeletesKnown()).isTrue();
        assertThat(relay.lru().file().position()).isEqualTo(position);
    }

    @Test
    void shouldConfirmWhatAHostHasThatWasCutOffForTooLong() throws Exception {
        launchWithDeleted("deleted");
        sibling.listsNoDeletes = false;
        await().atMost(TestHost.LIMIT).until(() -> relay.lru().file().areEarlierDeletesKnown());
        TestHost late = host(1);
        Frame refusal = late.subscribe(5, EARLIER_EPOCH, 0).get();
        assertError(refusal, ErrorCode.MUST_CONFIRM);
        assertThat(outcome(update(late, "deleted", EARLIER_EPOCH))).isEqualTo(Receipt.Outcome.BEATEN_BY_TOMBSTONE);
        // Nobody has it, and whether it was deleted nobody knows any more.
        assertThat(outcome(update(late, "unknown", EARLIER_EPOCH))).isEqualTo(Receipt.Outcome.SUPERSEDED);
        assertThat(relay.counters().get(Counter.DISCARDED_UNCONFIRMED)).isOne();
        sibling.handedOff.put(
                digest("lives"),
                new SessionEntry(
                        "lives".getBytes(UTF_8), new byte[] {1}, new Version(BEGUN, 1), BEGUN, false, 0, 0, 0));
        assertThat(outcome(update(late, "lives", EARLIER_EPOCH))).isEqualTo(Receipt.Outcome.STORED);
    }

    @Test
    void shouldTakeTheDeletesThatAHostKnowsAndTellOthersAndTheReliefTier() throws Exception {
        launchWithDeleted();
        sibling.listsNoDeletes = false;
        TestHost a = host(1).subscribed(5, 0, 0);
        TestHost b = host(2).subscribed(6, 0, 0);
        assertThat(outcome(update(b, "deleted", 0))).isEqualTo(Receipt.Outcome.STORED);
        Version tombstone = TestHost.newVersion(1);
        Version ahead = new Version(tombstone.clock() + (TimeUnit.MINUTES.toMicros(10) << Version.LOGICAL_BITS), 1);
        a.connection()
                .send(new InventoriedFrame(
                        0,
                        0,
                        List.of(
                                InventoryItem.tombstone(digest("deleted"), tombstone),
                                InventoryItem.tombstone(digest("far-ahead"), ahead),
                                InventoryItem.entry(digest("entry"), tombstone, BEGUN))));
        await().atMost(TestHost.LIMIT).until(() -> deletesToldTo(b).contains(digest("deleted")));
        assertThat(b.get("deleted").entry()).isNull();
        await().atMost(TestHost.LIMIT).until(() -> tombstone.equals(sibling.deleted.get(digest("deleted"))));
        assertThat(deletesToldTo(a)).isEmpty();
        assertThat(deletesToldTo(b)).containsExactly(digest("deleted"));
        assertThat(relay.lru().tombstone(digest("far-ahead"))).isEqualTo(Version.NONE);
        assertThat(relay.counters().get(Counter.CLOCK_AHEAD)).isOne();
    }

    @Test
    void shouldHaveThemConfirmWhatTheyHaveWhenTheDeletesDoNotBecomeKnownInTime() throws IOException {
        try (SharedLru lru = SharedLru.open(new SegmentSettings(folder.resolve("relay.segment")).elCount(320))) {
            lru.file().beginRelayEpoch();
            ManualScheduler loop = new ManualScheduler();
            EarlierHosts hosts = new EarlierHosts(lru.file(), "auths", Duration.ofMinutes(5), loop);
            List<SubscribeFrame> again = new ArrayList<>();
            hosts.whenReady((endPoint, frame) -> again.add(frame));
            SubscribeFrame frame = new SubscribeFrame(1, 5, EARLIER_EPOCH, 12);
            assertThat(hosts.judge(frame)).isEqualTo(EarlierHosts.Verdict.WAITS);
            loop.pass(Duration.ofSeconds(EarlierHosts.LIMIT_SECONDS - 1));
            assertThat(hosts.judge(frame)).isEqualTo(EarlierHosts.Verdict.WAITS);
            loop.pass(Duration.ofSeconds(1));
            assertThat(hosts.judge(frame)).isEqualTo(EarlierHosts.Verdict.MUST_CONFIRM);
            hosts.deletesKnown();
            assertThat(hosts.judge(frame)).as("they became known later").isEqualTo(EarlierHosts.Verdict.TAKEN);
            assertThat(again).isEmpty();
        }
    }

    @Test
    void shouldTellAHostThatHasNoLeaseToConfirmWhatItHas() throws IOException {
        try (SharedLru lru = SharedLru.open(new SegmentSettings(folder.resolve("relay.segment")).elCount(320))) {
            lru.file().beginRelayEpoch();
            lru.file().noteEarlierDeletesKnown();
            EarlierHosts hosts = new EarlierHosts(lru.file(), "auths", Duration.ZERO, new ManualScheduler());
            assertThat(hosts.judge(new SubscribeFrame(1, 5, EARLIER_EPOCH, 12)))
                    .isEqualTo(EarlierHosts.Verdict.MUST_CONFIRM);
            assertThat(hosts.judge(new SubscribeFrame(1, 5, 0, 0))).isEqualTo(EarlierHosts.Verdict.TAKEN);
        }
    }

    @Test
    void shouldTakeAHostInAtOnceWhenThereIsNoReliefTierThatKnowsAnything() throws Exception {
        launch(false);
        TestHost early = host(1).subscribed(5, EARLIER_EPOCH, 12);
        assertThat(early.renew(5, 0)).isInstanceOf(RenewedFrame.class);
        assertThat(outcome(update(early, "k", EARLIER_EPOCH))).isEqualTo(Receipt.Outcome.STORED);
    }

    /** As a link owner that was stopped, and goes on when another one has its duty. */
    @Test
    void shouldLetTheLinkOwnerInWhenAnEarlierOneOfItsHostGivesUp() throws Exception {
        launchWithDeleted("deleted");
        TestHost owner = host(1);
        CompletableFuture<Frame> refusal = owner.subscribe(7, EARLIER_EPOCH, 12);
        assertError(owner.renew(7, 0), ErrorCode.STALE_LEASE);
        TestHost earlierOwner = host(1);
        earlierOwner.subscribed(0, 0, 0);

        sibling.listsNoDeletes = false;
        await().atMost(TestHost.LIMIT).until(() -> owner.renew(7, 0) instanceof RenewedFrame);
        assertThat(refusal).isNotDone();
    }

    @Test
    void shouldSendTheReliefTierADeleteThatAHostKnowsUntilItHasIt() throws Exception {
        launchWithDeleted();
        sibling.listsNoDeletes = false;
        sibling.refusing = true;
        TestHost a = host(1).subscribed(5, 0, 0);
        Version tombstone = TestHost.newVersion(1);
        a.connection().send(new InventoriedFrame(0, 0, List.of(InventoryItem.tombstone(digest("deleted"), tombstone))));
        await().atMost(TestHost.LIMIT)
                .until(() -> relay.lru().tombstone(digest("deleted")).equals(tombstone));
        assertThat(sibling.deleted).isEmpty();
        sibling.refusing = false;
        await().atMost(TestHost.LIMIT).until(() -> tombstone.equals(sibling.deleted.get(digest("deleted"))));
    }

    /** Until all owners have it: one that is away has the session still. */
    @Test
    void shouldSendTheReliefTierADeleteThatANodeKnowsUntilAllOfItsOwnersHaveIt() throws Exception {
        launchWithDeleted("deleted");
        Version older = new Version(1_000, 2);
        sibling.handedOff.put(
                digest("deleted"),
                new SessionEntry("deleted".getBytes(UTF_8), new byte[1], older, older.clock(), false, 0, 0, 0));
        sibling.listsNoDeletes = false;
        await().atMost(TestHost.LIMIT).until(() -> relay.lru().file().areEarlierDeletesKnown());
        assertThat(relay.lru().tombstone(digest("deleted"))).isEqualTo(sibling.deleted.get(digest("deleted")));
        await().atMost(TestHost.LIMIT).until(() -> !sibling.handedOff.containsKey(digest("deleted")));
    }

    @Test
    void shouldNeitherNumberNorAnnounceWhatAnotherHostHasPublishedAgain() throws Exception {
        launch(false);
        TestHost a = host(1).subscribed(5, 0, 0);
        TestHost b = host(2).subscribed(6, 0, 0);
        Version version = TestHost.newVersion(1);
        SessionEntry entry = new SessionEntry("k".getBytes(UTF_8), new byte[] {1}, version, BEGUN, false, 0, 0, 0);
        assertThat(outcome(a.ask(publish(a, entry)))).isEqualTo(Receipt.Outcome.STORED);
        long position = relay.lru().file().position();
        Frame again = b.ask(publish(b, entry));
        assertThat(outcome(again)).isEqualTo(Receipt.Outcome.STORED);
        assertThat(((SessionReceivedFrame) again).receipt().position()).isEqualTo(position);
        assertThat(relay.lru().file().position()).isEqualTo(position);
    }

    private static SessionFrame publish(TestHost host, SessionEntry entry) {
        return new SessionFrame(
                host.nextId(),
                Acknowledgement.RELAY,
                host.welcome.epoch(),
                host.welcome.position(),
                Version.NONE,
                entry);
    }

    /** What it saw it has not published again yet: that nothing is there says nothing. */
    @Test
    void shouldDecideNoConditionForAHostThatStillClaimsAnEarlierEpoch() throws Exception {
        launch(false);
        TestHost early = host(1).subscribed(5, EARLIER_EPOCH, 12);
        SessionFrame frame = early.conditional("k", "new", new Version(BEGUN, 1));
        assertError(
                early.ask(new SessionFrame(
                        frame.correlationId(),
                        frame.level(),
                        EARLIER_EPOCH,
                        12,
                        Version.NONE,
                        frame.expected(),
                        frame.entry())),
                ErrorCode.UNAVAILABLE);
    }
}
