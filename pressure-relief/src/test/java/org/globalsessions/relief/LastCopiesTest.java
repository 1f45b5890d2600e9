package org.globalsessions.relief;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.relief.Entries.entry;
import static org.globalsessions.relief.Entries.key;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.IntFunction;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.DepartureListener;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SessionLimit;
import org.globalsessions.segment.SharedLru;
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
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.VoidFrame;
import org.globalsessions.transport.frame.VoidFrame.Voided;
import org.globalsessions.transport.frame.WhereaboutsFrame;
import org.globalsessions.transport.frame.WhereaboutsFrame.Fate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a full node asks the sibling of what it has let go, and what it counts; the sibling is the test. */
class LastCopiesTest {
    private static final int EL_COUNT = 32;
    private static final int STORED = 8 * EL_COUNT;
    private static final Duration FIRST_PAUSE = Duration.ofNanos(LetGoQueue.PAUSES_NS[0]);

    @TempDir
    private Path folder;

    private final ManualScheduler scheduler = new ManualScheduler();
    private final ConnectionStub connection = new ConnectionStub();

    /** Keys of what has gone, in that order. */
    private final List<String> gone = new ArrayList<>();

    private SharedLru segment;
    private LastCopies copies;

    @BeforeEach
    void open() throws IOException {
        segment = SharedLru.open(new SegmentSettings(folder.resolve("relief.segment"))
                .elCount(EL_COUNT)
                .role(Role.RELIEF)
                .pathName("test"));
    }

    @AfterEach
    void close() {
        segment.close();
    }

    private void begin(boolean isAging) {
        copies = new LastCopies(segment, scheduler, !isAging);
        segment.departures(new DepartureListeners(List.of(copies, new DepartureListener() {
            @Override
            public void onExpired(EntrySnapshot entry) {
                throw new AssertionError("nothing here expires");
            }

            @Override
            public void onEvicted(EntrySnapshot entry) {
                gone.add(new String(entry.keyCopy(), StandardCharsets.UTF_8));
            }
        })));
    }

    /** Hands off more than an aging node holds. Returns how many it has let go. */
    private int overfillAging() {
        AgingNode node = new AgingNode(segment, false);
        for (int i = 0; i < STORED; i++) {
            node.answer(new SessionBackupFrame(i + 1, entry("k" + i, 10)));
        }
        return STORED - segment.size();
    }

    private int overfillExpansion() {
        ExpansionNode node = new ExpansionNode(segment, false);
        for (int i = 0; i < STORED; i++) {
            node.answer(new SessionFrame(i + 1, Acknowledgement.RELAY, 0, 0, Version.NONE, entry("k" + i, 10)));
        }
        return STORED - segment.size();
    }

    /** What the node asks about after a time. */
    private List<CompareFrame> askedAfter(Duration time) {
        scheduler.pass(time);
        List<CompareFrame> asked = new ArrayList<>();
        connection.takeSent().forEach(frame -> asked.add((CompareFrame) frame));
        return asked;
    }

    private static List<KeyDigest> digests(List<CompareFrame> asked) {
        return asked.stream()
                .flatMap(frame -> frame.items().stream())
                .map(InventoryItem::digest)
                .toList();
    }

    /** Answers by the number of the item among all. */
    private void answer(List<CompareFrame> asked, IntFunction<Fate> fates) {
        int number = 0;
        for (CompareFrame frame : asked) {
            List<Fate> told = new ArrayList<>();
            for (int i = 0; i < frame.items().size(); i++) {
                told.add(fates.apply(number));
                number++;
            }
            assertThat(copies.answered(new WhereaboutsFrame(frame.correlationId(), told)))
                    .isTrue();
        }
    }

    private long lost() {
        return segment.counters().get(Counter.LOST_FOR_SPACE);
    }

    @Test
    void shouldCountTheLastCopiesAloneWhenOthersKeepTheRest() {
        begin(true);
        copies.joined(connection);
        int count = overfillAging();
        assertThat(count).isGreaterThan(STORED / 2);

        List<CompareFrame> asked = askedAfter(LastCopies.GATHERING);
        assertThat(gone).hasSize(count);
        assertThat(digests(asked))
                .containsExactlyElementsOf(gone.stream().map(this::digestOf).toList());
        assertThat(lost()).isZero();
        answer(asked, i -> i % 3 == 0 ? Fate.KEPT : i % 3 == 1 ? Fate.LAST : Fate.UNKNOWN);
        int last = (count + 1) / 3;
        assertThat(lost()).isEqualTo(last);

        List<CompareFrame> again = askedAfter(FIRST_PAUSE.plus(Duration.ofSeconds(1)));
        assertThat(digests(again)).hasSize(count / 3);
        answer(again, i -> i == 0 ? Fate.LAST : Fate.KEPT);
        assertThat(lost()).isEqualTo(last + 1);
        assertThat(askedAfter(Duration.ofMinutes(1))).isEmpty();
    }

