package org.globalsessions;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.globalsessions.segment.ChildJvm;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A key that nobody has is loaded once a host, and no loader that ends late brings back what was deleted. */
class LoadsTest {
    @TempDir
    Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private SessionCacheManager cache;

    @BeforeEach
    void start() throws IOException {
        cache = open();
    }

    @AfterEach
    void stop() {
        cache.close();
        threads.shutdownNow();
    }

    private SessionCacheManager open() throws IOException {
        return SessionCacheManager.open(
                CacheChild.settings(folder.resolve("segment"), true), List.of(), Duration.ofMillis(50), threads);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static <T> T join(CompletableFuture<T> future) {
        return future.orTimeout(30, TimeUnit.SECONDS).join();
    }

    /** A loader that waits until it is let go on. */
    private static final class Held implements Function<String, byte[]> {
        private final AtomicInteger runs = new AtomicInteger();
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch goOn = new CountDownLatch(1);
        private final byte[] value;

        Held(byte[] value) {
            this.value = value;
        }

        @Override
        public byte[] apply(String key) {
            runs.incrementAndGet();
            begun.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return value;
        }
    }

    @Test
    void shouldNotRunTheLoaderWhenTheSessionIsHere() {
        cache.set("a", bytes("one"));
        assertThat(join(cache.get("a", key -> bytes("never")))).isEqualTo(bytes("one"));
        assertThat(cache.counter(Counter.LOADS)).isZero();
    }

    @Test
    void shouldStoreWhatWasLoadedAndNothingWhenThereIsNothing() {
        assertThat(join(cache.get("a", key -> bytes("loaded " + key)))).isEqualTo(bytes("loaded a"));
        assertThat(cache.getLocal("a")).isEqualTo(bytes("loaded a"));
        assertThat(join(cache.get("b", key -> null))).isNull();
        assertThat(cache.size()).isEqualTo(1);
        assertThat(join(cache.get("b", key -> bytes("later")))).isEqualTo(bytes("later"));
    }

    @Test
    void shouldRunOneLoaderWhenManyThreadsMissAKeyThroughTwoCaches() throws Exception {
        try (SessionCacheManager second = open()) {
            Held loader = new Held(bytes("one"));
            List<CompletableFuture<byte[]>> answers = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                answers.add((i % 2 == 0 ? cache : second).get("a", loader));
            }
            assertThat(loader.begun.await(20, TimeUnit.SECONDS)).isTrue();
            Awaitility.await().until(() -> cache.counter(Counter.LOADS_AWAITED) >= 1);
            loader.goOn.countDown();
            for (CompletableFuture<byte[]> answer : answers) {
                assertThat(join(answer)).isEqualTo(bytes("one"));
            }
            assertThat(loader.runs).hasValue(1);
            assertThat(answers.stream().map(LoadsTest::join).distinct())
                    .as("an array for each")
                    .hasSize(100);
        }
    }

    @Test
    void shouldAnswerWhoWaitsWithNothingWhenTheOtherProcessFoundNothing() throws Exception {
        try (ChildJvm child =
                ChildJvm.start(CacheChild.class, folder.resolve("segment").toString(), "alone")) {
            assertThat(child.ask("load a null 400")).isEqualTo("loading");
            assertThat(join(cache.get("a", key -> bytes("mine")))).isNull();
            assertThat(child.ask("loaded")).isEqualTo("null");
            assertThat(cache.counter(Counter.LOADS)).isEqualTo(1);
        }
    }

    @Test
    void shouldWaitForTheOtherProcessAndTakeOverWhenItIsKilled() throws Exception {
        try (ChildJvm child =
                ChildJvm.start(CacheChild.class, folder.resolve("segment").toString(), "alone")) {
            assertThat(child.ask("load a theirs 1500")).isEqualTo("loading");
            assertThat(join(cache.get("a", key -> bytes("mine")))).isEqualTo(bytes("theirs"));
            assertThat(child.ask("loaded")).isEqualTo("theirs");

            assertThat(child.ask("load b theirs 60000")).isEqualTo("loading");
            CompletableFuture<byte[]> waiting = cache.get("b", key -> bytes("mine"));
            Awaitility.await().until(() -> cache.counter(Counter.LOADS_AWAITED) == 2);
            assertThat(waiting).isNotDone();
            child.kill();
            long killedNs = System.nanoTime();
            assertThat(join(waiting)).isEqualTo(bytes("mine"));
            assertThat(Duration.ofNanos(System.nanoTime() - killedNs)).isLessThan(Duration.ofSeconds(5));
        }
    }

    @Test
    void shouldLetAnotherOneLoadWhenTheLoaderFailed() {
        CompletionException failed = catchThrowableOfType(
                CompletionException.class,
                () -> join(cache.get("a", key -> {
                    throw new IllegalStateException("planted");
                })));
        assertThat(failed).hasCauseInstanceOf(IllegalStateException.class);
        assertThat(join(cache.get("a", key -> bytes("one")))).isEqualTo(bytes("one"));
    }

    @Test
    void shouldKeepWhatWasSetAndLoadAgainWhatWasDeletedMeanwhile() throws Exception {
        Held first = new Held(bytes("old"));
        CompletableFuture<byte[]> answer = cache.get("set", first);
        assertThat(first.begun.await(20, TimeUnit.SECONDS)).isTrue();
        cache.set("set", bytes("new"));
        first.goOn.countDown();
        assertThat(join(answer)).isEqualTo(bytes("new"));
        assertThat(cache.getLocal("set")).isEqualTo(bytes("new"));

        Held second = new Held(bytes("old"));
        AtomicInteger runs = new AtomicInteger();
        answer = cache.get("deleted", key -> runs.incrementAndGet() == 1 ? second.apply(key) : bytes("fresh"));
        assertThat(second.begun.await(20, TimeUnit.SECONDS)).isTrue();
        cache.delete("deleted").join();
        second.goOn.countDown();
        assertThat(join(answer)).isEqualTo(bytes("fresh"));
        assertThat(runs).hasValue(2);
        assertThat(cache.getLocal("deleted")).isEqualTo(bytes("fresh"));
    }

