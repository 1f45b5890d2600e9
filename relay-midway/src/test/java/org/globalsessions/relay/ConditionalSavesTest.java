package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.Receipt.Outcome;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.AnnounceSessionFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The relay compares the version expected with the one that counts, wherever that lies. */
class ConditionalSavesTest {
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

    private FakeSibling sibling() {
        FakeSibling sibling = opened.keep(new FakeSibling(relay.lru().file().note(), "auths", this::digest));
        await().atMost(TestHost.LIMIT).until(() -> relay.counters().get(Counter.IPC_RECEIVED) > 0);
        return sibling;
    }

    private KeyDigest digest(byte[] key) {
        return relay.lru().encode(key).digest();
    }

    private static Receipt receipt(Frame answer) {
        assertThat(answer).isInstanceOf(SessionReceivedFrame.class);
        return ((SessionReceivedFrame) answer).receipt();
    }

    private static String value(TestHost host, String key) {
        SessionEntry entry = host.get(key).entry();
        return entry == null ? null : new String(entry.value(), UTF_8);
    }

    private static SessionEntry entry(String value, Version version, long life, int lifetimeTicks) {
        return new SessionEntry(
                "user-1".getBytes(UTF_8), value.getBytes(UTF_8), version, life, false, 0, 0, lifetimeTicks);
    }

    private static SessionFrame with(SessionFrame frame, SessionEntry entry) {
        return new SessionFrame(
                frame.correlationId(),
                frame.level(),
                frame.claimEpoch(),
                frame.claimPosition(),
                frame.seenTombstone(),
                frame.expected(),
                entry);
    }

    @Test
    void shouldStoreInTheSameLifeAndTellAllHostsWhenTheExpectedVersionIsThere() throws IOException {
        launch(false);
        TestHost a = host(1).subscribed(5, 0, 0);
        TestHost b = host(2).subscribed(5, 0, 0);
        Receipt first = receipt(a.set("user-1", "one"));
        Receipt second = receipt(a.ask(a.conditional("user-1", "two", first.version())));
        assertThat(second.outcome()).isEqualTo(Outcome.STORED);
        assertThat(second.version()).isGreaterThan(first.version());
        assertThat(second.life()).isEqualTo(first.life());
        assertThat(value(b, "user-1")).isEqualTo("two");
        // Also the host that has saved: the process that did may be gone before it has its receipt.
        for (TestHost host : List.of(a, b)) {
            await().atMost(TestHost.LIMIT)
                    .until(() -> host.announced.stream()
                            .anyMatch(frame -> frame instanceof AnnounceSessionFrame told
                                    && told.position() == second.position()
                                    && told.entry().version().equals(second.version())));
        }
    }

    @Test
    void shouldTellTheVersionThatIsThereAndChangeNothingWhenItIsAnotherOne() throws IOException {
        launch(false);
        TestHost a = host(1);
        TestHost b = host(2);
        Version first = receipt(a.set("user-1", "one")).version();
        Version second = receipt(a.set("user-1", "two")).version();
        for (Version expected : List.of(first, Version.NONE, TestHost.newVersion(2))) {
            Receipt lost = receipt(b.ask(b.conditional("user-1", "lost", expected)));
            assertThat(lost.outcome()).isEqualTo(Outcome.CONDITION_FAILED);
            assertThat(lost.version()).isEqualTo(second);
        }
        assertThat(value(b, "user-1")).isEqualTo("two");
        assertThat(relay.counters().get(Counter.CONDITIONS_FAILED)).isEqualTo(3);
        assertThat(relay.lru().file().position()).isEqualTo(2);
    }

    @Test
    void shouldTellTheTombstoneWhenTheSessionWasDeleted() throws IOException {
        launch(false);
        TestHost a = host(1);
        TestHost b = host(2);
        Version first = receipt(a.set("user-1", "one")).version();
        Version tombstone = receipt(a.delete(digest("user-1".getBytes(UTF_8)), Acknowledgement.RELAY))
                .version();
        // Neither over what was deleted, nor anew by a host that has not heard of the delete.
        for (Version expected : List.of(first, Version.NONE)) {
            Receipt lost = receipt(b.ask(b.conditional("user-1", "lost", expected)));
            assertThat(lost.outcome()).isEqualTo(Outcome.BEATEN_BY_TOMBSTONE);
            assertThat(lost.version()).isEqualTo(tombstone);
        }
        assertThat(b.get("user-1").status()).isEqualTo(Status.MISSING);
        SessionFrame knowing = b.conditional("user-1", "two", Version.NONE);
        Receipt created = receipt(b.ask(new SessionFrame(
                knowing.correlationId(), knowing.level(), 0, 0, tombstone, Version.NONE, knowing.entry())));
        assertThat(created.outcome()).isEqualTo(Outcome.STORED);
        assertThat(created.life()).isGreaterThan(tombstone.clock());
    }

    @Test
    void shouldTellThatNothingIsThereWhenTheSessionNeverWasOrHasExpired() throws IOException {
        launch(false);
        TestHost a = host(1);
        Receipt never = receipt(a.ask(a.conditional("user-2", "lost", TestHost.newVersion(1))));
        assertThat(never.outcome()).isEqualTo(Outcome.CONDITION_FAILED);
        assertThat(never.version()).isEqualTo(Version.NONE);
        Version version = TestHost.newVersion(1);
        receipt(a.ask(with(a.conditional("user-1", "", Version.NONE), entry("one", version, version.clock(), 0))));
        SessionFrame shortLived = a.conditional("user-1", "", version);
        Version second = shortLived.entry().version();
        assertThat(receipt(a.ask(with(shortLived, entry("two", second, second.clock(), 5))))
                        .outcome())
                .isEqualTo(Outcome.STORED);
        await().atMost(TestHost.LIMIT).until(() -> a.get("user-1").status() == Status.MISSING);
        Receipt expired = receipt(a.ask(a.conditional("user-1", "lost", second)));
        assertThat(expired.outcome()).isEqualTo(Outcome.CONDITION_FAILED);
        assertThat(expired.version()).isEqualTo(Version.NONE);
        assertThat(receipt(a.ask(a.conditional("user-1", "three", Version.NONE)))
                        .outcome())
                .isEqualTo(Outcome.STORED);
        assertThat(value(a, "user-1")).isEqualTo("three");
    }

