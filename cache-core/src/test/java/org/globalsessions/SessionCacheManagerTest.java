package org.globalsessions;

import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.management.ThreadMXBean;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.globalsessions.ConditionFailedException.Reason;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionCacheManagerTest {
    private static final Version NOTHING_THERE = Version.NONE;

    @TempDir
    Path folder;

    private SessionCacheManager cache;

    @BeforeEach
    void open() throws IOException {
        cache = SessionCacheManager.open(
                ConfigFactory.parseMap(Map.of("lru.cache.el_count", 100, "lru.cache.segment_dir", folder.toString())));
    }

    @AfterEach
    void close() {
        cache.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static Reason reasonOf(CompletableFuture<?> future) {
        CompletionException failure = catchThrowableOfType(CompletionException.class, future::join);
        return ((ConditionFailedException) failure.getCause()).reason();
    }

    @Test
    void shouldReturnWhatWasSetWhenItIsHere() {
        cache.set("a", bytes("one"));
        CompletableFuture<byte[]> found = cache.get("a");
        assertThat(found).isCompletedWithValue(found.join());
        assertThat(found.join()).isEqualTo(bytes("one"));
        assertThat(cache.getLocal("a")).isEqualTo(bytes("one"));
    }

    @Test
    void shouldReturnNullWhenThereIsNoSuchSession() {
        assertThat(cache.get("a")).isCompletedWithValue(null);
        assertThat(cache.getVersioned("a")).isCompletedWithValue(null);
        assertThat(cache.getLocal("a")).isNull();
    }

    @Test
    void shouldReturnTheLastValueWhenItWasOverwritten() {
        cache.set("a", bytes("one"));
        cache.set("a", bytes("a longer value"));
        assertThat(cache.getLocal("a")).isEqualTo(bytes("a longer value"));
    }

    @Test
    void shouldNotShareArraysWithTheCaller() {
        byte[] value = bytes("one");
        cache.set("a", value);
        value[0] = 'x';
        byte[] read = cache.getLocal("a");
        assertThat(read).isEqualTo(bytes("one"));
        read[0] = 'x';
        assertThat(cache.getLocal("a")).isEqualTo(bytes("one"));
    }

    @Test
    void shouldKeepEmptyValuesAndCharactersOfManyBytes() {
        cache.set("leer", new byte[0]);
        cache.set("schlüssel-鍵-🔑", bytes("wert-値-💎"));
        assertThat(cache.getLocal("leer")).isEmpty();
        assertThat(cache.getLocal("schlüssel-鍵-🔑")).isEqualTo(bytes("wert-値-💎"));
        assertThat(cache.getLocal("schlüssel-鍵-🔐")).isNull();
    }

    @Test
    void shouldCopyIntoTheCallersBufferWhenItIsLargeEnough() {
        cache.set("a", bytes("one"));
        byte[] target = new byte[5];
        assertThat(cache.getLocal("a", target, 2)).isEqualTo(3);
        assertThat(target).isEqualTo(new byte[] {0, 0, 'o', 'n', 'e'});
        assertThat(cache.getLocal("a", target, 3)).isEqualTo(-2 - 3);
        assertThat(cache.getLocal("b", target, 0)).isEqualTo(-1);
    }

    @Test
    void shouldBeginANewLifeWhenSetAfterDelete() {
        cache.set("a", bytes("one"));
        assertThat(cache.delete("a")).isCompletedWithValue(true);
        assertThat(cache.getLocal("a")).isNull();
        assertThat(cache.delete("a")).isCompletedWithValue(false);
        cache.set("a", bytes("two"));
        assertThat(cache.getLocal("a")).isEqualTo(bytes("two"));
    }

    @Test
    void shouldSaveOnConditionOnlyOverTheVersionRead() {
        cache.set("a", bytes("one"));
        Version read = cache.getVersioned("a").join().version();
        Version second = cache.set("a", bytes("two"), SetOptions.DEFAULTS.expectedVersion(read))
                .join();
        assertThat(second).isGreaterThan(read);
        assertThat(reasonOf(cache.set("a", bytes("three"), SetOptions.DEFAULTS.expectedVersion(read))))
                .isEqualTo(Reason.NEWER_VERSION);
        assertThat(cache.getLocal("a")).isEqualTo(bytes("two"));
        cache.delete("a").join();
        assertThat(reasonOf(cache.set("a", bytes("three"), SetOptions.DEFAULTS.expectedVersion(second))))
                .isEqualTo(Reason.DELETED);
        assertThat(reasonOf(cache.set("never", bytes("x"), SetOptions.DEFAULTS.expectedVersion(second))))
                .isEqualTo(Reason.ABSENT);
        assertThat(cache.getLocal("a")).isNull();
    }

    @Test
    void shouldCreateOnlyOnceWhenNothingIsExpectedToBeThere() {
        SetOptions create = SetOptions.DEFAULTS.expectedVersion(NOTHING_THERE);
        cache.set("a", bytes("one"), create).join();
        assertThat(reasonOf(cache.set("a", bytes("two"), create))).isEqualTo(Reason.NEWER_VERSION);
        assertThat(cache.getLocal("a")).isEqualTo(bytes("one"));
    }

    @Test
    void shouldExpireAfterItsOwnLifetime() {
        cache.set("a", bytes("one"), SetOptions.DEFAULTS.ttl(Duration.ofMillis(300)))
                .join();
        cache.set("b", bytes("one"));
        assertThat(cache.getLocal("a")).isNotNull();
        Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> cache.getLocal("a") == null);
        assertThat(cache.getLocal("b")).isNotNull();
        // The sweep takes it away, which only the counter shows.
        Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> cache.counter(Counter.EXPIRATIONS) == 1);
    }

    @Test
    void shouldTouchOnlyWhatIsThere() {
        cache.set("a", bytes("one"));
        assertThat(cache.touch("a")).isCompletedWithValue(true);
        assertThat(cache.touch("b")).isCompletedWithValue(false);
    }

    @Test
    void shouldStoreNothingAndNameNoKeyWhenTheValueIsTooLarge() {
        cache.set("secret-key", bytes("one"));
        ValueTooLargeException refused =
                catchThrowableOfType(ValueTooLargeException.class, () -> cache.set("secret-key", new byte[70_000]));
        assertThat(refused).hasMessageContaining("bytes=70000").hasMessageContaining("limit=");
        assertThat(refused.getMessage()).doesNotContain("secret-key");
        assertThat(cache.getLocal("secret-key")).isEqualTo(bytes("one"));
    }

    @Test
    void shouldRefuseWhatMakesNoSense() {
        assertThatThrownBy(() -> cache.set("", bytes("one"))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SetOptions.DEFAULTS.ttl(Duration.ofDays(241)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("limit=PT5760H");
        assertThat(cache.getLocal("a")).isNull();
    }

    @Test
    void shouldStoreNothingWhenARelayIsToDecideAndThereIsNone() {
        assertThat(cache.set(
                        "a",
                        bytes("one"),
                        SetOptions.DEFAULTS.expectedVersion(NOTHING_THERE).acknowledgement(Acknowledgement.RELAY)))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withCauseInstanceOf(TierUnavailableException.class)
                .withMessageContaining("nothing stored");
        assertThat(cache.getLocal("a")).isNull();
    }

    @Test
    void shouldTellThatNobodyAcknowledgesWhenThereIsNoRelay() {
        assertThat(cache.set("a", bytes("one"), SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY)))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withCauseInstanceOf(TierUnavailableException.class);
        assertThat(cache.getLocal("a")).isEqualTo(bytes("one"));
        assertThat(cache.delete("a", Acknowledgement.RELIEF))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withCauseInstanceOf(TierUnavailableException.class);
        assertThat(cache.getLocal("a")).isNull();
    }

    @Test
    void shouldCompleteWhenASessionArrivesWithinTheTime() throws Exception {
        CompletableFuture<byte[]> awaited = cache.whenArrives("a", Duration.ofSeconds(30));
        assertThat(awaited).isNotDone();
        cache.set("a", bytes("one"));
        assertThat(awaited.get(10, TimeUnit.SECONDS)).isEqualTo(bytes("one"));
        assertThat(cache.whenArrives("a", Duration.ZERO).join()).isEqualTo(bytes("one"));
        assertThat(cache.whenArrives("b", Duration.ofMillis(50)).get(10, TimeUnit.SECONDS))
                .isNull();
    }

    @Test
    void shouldHoldUpNoSetWhenWhatDependsOnAnArrivalBlocks() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        CompletableFuture<Boolean> blocked =
                cache.whenArrives("a", Duration.ofSeconds(30)).thenApply(value -> awaited(goOn));
        CompletableFuture<Void> set = CompletableFuture.runAsync(() -> cache.set("a", bytes("one")));
        assertThat(set).succeedsWithin(Duration.ofSeconds(10));
        goOn.countDown();
        assertThat(blocked).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(true);
    }

    @Test
    void shouldEndWhenManyLoadersWaitForFurtherLoads() {
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            String inner = "inner " + i;
            answers.add(cache.get(
                    "outer " + i, outer -> cache.get(inner, key -> bytes(key)).join()));
        }
        for (int i = 0; i < 100; i++) {
            assertThat(answers.get(i)).succeedsWithin(Duration.ofSeconds(20)).isEqualTo(bytes("inner " + i));
        }
    }

    private static boolean awaited(CountDownLatch latch) {
        try {
            return latch.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void shouldRefuseFurtherWaitersWhenTooManyWait() {
        for (int i = 0; i < Arrivals.CAPACITY; i++) {
            assertThat(cache.whenArrives("a", Duration.ofSeconds(60))).isNotDone();
        }
        assertThat(cache.whenArrives("a", Duration.ofSeconds(60))).isCompletedExceptionally();
        cache.set("a", bytes("one"));
        assertThat(cache.whenArrives("a", Duration.ofSeconds(60)).join()).isEqualTo(bytes("one"));
    }

    @Test
    void shouldAllocateNothingWhenAValueIsCopiedIntoABufferOrSet() {
        byte[] value = new byte[200];
        byte[] target = new byte[200];
        int calls = 20_000;
        long bytes = 0;
        // The first rounds run interpreted, and load classes.
        for (int round = 0; round < 5; round++) {
            long before = allocated();
            for (int i = 0; i < calls; i++) {
                cache.set("a", value);
                cache.getLocal("a", target, 0);
            }
            bytes = allocated() - before;
        }
        assertThat(bytes).as("bytes in %d sets and gets", calls).isLessThan(calls);
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    @Test
    void shouldStoreTheDigestAndRecogniseItsValueWhenItWasHashed() {
        byte[] digest = cache.hashSet("a", bytes("abc"));
        assertThat(HexFormat.of().formatHex(digest))
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(cache.getLocal("a")).isEqualTo(digest);
        assertThat(cache.checkHash("a", bytes("abc"))).isCompletedWithValue(true);
        assertThat(cache.checkHash("a", bytes("abd"))).isCompletedWithValue(false);
        assertThat(cache.checkHash("a", digest)).isCompletedWithValue(false);
        assertThat(cache.checkHash("b", bytes("abc"))).isCompletedWithValue(false);
        cache.set("a", bytes("abc"));
        assertThat(cache.checkHash("a", bytes("abc")))
                .as("a value is not its digest")
                .isCompletedWithValue(false);
    }

    @Test
    void shouldCountOnlyLiveSessions() {
        assertThat(cache.size()).isZero();
        cache.set("a", bytes("one"));
        cache.set("b", bytes("one"));
        cache.set("b", bytes("two"));
        assertThat(cache.size()).isEqualTo(2);
        cache.set("c", bytes("one"), SetOptions.DEFAULTS.ttl(Duration.ofMillis(10)))
                .join();
        Awaitility.await().until(() -> cache.getLocal("c") == null);
        assertThat(cache.size()).isEqualTo(2);
        cache.delete("a").join();
        assertThat(cache.size()).isEqualTo(1);
    }

    @Test
    void shouldShowEachLivingSessionOnceWhileOthersOverwriteThemAll() throws Exception {
        for (int i = 0; i < 90; i++) {
            cache.set("session-" + i, bytes("v" + i));
        }
        AtomicBoolean stop = new AtomicBoolean();
        Thread writer = new Thread(() -> {
            for (int round = 0; !stop.get(); round++) {
                cache.set("session-" + round % 90, bytes("v" + round % 90));
            }
        });
        writer.start();
        try {
            for (int round = 0; round < 2000; round++) {
                Map<String, Integer> seen = new HashMap<>();
                cache.forEach((key, value) -> {
                    seen.merge(key, 1, Integer::sum);
                    assertThat(value.value()).isEqualTo(bytes("v" + key.substring("session-".length())));
                    return true;
                });
                assertThat(seen).hasSize(90).containsValue(1).doesNotContainValue(2);
            }
        } finally {
            stop.set(true);
            writer.join();
        }
    }

    @Test
    void shouldEndTheIterationAndLetItsVisitorUseTheCacheWhenItSaysSo() {
        for (int i = 0; i < 50; i++) {
            cache.set("session-" + i, bytes("v"));
        }
        List<String> seen = new ArrayList<>();
        cache.forEach((key, value) -> {
            seen.add(key);
            cache.delete(key).join();
            return seen.size() < 7;
        });
        assertThat(seen).doesNotHaveDuplicates().hasSize(7);
        assertThat(cache.size()).isEqualTo(43);
    }

    @Test
    void shouldTellOfExpiryEvictionAndDeletionAlsoAfterAListenerFailed() {
        Map<String, String> told = new ConcurrentHashMap<>();
        cache.addListener(new SessionListener() {
            @Override
            public void onDeletion(String key) {
                throw new AssertionError("planted");
            }
        });
        cache.addListener(new SessionListener() {
            @Override
            public void onDeletion(String key) {
                told.put(key, "deleted");
            }

            @Override
            public void onExpiry(String key) {
                told.put(key, "expired");
            }
        });
        Map<String, byte[]> evicted = new ConcurrentHashMap<>();
        EvictionListener handsOn = evicted::put;
        cache.addListener(handsOn);
        cache.set("a", bytes("one"));
        cache.delete("a").join();
        cache.delete("never").join();
        cache.set("b", bytes("one"), SetOptions.DEFAULTS.ttl(Duration.ofMillis(10)))
                .join();
        Awaitility.await().until(() -> told.equals(Map.of("a", "deleted", "b", "expired")));
        assertThat(cache.counter(Counter.LISTENER_FAILURES)).isEqualTo(1);
        int stored = 0;
        while (cache.counter(Counter.EVICTIONS) < 20) {
            cache.set("session-" + stored, bytes("v" + stored));
            stored++;
        }
        Awaitility.await().until(() -> evicted.size() == 20);
        evicted.forEach((key, value) -> {
            assertThat(cache.getLocal(key)).isNull();
            assertThat(value).isEqualTo(bytes("v" + key.substring("session-".length())));
        });
    }

    @Test
    void shouldEvictWhatIsDueAndHandItOnWhenAsked() throws IOException {
        Map<String, Object> settings = Map.of(
                "lru.cache.el_count",
                100,
                "lru.cache.segment_dir",
                folder.resolve("aged").toString(),
                "lru.cache.aged_out_secs",
                "100ms");
        assertThat(cache.evict(10)).as("no aged_out_secs").isZero();
        try (SessionCacheManager aged = SessionCacheManager.open(ConfigFactory.parseMap(settings))) {
            aged.set("a", bytes("one"));
            aged.set("b", bytes("two"));
            assertThat(aged.evictMapped(10)).isEmpty();
            Awaitility.await().until(() -> aged.evictNear("a", 1).size() == 1);
            Awaitility.await().until(() -> aged.evict(10) == 1);
            assertThat(aged.size()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldRunEvictionsEverySessionsLengthWhenEvictionsTimeoutSaysSo(boolean runs) throws Exception {
        Map<String, Object> settings = Map.of(
                "lru.cache.el_count",
                100,
                "lru.cache.segment_dir",
                folder.resolve("timeout").toString(),
                "lru.cache.aged_out_secs",
                "100ms",
                "lru.cache.sessions_length",
                "300ms",
                "lru.cache.evictions_timeout",
                runs);
        try (SessionCacheManager aged = SessionCacheManager.open(ConfigFactory.parseMap(settings))) {
            // Lives longer than any run is away, so only a run takes it.
            aged.set("long lived", bytes("value"), SetOptions.DEFAULTS.ttl(Duration.ofHours(1)))
                    .join();
            // Each takes a sessions_length, at the end of which there may be a run.
            for (int i = 0; i < 4; i++) {
                aged.set("ends by itself", bytes("value"));
                Awaitility.await().until(() -> aged.getLocal("ends by itself") == null);
            }
            assertThat(aged.getLocal("long lived") == null).isEqualTo(runs);
            assertThat(aged.counter(Counter.EVICTED_AGED_OUT) > 0).isEqualTo(runs);
        }
    }

    @Test
    void shouldHandOutTheKeyThatWasSetWhenItHasLoneSurrogates() throws IOException {
        List<String> keys = List.of("k\uD800", "k\uD801", "\uDFFFk", "\uDC00\uD800é", "k\uFFFD", "🔑\uD83D");
        Map<String, Object> settings = Map.of(
                "lru.cache.el_count",
                100,
                "lru.cache.segment_dir",
                folder.resolve("surrogates").toString(),
                "lru.cache.aged_out_secs",
                "10ms");
        try (SessionCacheManager aged = SessionCacheManager.open(ConfigFactory.parseMap(settings))) {
            keys.forEach(key -> aged.set(key, key.getBytes(UTF_16BE)));
            List<String> seen = new ArrayList<>();
            aged.forEach((key, value) -> {
                seen.add(key);
                assertThat(value.value()).isEqualTo(key.getBytes(UTF_16BE));
                return true;
            });
            assertThat(seen).containsExactlyInAnyOrderElementsOf(keys);
            Map<String, byte[]> evicted = new HashMap<>();
            Awaitility.await().until(() -> {
                // Of several in its buckets that are as old any may go first.
                evicted.putAll(aged.evictNear(keys.get(0), 1));
                return evicted.containsKey(keys.get(0));
            });
            Awaitility.await().until(() -> {
                evicted.putAll(aged.evictMapped(10));
                return aged.size() == 0;
            });
            assertThat(evicted.keySet()).containsExactlyInAnyOrderElementsOf(keys);
        }
    }

    @Test
    void shouldRefuseEveryCallWhenClosed() {
        cache.close();
        assertThatThrownBy(() -> cache.get("a")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> cache.set("a", bytes("one"))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> cache.delete("a")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldFindTheSessionsAgainWhenOpenedAgain() throws IOException {
        Path file = folder.resolve("client.conf");
        Files.writeString(
                file, "lru.cache { el_count : 100, segment_dir : \"" + folder + "\", token_path : \"mine\" }");
        try (SessionCacheManager first = SessionCacheManager.open(file)) {
            first.set("a", bytes("one"));
        }
        try (SessionCacheManager second = SessionCacheManager.open(file)) {
            assertThat(second.getLocal("a")).isEqualTo(bytes("one"));
        }
    }

    @Test
    void shouldSayWhatIsMissingWhenARelayIsNamedAndNoClientForItIsThere() {
        assertThatThrownBy(() -> SessionCacheManager.open(ConfigFactory.parseMap(Map.of(
                        "lru.cache.segment_dir",
                        folder.toString(),
                        "message_relay",
                        Map.of("auth_path", "auths", "address", "localhost", "port", 9999)))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("transport");
    }
}
