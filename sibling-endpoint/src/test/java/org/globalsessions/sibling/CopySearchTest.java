package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.sibling.Entries.entry;
import static org.globalsessions.sibling.Entries.key;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.sibling.IpcExchange.Message;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.CompareFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.WhereaboutsFrame;
import org.globalsessions.transport.frame.WhereaboutsFrame.Fate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who is told that the copy which it has let go was the last one, with nodes that are played. */
class CopySearchTest extends PlayedTierTest {
    private CopySearch search;
    private PlayedNode a1;
    private PlayedNode a2;
    private PlayedNode e1;
    private PlayedNode e2;

    @BeforeEach
    void open() throws IOException {
        begin(2, Duration.ofSeconds(1));
        search = new CopySearch(segment, router);
        a1 = join(1, Kind.AGING);
        a2 = join(2, Kind.AGING);
    }

    private void joinExpansion() throws IOException {
        e1 = join(3, Kind.EXPANSION);
        e2 = join(4, Kind.EXPANSION);
    }

    private InventoryItem item(String key, long clock) {
        SessionEntry entry = entry(key, clock);
        return InventoryItem.entry(segment.encode(key).digest(), entry.version(), entry.life());
    }

    private void ask(PlayedNode node, InventoryItem... items) {
        search.ask(node.endPoint(), new CompareFrame(nextId(), List.of(items)));
    }

    private static List<Fate> told(PlayedNode node) {
        return node.takeTold().stream()
                .flatMap(frame -> ((WhereaboutsFrame) frame).fates().stream())
                .toList();
    }

    private List<Fate> fates(PlayedNode node, InventoryItem... items) {
        ask(node, items);
        answerAll();
        return told(node);
    }

