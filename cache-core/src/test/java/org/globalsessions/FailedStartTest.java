package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.tier.NextTier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A cache whose start fails leaves no thread, no slot and no connection behind. */
class FailedStartTest {
    private static final long DEADLINE_NS = 10_000_000_000L;

    @TempDir
    Path folder;

    private SegmentSettings settings() {
        return new SegmentSettings(folder.resolve("segment")).elCount(100).role(SegmentSettings.Role.HOST);
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("global-sessions"))
                .count();
    }

    /** A tier that cannot start; counts how often it was closed. */
    private static NextTier failing(Throwable failure, AtomicInteger closed) {
        AwayTier away = new AwayTier();
        return (NextTier) Proxy.newProxyInstance(
                NextTier.class.getClassLoader(), new Class<?>[] {NextTier.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("start")) {
                        throw failure;
                    }
                    if (method.getName().equals("close")) {
                        closed.incrementAndGet();
                    }
                    return method.invoke(away, arguments);
                });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldEndEveryPartWhenTheTierCannotStart(boolean isError) throws IOException {
        Throwable failure = isError ? new StackOverflowError("of the test") : new IllegalStateException("of the test");
        AtomicInteger closed = new AtomicInteger();
        long before = threads();
        int starts = 3;
        for (int i = 0; i < starts; i++) {
            assertThatThrownBy(() -> SessionCacheManager.open(
                            settings(),
                            List.of(new RelaySource("relay", host -> failing(failure, closed))),
                            Duration.ofMillis(50),
                            null))
                    .isSameAs(failure);
        }
        assertThat(closed).hasValueGreaterThanOrEqualTo(starts);
        awaitThreads(before);
    }

    @Test
    void shouldGiveTheSlotUpWhenTheTierCannotBeMade() throws IOException {
        long before = threads();
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> SessionCacheManager.open(
                            settings(),
                            List.of(new RelaySource("relay", host -> {
                                throw new StackOverflowError("of the test");
                            })),
                            Duration.ofMillis(50),
                            null))
                    .isInstanceOf(StackOverflowError.class);
        }
        awaitThreads(before);
    }

    @Test
    void shouldCloseTheTierWhenWhatComesAfterItCannotBeMade() throws IOException {
        AtomicInteger closed = new AtomicInteger();
        long before = threads();
        Duration none = null;
        assertThatThrownBy(() -> SessionCacheManager.open(
                        settings(),
                        List.of(new RelaySource(
                                "relay", host -> failing(new IllegalStateException("not started"), closed))),
                        none,
                        null))
                .isInstanceOf(NullPointerException.class);
        assertThat(closed).hasValue(1);
        awaitThreads(before);
    }

    private static void awaitThreads(long count) {
        long sinceNs = System.nanoTime();
        while (threads() > count && System.nanoTime() - sinceNs < DEADLINE_NS) {
            Thread.onSpinWait();
        }
        assertThat(threads()).isLessThanOrEqualTo(count);
    }
}
