package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.sibling.Entries.entry;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Transfer.Result;
import org.globalsessions.sibling.WalkingSibling.Walk;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.Receipt.Outcome;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ConnectionStub;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.ManualScheduler;
import org.globalsessions.transport.frame.CompareFrame;
import org.globalsessions.transport.frame.ComparedFrame;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FetchFrame;
import org.globalsessions.transport.frame.FetchedFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.InventoryFrame;
import org.globalsessions.transport.frame.MovedFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each frame of a walk, with nodes that are played. */
class TransferTest {
    @TempDir
    private Path folder;

    private final ManualScheduler scheduler = new ManualScheduler();
    private final List<Node> nodes = new ArrayList<>();
    private final List<Result> results = new ArrayList<>();
    private final Node source = new Node(1);
    private final Node other = new Node(2);
    private Transfer.Plan plan = Transfer.Plan.copying(
            digest -> nodes.stream().map(node -> node.endPoint).toList());
    private SharedLru segment;
    private PassingEntries passing;
    private KeyDigest a;
    private KeyDigest b;
    private InventoryItem itemA;
    private InventoryItem itemB;

    private static final class Node {
        private final ConnectionStub connection = new ConnectionStub();
        private final ReliefEndPoint endPoint;

        Node(long id) {
            endPoint = new ReliefEndPoint(new Seat(new NodeId(id, id), 100, ""), Kind.AGING, false, connection);
        }

        /** The one frame sent to it since the last call. */
        <T extends Frame> T sent(Class<T> type) {
            List<Frame> sent = connection.takeSent();
            assertThat(sent).hasSize(1).first().isInstanceOf(type);
            return type.cast(sent.get(0));
        }

        void answer(Frame frame) {
            assertThat(endPoint.answerInquiry(frame)).isTrue();
        }
    }

    @BeforeEach
    void open() throws IOException {
        segment = Entries.relaySegment(folder);
        passing = new PassingEntries(segment.file().nanoTime());
        a = segment.encode("a").digest();
        b = segment.encode("b").digest();
        itemA = InventoryItem.entry(a, new Version(10, 7), 1);
        itemB = InventoryItem.entry(b, new Version(20, 7), 1);
        nodes.addAll(List.of(source, other));
    }

    @AfterEach
    void close() {
        segment.close();
    }

    private void start(int rate) {
        new Transfer(segment, passing, scheduler, new RefillPace(rate), source.endPoint, plan, results::add).start();
    }

    /** Lists these as the last part, and lets the other node lack all of them. */
    private void listLacking(InventoryItem... items) {
        start(1000);
        list(0, items);
        CompareFrame compare = other.sent(CompareFrame.class);
        assertThat(compare.items()).containsExactly(items);
        other.answer(lacking(compare, IntStream.range(0, items.length).toArray()));
    }

    private void list(long next, InventoryItem... items) {
        source.answer(new InventoriedFrame(source.sent(InventoryFrame.class).correlationId(), next, List.of(items)));
    }

    private static ComparedFrame lacking(CompareFrame compare, int... indices) {
        BitSet bits = new BitSet();
        IntStream.of(indices).forEach(bits::set);
        return new ComparedFrame(compare.correlationId(), compare.items().size(), bits);
    }

    private static FetchedFrame fetched(FetchFrame fetch, int covered, SessionEntry... entries) {
        return new FetchedFrame(fetch.correlationId(), covered, List.of(entries));
    }

    private static Frame received(Frame frame, Outcome outcome) {
        return new SessionReceivedFrame(
                frame.correlationId(), new Receipt(outcome, new Version(10, 7), 1, false, 0, 0));
    }

