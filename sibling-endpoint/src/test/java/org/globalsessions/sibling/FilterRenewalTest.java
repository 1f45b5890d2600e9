package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.sibling.Entries.entry;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.ConnectionStub;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.ManualScheduler;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FilterFrame;
import org.globalsessions.transport.frame.FilteredFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each frame with which a node is asked for its filter, and what a sibling makes of wrong answers. */
class FilterRenewalTest {
    private static final Duration CHECK = FilterRenewal.CHECK_INTERVAL;

    @TempDir
    private Path folder;

    private final ManualScheduler scheduler = new ManualScheduler();
    private final ConnectionStub connection = new ConnectionStub();
    private final ReliefEndPoint node =
            new ReliefEndPoint(new Seat(new NodeId(1, 1), 100, ""), Kind.AGING, false, connection);
    private SharedLru segment;
    private KeyDigest unknown;
    private KeyDigest sent;

    @BeforeEach
    void open() throws IOException {
        segment = Entries.relaySegment(folder);
        unknown = segment.encode("unknown").digest();
        sent = segment.encode("sent").digest();
        node.filter(new NodeFilter(entry -> segment.encode(entry.key()).digest()));
        new FilterRenewal(segment, scheduler, node, CHECK, FilterRenewal.OLD_AFTER);
        scheduler.pass(FilterRenewal.FIRST_PAUSE);
    }

    @AfterEach
    void close() {
        segment.close();
    }

    private FilterFrame asked() {
        List<Frame> asked = connection.takeSent();
        assertThat(asked).hasSize(1).first().isInstanceOf(FilterFrame.class);
        return (FilterFrame) asked.get(0);
    }

    private void answer(Frame frame) {
        assertThat(node.answerInquiry(frame)).isTrue();
    }

    /** The node has 32 places, which make 512 bits: 8 words. */
    private FilterFrame askedForParts() {
        FilterFrame places = asked();
        assertThat(places.cursor()).isZero();
        assertThat(places.bits()).isZero();
        answer(new FilteredFrame(places.correlationId(), 0, 32, 0, 0));
        FilterFrame first = asked();
        assertThat(first.cursor()).isZero();
        assertThat(first.bits()).isEqualTo(512);
        assertThat(first.hashes()).isEqualTo(NodeFilter.HASHES);
        return first;
    }

    private void make() {
        answer(new FilteredFrame(askedForParts().correlationId(), 0, 32, 0, 0, new long[8]));
        assertThat(connection.takeSent()).isEmpty();
        assertThat(node.lacksForSure(unknown)).isTrue();
    }

    private void assertNotMadeButTriedAgain(int errors) {
        assertThat(node.lacksForSure(unknown)).isFalse();
        assertThat(connection.takeSent()).isEmpty();
        assertThat(segment.counters().get(Counter.ERRORS)).isEqualTo(errors);
        scheduler.pass(CHECK);
        make();
    }

    @Test
    void shouldCountOnceTheLastWordIsThereWithAllThatWasSentMeanwhile() {
        FilterFrame first = askedForParts();
        node.inquire(() -> false, any -> {}, id -> new SessionBackupFrame(id, entry("sent", 10)));
        connection.takeSent();
        answer(new FilteredFrame(first.correlationId(), 77, 32, 1, 0));
        FilterFrame on = asked();
        assertThat(on.cursor()).isEqualTo(77);
        answer(new FilteredFrame(on.correlationId(), 99, 32, 1, 0, new long[5]));
        FilterFrame last = asked();
        assertThat(last.cursor()).isEqualTo(99);
        assertThat(node.lacksForSure(unknown)).isFalse();
        answer(new FilteredFrame(last.correlationId(), 0, 32, 1, 5, new long[3]));

        assertThat(node.lacksForSure(unknown)).isTrue();
        assertThat(node.lacksForSure(sent)).isFalse();
        assertThat(segment.counters().get(Counter.ERRORS)).isZero();
    }

    @Test
    void shouldNotRefuseWhatTheNodeSaysItHas() {
        long[] all = {-1, -1, -1, -1, -1, -1, -1, -1};
        answer(new FilteredFrame(askedForParts().correlationId(), 0, 32, 1, 0, all));
        assertThat(node.lacksForSure(unknown)).isFalse();
        assertThat(node.filter().isThere()).isTrue();
    }

    @Test
    void shouldTryAgainWhenTheNodeSaysThatItHasNoPlaces() {
        answer(new FilteredFrame(asked().correlationId(), 0, 0, 0, 0));
        assertNotMadeButTriedAgain(1);
    }