    /** Each get is the only one of its key at its time. */
    @Test
    void shouldRunTheNextLoaderWhenTheLastHasJustFoundNothing() {
        for (int i = 0; i < 2_000; i++) {
            assertThat(join(cache.get("a" + i, key -> null))).isNull();
            assertThat(join(cache.get("a" + i, key -> bytes("one")))).isEqualTo(bytes("one"));
        }
        assertThat(cache.counter(Counter.LOADS_AWAITED)).isZero();
    }

    @Test
    void shouldLoadAgainWhenTheAskerAsksInTheMiddleOfItsAnswer() throws Exception {
        Held first = new Held(null);
        CompletableFuture<byte[]> answer =
                cache.get("a", first).thenApply(nothing -> join(cache.get("a", key -> bytes("one"))));
        first.goOn.countDown();
        assertThat(answer.get(5, TimeUnit.SECONDS)).isEqualTo(bytes("one"));
        assertThat(cache.counter(Counter.LOADS_AWAITED)).isZero();
    }

    @Test
    void shouldAnswerEachAskerWhenWhatDependsOnOneAnswerWaitsForAnother() throws Exception {
        Held loader = new Held(bytes("one"));
        CompletableFuture<byte[]> first = cache.get("a", loader);
        CompletableFuture<byte[]> second = cache.get("a", loader);
        CompletableFuture<byte[]> firstAfterSecond = second.thenApply(value -> first.join());
        CompletableFuture<byte[]> third = cache.get("a", loader);
        CompletableFuture<byte[]> thirdAfterFirst = first.thenApply(value -> third.join());
        loader.goOn.countDown();
        assertThat(firstAfterSecond.get(10, TimeUnit.SECONDS)).isEqualTo(bytes("one"));
        assertThat(thirdAfterFirst.get(10, TimeUnit.SECONDS)).isEqualTo(bytes("one"));
        assertThat(loader.runs).hasValue(1);
    }

    @Test
    void shouldEndWhoWaitsWhenTheCacheIsClosed() throws Exception {
        Held loader = new Held(bytes("one"));
        CompletableFuture<byte[]> answer = cache.get("a", loader);
        assertThat(loader.begun.await(20, TimeUnit.SECONDS)).isTrue();
        cache.close();
        loader.goOn.countDown();
        CompletionException failed = catchThrowableOfType(CompletionException.class, () -> join(answer));
        assertThat(failed).hasCauseInstanceOf(TierUnavailableException.class);
    }

    private void deleteOthers(int count) {
        for (int i = 0; i < count; i++) {
            cache.delete("other " + i).join();
        }
    }

    @Test
    void shouldLoadAgainWhatWasDeletedWhenManyOthersWereDeletedDuringTheLoad() throws Exception {
        Held slow = new Held(bytes("old"));
        AtomicInteger runs = new AtomicInteger();
        CompletableFuture<byte[]> answer =
                cache.get("a", key -> runs.incrementAndGet() == 1 ? slow.apply(key) : bytes("fresh"));
        assertThat(slow.begun.await(20, TimeUnit.SECONDS)).isTrue();
        cache.set("a", bytes("old"));
        cache.delete("a").join();
        deleteOthers(10_000);
        // A second load in the tick of these deletes could not know them from later ones.
        try (SharedLru table = SharedLru.open(CacheChild.settings(folder.resolve("segment"), true))) {
            long tick = table.file().tick();
            Awaitility.await().until(() -> table.file().tick() > tick + 1);
        }
        slow.goOn.countDown();
        assertThat(join(answer)).isEqualTo(bytes("fresh"));
        assertThat(cache.getLocal("a")).isEqualTo(bytes("fresh"));
    }

    @Test
    void shouldAnswerWithWhatWasLoadedAndStoreNothingWhenManyAreDeletedDuringEachLoad() {
        AtomicInteger runs = new AtomicInteger();
        byte[] answer = join(cache.get("a", key -> {
            deleteOthers(10_000);
            return bytes("run " + runs.incrementAndGet());
        }));
        assertThat(answer).isEqualTo(bytes("run 3"));
        assertThat(cache.getLocal("a")).isNull();
    }

    private SessionCacheManager openWith(AtomicBoolean broken) throws IOException {
        Executor executor = task -> {
            if (broken.get()) {
                throw new InternalError("planted, as a thread that cannot be created");
            }
            threads.execute(task);
        };
        return SessionCacheManager.open(
                CacheChild.settings(folder.resolve("segment"), true), List.of(), Duration.ofMillis(50), executor);
    }

    @Test
    void shouldLoadAndEndTheWaitForAnotherProcessWhenTheExecutorFails() throws Exception {
        AtomicBoolean broken = new AtomicBoolean();
        try (SessionCacheManager second = openWith(broken)) {
            Held loader = new Held(bytes("one"));
            CompletableFuture<byte[]> first = cache.get("a", loader);
            assertThat(loader.begun.await(20, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<byte[]> waiting = second.get("a", key -> bytes("never"));
            Awaitility.await().until(() -> second.counter(Counter.LOADS_AWAITED) >= 1);
            broken.set(true);
            loader.goOn.countDown();
            assertThat(join(first)).isEqualTo(bytes("one"));
            assertThat(join(waiting)).isEqualTo(bytes("one"));
            assertThat(join(second.get("b", key -> bytes("two")))).isEqualTo(bytes("two"));
        }
    }
}
