package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** One who waits and cannot be served holds up nobody else. */
class ArrivalsTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final int OTHERS = 20;

    private final Set<String> here = new HashSet<>();

    /** Of these the next answer is from before they came. */
    private final Set<String> overtaken = new HashSet<>();

    private boolean refused;

    private final Queue<Runnable> answers = new ArrayDeque<>();
    private final Arrivals arrivals = new Arrivals(this::isHere, this::get, answers::add);

    private void answer() {
        for (Runnable next = answers.poll(); next != null; next = answers.poll()) {
            next.run();
        }
    }

    private boolean isHere(String key) {
        if (key.startsWith("bad")) {
            throw new IllegalArgumentException("no such key");
        }
        return here.contains(key);
    }

    private CompletableFuture<byte[]> get(String key) {
        if (refused) {
            throw new IllegalStateException("the cache is closed");
        }
        boolean found = here.contains(key) && !overtaken.remove(key);
        return CompletableFuture.completedFuture(found ? new byte[1] : null);
    }

    @Test
    void shouldKeepNobodyWaitingWhenTheKeyIsRefused() {
        refused = true;
        for (int i = 0; i < Arrivals.CAPACITY + 1; i++) {
            assertThatThrownBy(() -> arrivals.await("", HOUR)).isInstanceOf(IllegalStateException.class);
        }
        assertThat(arrivals.isEmpty()).isTrue();
        refused = false;
        assertThat(arrivals.await("a", HOUR)).as("there is room").isNotDone();
    }

    @Test
    void shouldAnswerWhenTheKeyIsHereThoughAsManyWaitAsMay() {
        for (int i = 0; i < Arrivals.CAPACITY; i++) {
            assertThat(arrivals.await("a" + i, HOUR)).isNotDone();
        }
        here.add("b");
        assertThat(arrivals.await("b", HOUR)).isCompletedWithValueMatching(value -> value.length == 1);
        assertThat(arrivals.await("c", HOUR)).isCompletedExceptionally();
    }

    @Test
    void shouldServeAllOthersWhenTheLookForOneFails() {
        CompletableFuture<byte[]> bad = arrivals.await("bad", HOUR);
        List<CompletableFuture<byte[]>> others = new ArrayList<>();
        for (int i = 0; i < OTHERS; i++) {
            others.add(arrivals.await("a" + i, Duration.ZERO));
        }
        arrivals.tick();
        answer();
        assertThat(others).allSatisfy(other -> assertThat(other).isCompletedWithValue(null));
        assertThatThrownBy(bad::join)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(IllegalArgumentException.class);
        assertThat(arrivals.isEmpty()).isTrue();
    }

    @Test
    void shouldEndEveryWaiterWhenAllTiersRefuseTheQuestion() {
        CompletableFuture<byte[]> late = arrivals.await("a", Duration.ZERO);
        CompletableFuture<byte[]> early = arrivals.await("b", HOUR);
        refused = true;
        arrivals.tick();
        answer();
        assertThat(late).isCompletedExceptionally();
        assertThat(early).as("its time is not over").isNotDone();
    }

    @Test
    void shouldAnswerOnTheExecutorAloneAndOnceWhenASessionArrives() {
        CompletableFuture<byte[]> told = arrivals.await("late", HOUR);
        CompletableFuture<byte[]> found = arrivals.await("looked for", HOUR);
        CompletableFuture<byte[]> refusedOne = arrivals.await("bad", HOUR);
        here.add("late");
        here.add("looked for");
        arrivals.arrived("late"::equals);
        arrivals.tick();
        arrivals.tick();
        assertThat(List.of(told, found, refusedOne))
                .as("what depends on them may block, and a writer, the link or the housekeeping is here")
                .noneMatch(CompletableFuture::isDone);
        assertThat(answers).hasSize(3);
        assertThat(arrivals.isEmpty()).isTrue();
        answer();
        assertThat(told).isCompleted();
        assertThat(found).isCompleted();
        assertThat(refusedOne).isCompletedExceptionally();
    }

    @Test
    void shouldGiveThePlaceUpWhenTheAskerWaitsNoLonger() {
        for (int i = 0; i < Arrivals.CAPACITY + 1; i++) {
            CompletableFuture<byte[]> given = arrivals.await("a", HOUR);
            assertThat(given).as("there is room").isNotDone();
            given.cancel(false);
        }
        assertThat(arrivals.isEmpty()).isTrue();
    }
}
