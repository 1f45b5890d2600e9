package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** One who waits and cannot be served holds up nobody else. */
class ArrivalsTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final int OTHERS = 20;

    private boolean refused;

    private final Arrivals arrivals = new Arrivals(this::isHere, this::get);

    private boolean isHere(String key) {
        if (key.startsWith("bad")) {
            throw new IllegalArgumentException("no such key");
        }
        return false;
    }

    private CompletableFuture<byte[]> get(String key) {
        if (refused) {
            throw new IllegalStateException("the cache is closed");
        }
        return CompletableFuture.completedFuture(null);
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
    void shouldServeAllOthersWhenTheLookForOneFails() {
        CompletableFuture<byte[]> bad = arrivals.await("bad", HOUR);
        List<CompletableFuture<byte[]>> others = new ArrayList<>();
        for (int i = 0; i < OTHERS; i++) {
            others.add(arrivals.await("a" + i, Duration.ZERO));
        }
        arrivals.tick();
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
        assertThat(late).isCompletedExceptionally();
        assertThat(early).as("its time is not over").isNotDone();
    }
}