    private KeyDigest digestOf(String key) {
        return Entries.digest(segment, key);
    }

    @Test
    void shouldAskNoMoreAboutWhatIsDeletedOrHereAgain() {
        begin(true);
        copies.joined(connection);
        overfillAging();
        List<CompareFrame> asked = askedAfter(LastCopies.GATHERING);
        List<KeyDigest> unknown = digests(asked);
        answer(asked, i -> Fate.UNKNOWN);
        AgingNode node = new AgingNode(segment, false);
        node.answer(new DeleteFrame(1, Acknowledgement.RELIEF, unknown.get(0), new Version(20, 7)));

        List<KeyDigest> again = digests(askedAfter(FIRST_PAUSE.plus(Duration.ofSeconds(1))));
        assertThat(again).containsExactlyInAnyOrderElementsOf(unknown.subList(1, unknown.size()));
    }

    @Test
    void shouldHandNothingBackThatIsVoidWhateverBecomesOfWhatHasMadeItSo() {
        begin(false);
        overfillExpansion();
        copies.joined(connection);
        List<CompareFrame> asked = askedAfter(LastCopies.GATHERING);
        answer(asked, i -> Fate.UNKNOWN);
        List<String> went = List.copyOf(gone);
        ExpansionNode node = new ExpansionNode(segment, false);
        // Without their tombstones, which are gone after some minutes.
        Frame done = new SessionReceivedFrame(1, new Receipt(Outcome.STORED, new Version(1, 7), 0, false, 0, 0));
        copies.done(new DeleteFrame(1, Acknowledgement.RELIEF, digestOf(went.get(0)), new Version(1, 7)), done);
        copies.done(new DeleteFrame(2, Acknowledgement.RELIEF, digestOf(went.get(1)), new Version(0, 7)), done);
        // No node of this kind takes it.
        done(
                new AgingNode(segment, false),
                new SessionFrame(3, Acknowledgement.RELAY, 0, 0, Version.NONE, entry(went.get(2), 11)));
        done(node, new SessionFrame(4, Acknowledgement.RELAY, 0, 0, Version.NONE, entry(went.get(3), 11)));
        segment.removeOlder(digestOf(went.get(3)), new Version(12, 7));
        VoidFrame voids = new VoidFrame(
                5,
                List.of(
                        new Voided(digestOf(went.get(4)), new Version(11, 7)),
                        new Voided(digestOf(went.get(5)), new Version(10, 7))));
        done(node, voids);

        assertThat(digests(askedAfter(FIRST_PAUSE.plus(Duration.ofSeconds(1)))))
                .contains(digestOf(went.get(1)), digestOf(went.get(2)), digestOf(went.get(5)))
                .doesNotContain(digestOf(went.get(0)), digestOf(went.get(3)), digestOf(went.get(4)));
    }

    private void done(ReliefBehaviour node, Frame frame) {
        copies.done(frame, node.answer(frame));
    }

    @Test
    void shouldAskOfAKeyAboutItsNewestVersionWhenThatHasGoneToo() {
        begin(true);
        AgingNode node = new AgingNode(segment, false);
        overfillAging();
        for (int i = 0; i < STORED; i++) {
            node.answer(new SessionBackupFrame(i + 1, entry("k" + i, 20)));
        }
        copies.joined(connection);
        List<CompareFrame> asked = askedAfter(LastCopies.GATHERING);
        assertThat(digests(asked)).doesNotHaveDuplicates();
        assertThat(asked.get(0).items().stream().map(item -> item.version().clock()))
                .contains(20L);
        EntrySnapshot here = new EntrySnapshot();
        for (CompareFrame frame : asked) {
            for (InventoryItem item : frame.items()) {
                assertThat(segment.find(item.digest(), here)).isFalse();
            }
        }
    }