    @Test
    void shouldCopyWhatTheOtherNodeLacksAndNothingElse() {
        start(1000);
        InventoryItem tombstone = InventoryItem.tombstone(new KeyDigest(5, 6), new Version(30, 1));
        list(7, itemA, itemB, tombstone);
        other.answer(lacking(other.sent(CompareFrame.class), 1, 2));

        DeleteFrame delete = other.sent(DeleteFrame.class);
        assertThat(delete.digest()).isEqualTo(tombstone.digest());
        assertThat(delete.tombstone()).isEqualTo(tombstone.version());
        other.answer(received(delete, Outcome.STORED));
        FetchFrame fetch = source.sent(FetchFrame.class);
        assertThat(fetch.digests()).containsExactly(b);
        source.answer(fetched(fetch, 1, entry("b", 20)));
        SessionBackupFrame copy = other.sent(SessionBackupFrame.class);
        assertThat(copy.entry().value()).isEqualTo(entry("b", 20).value());
        assertThat(copy.freeOnly()).isTrue();
        other.answer(received(copy, Outcome.STORED));

        scheduler.pass(Duration.ofSeconds(1));
        InventoryFrame next = source.sent(InventoryFrame.class);
        assertThat(next.cursor()).isEqualTo(7);
        source.answer(new InventoriedFrame(next.correlationId(), 0, List.of(itemA)));
        other.answer(lacking(other.sent(CompareFrame.class)));
        assertThat(results).containsExactly(new Result(null, 4, 2, 0, 0));
        assertThat(results.get(0).isComplete()).isTrue();
        assertThat(segment.counters().get(Counter.TRANSFERRED)).isEqualTo(2);
        assertThat(segment.counters().get(Counter.TRANSFERS_FAILED)).isZero();
    }

    @Test
    void shouldAskAgainForWhatAnAnswerDoesNotCover() {
        listLacking(itemA, itemB);
        source.answer(fetched(source.sent(FetchFrame.class), 1));
        FetchFrame again = source.sent(FetchFrame.class);
        assertThat(again.digests()).containsExactly(b);
        source.answer(fetched(again, 1, entry("b", 20)));
        other.answer(received(other.sent(SessionBackupFrame.class), Outcome.STORED));
        assertThat(results).containsExactly(new Result(null, 2, 1, 0, 0));
    }

    @Test
    void shouldFetchAgainWhatHasChangedSinceItWasFetched() {
        listLacking(itemA, itemB);
        FetchFrame fetch = source.sent(FetchFrame.class);
        passing.published(a, segment.file().nanoTime());
        source.answer(fetched(fetch, 2, entry("a", 10), entry("b", 20)));
        SessionBackupFrame copy = other.sent(SessionBackupFrame.class);
        assertThat(copy.entry().value()).isEqualTo(entry("b", 20).value());
        other.answer(received(copy, Outcome.STORED));

        FetchFrame again = source.sent(FetchFrame.class);
        assertThat(again.digests()).containsExactly(a);
        source.answer(fetched(again, 1));
        assertThat(results).containsExactly(new Result(null, 2, 1, 0, 0));
    }

    @Test
    void shouldNotCountACopyWhenSomethingNewerHasComeThere() {
        listLacking(itemA, itemB);
        source.answer(fetched(source.sent(FetchFrame.class), 2, entry("a", 10), entry("b", 20)));
        List<Frame> copies = other.connection.takeSent();
        other.answer(received(copies.get(0), Outcome.SUPERSEDED));
        other.answer(received(copies.get(1), Outcome.BEATEN_BY_TOMBSTONE));
        assertThat(results).containsExactly(new Result(null, 2, 0, 0, 0));
    }

    @Test
    void shouldNotBeCompleteWhenACopyIsRefused() {
        listLacking(itemA);
        source.answer(fetched(source.sent(FetchFrame.class), 1, entry("a", 10)));
        long id = other.sent(SessionBackupFrame.class).correlationId();
        other.answer(new ErrorFrame(id, ErrorCode.TOO_LARGE, ""));
        assertThat(results).containsExactly(new Result(null, 1, 0, 1, 0));
        assertThat(results.get(0).isComplete()).isFalse();
    }