    @Test
    void shouldGiveTheSameAnswerWhenASaveComesAgain() throws IOException {
        launch(false);
        TestHost a = host(1);
        Version first = receipt(a.set("user-1", "one")).version();
        SessionFrame save = a.conditional("user-1", "two", first);
        Receipt given = receipt(a.ask(save));
        // As after a reconnect, by another process of the host.
        assertThat(receipt(host(1).ask(save))).isEqualTo(given);
        assertThat(relay.lru().file().position()).isEqualTo(2);
        a.set("user-1", "three");
        Receipt late = receipt(a.ask(save));
        assertThat(late.outcome()).isEqualTo(Outcome.STORED);
        assertThat(late.version()).isEqualTo(given.version());
        assertThat(late.life()).as("its host is not to keep what was replaced").isZero();
        assertThat(value(a, "user-1")).isEqualTo("three");
        a.delete(digest("user-1".getBytes(UTF_8)), Acknowledgement.RELAY);
        assertThat(receipt(a.ask(save))).isEqualTo(late);
        assertThat(a.get("user-1").status()).isEqualTo(Status.MISSING);
    }

    @Test
    void shouldGiveTheSameAnswerWhenASaveComesAgainAfterARestart() throws IOException {
        launch(false);
        TestHost a = host(1);
        Version first = receipt(a.set("user-1", "one")).version();
        SessionFrame kept = a.conditional("user-1", "two", first);
        Receipt given = receipt(a.ask(kept));
        SessionFrame deleted = a.conditional("user-2", "x", Version.NONE);
        Version created = receipt(a.ask(deleted)).version();
        a.delete(digest("user-2".getBytes(UTF_8)), Acknowledgement.RELAY);
        relay.close();
        launch(false);
        TestHost again = host(1);
        assertThat(receipt(again.ask(kept))).isEqualTo(given);
        Receipt late = receipt(again.ask(deleted));
        assertThat(late.outcome()).as("it had won before it was deleted").isEqualTo(Outcome.STORED);
        assertThat(late.version()).isEqualTo(created);
        assertThat(late.life()).isZero();
        assertThat(value(again, "user-2")).isNull();
    }

    @Test
    void shouldCompareWithWhatTheReliefTierHasWhenTheKeyIsNotHere() throws IOException {
        launch(true);
        FakeSibling sibling = sibling();
        TestHost a = host(1);
        Version there = TestHost.newVersion(9);
        sibling.handedOff.put(digest("user-1".getBytes(UTF_8)), entry("one", there, there.clock() - 7, 0));
        Receipt lost = receipt(a.ask(a.conditional("user-1", "lost", Version.NONE)));
        assertThat(lost.outcome()).isEqualTo(Outcome.CONDITION_FAILED);
        assertThat(lost.version()).isEqualTo(there);
        assertThat(relay.lru().removeOlder(digest("user-1".getBytes(UTF_8)), TestHost.newVersion(9)))
                .isTrue();
        Receipt won = receipt(a.ask(a.conditional("user-1", "two", there)));
        assertThat(won.outcome()).isEqualTo(Outcome.STORED);
        assertThat(won.life()).isEqualTo(there.clock() - 7);
        assertThat(value(a, "user-1")).isEqualTo("two");
    }

    @Test
    void shouldStoreNothingWhenATierBehindDoesNotAnswer() throws IOException {
        launch(true);
        FakeSibling sibling = sibling();
        sibling.refusing = true;
        TestHost a = host(1);
        Frame answer = a.ask(a.conditional("user-1", "lost", Version.NONE));
        assertThat(answer).isInstanceOf(ErrorFrame.class);
        assertThat(((ErrorFrame) answer).code()).isEqualTo(ErrorCode.UNAVAILABLE);
        sibling.refusing = false;
        assertThat(a.get("user-1").status()).isEqualTo(Status.MISSING);
    }

    @Test
    void shouldCompareWithWhatIsSpilledWhenTheReliefTierIsAway() throws IOException {
        launch(true);
        TestHost a = host(1);
        List<SessionFrame> sets = new ArrayList<>();
        for (int i = 0; i < 700; i++) {
            sets.add(a.session("user-" + i, "one".getBytes(UTF_8), Acknowledgement.RELAY));
        }
        var answers = sets.stream().map(a::send).toList();
        await().atMost(TestHost.LIMIT).until(() -> answers.stream().allMatch(answer -> answer.isDone()));
        assertThat(relay.counters().get(Counter.SPILLED)).isPositive();
        SessionFrame spilled = sets.stream()
                .filter(set -> !relay.lru().find(relay.lru().encode(set.entry().key()), new EntrySnapshot()))
                .findFirst()
                .orElseThrow();
        String key = new String(spilled.entry().key(), UTF_8);
        Receipt lost = receipt(a.ask(a.conditional(key, "lost", Version.NONE)));
        assertThat(lost.outcome()).isEqualTo(Outcome.CONDITION_FAILED);
        assertThat(lost.version()).isEqualTo(spilled.entry().version());
    }
}
