package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameType;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.InventoryFrame;
import org.junit.jupiter.api.Test;

/** Which deletes a relay is told of that has lost its segment, with nodes that are played. */
class DeleteListingTest extends PlayedTierTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(1);

    private Frame list(long cursor) {
        return let(id -> new InventoryFrame(id, cursor, 1024, true));
    }

    private List<InventoryItem> listAll() {
        List<InventoryItem> all = new ArrayList<>();
        long cursor = 0;
        do {
            InventoriedFrame part = (InventoriedFrame) list(cursor);
            all.addAll(part.items());
            assertThat(part.nextCursor()).isNotNegative();
            cursor = part.nextCursor();
        } while (cursor != 0);
        return all;
    }

    private InventoryItem deleted(String key, long clock) {
        return InventoryItem.tombstone(segment.encode(key).digest(), new Version(clock, 1));
    }

    private void assertUnavailable(Frame answer) {
        assertThat(answer).isInstanceOf(ErrorFrame.class);
        assertThat(((ErrorFrame) answer).code()).isEqualTo(ErrorCode.UNAVAILABLE);
    }

    /** The list of members is known, as after a start of the sibling. */
    private void beginAgain(int replicas) throws IOException {
        nodes.stream().filter(PlayedNode::isConnected).forEach(this::leave);
        begin(replicas, TIMEOUT);
    }

    private void startIsOver() {
        router.timeOut(segment.file().nanoTime() + ReliefTier.COME_BACK_NS);
    }

    @Test
    void shouldTellTheDeletesOfAllNodesPartByPart() throws IOException {
        begin(2, TIMEOUT);
        PlayedNode a1 = join(1, Kind.AGING);
        PlayedNode a2 = join(2, Kind.AGING);
        beginAgain(2);
        join(a1);
        join(a2);
        a1.bury("a", new Version(10, 1));
        a1.bury("b", new Version(20, 1));
        a1.bury("c", new Version(30, 1));
        a2.bury("a", new Version(11, 1));
        assertThat(listAll())
                .containsExactlyInAnyOrder(deleted("a", 10), deleted("b", 20), deleted("c", 30), deleted("a", 11));
    }

    /** All of them at first; later as many as there have to be. */
    @Test
    void shouldTellNoneUntilOwnersOfAllKeysAreThere() throws IOException {
        begin(2, TIMEOUT);
        PlayedNode a1 = join(1, Kind.AGING);
        PlayedNode a2 = join(2, Kind.AGING);
        PlayedNode a3 = join(3, Kind.AGING);
        a1.keep(Entries.entry("x", 5));
        a2.keep(Entries.entry("y", 5));
        beginAgain(2);
        assertUnavailable(list(0));
        join(a1);
        join(a2);
        assertUnavailable(list(0));
        startIsOver();
        assertThat(listAll()).as("each key has an owner among two of three").isEmpty();
        leave(a2);
        assertUnavailable(list(0));
        join(a3);
        assertUnavailable(list(0));
        join(a2);
        assertThat(listAll()).as("all are there").isEmpty();
    }

    /** It may have come back without what it had, and its co-owner is away. */
    @Test
    void shouldTellNoneOnTheWordOfANodeThatHoldsNothing() throws IOException {
        begin(2, TIMEOUT);
        PlayedNode a1 = join(1, Kind.AGING);
        join(2, Kind.AGING);
        beginAgain(2);
        startIsOver();
        join(a1);
        assertUnavailable(list(0));
    }

    @Test
    void shouldTellNoneWhenANodeThatAloneOwnsKeysIsAway() throws IOException {
        begin(1, TIMEOUT);
        PlayedNode a1 = join(1, Kind.AGING);
        PlayedNode a2 = join(2, Kind.AGING);
        a1.keep(Entries.entry("x", 5));
        beginAgain(1);
        startIsOver();
        join(a1);
        assertUnavailable(list(0));
        join(a2);
        assertThat(listAll()).isEmpty();
    }

    /** Who is the first of a kind knows no delete from before it joined. */
    @Test
    void shouldTellNoneWhileThoseOfAKindAreAway() throws IOException {
        begin(1, TIMEOUT);
        PlayedNode a1 = join(1, Kind.AGING);
        PlayedNode e1 = join(2, Kind.EXPANSION);
        beginAgain(1);
        join(e1);
        assertUnavailable(list(0));
        join(a1);
        a1.bury("a", new Version(10, 1));
        assertThat(listAll()).containsExactly(deleted("a", 10));
    }

    /** It would know nothing, and all of its kind are there. */
    @Test
    void shouldNotGoByAKindOfWhichAllNodesAreGone() throws IOException {
        begin(1, TIMEOUT);
        PlayedNode a1 = join(1, Kind.AGING);
        PlayedNode e1 = join(2, Kind.EXPANSION);
        leave(e1);
        membership.forget(e1.id());
        beginAgain(1);
        assertUnavailable(list(0));
        join(a1);
        a1.bury("a", new Version(10, 1));
        assertThat(listAll()).containsExactly(deleted("a", 10));
    }

    @Test
    void shouldBeginAnewWhenTheNodeThatIsAskedIsGone() throws IOException {
        begin(2, TIMEOUT);
        PlayedNode a1 = join(1, Kind.AGING);
        PlayedNode a2 = join(2, Kind.AGING);
        beginAgain(2);
        join(a1);
        join(a2);
        a1.bury("a", new Version(10, 1));
        a2.bury("a", new Version(10, 1));
        InventoriedFrame first = (InventoriedFrame) list(0);
        assertThat(first.nextCursor()).isPositive();
        leave(a1);
        leave(a2);
        join(a1);
        join(a2);
        assertUnavailable(list(first.nextCursor()));
        assertUnavailable(list(1L << 62));
        assertThat(listAll()).containsExactly(deleted("a", 10), deleted("a", 10));
    }

    @Test
    void shouldRefuseWhenTheNodeDoesNotAnswerInTime() throws IOException {
        begin(1, TIMEOUT);
        PlayedNode a1 = join(1, Kind.AGING);
        beginAgain(1);
        join(a1);
        a1.silent(true);
        send(id -> new InventoryFrame(id, 0, 1024, true));
        answerAll();
        assertThat(a1.taken(FrameType.INVENTORY)).isOne();
        assertThat(takeAnswer()).isNull();
        router.timeOut(segment.file().nanoTime() + TIMEOUT.toNanos());
        assertUnavailable(takeAnswer());
    }

    /** As at the first start, or where the list was lost together with the relay's segment. */
    @Test
    void shouldTellNoneUntilNodesHadTimeToComeWhenNobodyIsKnown() throws IOException {
        begin(1, TIMEOUT);
        assertUnavailable(list(0));
        PlayedNode a1 = join(1, Kind.AGING);
        a1.bury("a", new Version(10, 1));
        assertUnavailable(list(0));
        beginAgain(1);
        join(a1);
        assertThat(listAll()).as("it is known from now on").containsExactly(deleted("a", 10));
    }

    @Test
    void shouldTellThatThereAreNoneWhenNobodyHasComeInTime() throws IOException {
        begin(1, TIMEOUT);
        assertUnavailable(list(0));
        startIsOver();
        assertThat(listAll()).isEmpty();
    }
}