    private void atRelay(SessionEntry entry, int marks) {
        WriteOutcome outcome = new WriteOutcome();
        segment.fill(segment.encode(entry.key()), entry, Long.MAX_VALUE, marks, true, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
    }

    @Test
    void shouldSayOfEachWhetherAnotherOwnerKeepsIt() throws IOException {
        joinExpansion();
        a2.keep(entry("other", 10));
        a2.keep(entry("newer", 30));
        a2.keep(entry("older", 5));
        a2.bury("deleted", new Version(20, 1));
        e2.keep(entry("expansion", 10));
        assertThat(fates(
                        a1,
                        item("other", 10),
                        item("newer", 10),
                        item("older", 10),
                        item("deleted", 10),
                        item("expansion", 10),
                        item("nobody", 10)))
                .containsExactly(Fate.KEPT, Fate.KEPT, Fate.LAST, Fate.KEPT, Fate.KEPT, Fate.LAST);
    }

    @Test
    void shouldGoByWhatTheRelayStillOwesWhenNoNodeHasIt() {
        atRelay(entry("owed", 10), RecordDescriptor.NOT_HANDED_OFF);
        atRelay(entry("handed off", 10), 0);
        atRelay(entry("newer", 20), 0);
        atRelay(entry("older", 5), RecordDescriptor.NOT_HANDED_OFF);
        assertThat(fates(a1, item("owed", 10), item("handed off", 10), item("newer", 10), item("older", 10)))
                .containsExactly(Fate.KEPT, Fate.UNKNOWN, Fate.KEPT, Fate.LAST);

        EntrySnapshot there = new EntrySnapshot();
        assertThat(segment.find(segment.encode("handed off"), there)).isTrue();
        segment.discard(there);
        assertThat(fates(a1, item("handed off", 10))).containsExactly(Fate.LAST);
    }

    /** What it has let go may be void since: it was away, and the newer version may have ended by now. */
    @Test
    void shouldTakeNothingBackOfANodeThatHasNotHeardYetOfWhatHasBecomeVoidMeanwhile() throws IOException {
        joinExpansion();
        leave(e1);
        router.timeOut(segment.file().nanoTime() + Attendance.RESET_NS * 2);
        let(id -> new SessionFrame(id, Acknowledgement.RELAY, 0, 0, Version.NONE, entry("a", 20)));
        join(e1);
        assertThat(e1.endPoint().isTold()).isFalse();
        ask(e1, item("a", 10));
        assertThat(e1.takeSent())
                .singleElement()
                .isInstanceOfSatisfying(
                        WhereaboutsFrame.class, told -> assertThat(told.fates()).containsExactly(Fate.UNKNOWN));
        search.takeBack(e1.endPoint(), new SessionBackupFrame(nextId(), entry("a", 10), true));
        assertThat(e1.takeSent())
                .singleElement()
                .isInstanceOfSatisfying(
                        ErrorFrame.class, error -> assertThat(error.code()).isEqualTo(ErrorCode.UNAVAILABLE));
        assertThat(a1.holds("a") || a2.holds("a")).isFalse();

        router.drain();
        answerAll();
        assertThat(e1.endPoint().isTold()).isTrue();
        assertThat(fates(e1, item("a", 10))).containsExactly(Fate.LAST);
    }

    @Test
    void shouldTellOneAloneWhenTwoLetTheLastCopiesGoAtTheSameMoment() {
        ask(a1, item("a", 10), item("b", 10));
        ask(a2, item("b", 10), item("a", 10));
        answerAll();
        List<Fate> first = told(a1);
        List<Fate> other = told(a2);
        for (int i = 0; i < 2; i++) {
            assertThat(List.of(first.get(i), other.get(1 - i)))
                    .as("of %d", i)
                    .containsExactlyInAnyOrder(Fate.LAST, Fate.KEPT);
        }
        // Its answer may have been lost with the connection.
        PlayedNode counting = first.get(0) == Fate.LAST ? a1 : a2;
        PlayedNode notCounting = first.get(0) == Fate.LAST ? a2 : a1;
        assertThat(fates(counting, item("a", 10))).containsExactly(Fate.LAST);
        assertThat(fates(notCounting, item("a", 9), item("a", 10), item("a", 11)))
                .as("an older version is none to count, a newer one is")
                .containsExactly(Fate.KEPT, Fate.KEPT, Fate.LAST);
    }

    @Test
    void shouldCountAgainWhenMuchTimeHasPassedOrManyWereToldSince() {
        ToldLosses losses = new ToldLosses();
        InventoryItem item = item("a", 10);
        losses.tell(item, a1.id(), 0);
        assertThat(losses.countsAnother(item, a2.id(), ToldLosses.KEPT_NS - 1)).isTrue();
        assertThat(losses.countsAnother(item, a2.id(), ToldLosses.KEPT_NS)).isFalse();
        for (int i = 0; i < ToldLosses.CAPACITY; i++) {
            losses.tell(InventoryItem.entry(new KeyDigest(i, i), item.version(), 1), a1.id(), 1);
        }
        assertThat(losses.countsAnother(item, a2.id(), 1)).isFalse();
        assertThat(losses.size()).isEqualTo(ToldLosses.CAPACITY);
        losses.tell(item, a1.id(), ToldLosses.KEPT_NS + 1);
        assertThat(losses.size()).isEqualTo(1);
    }

    @Test
    void shouldSayUnknownWhenANodeThatMayHaveItIsAwayOrGoes() {
        ask(a1, item("a", 10));
        ReliefEndPoint left = a2.disconnect();
        router.disconnected(left);
        left.failInquiries();
        answerAll();
        assertThat(told(a1)).containsExactly(Fate.UNKNOWN);
        assertThat(fates(a1, item("a", 10))).containsExactly(Fate.UNKNOWN);
        atRelay(entry("a", 10), RecordDescriptor.NOT_HANDED_OFF);
        assertThat(fates(a1, item("a", 10))).containsExactly(Fate.KEPT);
    }

    @Test
    void shouldSayUnknownWhenItIsOnItsWayToTheRelay() {
        a2.keep(entry("a", 10));
        search.passes(new SessionKnownFrame(1, SessionKnownFrame.Status.FOUND, 0, 0, entry("a", 10)));
        a2.drop("a");
        assertThat(fates(a1, item("a", 10))).containsExactly(Fate.UNKNOWN);
    }

    @Test
    void shouldNotCountOnWhatTheRelayIsJustHandingOff() {
        atRelay(entry("a", 10), RecordDescriptor.NOT_HANDED_OFF);
        exchange.letIn(new Message(1, new SessionBackupFrame(1, entry("a", 10))));
        router.drain();
        answerAll();
        // Both have let it go since, and the relay has not heard of their receipts: its mark is about to go.
        a1.drop("a");
        a2.drop("a");
        assertThat(fates(a1, item("a", 10))).containsExactly(Fate.UNKNOWN);
    }

    @Test
    void shouldForgetWhatHasPassedWhenItsTimeIsOver() {
        PassingEntries passing = new PassingEntries(1_000);
        KeyDigest digest = new KeyDigest(1, 2);
        assertThat(passing.isOnItsWay(digest, 1_000)).isFalse();
        passing.given(digest, 1_000);
        passing.handedOff(digest, 2_000);
        long overNs = 1_000 + TimeUnit.SECONDS.toNanos(3);
        assertThat(passing.isOnItsWay(digest, overNs - 1)).isTrue();
        assertThat(passing.isOnItsWay(digest, overNs)).isFalse();
        assertThat(passing.isJustHandedOff(digest, overNs)).isTrue();
        assertThat(passing.isJustHandedOff(new KeyDigest(2, 2), 2_000)).isFalse();
    }

    @Test
    void shouldGiveAgingNodesWhatAnExpansionNodeHandsBackWhenTheyHaveAPlace() throws IOException {
        joinExpansion();
        assertThat(fates(e1, item("a", 10))).containsExactly(Fate.LAST);
        a1.room(0);
        handBack(e1, "a");
        assertThat(e1.takeTold().get(0)).isInstanceOf(SessionReceivedFrame.class);
        assertThat(Stream.of(a1, a2).filter(node -> node.holds("a"))).hasSize(1);
        assertThat(fates(e2, item("a", 10))).containsExactly(Fate.KEPT);
    }

    @Test
    void shouldTellOneAloneThatNobodyTakesWhatTwoHandBack() throws IOException {
        joinExpansion();
        a1.room(0);
        a2.room(0);
        handBack(e1, "a");
        handBack(e2, "a");
        assertThat(((ErrorFrame) e1.takeTold().get(0)).code()).isEqualTo(ErrorCode.BUSY);
        assertThat(e2.takeTold().get(0)).isInstanceOf(SessionReceivedFrame.class);
        assertThat(fates(a1, item("a", 10)))
                .as("an owner that has let it go, too")
                .containsExactly(Fate.KEPT);

        atRelay(entry("b", 10), 0);
        handBack(e1, "b");
        assertThat(((ErrorFrame) e1.takeTold().get(0)).code())
                .as("the relay may still let it go")
                .isEqualTo(ErrorCode.UNAVAILABLE);
        atRelay(entry("c", 20), RecordDescriptor.NOT_HANDED_OFF);
        handBack(e1, "c");
        assertThat(e1.takeTold().get(0)).isInstanceOf(SessionReceivedFrame.class);
        a1.silent(true);
        handBack(e1, "d");
        assertThat(e1.takeTold()).isEmpty();
        ReliefEndPoint left = a1.disconnect();
        router.disconnected(left);
        left.failInquiries();
        answerAll();
        assertThat(((ErrorFrame) e1.takeTold().get(0)).code()).isEqualTo(ErrorCode.UNAVAILABLE);
    }

    private void handBack(PlayedNode node, String key) {
        search.takeBack(node.endPoint(), new SessionBackupFrame(nextId(), entry(key, 10), true));
        answerAll();
    }

    @Test
    void shouldSayUnknownWhileItIsHandedBack() throws IOException {
        joinExpansion();
        a1.silent(true);
        handBack(e1, "a");
        a2.drop("a");
        a1.silent(false);
        assertThat(fates(a2, item("a", 10))).containsExactly(Fate.UNKNOWN);
    }

    @Test
    void shouldSayThatAKeyHasNoPlaceWhenItIsTooLong() throws IOException {
        joinExpansion();
        SessionEntry large = new SessionEntry(new byte[60_000], key("v"), new Version(1, 1), 1, false, 0, 0, 0);
        search.takeBack(e1.endPoint(), new SessionBackupFrame(1, large, true));
        answerAll();
        assertThat(((ErrorFrame) e1.takeTold().get(0)).code()).isEqualTo(ErrorCode.BUSY);
    }
}
