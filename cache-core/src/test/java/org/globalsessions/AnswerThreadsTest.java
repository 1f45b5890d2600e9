package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However many tasks wait for what other tasks answer, those others run. */
class AnswerThreadsTest {
    private static final int TASKS = 8 * Runtime.getRuntime().availableProcessors() + 32;

    private static CompletableFuture<String> supply(AnswerThreads threads, String value) {
        return CompletableFuture.supplyAsync(() -> value, threads);
    }

    private static void refuse(Runnable task) {
        throw new RejectedExecutionException("the executor of the application is shut down");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldEndWhenMoreTasksThanThreadsWaitForFurtherOnes(boolean refused) {
        try (AnswerThreads threads = new AnswerThreads(refused ? AnswerThreadsTest::refuse : null)) {
            List<CompletableFuture<String>> waiting = new ArrayList<>();
            for (int i = 0; i < TASKS; i++) {
                String value = "value " + i;
                boolean limited = i % 2 == 0;
                waiting.add(CompletableFuture.supplyAsync(
                        () -> {
                            CompletableFuture<String> inner = supply(threads, value);
                            return limited
                                    ? inner.orTimeout(30, TimeUnit.SECONDS).join()
                                    : inner.join();
                        },
                        threads));
            }
            for (int i = 0; i < TASKS; i++) {
                assertThat(waiting.get(i))
                        .succeedsWithin(Duration.ofSeconds(20))
                        .isEqualTo("value " + i);
            }
        }
    }
}