    @Test
    void shouldWaitForTheSiblingWhenItIsAway() {
        begin(true);
        int count = overfillAging();
        scheduler.pass(Duration.ofHours(1));
        assertThat(connection.takeSent()).isEmpty();

        copies.joined(connection);
        assertThat(digests(askedAfter(Duration.ZERO))).hasSize(count);
        copies.left();
        copies.joined(connection);
        List<CompareFrame> again = askedAfter(Duration.ZERO);
        assertThat(digests(again)).hasSize(count).doesNotHaveDuplicates();
        assertThat(lost()).isZero();
        answer(again, i -> Fate.LAST);
        assertThat(lost()).isEqualTo(count);
    }

    @Test
    void shouldAskAgainWhenTheSiblingDoesNotAnswerOrSaysAnError() {
        begin(true);
        copies.joined(connection);
        int count = overfillAging();
        List<CompareFrame> asked = askedAfter(LastCopies.GATHERING);
        asked.forEach(frame -> copies.answered(new ErrorFrame(frame.correlationId(), ErrorCode.INTERNAL, "")));
        assertThat(digests(askedAfter(FIRST_PAUSE.plus(Duration.ofSeconds(1))))).hasSize(count);
        assertThat(digests(askedAfter(LastCopies.PATIENCE.plus(Duration.ofSeconds(11)))))
                .hasSize(count);
        assertThat(lost()).isZero();
        assertThat(copies.answered(new ErrorFrame(1, ErrorCode.REFUSED, ""))).isFalse();
    }

    @Test
    void shouldCountWhatIsNotKnownWhenItEnds() {
        begin(true);
        copies.joined(connection);
        int count = overfillAging();
        answer(askedAfter(LastCopies.GATHERING), i -> i == 0 ? Fate.KEPT : Fate.UNKNOWN);
        copies.close();
        assertThat(lost()).isEqualTo(count - 1);
    }

    @Test
    void shouldHandBackWhatNobodyElseHasWhenExpansion() {
        begin(false);
        copies.joined(connection);
        overfillExpansion();
        answer(askedAfter(LastCopies.GATHERING), i -> i < 3 ? Fate.LAST : Fate.KEPT);
        List<Frame> sent = connection.takeSent();
        assertThat(sent).hasSize(3);
        for (int i = 0; i < 3; i++) {
            SessionBackupFrame back = (SessionBackupFrame) sent.get(i);
            assertThat(back.freeOnly()).isTrue();
            assertThat(back.entry().key()).isEqualTo(key(gone.get(i)));
            assertThat(back.entry().value()).isEqualTo(Entries.value(gone.get(i), 10));
        }
        copies.answered(new SessionReceivedFrame(
                sent.get(0).correlationId(), new Receipt(Outcome.STORED, new Version(10, 7), 1, false, 0, 0)));
        assertThat(lost()).isZero();
        copies.answered(new ErrorFrame(sent.get(1).correlationId(), ErrorCode.BUSY, ""));
        assertThat(lost()).isEqualTo(1);
        copies.answered(new ErrorFrame(sent.get(2).correlationId(), ErrorCode.UNAVAILABLE, ""));
        assertThat(lost()).isEqualTo(1);
        assertThat(digests(askedAfter(FIRST_PAUSE.plus(Duration.ofSeconds(1))))).containsExactly(digestOf(gone.get(2)));
    }

