package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import org.globalsessions.relay.QuestionShares.Entered;
import org.globalsessions.segment.SegmentDescriptor;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.transport.PeerIdentity;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.access.AccessRules.Shown;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.junit.jupiter.api.Test;

/** How many questions of whom are on their way, and whose turn it is; with a clock of its own. */
class QuestionSharesTest {
    private final Loop loop = new Loop();
    private final Counters counters = new Counters(
            ByteBuffer.allocateDirect(SegmentDescriptor.ERRORS_OFFSET - SegmentDescriptor.COUNTERS_OFFSET), 0);
    private final QuestionShares shares = new QuestionShares(counters, loop);
    private final List<Question> asked = new ArrayList<>();
    private final List<Question> givenUp = new ArrayList<>();

    private final class Question extends QuestionShares.Asked {
        final String of;
        final int bytes;

        Question(String of, int bytes) {
            this.of = of;
            this.bytes = bytes;
        }

        @Override
        void ask() {
            asked.add(this);
        }

        @Override
        void giveUp() {
            givenUp.add(this);
        }

        @Override
        int bytes() {
            return bytes;
        }
    }

    /** Runs what is due when its time is moved on. */
    private static final class Loop implements Scheduler {
        private record Task(long atNs, Runnable action) {}

        private final PriorityQueue<Task> tasks = new PriorityQueue<>(Comparator.comparingLong(Task::atNs));
        private long nowNs = -5;

        @Override
        public void execute(Runnable task) {
            schedule(task, Duration.ZERO);
        }

        @Override
        public Scheduled schedule(Runnable task, Duration delay) {
            Task added = new Task(nowNs + delay.toNanos(), task);
            tasks.add(added);
            return () -> tasks.remove(added);
        }

        @Override
        public long nanoTime() {
            return nowNs;
        }

        void pass(Duration time) {
            long untilNs = nowNs + time.toNanos();
            while (!tasks.isEmpty() && tasks.element().atNs <= untilNs) {
                nowNs = Math.max(nowNs, tasks.element().atNs);
                tasks.remove().action.run();
            }
            nowNs = untilNs;
        }
    }

    private ClientEndPoint endPoint() {
        HelloFrame hello = new HelloFrame(1, 1, 1, PeerKind.CLIENT, 1, 1, 1, 0, 1, "auths", "");
        return new ClientEndPoint(null, hello, Shown.of(PeerIdentity.UNKNOWN, ""), Set.of(Right.READ), 0, null);
    }

    private int enter(ClientEndPoint endPoint, String name, int count, Entered expected) {
        for (int i = 0; i < count; i++) {
            assertThat(shares.enter(endPoint, new Question(name, 10)))
                    .as("%s %d", name, i)
                    .isEqualTo(expected);
        }
        return count;
    }

    private void answer(int count, boolean found) {
        for (int i = 0; i < count; i++) {
            shares.over(asked.remove(0), found);
        }
    }

    @Test
    void shouldLeaveRoomForOthersWhenOneConnectionAsksAgainAndAgainForOneKey() {
        Question question = new Question("key", 10);
        ClientEndPoint flood = endPoint();
        assertThat(shares.enter(flood, question)).isEqualTo(Entered.ASKED);
        for (int i = 0; i < QuestionShares.OWN_JOINED; i++) {
            assertThat(shares.join(flood, question, 10)).isTrue();
        }
        assertThat(shares.join(flood, question, 10)).isFalse();
        assertThat(shares.join(endPoint(), question, 10)).isTrue();
        answer(1, false);
        Question next = new Question("key", 10);
        assertThat(shares.enter(endPoint(), next)).isEqualTo(Entered.ASKED);
        assertThat(shares.join(flood, next, 10)).isTrue();
    }

    @Test
    void shouldHoldNoMoreThanTheStatedBytesWhenChangesOfOneConnectionWaitForQuestionsOfOthers() {
        ClientEndPoint first = endPoint();
        ClientEndPoint flood = endPoint();
        int quarter = QuestionShares.OWN_BYTES / 4;
        enter(first, "first", 2, Entered.ASKED);
        for (int i = 0; i < 4; i++) {
            assertThat(shares.join(flood, asked.get(i / 2), quarter)).isTrue();
        }
        assertThat(shares.join(flood, asked.get(0), 1)).isFalse();
        assertThat(shares.join(first, asked.get(0), quarter)).isTrue();
        answer(1, true);
        assertThat(shares.join(flood, asked.get(0), quarter)).isTrue();
        // One that is gone is freed of what it holds with the answer.
        shares.onClose(flood);
        answer(1, true);
        for (int i = 0; i < 4; i++) {
            ClientEndPoint other = endPoint();
            enter(other, "other", 1, Entered.ASKED);
            assertThat(shares.join(other, asked.get(i), QuestionShares.OWN_BYTES))
                    .isTrue();
        }
    }

