package org.globalsessions.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SomeAtATimeTest {
    /** Steps that were begun, for the test to end. */
    private final List<CompletableFuture<Boolean>> begun = new ArrayList<>();

    private CompletableFuture<Integer> run(int all, int atATime) {
        return new SomeAtATime<>(IntStream.range(0, all).iterator(), atATime, i -> {
                    CompletableFuture<Boolean> step = new CompletableFuture<>();
                    begun.add(step);
                    return step;
                })
                .run();
    }

    @Test
    void shouldHaveNoMoreUnderWayThanItMayAndCountWhatCounts() {
        CompletableFuture<Integer> result = run(5, 2);
        assertThat(begun).hasSize(2);
        begun.get(1).complete(true);
        assertThat(begun).hasSize(3);
        begun.get(0).complete(false);
        begun.get(2).complete(true);
        assertThat(begun).hasSize(5);
        begun.get(4).complete(true);
        assertThat(result).isNotDone();
        begun.get(3).complete(false);
        assertThat(result).isCompletedWithValue(3);
    }

    @Test
    void shouldEndAtOnceWhenThereIsNothingToDo() {
        assertThat(run(0, 2)).isCompletedWithValue(0);
        assertThat(begun).isEmpty();
    }

    @Test
    void shouldBeginNoFurtherOnesAfterAFailureAndWaitForThoseUnderWay() {
        CompletableFuture<Integer> result = run(5, 2);
        begun.get(0).completeExceptionally(new IllegalStateException("away"));
        assertThat(begun).hasSize(2);
        assertThat(result).isNotDone();
        begun.get(1).complete(true);
        assertThat(begun).hasSize(2);
        assertThatThrownBy(result::join).isInstanceOf(CompletionException.class).hasRootCauseMessage("away");
    }

    @Test
    void shouldEndWithWhatAStepThrows() {
        CompletableFuture<Integer> result = new SomeAtATime<>(List.of(1, 2).iterator(), 2, i -> {
                    throw new IllegalStateException("closed");
                })
                .run();
        assertThatThrownBy(result::join).hasRootCauseMessage("closed");
    }

    /** A step within a step a hundred thousand times over would leave no stack. */
    @Test
    void shouldTakeAnyNumberOfStepsThatEndAtOnce() {
        CompletableFuture<Integer> result = new SomeAtATime<>(
                        IntStream.range(0, 100_000).iterator(), 3, i -> CompletableFuture.completedFuture(i % 2 == 0))
                .run();
        assertThat(result).isCompletedWithValue(50_000);
    }

    @Test
    void shouldCountEachOnceWhicheverThreadsTheStepsEndOn() throws Exception {
        AtomicInteger underWay = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        int counted = new SomeAtATime<>(IntStream.range(0, 5_000).iterator(), 7, i -> {
                    most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
                    return CompletableFuture.supplyAsync(
                            () -> {
                                underWay.decrementAndGet();
                                return i % 4 == 0;
                            },
                            ForkJoinPool.commonPool());
                })
                .run()
                .get(60, TimeUnit.SECONDS);
        assertThat(counted).isEqualTo(1_250);
        assertThat(most).hasValueLessThanOrEqualTo(7);
    }
}
