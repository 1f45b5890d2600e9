package org.globalsessions;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.NextTier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A want of memory or threads fails the gets that meet it, and none after it. */
class WantOfMemoryTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir
    Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    /** What the part under test fails with, null for nothing. */
    private final AtomicReference<Error> want = new AtomicReference<>();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private void executeUnlessWanting(Runnable task) {
        failIfWanting();
        threads.execute(task);
    }

    private void failIfWanting() {
        Error error = want.get();
        if (error != null) {
            throw error;
        }
    }

    private NextTier tier() {
        AwayTier away = new AwayTier();
        return (NextTier) Proxy.newProxyInstance(
                NextTier.class.getClassLoader(), new Class<?>[] {NextTier.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("ask")) {
                        failIfWanting();
                        return CompletableFuture.failedFuture(new TierUnavailableException("away"));
                    }
                    return method.invoke(away, arguments);
                });
    }

    @Test
    void shouldAnswerTheNextGetWhenTheTierHadNoMemoryForAQuestion() throws IOException {
        try (SessionCacheManager cache = SessionCacheManager.open(
                CacheChild.settings(folder.resolve("segment"), false),
                List.of(new RelaySource("relay", host -> tier())),
                Duration.ofMillis(50),
                threads)) {
            want.set(new StackOverflowError("of the test"));
            assertThat(cache.get("a")).failsWithin(SOON);
            want.set(null);
            assertThat(cache.get("a")).failsWithin(SOON);
        }
    }

    @Test
    void shouldLoadForTheNextGetWhenTheExecutorHadNoThread() throws IOException {
        try (SharedLru lru = SharedLru.open(CacheChild.settings(folder.resolve("segment"), true))) {
            Executor executor = this::executeUnlessWanting;
            Loads loads = new Loads(
                    lru, executor, new Failures(lru.counters(), lru.file().errors()), stored -> {});
            byte[] key = "a".getBytes(UTF_8);
            want.set(new InternalError("unable to create native thread"));
            assertThat(loads.load("a", key, unused -> key)).failsWithin(SOON);
            want.set(null);
            assertThat(loads.load("a", key, unused -> key)).succeedsWithin(SOON).isEqualTo(key);
        }
    }
}