    @Test
    void shouldCopyNothingThatWasNotAskedFor() {
        listLacking(itemA);
        source.answer(fetched(source.sent(FetchFrame.class), 1, entry("b", 20)));
        assertThat(other.connection.takeSent()).isEmpty();
        assertThat(results).containsExactly(new Result(null, 1, 0, 0, 0));
    }

    @Test
    void shouldLeaveTheSourceOnceAllOwnersHaveItAndKnowOfItsLatestUse() {
        plan = new Transfer.Plan(digest -> List.of(other.endPoint), true, true);
        InventoryItem tombstone = InventoryItem.tombstone(new KeyDigest(5, 6), new Version(30, 1));
        start(1000);
        list(0, itemA, itemB, tombstone);
        CompareFrame compare = other.sent(CompareFrame.class);
        assertThat(compare.items()).containsExactly(tombstone);
        other.answer(lacking(compare));
        FetchFrame fetch = source.sent(FetchFrame.class);
        assertThat(fetch.digests()).containsExactly(a, b);
        source.answer(fetched(fetch, 2, entry("a", 10), entry("b", 20)));
        List<Frame> copies = other.connection.takeSent();
        assertThat(((SessionBackupFrame) copies.get(0)).freeOnly()).isTrue();
        other.answer(received(copies.get(0), Outcome.STORED));
        assertThat(source.connection.takeSent()).isEmpty();
        other.answer(received(copies.get(1), Outcome.SUPERSEDED));
        MovedFrame moved = source.sent(MovedFrame.class);
        assertThat(moved.items()).containsExactly(itemA, itemB);
        source.answer(received(moved, Outcome.STORED));
        assertThat(results).containsExactly(new Result(null, 3, 1, 0, 0));
    }

    @Test
    void shouldStayAtTheSourceWhenAnOwnerHasNotTakenIt() {
        Node third = new Node(3);
        plan = new Transfer.Plan(digest -> List.of(other.endPoint, third.endPoint), true, true);
        start(1000);
        list(0, itemA, itemB);
        source.answer(fetched(source.sent(FetchFrame.class), 2, entry("a", 10), entry("b", 21)));
        List<Frame> copies = other.connection.takeSent();
        other.answer(received(copies.get(0), Outcome.STORED));
        other.answer(received(copies.get(1), Outcome.STORED));
        copies = third.connection.takeSent();
        third.answer(new ErrorFrame(copies.get(0).correlationId(), ErrorCode.BUSY, ""));
        third.answer(received(copies.get(1), Outcome.STORED));
        // One owner lacks the first; of the second another version is there than was listed.
        assertThat(source.connection.takeSent()).isEmpty();
        assertThat(results).containsExactly(new Result(null, 2, 3, 1, 2));
        assertThat(results.get(0).isComplete()).isFalse();
    }

    @Test
    void shouldNotBeMissedWhenItHasGoneFromTheSourceMeanwhile() {
        plan = new Transfer.Plan(digest -> List.of(other.endPoint), true, true);
        start(1000);
        list(0, itemA);
        source.answer(fetched(source.sent(FetchFrame.class), 1));
        assertThat(source.connection.takeSent()).isEmpty();
        assertThat(results).containsExactly(new Result(null, 1, 0, 0, 0));
    }

    @Test
    void shouldStayAtTheSourceWhenItRefuses() {
        plan = new Transfer.Plan(digest -> List.of(other.endPoint), true, true);
        start(1000);
        list(0, itemA);
        source.answer(fetched(source.sent(FetchFrame.class), 1, entry("a", 10)));
        other.answer(received(other.sent(SessionBackupFrame.class), Outcome.SUPERSEDED));
        source.answer(new ErrorFrame(source.sent(MovedFrame.class).correlationId(), ErrorCode.REFUSED, ""));
        assertThat(results).containsExactly(new Result(null, 1, 0, 0, 1));
    }

