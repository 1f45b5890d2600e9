package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.sibling.Entries.entry;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.IpcExchange.Message;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.Member;
import org.globalsessions.sibling.Membership.State;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What nodes have after one of them was away, with nodes that are played. */
class RefillTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final int SESSIONS = 40;

    @TempDir
    private Path folder;

    private final ManualScheduler scheduler = new ManualScheduler();
    private final IpcExchange exchange = new IpcExchange(() -> {});
    private final List<PlayedNode> nodes = new ArrayList<>();
    private SharedLru segment;
    private Membership membership;
    private ReliefRouter router;
    private Refill refill;
    private PlayedNode a1;
    private PlayedNode a2;
    private PlayedNode a3;
    private long lastId;

    @BeforeEach
    void open() throws IOException {
        segment = Entries.relaySegment(folder);
        a1 = new PlayedNode(segment, 1, Kind.AGING);
        a2 = new PlayedNode(segment, 2, Kind.AGING);
        a3 = new PlayedNode(segment, 3, Kind.AGING);
        nodes.addAll(List.of(a1, a2, a3));
        start(2);
    }

    @AfterEach
    void close() {
        segment.close();
    }

    /** A sibling without a past but the list of members. */
    private void start(int replicas) throws IOException {
        membership =
                Membership.load(folder.resolve("members"), new Replicas(replicas, replicas), System::currentTimeMillis);
        router = new ReliefRouter(segment, membership, exchange, TIMEOUT.toNanos());
        refill = new Refill(segment, scheduler, new RefillPace(1_000_000), router, Kind.AGING);
    }

    private void join(PlayedNode node) throws IOException {
        router.connected(node.connect());
    }

    private void leave(PlayedNode node) {
        ReliefEndPoint left = node.disconnect();
        router.disconnected(left);
        left.failInquiries();
    }

    private void letOthersStandIn() {
        router.timeOut(segment.file().nanoTime() + Attendance.START_NS + 1);
    }

    /** The relay sends a frame, and all nodes answer. Returns what it is told. */
    private Frame let(LongFunction<Frame> frame) {
        lastId++;
        exchange.letIn(new Message(1, frame.apply(lastId)));
        router.drain();
        answerAll();
        Frame answer = exchange.peekAnswer().frame();
        exchange.answerTaken();
        return answer;
    }

    private void handOff(int from, int to) {
        for (int i = from; i < to; i++) {
            String key = "key " + i;
            assertThat(let(id -> new SessionBackupFrame(id, entry(key, 10)))).isNotInstanceOf(ErrorFrame.class);
        }
    }

    /** Answers until nobody asks anything. */
    private void answerAll() {
        boolean any = true;
        while (any) {
            any = false;
            for (PlayedNode node : nodes) {
                any |= node.isConnected() && node.answer(router);
            }
        }
    }

    /** Lets time pass, in which nodes answer. */
    private void pass(Duration time) {
        for (int i = 0; i < 100; i++) {
            scheduler.pass(time.dividedBy(100));
            answerAll();
        }
    }

    /** The first node is back, while others have stood in for it. */
    private void beBackAfterStandIns() throws IOException {
        join(a1);
        join(a2);
        join(a3);
        handOff(0, SESSIONS);
        pass(Duration.ofSeconds(5));
        leave(a1);
        letOthersStandIn();
        handOff(SESSIONS, 2 * SESSIONS);
        join(a1);
    }

    private boolean isPlacedAt(PlayedNode node, String key) {
        Placement placement = place(key);
        int member = indexOf(placement, node);
        return member >= 0 && placement.takes(member);
    }

    private boolean mayHold(PlayedNode node, String key) {
        Placement placement = place(key);
        return placement.mayHold(indexOf(placement, node));
    }

    private Placement place(String key) {
        Placement placement = new Placement(membership, id -> true);
        placement.place(segment.encode(key).digest().low());
        return placement;
    }

    private static int indexOf(Placement placement, PlayedNode node) {
        return placement.members().stream().map(Member::id).toList().indexOf(node.id());
    }

    private void assertEachHasWhatItShouldHave(int count) {
        for (int i = 0; i < count; i++) {
            String key = "key " + i;
            for (PlayedNode node : nodes) {
                if (isPlacedAt(node, key)) {
                    assertThat(node.holds(key)).as("%s at %s", key, node.id()).isTrue();
                }
            }
        }
    }

    @Test
    void shouldHaveAllThatItShouldHaveWhenANodeComesBack() throws IOException {
        beBackAfterStandIns();
        List<String> copied = new ArrayList<>();
        for (int i = 0; i < SESSIONS; i++) {
            String key = "buried " + i;
            a2.bury(key, new Version(30, 7));
            // For what the source may not hold nobody answers.
            if (isPlacedAt(a1, key) && mayHold(a2, key)) {
                copied.add(key);
            }
        }
        assertThat(copied.size()).isBetween(1, SESSIONS - 1);
        assertThat(a1.endPoint().isComplete()).isFalse();
        pass(Refill.FIRST_PAUSE.minusMillis(100));
        assertThat(a1.endPoint().isComplete()).isFalse();

        pass(Duration.ofSeconds(5));
        assertEachHasWhatItShouldHave(2 * SESSIONS);
        for (int i = 0; i < SESSIONS; i++) {
            String key = "buried " + i;
            assertThat(a1.holdsTombstone(key)).as(key).isEqualTo(copied.contains(key));
        }
        assertThat(a1.endPoint().isComplete()).isTrue();
    }

    @Test
    void shouldWalkOverNobodyWhenNobodyHasBeenAway() throws IOException {
        join(a1);
        join(a2);
        join(a3);
        handOff(0, SESSIONS);
        leave(a1);
        join(a1);
        pass(Duration.ofMinutes(1));
        assertThat(nodes).extracting(PlayedNode::walks).containsOnly(0);
    }

    @Test
    void shouldBeginAnewWhenANodeGoesAwayInTheMiddle() throws IOException {
        beBackAfterStandIns();
        a3.silent(true);
        pass(Duration.ofSeconds(5));
        assertThat(a1.endPoint().isComplete()).isFalse();
        leave(a3);
        a3.silent(false);
        pass(Duration.ofMillis(500));
        assertThat(a1.endPoint().isComplete()).isFalse();

        join(a3);
        pass(Duration.ofSeconds(5));
        assertEachHasWhatItShouldHave(2 * SESSIONS);
        assertThat(a1.endPoint().isComplete()).isTrue();
    }

    @Test
    void shouldTryAgainAfterLongerPausesWhenANodeDoesNotAnswer() throws IOException {
        beBackAfterStandIns();
        a2.silent(true);
        pass(Duration.ofHours(2));
        // Pauses of 1, 2, 4 ... 512 s, then of 10 min; the first node is walked over before the silent one.
        assertThat(a2.walks() + a1.walks()).isBetween(10, 60);
        assertThat(a1.endPoint().isComplete()).isFalse();
        a2.silent(false);
        pass(Refill.LONGEST_PAUSE.plusSeconds(20));
        assertThat(a1.endPoint().isComplete()).isTrue();
        assertEachHasWhatItShouldHave(2 * SESSIONS);
    }

    @Test
    void shouldWaitForAnotherNodeWhenItIsAlone() throws IOException {
        beBackAfterStandIns();
        leave(a2);
        leave(a3);
        pass(Duration.ofMinutes(1));
        assertThat(a1.endPoint().isComplete()).isFalse();
        join(a2);
        pass(Duration.ofSeconds(5));
        assertThat(a1.endPoint().isComplete()).isTrue();
    }

    private void assertEachHasThatOnly(int count) {
        assertEachHasWhatItShouldHave(count);
        long copies = 0;
        for (int i = 0; i < count; i++) {
            String key = "key " + i;
            copies += nodes.stream().filter(node -> isPlacedAt(node, key)).count();
        }
        assertThat(nodes.stream().mapToLong(PlayedNode::size).sum()).isEqualTo(copies);
    }

    private void assertOnlyTheCurrentRingIsListed() {
        assertThat(membership.used()).containsExactly(membership.ring(Kind.AGING));
    }

    @Test
    void shouldListTheCurrentRingAloneWhenNodesHaveJoined() throws IOException {
        start(1);
        join(a1);
        handOff(0, SESSIONS);
        join(a2);
        handOff(SESSIONS, 2 * SESSIONS);
        join(a3);
        assertThat(membership.used()).hasSize(2);
        pass(Duration.ofSeconds(5));
        assertEachHasThatOnly(2 * SESSIONS);
        assertOnlyTheCurrentRingIsListed();
        int walks = a1.walks();
        pass(Duration.ofHours(1));
        assertThat(a1.walks()).isEqualTo(walks);
    }

    @Test
    void shouldListTheCurrentRingAloneWhenANodeIsBack() throws IOException {
        beBackAfterStandIns();
        pass(Duration.ofSeconds(5));
        assertEachHasThatOnly(2 * SESSIONS);
        assertOnlyTheCurrentRingIsListed();
    }

    @Test
    void shouldHaveAnotherCopyOfEachWhenTheNumberOfReplicasIsRaised() throws IOException {
        start(1);
        join(a1);
        join(a2);
        handOff(0, SESSIONS);
        start(2);
        join(a1);
        join(a2);
        pass(Duration.ofSeconds(5));
        assertEachHasThatOnly(SESSIONS);
        assertThat(a1.size()).isEqualTo(SESSIONS);
        assertOnlyTheCurrentRingIsListed();
    }

    @Test
    void shouldListEarlierRingsWhileANodeThatMayHoldSomethingIsAway() throws IOException {
        beBackAfterStandIns();
        leave(a3);
        pass(Duration.ofSeconds(5));
        assertThat(a1.endPoint().isComplete()).isTrue();
        assertThat(membership.used()).hasSize(2);
        for (int i = 0; i < 2 * SESSIONS; i++) {
            // Nobody has lost anything for it.
            String key = "key " + i;
            assertThat(nodes.stream().filter(node -> node.holds(key)).count()).isGreaterThan(1);
        }
        join(a3);
        pass(Duration.ofSeconds(5));
        assertEachHasThatOnly(2 * SESSIONS);
        assertOnlyTheCurrentRingIsListed();
    }

    @Test
    void shouldStillListEarlierRingsWhenANodeLeavesInTheMiddle() throws IOException {
        start(1);
        join(a1);
        handOff(0, SESSIONS);
        join(a2);
        join(a3);
        a3.silent(true);
        pass(Duration.ofSeconds(3));
        leave(a3);
        pass(Duration.ofSeconds(30));
        assertThat(membership.used()).hasSizeGreaterThan(1);
        a3.silent(false);
        join(a3);
        pass(Duration.ofSeconds(5));
        assertEachHasThatOnly(SESSIONS);
        assertOnlyTheCurrentRingIsListed();
    }

    @Test
    void shouldStayWithItsHolderWhenTheOwnerHasNoPlace() throws IOException {
        start(1);
        join(a1);
        handOff(0, SESSIONS);
        a2.room(3);
        join(a2);
        pass(Duration.ofMinutes(1));
        assertThat(a1.size() + a2.size()).isEqualTo(SESSIONS);
        assertThat(membership.used()).hasSize(2);
        a2.room(SESSIONS);
        pass(Refill.LONGEST_PAUSE.plusSeconds(10));
        assertEachHasThatOnly(SESSIONS);
        assertOnlyTheCurrentRingIsListed();
    }

    @Test
    void shouldBringNothingBackThatIsDeletedInTheMiddle() throws IOException {
        start(1);
        join(a1);
        handOff(0, SESSIONS);
        join(a2);
        scheduler.pass(Refill.FIRST_PAUSE);
        // The inventories are answered before the deletes come.
        a1.answer(router);
        a2.answer(router);
        for (int i = 0; i < SESSIONS; i++) {
            KeyDigest digest = segment.encode("key " + i).digest();
            assertThat(let(id -> new DeleteFrame(id, Acknowledgement.RELIEF, digest, new Version(20, 7))))
                    .isInstanceOf(SessionReceivedFrame.class);
        }
        pass(Duration.ofMinutes(1));
        assertThat(a1.size() + a2.size()).isZero();
    }

    @Test
    void shouldMoveNothingWhenNobodyWouldHaveIt() throws IOException {
        start(1);
        join(a1);
        handOff(0, SESSIONS);
        leave(a1);
        membership.drain(a1.id());
        join(a1);
        pass(Duration.ofMinutes(1));
        assertThat(a1.size()).isEqualTo(SESSIONS);
        assertThat(membership.used()).hasSize(1);
    }

    @Test
    void shouldBeGoneWhenItDrainsAndOthersHaveAllThatItHeld() throws IOException {
        start(1);
        join(a1);
        join(a2);
        handOff(0, SESSIONS);
        leave(a1);
        membership.drain(a1.id());
        join(a1);
        pass(Duration.ofSeconds(5));
        assertThat(a1.size()).isZero();
        assertThat(a2.size()).isEqualTo(SESSIONS);
        assertThat(membership.find(a1.id()).state()).isEqualTo(State.GONE);
        assertOnlyTheCurrentRingIsListed();
    }

    @Test
    void shouldEndWhenItIsClosed() throws IOException {
        beBackAfterStandIns();
        refill.close();
        join(a1);
        pass(Duration.ofMinutes(1));
        assertThat(nodes).extracting(PlayedNode::walks).containsOnly(0);
    }
}
