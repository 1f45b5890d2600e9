package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.globalsessions.sibling.Entries.entry;
import static org.globalsessions.sibling.Entries.key;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.IpcExchange.Message;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.State;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.Receipt.Outcome;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.ConnectionStub;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameType;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.TouchFrame;
import org.globalsessions.transport.frame.VoidFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReliefRouterTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final NodeId A1 = new NodeId(1, 11);
    private static final NodeId A2 = new NodeId(2, 22);
    private static final NodeId A3 = new NodeId(4, 44);
    private static final NodeId E1 = new NodeId(3, 33);

    @TempDir
    private Path folder;

    private SharedLru segment;
    private IpcExchange exchange;
    private Membership membership;
    private ReliefRouter router;
    private final Map<NodeId, ConnectionStub> connections = new HashMap<>();
    private final Map<NodeId, ReliefEndPoint> endPoints = new HashMap<>();
    private final Map<NodeId, Long> lastTouchId = new HashMap<>();
    private long lastId;

    @BeforeEach
    void open() throws IOException {
        segment = Entries.relaySegment(folder);
        restart(1);
    }

    @AfterEach
    void close() {
        segment.close();
    }

    /** A sibling that starts anew: it knows the members from their file, and nobody is connected yet. */
    private void restart(int replicas) throws IOException {
        exchange = new IpcExchange(() -> {});
        membership = Membership.load(
                folder.resolve("relay.segment.members"), new Replicas(replicas, replicas), System::currentTimeMillis);
        router = new ReliefRouter(
                segment,
                new ReliefTier(segment, membership, MissedVoids.open(segment, folder.resolve("relay.segment.voids"))),
                exchange,
                TIMEOUT.toNanos());
        connections.clear();
        endPoints.clear();
    }

    @Test
    void shouldSayThatNobodyKnowsWhenNobodyHasJoinedYet() {
        assertThat(known(let(need("a"))).status()).isEqualTo(Status.UNAVAILABLE);
        assertUnavailable(let(backup("a", 10)));
        assertUnavailable(let(delete("a", 20)));
        assertThat(receipt(let(session("a", 10))).outcome()).isEqualTo(Outcome.STORED);
    }

    /** Nodes that nobody knows of any more come back one after the other. */
    @Test
    void shouldNeitherSayMissingNorDeletedWhenTheListOfMembersIsLostUntilNodesHadTimeToComeBack() throws IOException {
        join(A1, Kind.AGING);
        long handedOff = let(backup("a", 10));
        answer(A1, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        receipt(handedOff);
        segment.counters().increment(Counter.HANDED_OFF);
        restart(1);
        join(A1, Kind.AGING);
        assertThat(denied("a")).as("the list is there").isEqualTo(Status.MISSING);

        Files.delete(folder.resolve("relay.segment.members"));
        restart(1);
        join(A2, Kind.AGING);
        assertThat(denied("a")).as("A1 has it").isEqualTo(Status.UNAVAILABLE);
        long deleted = let(delete("a", 20));
        answer(A2, FrameType.DELETE, part -> stored(part, 20));
        assertUnavailable(deleted);
        router.timeOut(segment.file().nanoTime() + ReliefTier.COME_BACK_NS);
        assertThat(denied("a")).isEqualTo(Status.MISSING);
        long again = let(delete("a", 20));
        answer(A2, FrameType.DELETE, part -> stored(part, 20));
        receipt(again);
    }

    /** As after a start of the relay's machine, where both lie in memory: nothing tells the sibling that there was anything. */
    @Test
    void shouldNeitherSayMissingNorDeletedWhenTheRelaysSegmentIsLostWithTheListUntilNodesHadTimeToComeBack()
            throws IOException {
        join(A2, Kind.AGING, true);
        assertThat(denied("a")).as("another node may have it").isEqualTo(Status.UNAVAILABLE);
        long deleted = let(delete("a", 20));
        answer(A2, FrameType.DELETE, part -> stored(part, 20));
        assertUnavailable(deleted);
        router.timeOut(segment.file().nanoTime() + ReliefTier.COME_BACK_NS);
        assertThat(denied("a")).isEqualTo(Status.MISSING);

        join(A1, Kind.AGING);
        assertThat(denied("b")).as("an empty one tells of no loss").isEqualTo(Status.MISSING);
    }

    /** Nobody in the list may hold an older version, so that nothing would be noted by it. */
    @Test
    void shouldTellWhoComesBackLateWhatHasBecomeVoidWhenTheListIsLost() throws IOException {
        join(A2, Kind.AGING, true);
        long id = let(session("a", 30));
        answer(A2, FrameType.VOID, ReliefRouterTest::done);
        receipt(id);
        router.timeOut(segment.file().nanoTime());
        join(A1, Kind.AGING, true);
        router.drain();
        VoidFrame voids = (VoidFrame) connections.get(A1).takeSent().get(0);
        assertThat(voids.voided())
                .containsExactly(new VoidFrame.Voided(segment.encode("a").digest(), new Version(30, 7)));
    }

    @Test
    void shouldNeverSayMissingWhenTheOwnerIsAway() throws IOException {
        join(A1, Kind.AGING);
        join(E1, Kind.EXPANSION);
        leave(A1);

        long id = let(need("a"));
        answer(E1, FrameType.NEED_SESSION, part -> missing(part));
        assertThat(known(id).status()).isEqualTo(Status.UNAVAILABLE);

        restart(1);
        assertThat(known(let(need("a"))).status()).isEqualTo(Status.UNAVAILABLE);
    }

    @Test
    void shouldAnswerFromTheOtherOwnerWhenOneIsAway() throws IOException {
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        leave(A1);

        long id = let(need("a"));
        answer(A2, FrameType.NEED_SESSION, part -> found(part, entry("a", 10)));
        assertThat(known(id).entry().version().clock()).isEqualTo(10);
    }

    @Test
    void shouldAnswerWithTheHighestVersionWhenSeveralHaveIt() throws IOException {
        join(A1, Kind.AGING);
        join(E1, Kind.EXPANSION);

        long id = let(need("a"));
        answer(E1, FrameType.NEED_SESSION, part -> found(part, entry("a", 30)));
        assertThat(exchange.peekAnswer()).isNull();
        answer(A1, FrameType.NEED_SESSION, part -> found(part, entry("a", 20)));
        assertThat(known(id).entry().value()).isEqualTo(entry("a", 30).value());
    }

    @Test
    void shouldAnswerWithTheCopyThatWasUsedLastWhenSeveralHaveTheSameVersion() throws IOException {
        join(A1, Kind.AGING);
        join(E1, Kind.EXPANSION);
        SessionEntry used = entry("a", 20);
        SessionEntry idle = new SessionEntry(used.key(), used.value(), used.version(), 1, false, 900, 1000, 0);

        long id = let(need("a"));
        answer(E1, FrameType.NEED_SESSION, part -> found(part, idle));
        answer(A1, FrameType.NEED_SESSION, part -> found(part, used));
        assertThat(known(id).entry().idleTicks()).isZero();
        long again = let(need("a"));
        answer(E1, FrameType.NEED_SESSION, part -> found(part, used));
        answer(A1, FrameType.NEED_SESSION, part -> found(part, idle));
        assertThat(known(again).entry().idleTicks()).isZero();
    }

    /** A hand-off of what the relay is told so would bring nothing to anybody. */
    @Test
    void shouldSayThatItIsKeptOnlyWhenAllOwnersHaveTheSameVersion() throws IOException {
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        assertThat(statusWhen(10, 10)).as("nothing went out by this ring yet").isEqualTo(Status.FOUND);
        long id = let(backup("a", 10));
        answer(A1, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        answer(A2, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        receipt(id);

        assertThat(statusWhen(10, 10)).isEqualTo(Status.FOUND_KEPT);
        assertThat(statusWhen(10, 9)).isEqualTo(Status.FOUND);
        assertThat(statusWhen(9, 10)).isEqualTo(Status.FOUND);
        assertThat(statusWhen(10, 0)).isEqualTo(Status.FOUND);
        assertThat(statusWhen(0, 10)).isEqualTo(Status.FOUND);

        // An expansion node lets go of it soon, and is none of those that a hand-off goes to.
        join(E1, Kind.EXPANSION);
        assertThat(statusWhen(10, 10, 0)).isEqualTo(Status.FOUND_KEPT);
        assertThat(statusWhen(10, 10, 10)).isEqualTo(Status.FOUND_KEPT);
        assertThat(statusWhen(10, 10, 9)).isEqualTo(Status.FOUND);
        assertThat(statusWhen(0, 10, 10)).isEqualTo(Status.FOUND);
        assertThat(statusWhen(0, 0, 10)).isEqualTo(Status.FOUND);

        // Whoever is away may have another version, which a hand-off voids.
        leave(E1);
        assertThat(statusWhen(10, 10)).isEqualTo(Status.FOUND);
        join(E1, Kind.EXPANSION);
        leave(A2);
        long alone = let(need("a"));
        answer(A1, FrameType.NEED_SESSION, part -> found(part, entry("a", 10)));
        answer(E1, FrameType.NEED_SESSION, ReliefRouterTest::missing);
        assertThat(known(alone).status()).isEqualTo(Status.FOUND);
    }

    /** What is said of a key of which A1, A2 and E1 have these versions, 0 for none. */
    private Status statusWhen(long... clocks) {
        List<NodeId> nodes = List.of(A1, A2, E1);
        long id = let(need("a"));
        for (int i = 0; i < clocks.length; i++) {
            long clock = clocks[i];
            answer(
                    nodes.get(i),
                    FrameType.NEED_SESSION,
                    part -> clock == 0 ? missing(part) : found(part, entry("a", clock)));
        }
        return known(id).status();
    }

    @Test
    void shouldSayMissingOnlyWhenAllHaveSaidSo() throws IOException {
        join(A1, Kind.AGING);
        join(E1, Kind.EXPANSION);

        long id = let(need("a"));
        answer(A1, FrameType.NEED_SESSION, ReliefRouterTest::missing);
        assertThat(exchange.peekAnswer()).isNull();
        answer(E1, FrameType.NEED_SESSION, ReliefRouterTest::missing);
        assertThat(known(id).status()).isEqualTo(Status.MISSING);
    }

    @Test
    void shouldAskAGatewayLastWhenAllHaveSaidThatTheSessionIsMissing() throws IOException {
        join(A1, Kind.AGING);
        join(E1, Kind.EXPANSION);
        long handedOff = let(backup("a", 10));
        answer(A1, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        receipt(handedOff);
        // FOUND and not FOUND_KEPT: no node keeps what a gateway tells.
        for (Status said : List.of(Status.FOUND, Status.MISSING, Status.UNAVAILABLE)) {
            long id = let(need("a"));
            answer(A1, FrameType.NEED_SESSION, ReliefRouterTest::missingHere);
            answer(E1, FrameType.NEED_SESSION, ReliefRouterTest::missing);
            assertThat(exchange.peekAnswer()).isNull();
            SessionEntry entry = said == Status.FOUND ? entry("a", 10) : null;
            answer(A1, FrameType.CALL, part -> new SessionKnownFrame(part, said, 0, 0, entry));
            SessionKnownFrame known = known(id);
            assertThat(known.status()).isEqualTo(said);
            assertThat(known.entry()).isEqualTo(entry);
        }
    }

    @Test
    void shouldAskNoGatewayWhenSomebodyHasTheSessionOrMayHaveIt() throws IOException {
        join(A1, Kind.AGING);
        join(E1, Kind.EXPANSION);
        long id = let(need("a"));
        answer(A1, FrameType.NEED_SESSION, ReliefRouterTest::missingHere);
        answer(E1, FrameType.NEED_SESSION, part -> found(part, entry("a", 10)));
        assertThat(known(id).status()).isEqualTo(Status.FOUND);

        long unknown = let(need("a"));
        answer(A1, FrameType.NEED_SESSION, ReliefRouterTest::missingHere);
        answer(E1, FrameType.NEED_SESSION, part -> new ErrorFrame(part, ErrorCode.BUSY, ""));
        assertThat(known(unknown).status()).isEqualTo(Status.UNAVAILABLE);
    }

    @Test
    void shouldNotSayMissingWhenTheGatewayLeavesBeforeItHasAnswered() throws IOException {
        join(A1, Kind.AGING);
        long id = let(need("a"));
        answer(A1, FrameType.NEED_SESSION, ReliefRouterTest::missingHere);
        assertThat(exchange.peekAnswer()).isNull();
        leave(A1);
        assertThat(known(id).status()).isEqualTo(Status.UNAVAILABLE);
    }

    @Test
    void shouldAskTheOthersTooWhenTheOwnersSayMissing() throws IOException {
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        NodeId owner = ownerOf("a");
        NodeId other = owner.equals(A1) ? A2 : A1;

        long id = let(need("a"));
        assertThat(connections.get(other).takeSent()).isEmpty();
        answer(owner, FrameType.NEED_SESSION, ReliefRouterTest::missing);
        assertThat(exchange.peekAnswer()).isNull();
        answer(other, FrameType.NEED_SESSION, part -> found(part, entry("a", 10)));
        assertThat(known(id).status()).isEqualTo(Status.FOUND);
    }

    @Test
    void shouldStillWaitForAnEarlierOwnerWhenItIsAwayAndOthersJoined() throws IOException {
        join(A1, Kind.AGING);
        let(backup("a", 10));
        answer(A1, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        takeAnswer();
        String key = keyOwnedByNewcomer();
        leave(A1);

        long id = let(need(key));
        answer(A2, FrameType.NEED_SESSION, ReliefRouterTest::missing);
        assertThat(known(id).status()).as("the earlier owner may have it").isEqualTo(Status.UNAVAILABLE);

        long deleteId = let(delete(key, 20));
        answer(A2, FrameType.DELETE, part -> stored(part, 20));
        assertUnavailable(deleteId);
    }

    @Test
    void shouldTellEachNodeOfTheUsesOfSessionsThatItMayHold() throws IOException {
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        join(E1, Kind.EXPANSION);
        Touch ofOne = new Touch(segment.encode(keyOf(A1)).digest(), 3, 5);
        Touch ofOther = new Touch(segment.encode(keyOf(A2)).digest(), 4, 6);

        long id = let(part -> new TouchFrame(part, List.of(ofOne, ofOther)));
        assertThat(lastTouches(A1)).containsExactly(ofOne);
        assertThat(lastTouches(A2)).containsExactly(ofOther);
        assertThat(lastTouches(E1)).containsExactly(ofOne, ofOther);
        for (NodeId node : List.of(A1, A2, E1)) {
            assertThat(exchange.peekAnswer()).isNull();
            router.onAnswer(endPoints.get(node), stored(lastTouchId.get(node), 0));
        }
        assertThat(receipt(id).outcome()).isEqualTo(Outcome.STORED);
    }

    @Test
    void shouldSayThatAUseDidNotReachEveryNodeWhenOneIsAway() throws IOException {
        join(A1, Kind.AGING);
        leave(A1);
        Touch touch = new Touch(segment.encode("a").digest(), 3, 5);
        assertUnavailable(let(part -> new TouchFrame(part, List.of(touch))));
    }

    private List<Touch> lastTouches(NodeId node) {
        TouchFrame last = (TouchFrame) connections.get(node).takeSent().stream()
                .filter(frame -> frame instanceof TouchFrame)
                .reduce((first, second) -> second)
                .orElseThrow();
        lastTouchId.put(node, last.correlationId());
        return last.touches();
    }

    private String keyOf(NodeId owner) {
        for (int i = 0; i < 1000; i++) {
            if (ownerOf("key " + i).equals(owner)) {
                return "key " + i;
            }
        }
        throw new AssertionError("no key of " + owner);
    }

    private String keyOwnedByNewcomer() throws IOException {
        join(A2, Kind.AGING);
        return keyOf(A2);
    }

    @Test
    void shouldSayUnavailableWhenAnOwnerDoesNotAnswerInTime() throws IOException {
        join(A1, Kind.AGING);
        join(E1, Kind.EXPANSION);

        long id = let(need("a"));
        answer(E1, FrameType.NEED_SESSION, ReliefRouterTest::missing);
        router.timeOut(System.nanoTime());
        assertThat(exchange.peekAnswer()).isNull();
        router.timeOut(System.nanoTime() + TIMEOUT.toNanos());
        assertThat(known(id).status()).isEqualTo(Status.UNAVAILABLE);

        // Too late: the relay has its answer.
        answer(A1, FrameType.NEED_SESSION, part -> found(part, entry("a", 10)));
        assertThat(exchange.peekAnswer()).isNull();
    }

    @Test
    void shouldSayUnavailableWhenTheConnectionOfAnOwnerEnds() throws IOException {
        join(A1, Kind.AGING);

        long question = let(need("a"));
        leave(A1);
        assertThat(known(question).status()).isEqualTo(Status.UNAVAILABLE);

        join(A1, Kind.AGING);
        long handOff = let(backup("b", 10));
        leave(A1);
        assertUnavailable(handOff);
    }

    @Test
    void shouldGiveNewEntriesToExpansionAndVoidsToAging() throws IOException {
        join(A1, Kind.AGING);
        join(E1, Kind.EXPANSION);

        long id = let(session("a", 10));
        answer(E1, FrameType.SESSION, part -> stored(part, 10));
        assertThat(exchange.peekAnswer())
                .as("the aging node may still answer with what is void")
                .isNull();
        List<Frame> toAging = connections.get(A1).takeSent();
        assertThat(toAging).extracting(Frame::type).containsExactly(FrameType.VOID);
        VoidFrame voids = (VoidFrame) toAging.get(0);
        assertThat(voids.voided())
                .containsExactly(new VoidFrame.Voided(segment.encode("a").digest(), new Version(10, 7)));
        router.onAnswer(endPoints.get(A1), done(voids.correlationId()));
        assertThat(receipt(id).outcome()).isEqualTo(Outcome.STORED);
    }

    @Test
    void shouldGiveHandOffsToAgingOnly() throws IOException {
        join(A1, Kind.AGING);
        join(E1, Kind.EXPANSION);

        long id = let(backup("a", 10));
        assertThat(connections.get(E1).takeSent()).isEmpty();
        answer(A1, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        assertThat(receipt(id).version().clock()).isEqualTo(10);
    }

    @Test
    void shouldGiveHandOffsToExpansionWhenNoAgingNodeEverJoined() throws IOException {
        join(E1, Kind.EXPANSION);

        long id = let(backup("a", 10));
        answer(E1, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        receipt(id);

        // An aging node that is away is still the owner.
        join(A1, Kind.AGING);
        leave(A1);
        assertUnavailable(let(backup("a", 10)));
        assertThat(connections.get(E1).takeSent()).isEmpty();
    }

    @Test
    void shouldAcknowledgeNewEntriesOnceOlderOnesAreVoidWhenThereIsNoExpansionNode() throws IOException {
        join(A1, Kind.AGING);

        long id = let(session("a", 10));
        answer(A1, FrameType.VOID, ReliefRouterTest::done);
        assertThat(receipt(id).outcome()).isEqualTo(Outcome.STORED);
    }

    @Test
    void shouldNotAcknowledgeNewEntriesWhenAVoidIsRefusedOrLostWithItsConnection() throws IOException {
        join(A1, Kind.AGING);
        long refused = let(session("a", 10));
        answer(A1, FrameType.VOID, part -> new ErrorFrame(part, ErrorCode.INTERNAL, "failed"));
        assertUnavailable(refused);

        long lost = let(session("a", 10));
        long withIt = let(session("b", 10));
        leave(A1);
        assertUnavailable(lost);
        assertUnavailable(withIt);
    }

    @Test
    void shouldStoreAtTheAgingOwnerWhenSomebodyWaitsForReliefAndNobodyTakesNewEntries() throws IOException {
        assertUnavailable(let(session("a", 10, Acknowledgement.RELIEF)));
        join(A1, Kind.AGING);

        long id = let(session("a", 10, Acknowledgement.RELIEF));
        assertThat(exchange.peekAnswer()).isNull();
        answer(A1, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        assertThat(receipt(id).outcome()).isEqualTo(Outcome.STORED);
    }

    /** Expansion nodes let it go as new ones come, and the relay's machine may be the one that is lost. */
    @Test
    void shouldStoreAtOwnersOfBothKindsWhenSomebodyWaitsForRelief() throws IOException {
        join(A1, Kind.AGING);
        join(E1, Kind.EXPANSION);

        long id = let(session("a", 10, Acknowledgement.RELIEF));
        answer(E1, FrameType.SESSION, part -> stored(part, 10));
        assertThat(exchange.peekAnswer()).isNull();
        answer(A1, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        assertThat(receipt(id).outcome()).isEqualTo(Outcome.STORED);

        id = let(session("a", 20, Acknowledgement.RELIEF));
        answer(E1, FrameType.SESSION, part -> stored(part, 20));
        answer(A1, FrameType.SESSION_BACKUP, part -> received(part, Outcome.BEATEN_BY_TOMBSTONE, 99, false));
        assertThat(receipt(id).outcome()).isEqualTo(Outcome.BEATEN_BY_TOMBSTONE);

        leave(A1);
        id = let(session("a", 30, Acknowledgement.RELIEF));
        answer(E1, FrameType.SESSION, part -> stored(part, 30));
        assertUnavailable(id);
    }

    @Test
    void shouldTellAnAgingOwnerThatWhatItHasIsVoidWhenTooFewOfThemAreThereToKeepWhatSomebodyWaitsFor()
            throws IOException {
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        join(E1, Kind.EXPANSION);
        leave(A2);
        router.timeOut(segment.file().nanoTime() + Attendance.START_NS * 2);

        long id = let(session("a", 10, Acknowledgement.RELIEF));
        answer(E1, FrameType.SESSION, part -> stored(part, 10));
        answer(A1, FrameType.VOID, ReliefRouterTest::done);
        assertUnavailable(id);
    }

    @Test
    void shouldStoreAtExpansionOwnersAloneWhenSomebodyWaitsForReliefAndThereIsNoAgingNode() throws IOException {
        join(E1, Kind.EXPANSION);
        long id = let(session("a", 10, Acknowledgement.RELIEF));
        answer(E1, FrameType.SESSION, part -> stored(part, 10));
        assertThat(receipt(id).outcome()).isEqualTo(Outcome.STORED);
    }

    @Test
    void shouldAcknowledgeAHandOffOnlyWhenAllReplicasHaveIt() throws IOException {
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);

        long id = let(backup("a", 10));
        answer(A1, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        assertThat(exchange.peekAnswer()).isNull();
        answer(A2, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        assertThat(receipt(id).outcome()).isEqualTo(Outcome.STORED);

        leave(A2);
        id = let(backup("b", 10));
        answer(A1, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        assertUnavailable(id);
    }

    @Test
    void shouldTellOfATombstoneWhenOneOwnerHasIt() throws IOException {
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);

        long id = let(backup("a", 10));
        answer(A1, FrameType.SESSION_BACKUP, part -> received(part, Outcome.BEATEN_BY_TOMBSTONE, 99, false));
        answer(A2, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        Receipt receipt = receipt(id);
        assertThat(receipt.outcome()).isEqualTo(Outcome.BEATEN_BY_TOMBSTONE);
        assertThat(receipt.version().clock()).isEqualTo(99);
        assertThat(receipt.life()).isZero();
    }

    @Test
    void shouldAcknowledgeADeleteOnlyWhenAllOwnersHaveIt() throws IOException {
        join(A1, Kind.AGING);
        join(E1, Kind.EXPANSION);

        long id = let(delete("a", 20));
        answer(A1, FrameType.DELETE, part -> received(part, Outcome.STORED, 20, true));
        assertThat(exchange.peekAnswer()).isNull();
        answer(E1, FrameType.DELETE, part -> stored(part, 20));
        assertThat(receipt(id).held()).isTrue();

        leave(E1);
        id = let(delete("b", 20));
        answer(A1, FrameType.DELETE, part -> stored(part, 20));
        assertUnavailable(id);
    }

    @Test
    void shouldSendADeleteToAllConnectedMembers() throws IOException {
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        join(E1, Kind.EXPANSION);

        let(delete("a", 20));
        for (ConnectionStub connection : connections.values()) {
            assertThat(connection.takeSent()).extracting(Frame::type).containsExactly(FrameType.DELETE);
        }
    }

    @Test
    void shouldRefuseAChangeWhenARefusalComesFromAnOwner() throws IOException {
        join(A1, Kind.AGING);

        long id = let(backup("a", 10));
        answer(A1, FrameType.SESSION_BACKUP, part -> new ErrorFrame(part, ErrorCode.BUSY, "no room"));
        assertUnavailable(id);
    }

    @Test
    void shouldNotAcknowledgeWhenTheConnectionTakesNothing() throws IOException {
        join(A1, Kind.AGING);
        connections.get(A1).full(true);

        long id = let(backup("a", 10));
        ErrorFrame refusal = (ErrorFrame) takeAnswer();
        assertThat(refusal.correlationId()).isEqualTo(id);
        assertThat(refusal.code()).isEqualTo(ErrorCode.BUSY);

        // Voids wait, as many as there is room for; then the new entry waits at the relay.
        long first = let(session("s0", 10));
        for (int i = 1; i < ReliefEndPoint.MAX_VOIDS; i++) {
            let(session("s" + i, 10));
        }
        assertThat(exchange.peekAnswer()).isNull();
        long beyond = let(session("beyond", 10));
        assertThat(takeAnswerOf(beyond)).isInstanceOf(ErrorFrame.class);
        connections.get(A1).full(false);
        router.drain();
        VoidFrame voids = (VoidFrame) connections.get(A1).takeSent().get(0);
        assertThat(voids.voided()).hasSize(ReliefEndPoint.MAX_VOIDS);
        router.onAnswer(endPoints.get(A1), done(voids.correlationId()));
        for (int i = 0; i < ReliefEndPoint.MAX_VOIDS; i++) {
            assertThat(receipt(first + i).outcome()).isEqualTo(Outcome.STORED);
        }
    }

    @Test
    void shouldRefuseChangesUntilTheOwnerHadTimeToComeBack() throws IOException {
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        String key = keyOf(A1);
        leave(A1);
        router.timeOut(segment.file().nanoTime() + Attendance.RESET_NS / 2);
        assertUnavailable(let(backup(key, 10)));

        restart(1);
        join(A2, Kind.AGING);
        router.timeOut(segment.file().nanoTime() + Attendance.START_NS / 2);
        assertUnavailable(let(backup(key, 10)));
        assertThat(connections.get(A2).takeSent()).isEmpty();
        assertThat(membership.find(A1).state()).isEqualTo(State.PRESENT);
    }

    @Test
    void shouldAcknowledgeAVoidOnlyWhenWhoIsAboutToComeBackHasHeardOfIt() throws IOException {
        join(A1, Kind.AGING);
        leave(A1);
        router.timeOut(segment.file().nanoTime() + Attendance.RESET_NS / 2);
        assertUnavailable(let(session("a", 10)));

        restart(1);
        assertUnavailable(let(session("a", 10)));
        join(A1, Kind.AGING);
        long heard = let(session("a", 10));
        answer(A1, FrameType.VOID, ReliefRouterTest::done);
        assertThat(receipt(heard).outcome()).isEqualTo(Outcome.STORED);

        leave(A1);
        router.timeOut(segment.file().nanoTime() + 2 * Attendance.RESET_NS);
        assertThat(receipt(let(session("a", 11))).outcome())
                .as("away for longer than anybody waits for it")
                .isEqualTo(Outcome.STORED);
    }

    /** It has an older version, and once the newer one has expired nobody else knows that there was one. */
    @Test
    void shouldTellWhatHasBecomeVoidMeanwhileBeforeAnythingElseWhenOneComesBack() throws IOException {
        join(A1, Kind.AGING);
        leave(A1);
        letOthersStandIn();
        receipt(let(session("a", 10)));
        restart(1);
        letOthersStandIn();
        receipt(let(session("b", 11)));
        assertThat(folder.resolve("relay.segment.voids")).exists();

        join(A1, Kind.AGING);
        connections.get(A1).full(true);
        assertThat(known(let(need("a"))).status()).as("it cannot be told now").isEqualTo(Status.UNAVAILABLE);
        connections.get(A1).full(false);
        long id = let(need("a"));
        List<Frame> sent = connections.get(A1).takeSent();
        assertThat(sent).extracting(Frame::type).containsExactly(FrameType.VOID, FrameType.NEED_SESSION);
        VoidFrame voids = (VoidFrame) sent.get(0);
        assertThat(voids.voided())
                .containsExactly(
                        new VoidFrame.Voided(segment.encode("a").digest(), new Version(10, 7)),
                        new VoidFrame.Voided(segment.encode("b").digest(), new Version(11, 7)));
        router.timeOut(segment.file().nanoTime());
        assertThat(folder.resolve("relay.segment.voids"))
                .as("it may go before it has heard of it")
                .exists();

        endPoints.get(A1).answerInquiry(done(voids.correlationId()));
        router.onAnswer(endPoints.get(A1), missing(sent.get(1).correlationId()));
        assertThat(known(id).status()).isEqualTo(Status.MISSING);
        router.timeOut(segment.file().nanoTime());
        assertThat(folder.resolve("relay.segment.voids")).doesNotExist();
    }

    @Test
    void shouldTellAfterAResetOnlyWhatHasBecomeVoidSince() throws IOException {
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        leave(A1);
        letOthersStandIn();
        String key = keyOf(A1);
        let(session(key, 10));
        answer(A2, FrameType.VOID, ReliefRouterTest::done);

        leave(A2);
        join(A2, Kind.AGING);
        router.drain();
        assertThat(connections.get(A2).takeSent()).as("it has taken that in").isEmpty();
        assertThat(endPoints.get(A2).isTold()).isTrue();
        leave(A2);
        let(session(keyOf(A2), 12));
        assertThat(toldWhenBack(A2)).containsExactly(new Version(12, 7));
    }

    /** The relay sends the change again, which is noted for another one already. */
    @Test
    void shouldTellWhoHasLeftBeforeItHasTakenInWhatWasNotedForAnother() throws IOException {
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        leave(A1);
        letOthersStandIn();
        String key = keyOf(A1);
        let(session(key, 10));
        leave(A2);
        assertThat(toldWhenBack(A2)).as("it has not answered").containsExactly(new Version(10, 7));

        leave(A2);
        join(A2, Kind.AGING);
        router.drain();
        endPoints
                .get(A2)
                .answerInquiry(done(connections.get(A2).takeSent().get(0).correlationId()));
        leave(A2);
        let(session(key, 10));
        assertThat(toldWhenBack(A2)).as("it was not there for that").containsExactly(new Version(10, 7));
    }

    /** Versions that a node is told of first which comes back. */
    private List<Version> toldWhenBack(NodeId node) throws IOException {
        join(node, Kind.AGING);
        router.drain();
        return connections.get(node).takeSent().stream()
                .filter(frame -> frame instanceof VoidFrame)
                .flatMap(frame -> ((VoidFrame) frame).voided().stream())
                .map(VoidFrame.Voided::version)
                .toList();
    }

    @Test
    void shouldCountOnNobodyWhoHasNotTakenInWhatHasBecomeVoidMeanwhile() throws IOException {
        join(A1, Kind.AGING);
        leave(A1);
        letOthersStandIn();
        receipt(let(session("a", 10)));
        join(A1, Kind.AGING);
        router.drain();
        Frame voids = connections.get(A1).takeSent().get(0);
        endPoints.get(A1).answerInquiry(new ErrorFrame(voids.correlationId(), ErrorCode.INTERNAL, "failed"));
        assertThat(connections.get(A1).isOpen()).isFalse();
        router.timeOut(segment.file().nanoTime());
        assertThat(folder.resolve("relay.segment.voids")).exists();
    }

    @Test
    void shouldLetTheNextBestStandInWhenTheOwnerIsAwayForLong() throws IOException {
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        String key = keyOf(A1);
        standInForOwner(key);

        // Back, and the stand-in away: the owner never had the entry, so it is at the stand-in or nowhere.
        join(A1, Kind.AGING);
        leave(A2);
        assertOwnerAloneCannotDeny(key);
        long deleted = let(delete(key, 20));
        answer(A1, FrameType.DELETE, part -> stored(part, 20));
        assertUnavailable(deleted);

        // A sibling that starts again still knows.
        restart(1);
        join(A1, Kind.AGING);
        assertOwnerAloneCannotDeny(key);
        join(A2, Kind.AGING);
        long found = let(need(key));
        answer(A1, FrameType.NEED_SESSION, ReliefRouterTest::missing);
        answer(A2, FrameType.NEED_SESSION, part -> found(part, entry(key, 10)));
        assertThat(known(found).status()).isEqualTo(Status.FOUND);

        // New changes are the owner's again.
        long id = let(backup(key, 30));
        answer(A1, FrameType.SESSION_BACKUP, part -> stored(part, 30));
        assertThat(exchange.peekAnswer()).as("who stood in has an older one").isNull();
        answer(A2, FrameType.VOID, ReliefRouterTest::done);
        assertThat(receipt(id).version().clock()).isEqualTo(30);
    }

    @Test
    void shouldNotAnswerWithWhatOneHasWhoHasMissedChangesWhenOthersAreAway() throws IOException {
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        NodeId third = new NodeId(7, 7);
        join(third, Kind.AGING);
        String key = keyOf(A1);
        leave(A1);
        letOthersStandIn();
        long changed = let(backup(key, 20));
        for (NodeId there : List.of(A2, third)) {
            connections
                    .get(there)
                    .takeSent()
                    .forEach(frame -> router.onAnswer(endPoints.get(there), stored(frame.correlationId(), 20)));
        }
        receipt(changed);

        join(A1, Kind.AGING);
        leave(A2);
        leave(third);
        long id = let(need(key));
        answer(A1, FrameType.NEED_SESSION, part -> found(part, entry(key, 10)));
        assertThat(known(id).status()).as("A2 and the third have a newer one").isEqualTo(Status.UNAVAILABLE);

        // One that has missed nothing is answered with, whoever else is away.
        join(A2, Kind.AGING);
        long again = let(need(key));
        answer(A1, FrameType.NEED_SESSION, part -> found(part, entry(key, 10)));
        answer(A2, FrameType.NEED_SESSION, part -> found(part, entry(key, 20)));
        assertThat(known(again).entry().version().clock()).isEqualTo(20);
    }

    @Test
    void shouldNotAnswerWithWhatOneHasWhoStoodInOnceWhenTheOwnersAreAway() throws IOException {
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        join(A3, Kind.AGING);
        String key = keyOf(A1);
        NodeId other = endPoints.keySet().stream()
                .filter(id -> !id.equals(A1) && isOwner(id, key))
                .findAny()
                .orElseThrow();
        NodeId standIn = other.equals(A2) ? A3 : A2;
        leave(A1);
        letOthersStandIn();
        let(backup(key, 10));
        takeAnswerOnceStored();
        join(A1, Kind.AGING);
        router.tier().reconciled(endPoints.get(A1));
        // Not told of the newer one, as it is away.
        leave(standIn);
        letOthersStandIn();
        let(backup(key, 20));
        takeAnswerOnceStored();
        join(standIn, Kind.AGING);
        router.tier().reconciled(endPoints.get(standIn));

        restart(2);
        join(standIn, Kind.AGING);
        long early = let(need(key));
        answer(standIn, FrameType.NEED_SESSION, part -> found(part, entry(key, 10)));
        assertThat(known(early).status()).as("the owners have a newer one").isEqualTo(Status.UNAVAILABLE);

        join(other, Kind.AGING);
        long id = let(need(key));
        answer(standIn, FrameType.NEED_SESSION, part -> found(part, entry(key, 10)));
        answer(other, FrameType.NEED_SESSION, part -> found(part, entry(key, 20)));
        assertThat(known(id).entry().version().clock()).isEqualTo(20);
    }

    @Test
    void shouldNotAnswerWithWhatAnExpansionNodeHasWhenTheAgingOwnerDoesNotAnswer() throws IOException {
        join(A1, Kind.AGING);
        join(E1, Kind.EXPANSION);
        // Handed off and let go by the relay before the expansion node had acknowledged it.
        long handedOff = let(backup("a", 20));
        answer(A1, FrameType.SESSION_BACKUP, part -> stored(part, 20));
        receipt(handedOff);

        long late = let(need("a"));
        answer(E1, FrameType.NEED_SESSION, part -> found(part, entry("a", 10)));
        router.timeOut(segment.file().nanoTime() + 2 * TIMEOUT.toNanos());
        assertThat(known(late).status()).as("A1 has a newer one").isEqualTo(Status.UNAVAILABLE);

        long id = let(need("a"));
        answer(E1, FrameType.NEED_SESSION, part -> found(part, entry("a", 10)));
        answer(A1, FrameType.NEED_SESSION, part -> found(part, entry("a", 20)));
        assertThat(known(id).entry().version().clock()).isEqualTo(20);
    }

    @Test
    void shouldNotAnswerWithWhatTheOnlyOwnerHasWhenAnotherStoodInForIt() throws IOException {
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        String key = keyOf(A1);
        standInForOwner(key);
        join(A1, Kind.AGING);
        leave(A2);

        long id = let(need(key));
        answer(A1, FrameType.NEED_SESSION, part -> found(part, entry(key, 5)));
        assertThat(known(id).status()).as("A2 has a newer one").isEqualTo(Status.UNAVAILABLE);
    }

    @Test
    void shouldTellWhoStoodInThatItsEntryIsVoidWhenANewOneGoesToTheOwnersOfBothKinds() throws IOException {
        NodeId e2 = new NodeId(9, 99);
        join(E1, Kind.EXPANSION);
        join(e2, Kind.EXPANSION);
        String key = keyOf(E1);
        leave(E1);
        letOthersStandIn();
        long first = let(session(key, 10));
        answer(e2, FrameType.SESSION, part -> stored(part, 10));
        receipt(first);

        join(E1, Kind.EXPANSION);
        long second = let(session(key, 20));
        answer(E1, FrameType.SESSION, part -> stored(part, 20));
        assertThat(exchange.peekAnswer()).as("who stood in has an older one").isNull();
        answer(e2, FrameType.VOID, ReliefRouterTest::done);
        assertThat(receipt(second).version().clock()).isEqualTo(20);
    }

    private void standInForOwner(String key) throws IOException {
        leave(A1);
        letOthersStandIn();
        assertThat(membership.find(A1).state()).isEqualTo(State.AWAY);
        long id = let(backup(key, 10));
        answer(A2, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        assertThat(receipt(id).outcome()).isEqualTo(Outcome.STORED);
    }

    private void assertOwnerAloneCannotDeny(String key) {
        long id = let(need(key));
        answer(A1, FrameType.NEED_SESSION, ReliefRouterTest::missing);
        assertThat(known(id).status()).isEqualTo(Status.UNAVAILABLE);
    }

    @Test
    void shouldAskStandInsNoMoreWhenWhatTheyHadIsTransferred() throws IOException {
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        String key = keyOf(A1);
        standInForOwner(key);
        join(A1, Kind.AGING);
        leave(A2);
        router.tier()
                .transferred(
                        membership.used().stream().filter(ring -> !ring.has(A1)).toList());

        long id = let(need(key));
        answer(A1, FrameType.NEED_SESSION, ReliefRouterTest::missing);
        assertThat(known(id).status()).isEqualTo(Status.MISSING);
    }

    @Test
    void shouldRefuseAChangeWhenNobodyCanStandIn() throws IOException {
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        leave(A2);
        letOthersStandIn();
        assertUnavailable(let(backup("a", 10)));
        assertThat(connections.get(A1).takeSent()).isEmpty();
    }

    @Test
    void shouldNotBelieveOneOwnerThatAKeyIsMissingWhenTheOtherIsAway() throws IOException {
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        leave(A2);

        long id = let(need("a"));
        answer(A1, FrameType.NEED_SESSION, ReliefRouterTest::missing);
        assertThat(known(id).status()).isEqualTo(Status.UNAVAILABLE);
    }

    @Test
    void shouldBelieveThatAKeyIsMissingWhenAnOwnerIsReconcilingAndAllOthersSayTheSame() throws IOException {
        beBackAfterStandIns();
        String key = keyOf(A1);
        assertThat(endPoints.get(A1).isComplete()).isFalse();
        assertThat(endPoints.get(A2).isComplete()).isTrue();
        assertThat(denied(key)).isEqualTo(Status.MISSING);

        for (NodeId has : List.of(A1, A2)) {
            long found = let(need(key));
            answer(has, FrameType.NEED_SESSION, part -> found(part, entry(key, 10)));
            denyAll();
            assertThat(known(found).status()).isEqualTo(Status.FOUND);
        }
        // Who stood in for it may have the key.
        for (NodeId stoodIn : List.of(A2, A3)) {
            leave(stoodIn);
            assertThat(denied(key)).isEqualTo(Status.UNAVAILABLE);
            join(stoodIn, Kind.AGING);
        }
    }

    @Test
    void shouldStillBeReconcilingAfterAResetUntilItHasWhatItShouldHave() throws IOException {
        beBackAfterStandIns();
        leave(A1);
        join(A1, Kind.AGING);
        assertThat(endPoints.get(A1).isComplete()).isFalse();
        router.tier().reconciled(endPoints.get(A1));
        assertThat(endPoints.get(A1).isComplete()).isTrue();
        leave(A1);
        join(A1, Kind.AGING);
        assertThat(endPoints.get(A1).isComplete()).isTrue();
    }

    /** Two of three nodes keep each session, the first was away for long, and entries went out. */
    private void beBackAfterStandIns() throws IOException {
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        join(A3, Kind.AGING);
        leave(A1);
        letOthersStandIn();
        long id = let(backup("b", 10));
        answer(A2, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        answer(A3, FrameType.SESSION_BACKUP, part -> stored(part, 10));
        receipt(id);
        join(A1, Kind.AGING);
    }

    @Test
    void shouldStillBeReconcilingWhenTheSiblingStartsAgainWhileTheNodeIsAway() throws IOException {
        beBackAfterStandIns();
        leave(A1);
        letOthersStandIn();
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        assertThat(endPoints.get(A1).isComplete()).isFalse();
        assertThat(endPoints.get(A2).isComplete()).isTrue();
    }

    @Test
    void shouldStillBeReconcilingWhenTheSiblingStartsAgainWhileTheNodeIsThere() throws IOException {
        beBackAfterStandIns();
        assertThat(membership.find(A1).state()).isEqualTo(State.RETURNING);
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        assertThat(endPoints.get(A1).isComplete()).isFalse();
        assertThat(endPoints.get(A2).isComplete()).isTrue();
        router.tier().reconciled(endPoints.get(A1));
        restart(2);
        join(A1, Kind.AGING);
        assertThat(endPoints.get(A1).isComplete()).isTrue();
    }

    @Test
    void shouldBelieveANodeAtOnceWhenNothingWentOutWithoutIt() throws IOException {
        restart(2);
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        join(A3, Kind.AGING);
        let(backup("b", 10));
        takeAnswerOnceStored();
        leave(A1);
        letOthersStandIn();
        join(A1, Kind.AGING);
        assertThat(endPoints.get(A1).isComplete()).isTrue();
        restart(2);
        join(A1, Kind.AGING);
        assertThat(endPoints.get(A1).isComplete()).isTrue();
    }

    @Test
    void shouldBelieveANodeAtOnceWhenNobodyElseHasACopyOfWhatItShouldHave() throws IOException {
        join(A1, Kind.AGING);
        join(A2, Kind.AGING);
        standInForOwner(keyOf(A1));
        join(A1, Kind.AGING);
        assertThat(endPoints.get(A1).isComplete()).isTrue();
    }

    private void takeAnswerOnceStored() {
        for (NodeId node : List.copyOf(endPoints.keySet())) {
            for (Frame frame : connections.get(node).takeSent()) {
                router.onAnswer(endPoints.get(node), stored(frame.correlationId(), 10));
            }
        }
        assertThat(takeAnswer()).isInstanceOf(SessionReceivedFrame.class);
    }

    /** All nodes say that they do not have it. */
    private Status denied(String key) {
        long id = let(need(key));
        denyAll();
        return known(id).status();
    }

    /** All that are asked deny it, the others too, which are asked then. */
    private void denyAll() {
        for (int round = 0; round < 2; round++) {
            for (NodeId node : List.copyOf(endPoints.keySet())) {
                for (Frame frame : connections.get(node).takeSent()) {
                    if (frame instanceof NeedSessionFrame) {
                        router.onAnswer(endPoints.get(node), missing(frame.correlationId()));
                    }
                }
            }
        }
    }

    @Test
    void shouldTakeThePlaceOfTheOldConnectionWhenANodeComesAgain() throws IOException {
        join(A1, Kind.AGING);
        long id = let(need("a"));
        ReliefEndPoint old = endPoints.get(A1);
        ReliefEndPoint replaced = join(A1, Kind.AGING);
        assertThat(replaced).isSameAs(old);
        assertThat(known(id).status()).isEqualTo(Status.UNAVAILABLE);

        // The end of the old connection does not take the new one away.
        router.disconnected(old);
        assertThat(router.tier().connectedCount()).isEqualTo(1);
    }

    @Test
    void shouldRefuseANodeWhenItComesBackAsTheOtherKind() throws IOException {
        join(A1, Kind.AGING);
        leave(A1);
        assertThatThrownBy(() -> join(A1, Kind.EXPANSION)).isInstanceOf(IOException.class);
        assertUnavailable(let(backup("a", 10)));
    }

    @Test
    void shouldAnswerInternalWhenAFrameCannotBeHandled() {
        long id = let(correlationId -> new NeedSessionFrame(correlationId, new byte[60_000]));
        ErrorFrame error = (ErrorFrame) takeAnswerOf(id);
        assertThat(error.code()).isEqualTo(ErrorCode.INTERNAL);
    }

    private ReliefEndPoint join(NodeId id, Kind kind) throws IOException {
        return join(id, kind, false);
    }

    private ReliefEndPoint join(NodeId id, Kind kind, boolean holdsSessions) throws IOException {
        ConnectionStub connection = new ConnectionStub();
        ReliefEndPoint endPoint = new ReliefEndPoint(new Seat(id, 100, ""), kind, holdsSessions, connection);
        ReliefEndPoint before = router.connected(endPoint);
        connections.put(id, connection);
        endPoints.put(id, endPoint);
        return before;
    }

    private void leave(NodeId id) {
        router.disconnected(endPoints.remove(id));
        connections.remove(id);
    }

    /** Members who have been away until now are so for long. */
    private void letOthersStandIn() {
        router.timeOut(segment.file().nanoTime() + Attendance.START_NS + 1);
    }

    private boolean isOwner(NodeId id, String key) {
        Placement placement = new Placement(membership, any -> true);
        placement.place(segment.encode(key).digest().low());
        return IntStream.range(0, placement.members().size())
                .anyMatch(i ->
                        placement.takes(i) && placement.members().get(i).id().equals(id));
    }

    private NodeId ownerOf(String key) {
        Placement placement = new Placement(membership, id -> true);
        placement.place(segment.encode(key).digest().low());
        for (int i = 0; i < placement.members().size(); i++) {
            if (placement.takes(i)) {
                return placement.members().get(i).id();
            }
        }
        throw new AssertionError("no owner");
    }

    private interface Part {
        Frame answer(long correlationId);
    }

    /** The relay sends a frame. */
    private long let(Part frame) {
        lastId++;
        exchange.letIn(new Message(1, frame.answer(lastId)));
        router.drain();
        return lastId;
    }

    /** A node answers what it was last asked. */
    private void answer(NodeId node, FrameType asked, Part answer) {
        List<Frame> sent = connections.get(node).takeSent();
        Frame last = sent.stream()
                .filter(frame -> frame.type() == asked)
                .reduce((a, b) -> b)
                .orElseThrow();
        router.onAnswer(endPoints.get(node), answer.answer(last.correlationId()));
    }

    private Frame takeAnswer() {
        Message message = exchange.peekAnswer();
        assertThat(message).as("an answer for the relay").isNotNull();
        exchange.answerTaken();
        return message.frame();
    }

    private Frame takeAnswerOf(long id) {
        Frame answer = takeAnswer();
        assertThat(answer.correlationId()).isEqualTo(id);
        return answer;
    }

    private SessionKnownFrame known(long id) {
        return (SessionKnownFrame) takeAnswerOf(id);
    }

    private Receipt receipt(long id) {
        return ((SessionReceivedFrame) takeAnswerOf(id)).receipt();
    }

    private void assertUnavailable(long id) {
        Frame answer = takeAnswerOf(id);
        assertThat(answer).isInstanceOf(ErrorFrame.class);
        assertThat(((ErrorFrame) answer).code()).isEqualTo(ErrorCode.UNAVAILABLE);
    }

    private static Part need(String key) {
        return id -> new NeedSessionFrame(id, key(key));
    }

    private static Part backup(String key, long clock) {
        return id -> new SessionBackupFrame(id, entry(key, clock));
    }

    private static Part session(String key, long clock) {
        return session(key, clock, Acknowledgement.RELAY);
    }

    private static Part session(String key, long clock, Acknowledgement level) {
        return id -> new SessionFrame(id, level, 0, 0, Version.NONE, entry(key, clock));
    }

    private Part delete(String key, long clock) {
        return id ->
                new DeleteFrame(id, Acknowledgement.RELIEF, segment.encode(key).digest(), new Version(clock, 7));
    }

    private static Frame missing(long id) {
        return new SessionKnownFrame(id, Status.MISSING, 0, 0, null);
    }

    private static Frame missingHere(long id) {
        return new SessionKnownFrame(id, Status.MISSING_HERE, 0, 0, null);
    }

    private static Frame found(long id, SessionEntry entry) {
        return new SessionKnownFrame(id, Status.FOUND, 0, 0, entry);
    }

    private static Frame done(long id) {
        return new SessionReceivedFrame(id, new Receipt(Outcome.STORED, Version.NONE, 0, false, 0, 0));
    }

    private static Frame stored(long id, long clock) {
        return received(id, Outcome.STORED, clock, false);
    }

    private static Frame received(long id, Outcome outcome, long clock, boolean held) {
        return new SessionReceivedFrame(id, new Receipt(outcome, new Version(clock, 7), 1, held, 0, 0));
    }
}
