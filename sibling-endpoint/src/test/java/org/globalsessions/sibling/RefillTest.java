package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.sibling.Entries.entry;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.Member;
import org.globalsessions.sibling.Membership.State;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What nodes have after one of them was away, with nodes that are played. */
class RefillTest extends PlayedTierTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final Duration LEAVE_AFTER = Duration.ofMinutes(1);
    private static final int SESSIONS = 40;

    private Refill refill;
    private PlayedNode a1;
    private PlayedNode a2;
    private PlayedNode a3;

    @BeforeEach
    void open() throws IOException {
        a1 = new PlayedNode(segment, 1, Kind.AGING);
        a2 = new PlayedNode(segment, 2, Kind.AGING);
        a3 = new PlayedNode(segment, 3, Kind.AGING);
        nodes.addAll(List.of(a1, a2, a3));
        start(2);
    }

    /** A sibling without a past but the list of members. */
    private void start(int replicas) throws IOException {
        begin(replicas, TIMEOUT);
        refill = new Refill(segment, scheduler, new RefillPace(1_000_000), router.tier(), Kind.AGING, LEAVE_AFTER);
    }

    private void letOthersStandIn() {
        router.timeOut(segment.file().nanoTime() + Attendance.START_NS + 1);
    }

    private void handOff(int from, int to) {
        for (int i = from; i < to; i++) {
            String key = "key " + i;
            assertThat(let(id -> new SessionBackupFrame(id, entry(key, 10)))).isNotInstanceOf(ErrorFrame.class);
        }
    }

    /** All have what they should have, and then others stand in for the first node. */
    private void leaveToStandIns() throws IOException {
        join(a1);
        join(a2);
        join(a3);
        handOff(0, SESSIONS);
        pass(Duration.ofSeconds(5));
        leave(a1);
        letOthersStandIn();
    }

    /** The first node is back, while others have stood in for it. */
    private void beBackAfterStandIns() throws IOException {
        leaveToStandIns();
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

    private long copies(PlayedNode node) {
        return IntStream.range(0, SESSIONS).filter(i -> node.holds("key " + i)).count();
    }

    @Test
    void shouldMakeCopiesAgainWhenANodeStaysAway() throws IOException {
        leaveToStandIns();
        long before = copies(a2) + copies(a3);
        assertThat(before).isBetween(SESSIONS + 1L, 2L * SESSIONS - 1);
        pass(LEAVE_AFTER.minusSeconds(1));
        assertThat(copies(a2) + copies(a3)).isEqualTo(before);
        pass(Duration.ofSeconds(3));
        assertThat(copies(a2)).isEqualTo(SESSIONS);
        assertThat(copies(a3)).isEqualTo(SESSIONS);
    }

    @Test
    void shouldMakeCopiesAgainInTimeWhenAnotherNodeReconnectsMeanwhile() throws IOException {
        leaveToStandIns();
        pass(LEAVE_AFTER.minusSeconds(10));
        leave(a2);
        join(a2);
        pass(Duration.ofSeconds(13));
        assertThat(copies(a2) + copies(a3)).isEqualTo(2 * SESSIONS);
    }

    @Test
    void shouldMakeNoCopiesWhenTheNodeComesBackInTime() throws IOException {
        leaveToStandIns();
        long before = copies(a2) + copies(a3);
        int walks = a2.walks();
        pass(LEAVE_AFTER.minusSeconds(10));
        join(a1);
        pass(LEAVE_AFTER.multipliedBy(2));
        assertThat(copies(a2) + copies(a3)).isEqualTo(before);
        assertThat(a2.walks()).isEqualTo(walks);
    }

    @Test
    void shouldTryAgainWhenCopiesCannotBeMade() throws IOException {
        leaveToStandIns();
        a3.room(0);
        pass(LEAVE_AFTER.plusSeconds(3));
        assertThat(copies(a3)).isLessThan(SESSIONS);
        a3.room(2 * SESSIONS);
        pass(Duration.ofMinutes(1));
        assertThat(copies(a3)).isEqualTo(SESSIONS);
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

    /** Whoever has what went out while it was away has to be there, or one that has a copy. */
    @Test
    void shouldNotTakeANodeForCompleteWhileAllAreAwayThatHaveWhatItMissed() throws IOException {
        PlayedNode a4 = new PlayedNode(segment, 4, Kind.AGING);
        nodes.add(a4);
        for (PlayedNode node : nodes) {
            join(node);
        }
        handOff(0, SESSIONS);
        leave(a1);
        letOthersStandIn();
        handOff(0, SESSIONS);
        join(a1);
        assertCompleteOnlyOnceTheSecondNodeIsBack();
    }

    private void assertCompleteOnlyOnceTheSecondNodeIsBack() throws IOException {
        leave(a2);
        leave(a3);
        letOthersStandIn();
        pass(Duration.ofMinutes(1));
        assertThat(a1.endPoint().isComplete()).isFalse();
        join(a2);
        pass(Duration.ofSeconds(5));
        assertThat(a1.endPoint().isComplete()).isTrue();
    }

    @Test
    void shouldBeCompleteWhenItIsTheOnlyOneLeft() throws IOException {
        beBackAfterStandIns();
        leave(a2);
        leave(a3);
        for (PlayedNode gone : List.of(a2, a3)) {
            membership.forget(gone.id());
            router.tier().membersChanged();
        }
        pass(Duration.ofSeconds(5));
        assertThat(a1.endPoint().isComplete()).isTrue();
    }

    @Test
    void shouldWaitForAnotherNodeWhenItIsAlone() throws IOException {
        beBackAfterStandIns();
        assertCompleteOnlyOnceTheSecondNodeIsBack();
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
    void shouldTakeFromAReturningNodeWhatItShouldNotHaveAlsoWhileAnotherIsAway() throws IOException {
        leaveToStandIns();
        handOff(SESSIONS, 2 * SESSIONS);
        join(a1);
        pass(Duration.ofMillis(100));
        // Those that stood in go one after the other, so that a1 stands in for a2, and is away while its sessions
        // change.
        leave(a3);
        letOthersStandIn();
        leave(a2);
        join(a3);
        letOthersStandIn();
        join(a2);
        pass(Duration.ofSeconds(20));
        assertThat(nodes.stream().allMatch(node -> node.endPoint().isComplete()))
                .isTrue();
        assertEachHasThatOnly(2 * SESSIONS);
        assertOnlyTheCurrentRingIsListed();
    }

    @Test
    void shouldListEarlierRingsWhileANodeThatMayHoldSomethingIsAway() throws IOException {
        beBackAfterStandIns();
        leave(a3);
        pass(Duration.ofSeconds(5));
        assertThat(a1.endPoint().isComplete())
                .as("a3 may be back at once, and have what a1 lacks")
                .isFalse();
        letOthersStandIn();
        pass(Duration.ofSeconds(5));
        assertThat(a1.endPoint().isComplete()).isTrue();
        assertThat(membership.used()).as("with all, without a1, without a3").hasSize(3);
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

    /** A node far from full may have two full buckets: of a million sessions one was without its second copy, and the walks had no end. */
    @Test
    void shouldEndWhenASecondCopyFindsNoPlace() throws IOException {
        join(a1);
        handOff(0, SESSIONS);
        a2.room(SESSIONS - 1);
        join(a2);
        pass(Duration.ofMinutes(1));
        assertThat(a1.size()).isEqualTo(SESSIONS);
        assertThat(a2.size()).isEqualTo(SESSIONS - 1);
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