    @Test
    void shouldTryAgainWhenWordsAreOutOfPlace() {
        answer(new FilteredFrame(askedForParts().correlationId(), 99, 32, 0, 1, new long[4]));
        assertNotMadeButTriedAgain(1);
    }

    @Test
    void shouldTryAgainWhenThereAreTooManyWords() {
        answer(new FilteredFrame(askedForParts().correlationId(), 0, 32, 0, 0, new long[9]));
        assertNotMadeButTriedAgain(1);
    }

    @Test
    void shouldTryAgainWhenWordsAreLackingAtTheEnd() {
        answer(new FilteredFrame(askedForParts().correlationId(), 0, 32, 0, 0, new long[7]));
        assertNotMadeButTriedAgain(1);
    }

    @Test
    void shouldTryAgainWhenAnAnswerDoesNotGoOn() {
        answer(new FilteredFrame(askedForParts().correlationId(), 5, 32, 0, 0));
        answer(new FilteredFrame(asked().correlationId(), 5, 32, 0, 0));
        assertNotMadeButTriedAgain(1);
    }

    @Test
    void shouldTryAgainWhenTheAnswerIsOfAnotherKind() {
        answer(new ErrorFrame(askedForParts().correlationId(), ErrorCode.INTERNAL, ""));
        assertNotMadeButTriedAgain(1);
    }

    @Test
    void shouldTryAgainWhenTheNodeDoesNotAnswer() {
        FilterFrame unanswered = askedForParts();
        scheduler.pass(FilterRenewal.PATIENCE);
        assertNotMadeButTriedAgain(1);
        assertThat(node.answerInquiry(new FilteredFrame(unanswered.correlationId(), 0, 32, 0, 0, new long[8])))
                .isFalse();
    }

    @Test
    void shouldAskForAllKeysWhenAnotherProcessMayStoreAtTheNode() {
        make();
        scheduler.pass(FilterRenewal.OLD_AFTER);
        answer(new ErrorFrame(asked().correlationId(), ErrorCode.BUSY, ""));
        assertNotMadeButTriedAgain(0);
    }

    @Test
    void shouldMakeItAnewWhenTheNodeSaysThatItIsOfNoMoreUse() {
        make();
        node.filter().drop();
        assertNotMadeButTriedAgain(0);
    }

    @Test
    void shouldNotCountWhenItIsOfNoMoreUseBeforeItIsMade() {
        FilterFrame first = askedForParts();
        node.filter().drop();
        answer(new FilteredFrame(first.correlationId(), 0, 32, 0, 0, new long[8]));
        assertNotMadeButTriedAgain(0);
    }

    @Test
    void shouldKeepTheOneBeforeWhenAnotherIsNotMade() {
        make();
        scheduler.pass(FilterRenewal.OLD_AFTER);
        answer(new FilteredFrame(askedForParts().correlationId(), 0, 32, 0, 0, new long[7]));
        assertThat(node.lacksForSure(unknown)).isTrue();
        assertThat(segment.counters().get(Counter.ERRORS)).isEqualTo(1);
    }

    @Test
    void shouldNeverAskAgainWhenTheNodeWorksForSeveralSiblings() {
        answer(new ErrorFrame(asked().correlationId(), ErrorCode.REFUSED, ""));
        scheduler.pass(Duration.ofHours(3));
        assertThat(connection.takeSent()).isEmpty();
        assertThat(node.lacksForSure(unknown)).isFalse();
    }

    @Test
    void shouldWaitWhenChangesFillTheConnection() {
        FilterFrame first = askedForParts();
        connection.full(true);
        answer(new FilteredFrame(first.correlationId(), 7, 32, 0, 0));
        scheduler.pass(Duration.ofMillis(100));
        assertThat(connection.takeSent()).isEmpty();
        connection.full(false);
        scheduler.pass(Duration.ofMillis(100));
        assertThat(asked().cursor()).isEqualTo(7);
    }

    @Test
    void shouldHaveBitsInProportionToThePlacesUpToTheLimit() {
        assertThat(FilterRenewal.bitsFor(1)).isEqualTo(64);
        assertThat(FilterRenewal.bitsFor(1_000)).isEqualTo(16_000);
        assertThat(FilterRenewal.bitsFor(1_001)).isEqualTo(16_064);
        assertThat(FilterRenewal.bitsFor(Integer.MAX_VALUE)).isEqualTo(FrameCodec.MAX_FILTER_BITS);
    }
}