    @Test
    void shouldAskWaitAndRefuseAtTheStatedBoundsWhenOneConnectionFloods() {
        ClientEndPoint flood = endPoint();
        enter(flood, "flood", QuestionShares.OWN_OPEN, Entered.ASKED);
        enter(flood, "flood", QuestionShares.OWN_WAITING, Entered.WAITS);
        enter(flood, "flood", 10, Entered.REFUSED);
        assertThat(asked).hasSize(QuestionShares.OWN_OPEN);
        assertThat(counters.get(Counter.QUESTIONS_WAITED)).isEqualTo(QuestionShares.OWN_WAITING);

        // Another one is not concerned.
        enter(endPoint(), "other", 1, Entered.ASKED);
        loop.pass(QuestionShares.LONGEST_WAIT.minusMillis(1));
        assertThat(givenUp).isEmpty();
        loop.pass(Duration.ofMillis(20));
        assertThat(givenUp).hasSize(QuestionShares.OWN_WAITING);
        assertThat(asked).hasSize(QuestionShares.OWN_OPEN + 1);
    }

    @Test
    void shouldTakeTurnsWhenAllThatMayBeOnTheirWayAre() {
        for (int i = 0; i < QuestionShares.OPEN / QuestionShares.OWN_OPEN; i++) {
            ClientEndPoint flood = endPoint();
            enter(flood, "flood", QuestionShares.OWN_OPEN, Entered.ASKED);
            enter(flood, "flood", 100, Entered.WAITS);
        }
        enter(endPoint(), "other", 3, Entered.WAITS);
        List<Question> onTheirWay = List.copyOf(asked);
        asked.clear();
        for (int i = 0; i < 6; i++) {
            shares.over(onTheirWay.get(i), true);
        }
        assertThat(asked)
                .extracting(question -> question.of)
                .containsExactly("other", "flood", "other", "flood", "other", "flood");
    }

    @Test
    void shouldLetNoMoreThroughThanTheStatedRateWhenNothingIsFound() {
        ClientEndPoint flood = endPoint();
        int total = 0;
        long beganNs = loop.nanoTime();
        while (loop.nanoTime() - beganNs < Duration.ofSeconds(2).toNanos()) {
            for (int i = 0; i < 200; i++) {
                shares.enter(flood, new Question("flood", 10));
            }
            while (!asked.isEmpty()) {
                total += asked.size();
                answer(asked.size(), false);
            }
            loop.pass(Duration.ofMillis(10));
        }
        int bound = QuestionShares.UNKNOWN_BURST + 2 * QuestionShares.UNKNOWN_A_SECOND;
        assertThat(total).isBetween(bound - 100, bound);
    }

    @Test
    void shouldNotBeSlowedDownWhenEverythingIsFound() {
        ClientEndPoint reader = endPoint();
        for (int round = 0; round < 100; round++) {
            enter(reader, "reader", QuestionShares.OWN_OPEN, Entered.ASKED);
            answer(QuestionShares.OWN_OPEN, true);
        }
        assertThat(counters.get(Counter.QUESTIONS_WAITED)).isZero();
    }

    @Test
    void shouldAskOnceAndInTheTurnOfTheFirstWhenTwoWaitForOneQuestion() {
        ClientEndPoint flood = endPoint();
        enter(flood, "flood", QuestionShares.OWN_OPEN, Entered.ASKED);
        Question both = new Question("both", 10);
        assertThat(shares.enter(flood, both)).isEqualTo(Entered.WAITS);
        asked.clear();
        assertThat(shares.enter(endPoint(), both)).isEqualTo(Entered.ASKED);
        shares.onClose(flood);
        loop.pass(Duration.ofSeconds(2));
        assertThat(asked).containsExactly(both);
        assertThat(givenUp).isEmpty();
    }

    @Test
    void shouldKeepWhatAnotherWaitsForWhenAConnectionCloses() {
        ClientEndPoint first = endPoint();
        ClientEndPoint second = endPoint();
        enter(first, "first", QuestionShares.OWN_OPEN, Entered.ASKED);
        enter(second, "second", QuestionShares.OWN_OPEN, Entered.ASKED);
        Question both = new Question("both", 10);
        assertThat(shares.enter(first, both)).isEqualTo(Entered.WAITS);
        assertThat(shares.enter(second, both)).isEqualTo(Entered.WAITS);
        enter(first, "alone", 1, Entered.WAITS);
        shares.onClose(first);
        assertThat(givenUp).extracting(question -> question.of).containsExactly("alone");
        asked.subList(0, QuestionShares.OWN_OPEN).clear();
        answer(1, true);
        assertThat(asked.get(asked.size() - 1)).isSameAs(both);
    }

    @Test
    void shouldRefuseWhenTheKeysThatWaitAreTooLong() {
        ClientEndPoint flood = endPoint();
        enter(flood, "flood", QuestionShares.OWN_OPEN, Entered.ASKED);
        for (int i = 0; i < QuestionShares.OWN_BYTES / 65_535; i++) {
            assertThat(shares.enter(flood, new Question("long", 65_535))).isEqualTo(Entered.WAITS);
        }
        assertThat(shares.enter(flood, new Question("long", 65_535))).isEqualTo(Entered.REFUSED);
        loop.pass(Duration.ofSeconds(1));
        assertThat(shares.enter(flood, new Question("long", 65_535))).isEqualTo(Entered.WAITS);
    }
}