    @Test
    void shouldNotLeaveWhenTheSourceShouldHaveItOrNobodyAnswersForIt() {
        plan = new Transfer.Plan(
                digest -> digest.equals(a) ? List.of(other.endPoint, source.endPoint) : List.of(), true, true);
        start(1000);
        list(0, itemA, itemB);
        other.answer(lacking(other.sent(CompareFrame.class)));
        assertThat(source.connection.takeSent()).isEmpty();
        assertThat(results).containsExactly(new Result(null, 2, 0, 0, 0));
    }

    @Test
    void shouldTakeThePlaceOfTheOldestOnlyWhenItLeavesTheSourceAndNothingIsLostForIt() {
        plan = new Transfer.Plan(
                digest -> digest.equals(a) ? List.of(other.endPoint) : List.of(other.endPoint, source.endPoint),
                true,
                false);
        start(1000);
        list(0, itemA, itemB);
        other.answer(lacking(other.sent(CompareFrame.class), 0));
        source.answer(fetched(source.sent(FetchFrame.class), 2, entry("a", 10), entry("b", 20)));
        List<Frame> copies = other.connection.takeSent();
        assertThat(copies.get(0)).isInstanceOf(SessionFrame.class);
        assertThat(((SessionBackupFrame) copies.get(1)).freeOnly()).isTrue();
        other.answer(received(copies.get(0), Outcome.STORED));
        other.answer(new ErrorFrame(copies.get(1).correlationId(), ErrorCode.BUSY, ""));
        MovedFrame moved = source.sent(MovedFrame.class);
        assertThat(moved.items()).containsExactly(itemA);
        source.answer(received(moved, Outcome.STORED));
        assertThat(results).containsExactly(new Result(null, 2, 1, 0, 0));
    }

    @Test
    void shouldFailWhenTheSourceGoesAway() {
        start(1000);
        source.endPoint.failInquiries();
        assertFailed("has ended");

        listLacking(itemA);
        source.endPoint.failInquiries();
        assertFailed("has ended");

        start(1000);
        list(7);
        source.connection.close();
        scheduler.pass(Duration.ofSeconds(1));
        assertFailed("has ended");
        assertThat(segment.counters().get(Counter.TRANSFERS_FAILED)).isEqualTo(3);
    }

    @Test
    void shouldFailAtOnceWhenTheConnectionEndsWithAQuestionOpen() throws Exception {
        try (WalkingSibling sibling = new WalkingSibling(folder, 1, 1000)) {
            CompletableFuture<Walk> walk;
            try (ReliefStub silent = new ReliefStub(segment, sibling.port(), PeerKind.AGING, 1, Entries.PATH)) {
                await().until(silent::isWelcome);
                walk = sibling.walk(1, digestLow -> true);
            }
            assertThat(walk.get(1, TimeUnit.MINUTES).failure()).contains("has ended");
        }
    }

    @Test
    void shouldFailWhenAnotherNodeGoesAway() {
        listLacking(itemA);
        source.answer(fetched(source.sent(FetchFrame.class), 1, entry("a", 10)));
        other.endPoint.failInquiries();
        assertFailed("has ended");
    }

    @Test
    void shouldFailWhenAnAnswerIsOutOfPlace() {
        start(1000);
        source.answer(new ErrorFrame(source.sent(InventoryFrame.class).correlationId(), ErrorCode.UNEXPECTED, ""));
        assertFailed("ERROR 4");

        start(1000);
        list(0, itemA, itemB);
        other.answer(new ComparedFrame(other.sent(CompareFrame.class).correlationId(), 1, new BitSet()));
        assertFailed("COMPARED out of place");

        listLacking(itemA);
        source.answer(fetched(source.sent(FetchFrame.class), 0));
        assertFailed("FETCHED out of place");
    }

    @Test
    void shouldFailWhenAnInventoryGoesRoundInCircles() {
        start(1000);
        list(7);
        scheduler.pass(Duration.ofSeconds(1));
        list(7);
        assertFailed("does not go on");
    }