    /** Beyond its quota an aging node loses what it was to lose; what an expansion node lets go may be the last copy all the same. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldAskOfWhatItHasLetGoForTheQuotaWhenExpansionAlone(boolean isAging) {
        begin(isAging);
        copies.joined(connection);
        ReliefBehaviour node = isAging ? new AgingNode(segment, false) : new ExpansionNode(segment, false);
        for (int i = 0; i < EL_COUNT; i++) {
            node.answer(new SessionBackupFrame(i + 1, entry("k" + i, 10)));
        }
        SessionLimit limit = segment.limit(EL_COUNT / 2);
        for (int i = 0; i < 10; i++) {
            limit.slice();
        }
        assertThat(segment.size()).isEqualTo(EL_COUNT / 2);
        assertThat(segment.counters().get(Counter.LET_GO_FOR_QUOTA)).isEqualTo(EL_COUNT / 2);

        List<CompareFrame> asked = askedAfter(LastCopies.GATHERING);
        assertThat(digests(asked)).hasSize(isAging ? 0 : EL_COUNT / 2);
        answer(asked, i -> i == 0 ? Fate.LAST : Fate.KEPT);
        assertThat(connection.takeSent()).hasSize(isAging ? 0 : 1).allMatch(SessionBackupFrame.class::isInstance);
        assertThat(lost()).isZero();
    }

    @Test
    void shouldAgeMeanwhileWhatIsHandedBack() {
        SessionEntry stored = new SessionEntry(key("a"), key("v"), new Version(10, 7), 1, false, 40, 400, 1_000);
        new ExpansionNode(segment, false)
                .answer(new SessionFrame(1, Acknowledgement.RELAY, 0, 0, Version.NONE, stored));
        EntrySnapshot copy = new EntrySnapshot();
        assertThat(segment.find(segment.encode("a"), copy)).isTrue();
        int idle = copy.toEntry().idleTicks();
        int lifetime = copy.toEntry().lifetimeTicks();

        LetGo gone = new LetGo(digestOf("a"), copy, 7_000, true);
        assertThat(gone.entryAt(7_005).idleTicks()).isEqualTo(idle + 5);
        assertThat(gone.entryAt(7_005).lifetimeTicks()).isEqualTo(lifetime - 5);
        assertThat(gone.entryAt(99_000).lifetimeTicks()).as("the last tick").isEqualTo(1);
        // Idle for five quarters of its limit.
        assertThat(gone.hasEnded(7_000 + 499 - idle)).isFalse();
        assertThat(gone.hasEnded(7_000 + 500 - idle)).isTrue();
    }

    @Test
    void shouldPushTheOldestOutWhenTheQueueIsFull() {
        List<KeyDigest> pushedOut = new ArrayList<>();
        LetGoQueue queue =
                new LetGoQueue(3, 1_000, gone -> pushedOut.add(gone.item().digest()));
        AgingNode node = new AgingNode(segment, false);
        for (int i = 0; i < 5; i++) {
            node.answer(new SessionBackupFrame(1, entry("k" + i, 10)));
            queue.add(gone("k" + i, false));
        }
        assertThat(pushedOut).containsExactly(digestOf("k0"), digestOf("k1"));
        List<LetGo> taken = queue.take(2, 0, gone -> false);
        assertThat(taken.stream().map(gone -> gone.item().digest()).toList())
                .containsExactly(digestOf("k2"), digestOf("k3"));
        queue.settle(taken.get(0));
        queue.again(taken.get(1), 0);
        assertThat(queue.size()).isEqualTo(2);
        assertThat(queue.take(9, LetGoQueue.PAUSES_NS[0] - 1, gone -> false)).hasSize(1);
        assertThat(queue.take(9, LetGoQueue.PAUSES_NS[0], gone -> false)).containsExactly(taken.get(1));
        queue.add(gone("k2", true));
        assertThat(pushedOut).hasSize(2);
        SessionEntry large = new SessionEntry(key("large"), new byte[900], new Version(10, 7), 1, false, 0, 0, 0);
        node.answer(new SessionBackupFrame(1, large));
        queue.add(gone("large", true));
        assertThat(pushedOut).as("by bytes").containsAll(List.of(digestOf("k3"), digestOf("k4"), digestOf("k2")));
        assertThat(queue.takeAll()).hasSize(1);
        assertThat(queue.isEmpty()).isTrue();
        assertThat(Collections.frequency(pushedOut, digestOf("large"))).isZero();
    }

    /** Nobody takes any: the question about the first ones has no answer. */
    @Test
    void shouldHoldNoMoreThanItsBytesTwiceWhenNothingIsTakenAndMoreIsPushedOut() {
        AgingNode node = new AgingNode(segment, false);
        for (int i = 10; i < 50; i++) {
            node.answer(new SessionBackupFrame(1, entry("k" + i, 10)));
        }
        long most = 20 * gone("k10", true).bytes();
        LetGoQueue queue = new LetGoQueue(100_000, most, gone -> {});
        for (int i = 0; i < 1_000; i++) {
            queue.add(gone("k" + (10 + i % 40), true));
            assertThat(queue.bytesHeld()).as("after %s", i).isBetween(1L, 2 * most + most / 10);
        }
        assertThat(queue.size()).isEqualTo(20);
    }

    private LetGo gone(String key, boolean whole) {
        EntrySnapshot copy = new EntrySnapshot();
        assertThat(segment.find(segment.encode(key), copy)).isTrue();
        return new LetGo(digestOf(key), copy, 0, whole);
    }
}
