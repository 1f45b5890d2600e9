package org.globalsessions;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;

/** A relay in memory and the caches of hosts that have it, each on a segment of its own; and what tests of futures need. */
final class RelayedHosts implements AutoCloseable {
    static final Duration LIMIT = Duration.ofSeconds(20);

    private final Path folder;
    private final MemoryRelay relay;
    private final List<SessionCacheManager> caches = new ArrayList<>();

    RelayedHosts(Path folder) throws IOException {
        this.folder = folder;
        this.relay = new MemoryRelay(folder);
    }

    MemoryRelay relay() {
        return relay;
    }

    static SegmentSettings settings(Path folder, String name, int elCount) {
        return new SegmentSettings(folder.resolve(name))
                .elCount(elCount)
                .pathName(MemoryRelay.PATH)
                .role(Role.HOST);
    }

    SessionCacheManager open(String name) throws IOException {
        return open(settings(folder, name, 1000), Duration.ofMillis(50));
    }

    SessionCacheManager open(SegmentSettings settings, Duration unpublishedWait) throws IOException {
        SessionCacheManager cache = SessionCacheManager.open(
                settings, List.of(new RelaySource("relay", relay::link)), unpublishedWait, null);
        caches.add(cache);
        return cache;
    }

    @Override
    public void close() {
        relay.letGo();
        caches.forEach(SessionCacheManager::close);
        relay.close();
    }

    static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    static <T> T join(CompletableFuture<T> future) {
        return future.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
    }

    static Throwable failureOf(CompletableFuture<?> future) {
        return catchThrowableOfType(CompletionException.class, () -> join(future))
                .getCause();
    }

    static ConditionFactory soon() {
        return Awaitility.await().atMost(LIMIT);
    }
}
