package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.IpcNote;
import org.globalsessions.transport.frame.AnnounceDeleteFrame;
import org.globalsessions.transport.frame.AnnounceInvalidationFrame;
import org.globalsessions.transport.frame.AnnounceSessionFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MidwayRelayTest {
    private static final Duration LIMIT = TestHost.LIMIT;
    private static final int EL_COUNT = 320;

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;

    private Path segment() {
        return folder.resolve("relay.segment");
    }

    private RelayContext context() {
        return new RelayContext()
                .authPath("auths")
                .port(0)
                .segment(new SegmentSettings(segment()).elCount(EL_COUNT))
                .siblingLog(folder.resolve("sibling.log"))
                .unpublishedWait(Duration.ofMillis(20));
    }

    private MidwayRelay launch(RelayContext context) throws IOException {
        relay = opened.keep(MidwayRelay.launch(context));
        return relay;
    }

    private TestHost host(int number) {
        return opened.keep(new TestHost(relay.port(), number)).welcomed();
    }

    private FakeSibling sibling() {
        FakeSibling sibling = opened.keep(new FakeSibling(relay.lru().file().note(), "auths", this::digest));
        return sibling;
    }

    private KeyDigest digest(byte[] key) {
        return relay.lru().encode(key).digest();
    }

    private KeyDigest digest(String key) {
        return digest(key.getBytes(UTF_8));
    }

    private long count(Counter counter) {
        return relay.counters().get(counter);
    }

    private static Receipt receipt(Frame answer) {
        assertThat(answer).isInstanceOf(SessionReceivedFrame.class);
        return ((SessionReceivedFrame) answer).receipt();
    }

    private static String value(SessionKnownFrame answer) {
        assertThat(answer.status()).isEqualTo(Status.FOUND);
        return new String(answer.entry().value(), UTF_8);
    }

    @Test
    void shouldAnswerTheOtherHostWhenOneHasSet() throws IOException {
        launch(context());
        TestHost a = host(1);
        TestHost b = host(2).subscribed(5, 0, 0);
        Receipt receipt = receipt(a.set("user-1", "cart=3"));
        assertThat(receipt.outcome()).isEqualTo(Receipt.Outcome.STORED);
        assertThat(receipt.position()).isEqualTo(1);
        assertThat(receipt.epoch()).isEqualTo(a.welcome.epoch()).isPositive();
        assertThat(value(b.get("user-1"))).isEqualTo("cart=3");
        await().atMost(LIMIT).until(() -> b.announced.size() == 1);
        AnnounceSessionFrame announced = (AnnounceSessionFrame) b.announced.get(0);
        assertThat(announced.position()).isEqualTo(1);
        assertThat(new String(announced.entry().value(), UTF_8)).isEqualTo("cart=3");
        assertThat(b.get("user-2").status()).isEqualTo(Status.MISSING);
        assertThat(a.announced).isEmpty();
    }

    @Test
    void shouldAnnounceTheDeleteWhenAHostDeletes() throws IOException {
        launch(context());
        TestHost a = host(1);
        TestHost b = host(2).subscribed(5, 0, 0);
        a.set("user-1", "x");
        Receipt receipt = receipt(a.delete(digest("user-1"), Acknowledgement.RELAY));
        assertThat(receipt.held()).isTrue();
        assertThat(b.get("user-1").status()).isEqualTo(Status.MISSING);
        await().atMost(LIMIT).until(() -> b.announced.size() == 2);
        AnnounceDeleteFrame announced = (AnnounceDeleteFrame) b.announced.get(1);
        assertThat(announced.digest()).isEqualTo(digest("user-1"));
        assertThat(announced.position()).isEqualTo(2);
        assertThat(announced.tombstone()).isEqualTo(receipt.version());
        assertThat(receipt(a.delete(digest("user-2"), Acknowledgement.RELAY)).held())
                .isFalse();
    }

    @Test
    void shouldReplayWhatAHostMissedWhenItComesBack() throws IOException {
        launch(context());
        TestHost a = host(1);
        a.set("user-1", "one");
        a.set("user-2", "two");
        a.delete(digest("user-1"), Acknowledgement.RELAY);
        TestHost b = host(2);
        b.subscribed(7, b.welcome.epoch(), 1);
        await().atMost(LIMIT).until(() -> b.announced.size() == 2);
        assertThat(((AnnounceSessionFrame) b.announced.get(0)).position()).isEqualTo(2);
        assertThat(((AnnounceDeleteFrame) b.announced.get(1)).position()).isEqualTo(3);
        // The host's own changes are there already.
        TestHost again = host(1);
        again.subscribed(3, again.welcome.epoch(), 0);
        assertThat(again.announced).isEmpty();
    }

    @Test
    void shouldTellOfVersionsAloneWhenItAnnouncesInvalidations() throws IOException {
        launch(context().announce(RelayContext.Announce.INVALIDATE));
        TestHost a = host(1);
        TestHost b = host(2).subscribed(5, 0, 0);
        Receipt stored = receipt(a.set("user-1", "x"));
        await().atMost(LIMIT).until(() -> b.announced.size() == 1);
        AnnounceInvalidationFrame told =
                new AnnounceInvalidationFrame(stored.epoch(), 1, digest("user-1"), stored.version());
        assertThat(b.announced).containsExactly(told);
        // As a host hears that comes back.
        TestHost late = host(3).subscribed(5, stored.epoch(), 0);
        await().atMost(LIMIT).until(() -> late.announced.size() == 1);
        assertThat(late.announced).containsExactly(told);
    }

    @Test
    void shouldTellOfDeletesAloneWhenItAnnouncesNothing() throws IOException {
        launch(context().announce(RelayContext.Announce.OFF));
        TestHost a = host(1);
        TestHost b = host(2).subscribed(5, 0, 0);
        a.set("user-1", "x");
        a.delete(digest("user-1"), Acknowledgement.RELAY);
        await().atMost(LIMIT).until(() -> !b.announced.isEmpty());
        assertThat(b.announced).singleElement().isInstanceOf(AnnounceDeleteFrame.class);
    }

    @Test
    void shouldTellAHostThatComesBackOfAVersionThatTheRelayHasNoMore() throws IOException {
        launch(context());
        TestHost a = host(1);
        Receipt stored = receipt(a.set("user-1", "x"));
        for (int i = 0; i < 4 * EL_COUNT; i++) {
            a.set("other-" + i, "y");
        }
        assertThat(relay.lru().get(relay.lru().encode("user-1"))).as("evicted").isNull();
        TestHost b = host(2).subscribed(5, stored.epoch(), 0);
        await().atMost(LIMIT).until(() -> !b.announced.isEmpty());
        assertThat(b.announced.get(0))
                .as("its older copy is void, wherever the new one is")
                .isEqualTo(new AnnounceInvalidationFrame(stored.epoch(), 1, digest("user-1"), stored.version()));
    }

    @Test
    void shouldTellOneProcessOfAHostWhenTwoSubscribe() throws IOException {
        launch(context());
        TestHost a = host(1);
        TestHost old = host(2).subscribed(5, 0, 0);
        TestHost young = host(2).subscribed(6, 0, 0);
        TestHost stale = host(2).subscribed(4, 0, 0);
        a.set("user-1", "x");
        await().atMost(LIMIT).until(() -> young.announced.size() == 1);
        assertThat(old.announced).isEmpty();
        assertThat(stale.announced).isEmpty();
        assertThat(stale.unasked).hasOnlyElementsOfType(ErrorFrame.class).hasSize(1);
    }

    @Test
    void shouldRefuseWhenThePathIsAnother() throws IOException {
        launch(context());
        TestHost stranger = new TestHost(relay.port(), 3, 3, "others");
        opened.keep(stranger);
        await().atMost(LIMIT)
                .until(() ->
                        stranger.unasked.stream().anyMatch(frame -> ((ErrorFrame) frame).code() == ErrorCode.REFUSED));
        assertThat(count(Counter.BAD_FRAMES)).isPositive();
    }

    @Test
    void shouldRefuseWhenTwoSegmentsHaveOneOrigin() throws IOException {
        launch(context());
        host(1);
        TestHost clashing = new TestHost(relay.port(), 2, 1, "auths");
        opened.keep(clashing);
        await().atMost(LIMIT)
                .until(() -> clashing.unasked.stream()
                        .anyMatch(frame -> ((ErrorFrame) frame).code() == ErrorCode.ORIGIN_CLASH));
        assertThat(host(1).welcome).isNotNull();
    }

    @Test
    void shouldSlowAHostThatDoesNotReadAndLoseNoneOfItsAnswersAndServeTheOthersMeanwhile() throws Exception {
        launch(context());
        TestHost greedy = host(1);
        TestHost other = host(2);
        greedy.ask(greedy.session("large", new byte[48 << 10], Acknowledgement.RELAY));
        other.set("small", "x");
        greedy.connection().pauseReads();
        // 48 MiB of answers, three times the relay's budget for a connection.
        List<CompletableFuture<Frame>> answers = new ArrayList<>();
        for (int i = 0; i < 1_024; i++) {
            answers.add(greedy.getLater("large"));
        }
        await().atMost(LIMIT).until(() -> count(Counter.CONNECTIONS_SLOWED) > 0);
        assertThat(value(other.get("small"))).isEqualTo("x");
        assertThat(answers).noneMatch(CompletableFuture::isDone);

        greedy.connection().resumeReads();
        for (CompletableFuture<Frame> answer : answers) {
            assertThat(answer).succeedsWithin(LIMIT);
        }
        assertThat(count(Counter.CONNECTIONS_NOT_DRAINED)).isZero();
    }

    @Test
    void shouldDisconnectAHostThatDoesNotReadForTooLongAndTakeItBackWhenItDoes() throws Exception {
        launch(context().slowLimit(Duration.ofMillis(200)));
        TestHost greedy = host(1);
        greedy.ask(greedy.session("large", new byte[48 << 10], Acknowledgement.RELAY));
        greedy.connection().pauseReads();
        for (int i = 0; i < 1_024; i++) {
            assertThat(greedy.getLater("large")).isNotDone();
        }
        await().atMost(LIMIT).until(() -> count(Counter.CONNECTIONS_NOT_DRAINED) == 1);
        assertThat(count(Counter.CONNECTIONS_SLOWED)).isEqualTo(1);
        greedy.connection().resumeReads();
        await().atMost(LIMIT).until(() -> count(Counter.CONNECTIONS) == 2);
        await().atMost(LIMIT)
                .until(() -> greedy.connection() != null
                        && value(greedy.get("large")).length() > 0);
    }

    @Test
    void shouldStayUnharmedWhenAStrangerSpeaksHttp() throws IOException {
        launch(context());
        TestHost a = host(1);
        try (Socket stranger = new Socket("localhost", relay.port())) {
            OutputStream out = stranger.getOutputStream();
            out.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(UTF_8));
            out.flush();
            await().atMost(LIMIT).until(() -> count(Counter.BAD_FRAMES) == 1);
        }
        assertThat(receipt(a.set("user-1", "x")).outcome()).isEqualTo(Receipt.Outcome.STORED);
    }

    @Test
    void shouldRefuseTheEntryWhenItIsLargerThanTheLargestValue() throws IOException {
        launch(context());
        TestHost a = host(1);
        Frame answer = a.ask(a.session("user-1", new byte[70_000], Acknowledgement.RELAY));
        assertThat(((ErrorFrame) answer).code()).isEqualTo(ErrorCode.TOO_LARGE);
        assertThat(((ErrorFrame) answer).text()).doesNotContain("user-1");
        assertThat(receipt(a.set("user-1", "x")).outcome()).isEqualTo(Receipt.Outcome.STORED);
    }

    @Test
    void shouldTakeTheEntryWhenItIsLargerThanARecord() throws IOException {
        launch(context());
        TestHost a = host(1);
        Frame answer = a.ask(a.session("user-1", new byte[60_000], Acknowledgement.RELAY));
        assertThat(receipt(answer).outcome()).isEqualTo(Receipt.Outcome.STORED);
    }

    @Test
    void shouldSayGoodbyeAndKeepTheSegmentWhenItEnds() throws IOException {
        launch(context());
        long epoch = relay.lru().file().relayEpoch();
        TestHost a = host(1);
        a.set("user-1", "kept");
        relay.close();
        await().atMost(LIMIT).until(() -> a.goodbye);
        launch(context());
        assertThat(relay.lru().file().relayEpoch()).isEqualTo(epoch);
        assertThat(value(host(2).get("user-1"))).isEqualTo("kept");
    }

    @Test
    void shouldNameTheAddressWhenThePortIsInUse() throws IOException {
        launch(context());
        int port = relay.port();
        RelayContext second = context()
                .segment(new SegmentSettings(folder.resolve("b.segment")))
                .port(port);
        assertThatThrownBy(() -> MidwayRelay.launch(second))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("localhost")
                .hasMessageContaining(String.valueOf(port));
    }

    @Test
    void shouldPassEverythingOverAeronWhenASiblingIsThere() throws IOException {
        launch(context().siblingExternal(true));
        FakeSibling sibling = sibling();
        TestHost a = host(1);
        int sessions = 2000;
        for (int i = 0; i < sessions; i++) {
            assertThat(receipt(a.set("user-" + i, "value-" + i)).outcome()).isEqualTo(Receipt.Outcome.STORED);
        }
        await().atMost(LIMIT).until(() -> sibling.published.size() == sessions);
        assertThat(count(Counter.IPC_SENT)).isGreaterThanOrEqualTo(sessions);
        assertThat(count(Counter.HANDED_OFF)).isGreaterThanOrEqualTo(sessions - 2 * EL_COUNT);
        assertThat(count(Counter.LOST_SPILL_FULL)).isZero();
        TestHost b = host(2);
        for (int i = 0; i < sessions; i++) {
            assertThat(value(b.get("user-" + i))).isEqualTo("value-" + i);
        }
        assertThat(count(Counter.TIER_HITS)).isPositive();
        await().atMost(LIMIT)
                .untilAsserted(
                        () -> assertThat(marked(RecordDescriptor.UNPUBLISHED)).isZero());
        assertThat(count(Counter.ERRORS)).isZero();
    }

    private int marked(int mark) {
        int[] found = {0};
        SharedLru lru = relay.lru();
        lru.scan(0, lru.bucketCount(), mark, entry -> {
            found[0]++;
            return true;
        });
        return found[0];
    }

    @Test
    void shouldWaitForTheReliefTierWhenAskedTo() throws IOException {
        launch(context().siblingExternal(true));
        FakeSibling sibling = sibling();
        TestHost a = host(1);
        await().atMost(LIMIT).until(() -> count(Counter.IPC_RECEIVED) > 0);
        Frame set = a.ask(a.session("user-1", new byte[10], Acknowledgement.RELIEF));
        assertThat(receipt(set).outcome()).isEqualTo(Receipt.Outcome.STORED);
        assertThat(sibling.published).containsKey(digest("user-1"));
        Receipt deleted = receipt(a.delete(digest("user-1"), Acknowledgement.RELIEF));
        assertThat(deleted.held()).isTrue();
        assertThat(sibling.deleted).containsEntry(digest("user-1"), deleted.version());
        sibling.refusing = true;
        Frame refused = a.ask(a.session("user-2", new byte[10], Acknowledgement.RELIEF));
        assertThat(((ErrorFrame) refused).code()).isEqualTo(ErrorCode.UNAVAILABLE);
        assertThat(marked(RecordDescriptor.UNPUBLISHED)).isOne();
        sibling.refusing = false;
        await().atMost(LIMIT).until(() -> sibling.published.containsKey(digest("user-2")));
        await().atMost(LIMIT).until(() -> marked(RecordDescriptor.UNPUBLISHED) == 0);
    }

    /** Until all owners have it: one that is away has the session still, and the one that knows of the delete will forget it. */
    @Test
    void shouldSendTheReliefTierTheDeleteByWhichANodeBeatsAnEntry() throws IOException {
        launch(context().siblingExternal(true));
        FakeSibling sibling = sibling();
        TestHost a = host(1);
        KeyDigest deleted = digest("user-1");
        Version older = new Version(1_000, 2);
        sibling.handedOff.put(
                deleted, new SessionEntry("user-1".getBytes(UTF_8), new byte[1], older, older.clock(), false, 0, 0, 0));
        Version later = new Version(TestHost.newVersion(2).clock() + (1L << 30), 2);
        sibling.deleted.put(deleted, later);
        a.set("user-1", "x");
        await().atMost(LIMIT).until(() -> relay.lru().tombstone(deleted).equals(later));
        await().atMost(LIMIT).until(() -> !sibling.handedOff.containsKey(deleted));
        assertThat(a.get("user-1").status()).isEqualTo(Status.MISSING);
    }

    @Test
    void shouldSayUnavailableWhenTheSiblingIsAway() throws IOException {
        launch(context().siblingExternal(true));
        TestHost a = host(1);
        a.set("user-1", "x");
        assertThat(value(a.get("user-1"))).isEqualTo("x");
        assertThat(a.get("user-2").status()).isEqualTo(Status.UNAVAILABLE);
        FakeSibling sibling = sibling();
        await().atMost(LIMIT).until(() -> sibling.published.containsKey(digest("user-1")));
        assertThat(a.get("user-2").status()).isEqualTo(Status.MISSING);
        sibling.close();
        await().atMost(LIMIT).until(() -> a.get("user-3").status() == Status.UNAVAILABLE);
    }

    @Test
    void shouldAskOnceWhenManyMissTheSameKey() throws IOException {
        launch(context().siblingExternal(true));
        FakeSibling sibling = sibling();
        TestHost a = host(1);
        TestHost b = host(2);
        await().atMost(LIMIT).until(() -> count(Counter.IPC_RECEIVED) > 0);
        sibling.silent = true;
        List<CompletableFuture<Frame>> answers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            answers.add(a.getLater("user-1"));
            answers.add(b.getLater("user-1"));
        }
        await().atMost(LIMIT).until(() -> answers.stream().allMatch(CompletableFuture::isDone));
        assertThat(answers)
                .allSatisfy(answer ->
                        assertThat(((SessionKnownFrame) answer.join()).status()).isEqualTo(Status.UNAVAILABLE));
        assertThat(count(Counter.QUESTIONS)).isOne();
    }

    /** Sessions {@code user-0} and so on, all at a time. */
    private static void storeAll(TestHost host, int count, IntFunction<byte[]> values) {
        List<CompletableFuture<Frame>> answers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            answers.add(host.send(host.session("user-" + i, values.apply(i), Acknowledgement.RELAY)));
        }
        await().atMost(LIMIT).until(() -> answers.stream().allMatch(CompletableFuture::isDone));
    }

    @Test
    void shouldSpillAndHandOffLaterWhenTheReliefTierIsAway() throws IOException {
        launch(context().siblingExternal(true));
        TestHost a = host(1);
        int sessions = 1200;
        storeAll(a, sessions, i -> ("value-" + i).getBytes(UTF_8));
        assertThat(count(Counter.SPILLED)).isGreaterThan(sessions / 2);
        assertThat(count(Counter.LOST_SPILL_FULL)).isZero();
        TestHost b = host(2);
        for (int i = 0; i < sessions; i += 7) {
            assertThat(value(b.get("user-" + i))).isEqualTo("value-" + i);
        }
        KeyDigest gone = digest("user-1");
        a.delete(gone, Acknowledgement.RELAY);
        FakeSibling sibling = sibling();
        await().atMost(LIMIT).until(() -> sibling.deleted.containsKey(gone));
        await().atMost(LIMIT).until(() -> count(Counter.UNSPILLED) >= count(Counter.SPILLED) - 40);
        for (int i = 0; i < sessions; i++) {
            SessionKnownFrame answer = b.get("user-" + i);
            if (i == 1) {
                assertThat(answer.status()).isEqualTo(Status.MISSING);
            } else {
                assertThat(value(answer)).isEqualTo("value-" + i);
            }
        }
        assertThat(sibling.handedOff).doesNotContainKey(gone);
    }

    /** As left by a kill between segment and spill file. */
    @Test
    void shouldHandOffOnceWhatLiesInTheSpillFileBesideItsOwnTombstone() throws IOException {
        launch(context().siblingExternal(true));
        TestHost a = host(1);
        int sessions = 600;
        storeAll(a, sessions, i -> "x".getBytes(UTF_8));
        List<Integer> spilled = IntStream.range(0, sessions)
                .filter(i -> !relay.lru().find(relay.lru().encode("user-" + i), new EntrySnapshot()))
                .boxed()
                .toList();
        assertThat(spilled).hasSizeGreaterThan(100);
        KeyDigest deleted = digest("user-" + spilled.get(0));
        Version tombstone = new Version(TestHost.newVersion(2).clock() & ~1L, 2);
        relay.lru().applyDelete(deleted, tombstone, 0, new WriteOutcome());

        FakeSibling sibling = sibling();
        sibling.deleted.put(deleted, tombstone);
        await().atMost(LIMIT)
                .until(() ->
                        spilled.stream().skip(1).allMatch(i -> sibling.handedOff.containsKey(digest("user-" + i))));
        assertThat(sibling.beaten.get()).isBetween(1, 3);
        assertThat(sibling.handedOff).doesNotContainKey(deleted);
        assertThat(host(2).get("user-" + spilled.get(0)).status()).isEqualTo(Status.MISSING);
    }

    @Test
    void shouldTakeTheOlderEntryOutOfTheSpillFileWhenANewerOneIsStored() throws IOException {
        launch(context().siblingExternal(true));
        TestHost a = host(1);
        storeAll(a, 1200, i -> ("value-" + i).getBytes(UTF_8));
        long spilled = count(Counter.SPILLED);
        assertThat(spilled).isGreaterThan(600);
        List<KeyDigest> digests = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            a.set("user-" + i, "newer-" + i);
            digests.add(digest("user-" + i));
        }
        relay.close();
        try (SpillFile spill = SpillFile.open(folder.resolve("relay.segment.spill"), 64 << 20)) {
            assertThat(spill.size()).isGreaterThan(600);
            for (int i = 0; i < 40; i++) {
                SessionEntry left = spill.get(digests.get(i), 0);
                if (left != null) {
                    assertThat(new String(left.value(), UTF_8)).isEqualTo("newer-" + i);
                }
            }
        }
    }

    @Test
    void shouldLetASetLoseWhenANewerOneLiesInTheSpillFile() throws IOException {
        launch(context().siblingExternal(true));
        TestHost a = host(1);
        TestHost b = host(2);
        SessionEntry spilled = oneThatHasNoPlace(a);

        // Sent again by its host, as its receipt was lost, or long on its way.
        Version earlier = new Version(spilled.version().clock() - 1, 2);
        SessionEntry older =
                new SessionEntry(spilled.key(), "older".getBytes(UTF_8), earlier, earlier.clock(), true, 0, 0, 0);
        Frame answer =
                b.ask(new SessionFrame(1_000_000, Acknowledgement.RELAY, b.welcome.epoch(), 0, Version.NONE, older));
        Receipt receipt = ((SessionReceivedFrame) answer).receipt();
        assertThat(receipt.outcome()).isEqualTo(Receipt.Outcome.SUPERSEDED);
        assertThat(receipt.version()).isEqualTo(spilled.version());
        assertThat(b.get(new String(spilled.key(), UTF_8)).entry().value()).isEqualTo("newer".getBytes(UTF_8));
    }

    @Test
    void shouldCountTheLossWhenTheSpillFileIsFull() throws IOException {
        launch(context().siblingExternal(true).spillLimit(SpillFile.MIN_LIMIT));
        TestHost a = host(1);
        storeAll(a, 1500, i -> new byte[200]);
        assertThat(count(Counter.SPILLED)).isBetween(150L, 250L);
        assertThat(count(Counter.LOST_SPILL_FULL)).isGreaterThan(400);
    }

    @Test
    void shouldStartTheChildAgainWhenItIsKilled() throws IOException {
        launch(context().siblingCommand(childCommand()));
        await().atMost(LIMIT).until(() -> count(Counter.IPC_RECEIVED) > 0);
        TestHost a = host(1);
        a.set("user-1", "x");
        await().atMost(LIMIT).until(() -> count(Counter.PUBLISHED) == 1);
        long killed = relay.siblingPid().orElseThrow();
        ProcessHandle.of(killed).orElseThrow().destroyForcibly();
        await().atMost(LIMIT).until(() -> count(Counter.SIBLING_RESTARTS) == 1);
        a.set("user-2", "y");
        await().atMost(LIMIT).until(() -> count(Counter.PUBLISHED) == 2);
        assertThat(a.get("user-3").status()).isEqualTo(Status.MISSING);
        long second = relay.siblingPid().orElseThrow();
        assertThat(second).isNotEqualTo(killed);
        String aeronDir = IpcNote.parse(relay.lru().file().note()).aeronDir();
        relay.close();
        assertThat(ProcessHandle.of(second).map(ProcessHandle::isAlive).orElse(false))
                .isFalse();
        assertThat(Path.of(aeronDir).getParent()).doesNotExist();
    }

    @Test
    void shouldHandOffAgainWhatReliefNodesAnswerOnlyWhenNotAllOfThemKeepIt() throws IOException {
        launch(context().siblingExternal(true));
        FakeSibling sibling = sibling();
        TestHost a = host(1);
        for (int i = 0; i < 2000; i++) {
            a.set("user-" + i, "value-" + i);
        }
        await().atMost(LIMIT).until(() -> sibling.handedOff.containsKey(digest("user-1")));

        assertThat(value(a.get("user-0"))).isEqualTo("value-0");
        assertThat(marks("user-0")).isEqualTo(RecordDescriptor.NOT_HANDED_OFF);
        sibling.keeping = true;
        assertThat(value(a.get("user-1"))).isEqualTo("value-1");
        assertThat(marks("user-1")).isZero();
    }

    /** Set before it and long on its way: the entry had left the relay, which could not see that this one is the older. */
    @Test
    void shouldTakeBackWhatCountsMoreWhenALateSetHasTakenItsPlace() throws IOException {
        launch(context().siblingExternal(true));
        FakeSibling sibling = sibling();
        TestHost a = host(1);
        TestHost b = host(2).subscribed(5, 0, 0);
        Receipt begun = receipt(a.set("user-1", "before"));
        Version later = new Version(begun.version().clock() + (1L << 30), 7);
        sibling.handedOff.put(
                digest("user-1"),
                new SessionEntry(
                        "user-1".getBytes(UTF_8), "newer".getBytes(UTF_8), later, begun.life(), false, 0, 0, 0));

        assertThat(receipt(a.set("user-1", "older")).outcome()).isEqualTo(Receipt.Outcome.STORED);
        await().atMost(LIMIT).until(() -> value(b.get("user-1")).equals("newer"));
        await().atMost(LIMIT)
                .until(() -> b.announced.stream()
                        .anyMatch(frame -> frame instanceof AnnounceSessionFrame session
                                && session.entry().version().equals(later)));
    }

    /** Two hosts have begun one session while the relay was away, and the relay has handed the one of the later life off. */
    @ParameterizedTest
    @CsvSource({"true, late", "false, there"})
    void shouldAgreeOnOneLifeWhenALateSetIsOfALifeBeforeTheOneThatWasHandedOff(boolean begins, String counts)
            throws IOException {
        launch(context().siblingExternal(true));
        FakeSibling sibling = sibling();
        TestHost a = host(1);
        TestHost b = host(2).subscribed(5, 0, 0);
        long now = receipt(a.set("user-1", "x")).version().clock();
        Version there = new Version(now - (4_000_000L << Version.LOGICAL_BITS), 7);
        Version late = new Version(now - (2_000_000L << Version.LOGICAL_BITS), 1);
        long earlierLife = now - (8_000_000L << Version.LOGICAL_BITS);
        sibling.handedOff.put(
                digest("user-2"),
                new SessionEntry(
                        "user-2".getBytes(UTF_8), "there".getBytes(UTF_8), there, there.clock(), false, 0, 0, 0));

        a.ask(new SessionFrame(
                a.nextId(),
                Acknowledgement.RELAY,
                a.welcome.epoch(),
                a.welcome.position(),
                Version.NONE,
                new SessionEntry(
                        "user-2".getBytes(UTF_8), "late".getBytes(UTF_8), late, earlierLife, begins, 0, 0, 0)));

        await().atMost(LIMIT)
                .until(() -> b.announced.stream()
                        .anyMatch(frame -> frame instanceof AnnounceSessionFrame session
                                && session.entry().life() == there.clock()
                                && session.entry().version().compareTo(late) > 0
                                && new String(session.entry().value(), UTF_8).equals(counts)));
        assertThat(value(b.get("user-2"))).isEqualTo(counts);
    }

    @Test
    void shouldNotBringBackWhatALostEntryHadReplaced() throws IOException {
        launch(context().siblingExternal(true).spillLimit(0));
        TestHost a = host(1);
        TestHost b = host(2);
        SessionEntry lost = oneThatHasNoPlace(a);
        String key = new String(lost.key(), UTF_8);
        FakeSibling sibling = sibling();
        Version earlier = new Version(lost.version().clock() - 1, 2);
        sibling.handedOff.put(
                digest(key),
                new SessionEntry(lost.key(), "older".getBytes(UTF_8), earlier, earlier.clock(), false, 0, 0, 0));
        await().atMost(LIMIT).until(() -> b.get("user-699").status() == Status.FOUND);

        assertThat(b.get(key).status()).isEqualTo(Status.MISSING);
        Receipt late = receipt(b.ask(set(b, key, "older", earlier)));
        assertThat(late.outcome()).isEqualTo(Receipt.Outcome.SUPERSEDED);
        assertThat(late.version()).isEqualTo(lost.version());
        Receipt saved = receipt(b.ask(b.conditional(key, "over what it had replaced", earlier)));
        assertThat(saved.outcome()).isEqualTo(Receipt.Outcome.CONDITION_FAILED);
        assertThat(saved.version()).isEqualTo(lost.version());
        assertThat(receipt(a.ask(a.conditional(key, "saved", lost.version()))).outcome())
                .isEqualTo(Receipt.Outcome.STORED);
        assertThat(value(b.get(key))).isEqualTo("saved");
        assertThat(receipt(a.set(key, "newest")).outcome()).isEqualTo(Receipt.Outcome.STORED);
        assertThat(value(b.get(key))).isEqualTo("newest");
    }

    /** Of 700 sessions "newer" one for which the relay has no room, as nothing is handed off. */
    private SessionEntry oneThatHasNoPlace(TestHost host) {
        List<SessionFrame> sets = new ArrayList<>();
        for (int i = 0; i < 700; i++) {
            sets.add(host.session("user-" + i, "newer".getBytes(UTF_8), Acknowledgement.RELAY));
        }
        List<CompletableFuture<Frame>> answers = sets.stream().map(host::send).toList();
        await().atMost(LIMIT).until(() -> answers.stream().allMatch(CompletableFuture::isDone));
        return sets.stream()
                .map(SessionFrame::entry)
                .filter(entry -> !isHere(new String(entry.key(), UTF_8)))
                .findFirst()
                .orElseThrow();
    }

    /** A set that begins a life. */
    private static SessionFrame set(TestHost host, String key, String value, Version version) {
        return new SessionFrame(
                host.nextId(),
                Acknowledgement.RELAY,
                host.welcome.epoch(),
                host.welcome.position(),
                Version.NONE,
                new SessionEntry(key.getBytes(UTF_8), value.getBytes(UTF_8), version, version.clock(), true, 0, 0, 0));
    }

    private boolean isHere(String key) {
        return relay.lru().find(relay.lru().encode(key), new EntrySnapshot());
    }

    private int marks(String key) {
        EntrySnapshot snapshot = new EntrySnapshot();
        assertThat(relay.lru().find(relay.lru().encode(key), snapshot)).isTrue();
        return snapshot.marks();
    }

    private List<String> childCommand() {
        List<String> command = new ArrayList<>(SiblingCommand.resolve(List.of("global-sessions")));
        command.set(command.size() - 1, FakeSibling.class.getName());
        command.addAll(List.of(segment().toString(), String.valueOf(EL_COUNT), "auths"));
        return command;
    }

    @Test
    void shouldGiveUpHeldEntriesOnlyWhenHandedOff() throws IOException {
        launch(context().siblingExternal(true));
        TestHost a = host(1);
        a.set("user-1", "x");
        assertThat(marks("user-1")).isEqualTo(RecordDescriptor.UNPUBLISHED | RecordDescriptor.NOT_HANDED_OFF);
        assertThat(Files.exists(segment().resolveSibling("relay.segment.spill")))
                .isTrue();
    }
}