    @Test
    void shouldFailAndForgetItsQuestionsWhenNobodyAnswersForLong() {
        start(1000);
        InventoryFrame unanswered = source.sent(InventoryFrame.class);
        scheduler.pass(Transfer.PATIENCE);
        assertThat(results).isEmpty();
        scheduler.pass(Duration.ofSeconds(2));
        assertFailed("no node has answered");

        start(1000);
        InventoriedFrame late = new InventoriedFrame(unanswered.correlationId(), 0, List.of());
        assertThat(source.endPoint.answerInquiry(late)).isFalse();
    }

    @Test
    void shouldWaitWhenAConnectionTakesNothing() {
        start(1000);
        list(0, itemA);
        other.answer(lacking(other.sent(CompareFrame.class), 0));
        FetchFrame fetch = source.sent(FetchFrame.class);
        other.connection.full(true);
        source.answer(fetched(fetch, 1, entry("a", 10)));
        scheduler.pass(Duration.ofSeconds(1));
        assertThat(results).isEmpty();
        other.connection.full(false);
        scheduler.pass(Duration.ofSeconds(1));
        other.answer(received(other.sent(SessionBackupFrame.class), Outcome.STORED));
        assertThat(results).containsExactly(new Result(null, 1, 1, 0, 0));
    }

    @Test
    void shouldHaveFewFramesOpenWhenManyNodesShouldHaveAnItem() {
        for (int i = 3; i <= 2 * Transfer.MAX_IN_FLIGHT; i++) {
            nodes.add(new Node(i));
        }
        start(1000);
        list(0, itemA);
        int compared = 0;
        while (results.isEmpty()) {
            List<Node> asked = new ArrayList<>();
            List<CompareFrame> questions = new ArrayList<>();
            for (Node node : nodes) {
                node.connection.takeSent().forEach(frame -> {
                    asked.add(node);
                    questions.add((CompareFrame) frame);
                });
            }
            assertThat(asked.size()).isBetween(1, Transfer.MAX_IN_FLIGHT);
            for (int i = 0; i < asked.size(); i++) {
                asked.get(i).answer(lacking(questions.get(i)));
                compared++;
            }
        }
        assertThat(compared).isEqualTo(nodes.size() - 1);
    }

    @Test
    void shouldKeepThePaceWhenAPartIsDone() {
        start(100);
        nodes.remove(other);
        InventoryItem[] items = new InventoryItem[49];
        for (int i = 0; i < items.length; i++) {
            items[i] = InventoryItem.entry(new KeyDigest(i, i), new Version(10, 7), 1);
        }
        list(7, items);
        scheduler.pass(Duration.ofMillis(499));
        assertThat(source.connection.takeSent()).isEmpty();
        scheduler.pass(Duration.ofMillis(1));
        list(8);
        scheduler.pass(Duration.ofMillis(10));
        list(0);
        assertThat(results).containsExactly(new Result(null, 49, 0, 0, 0));
    }

    @Test
    void shouldFailWhenItIsCancelled() {
        Transfer transfer = new Transfer(
                segment,
                passing,
                scheduler,
                new RefillPace(1),
                source.endPoint,
                Transfer.Plan.copying(digest -> List.of()),
                results::add);
        transfer.start();
        transfer.cancel();
        assertFailed("cancelled");
        scheduler.pass(Duration.ofMinutes(1));
        assertThat(results).isEmpty();
    }

    private void assertFailed(String why) {
        assertThat(results).hasSize(1);
        Result result = results.remove(0);
        assertThat(result.failure()).contains(why);
        assertThat(result.isComplete()).isFalse();
        for (Node node : nodes) {
            for (Frame late : node.connection.takeSent()) {
                node.endPoint.answerInquiry(new ErrorFrame(late.correlationId(), ErrorCode.BUSY, ""));
            }
        }
        assertThat(results).isEmpty();
    }
}
