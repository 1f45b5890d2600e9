package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.globalsessions.RelayedHosts.bytes;
import static org.globalsessions.RelayedHosts.join;
import static org.globalsessions.RelayedHosts.soon;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.RelayPlaces;
import org.globalsessions.segment.SegmentException;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A list of relays: each key has one of them, and nothing of a key depends on the others. */
class SeveralRelaysTest {
    private static final Duration WAIT = Duration.ofMillis(50);
    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);
    private static final List<String> NAMES = List.of("north", "south");

    @TempDir
    Path folder;

    private final List<MemoryRelay> relays = new ArrayList<>();
    private final List<SessionCacheManager> caches = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        for (String name : NAMES) {
            relays.add(new MemoryRelay(folder.resolve(name)));
        }
    }

    @AfterEach
    void stop() {
        relays.forEach(MemoryRelay::letGo);
        caches.forEach(SessionCacheManager::close);
        relays.forEach(MemoryRelay::close);
    }

    private SegmentSettings settings(String host, int elCount) {
        return new SegmentSettings(folder.resolve(host))
                .elCount(elCount)
                .pathName(MemoryRelay.PATH)
                .attachTimeout(Duration.ofMillis(300))
                .role(Role.HOST);
    }

    private RelaySource source(int relay) {
        return new RelaySource(NAMES.get(relay), relays.get(relay)::link);
    }

    private SessionCacheManager host(String name, int elCount, Duration wait, int... list) throws IOException {
        SessionCacheManager cache = SessionCacheManager.open(
                settings(name, elCount),
                IntStream.of(list).mapToObj(this::source).toList(),
                wait,
                null);
        caches.add(cache);
        return cache;
    }

    private SessionCacheManager host(String name, int... list) throws IOException {
        return host(name, 2000, WAIT, list);
    }

    private boolean has(int relay, String key) {
        SharedLru lru = relays.get(relay).lru();
        return lru.get(lru.encode(key)) != null;
    }

    /** Stores a session for each number and returns which relay has which. */
    private int[] stored(SessionCacheManager cache, int count) {
        int[] owners = new int[count];
        for (int i = 0; i < count; i++) {
            join(cache.set("user-" + i, bytes("v" + i), TO_RELAY));
            boolean atFirst = has(0, "user-" + i);
            assertThat(has(1, "user-" + i)).as("one relay has it").isNotEqualTo(atFirst);
            owners[i] = atFirst ? 0 : 1;
        }
        return owners;
    }

    private void awaitSubscribed(int relay) {
        soon().until(() -> relays.get(relay).lastLink().leaseEpoch > 0);
    }

    @Test
    void shouldSpreadKeysAlikeOnEachHostWhenThereAreSeveralRelays() throws IOException {
        SessionCacheManager a = host("a", 0, 1);
        int[] owners = stored(a, 400);
        assertThat(IntStream.of(owners).sum()).isBetween(140, 260);
        // In another order: the place of a relay in the list says nothing.
        SessionCacheManager b = host("b", 1, 0);
        for (int i = 0; i < owners.length; i++) {
            assertThat(join(b.get("user-" + i))).isEqualTo(bytes("v" + i));
        }
        assertThat(join(b.get("nobody"))).isNull();
    }

    @Test
    void shouldPublishWhatWasSetBeforeThereWereRelaysWhenThereAreSome() throws IOException {
        try (SharedLru lru = SharedLru.open(settings("a", 2000).role(Role.STANDALONE))) {
            lru.set(lru.encode("user-1"), bytes("early"), 0, 5, 0, null, false, new WriteOutcome());
        }
        host("a", 0, 1);
        soon().until(() -> has(0, "user-1") || has(1, "user-1"));
        assertThat(join(host("b", 0, 1).get("user-1"))).isEqualTo(bytes("early"));
    }

    @Test
    void shouldLeaveTheLivingRelaysKeysAloneWhenAnotherIsAway() throws IOException {
        SessionCacheManager a = host("a", 0, 1);
        int[] owners = stored(a, 40);
        SessionCacheManager b = host("b", 0, 1);
        MemoryRelay.Link cutOfB = relays.get(0).lastLink();
        cutOfB.cut();
        for (int i = 0; i < owners.length; i++) {
            String key = "user-" + i;
            if (owners[i] == 1) {
                assertThat(join(b.get(key))).isEqualTo(bytes("v" + i));
                join(b.set(key, bytes("changed"), TO_RELAY));
                assertThat(join(b.delete(key, Acknowledgement.RELAY))).isTrue();
                assertThat(join(b.get(key))).isNull();
            } else {
                Throwable failure = catchThrowableOfType(CompletionException.class, () -> join(b.get(key)))
                        .getCause();
                assertThat(failure).isInstanceOf(TierUnavailableException.class);
                assertThat(b.set(key, bytes("changed"), TO_RELAY))
                        .satisfies(set -> assertThat(catchThrowableOfType(CompletionException.class, () -> join(set)))
                                .hasCauseInstanceOf(TierUnavailableException.class));
                assertThat(join(b.get(key))).isEqualTo(bytes("changed"));
            }
        }
        assertThat(IntStream.range(0, 40).filter(i -> owners[i] == 0).anyMatch(i -> has(1, "user-" + i)))
                .as("a key stays with its relay")
                .isFalse();
        cutOfB.connect();
        soon().untilAsserted(() -> {
            for (int i = 0; i < owners.length; i++) {
                byte[] expected = owners[i] == 0 ? bytes("changed") : null;
                assertThat(a.getLocal("user-" + i)).isEqualTo(expected);
            }
        });
    }

    @Test
    void shouldHaveTheKeysRelayDecideAConditionalSaveWhenAnotherIsAway() throws IOException {
        SessionCacheManager a = host("a", 0, 1);
        int[] owners = stored(a, 20);
        relays.get(0).lastLink().cut();
        for (int i = 0; i < owners.length; i++) {
            String key = "user-" + i;
            Version expected = join(a.getVersioned(key)).version();
            CompletableFuture<Version> saved = a.set(key, bytes("saved"), TO_RELAY.expectedVersion(expected));
            if (owners[i] == 1) {
                assertThat(join(saved)).isGreaterThan(expected);
                assertThat(relays.get(1).lru().get(relays.get(1).lru().encode(key)))
                        .isEqualTo(bytes("saved"));
            } else {
                assertThat(catchThrowableOfType(CompletionException.class, () -> join(saved)))
                        .hasCauseInstanceOf(TierUnavailableException.class);
                assertThat(a.getLocal(key)).isEqualTo(bytes("v" + i));
                assertThat(has(1, key)).isFalse();
            }
        }
    }

    @Test
    void shouldKeepAPositionForEachRelayWhenOneIsFarAhead() throws IOException {
        SessionCacheManager a = host("a", 0, 1);
        int[] owners = stored(a, 200);
        int behind =
                IntStream.range(0, 200).filter(i -> owners[i] == 0).findFirst().orElseThrow();
        SessionCacheManager b = host("b", 0, 1);
        MemoryRelay.Link linkOfB = relays.get(0).lastLink();
        awaitSubscribed(0);
        awaitSubscribed(1);
        assertThat(join(b.get("user-" + behind))).isNotNull();
        linkOfB.cut();
        join(a.delete("user-" + behind, Acknowledgement.RELAY));
        // More changes at the other relay than this one has seen in all: its numbers must not stand for this one's.
        for (int i = 0; i < 200; i++) {
            if (owners[i] == 1) {
                for (int again = 0; again < 3; again++) {
                    join(a.set("user-" + i, bytes("again"), TO_RELAY));
                }
            }
        }
        assertThat(relays.get(1).lru().file().position())
                .isGreaterThan(relays.get(0).lru().file().position());
        assertThat(b.getLocal("user-" + behind)).isNotNull();
        linkOfB.connect();
        soon().until(() -> b.getLocal("user-" + behind) == null);
        soon().untilAsserted(() -> assertThat(SegmentInspector.open(folder.resolve("b")).relays().stream()
                        .map(SegmentInspector.KnownRelay::position))
                .containsExactly(
                        relays.get(0).lru().file().position(),
                        relays.get(1).lru().file().position()));
    }

    @Test
    void shouldNotWaitForARelayThatIsAwayWhenAllThatCouldGoIsItsOwn() throws IOException {
        Duration wait = Duration.ofSeconds(20);
        SessionCacheManager cache = host("a", 16, wait, 0, 1);
        join(cache.set("first", bytes("v"), TO_RELAY));
        relays.get(0).lastLink().cut();
        long startNs = System.nanoTime();
        for (int i = 0; i < 400; i++) {
            cache.set("k" + i, bytes("v"));
            assertThat(Duration.ofNanos(System.nanoTime() - startNs)).isLessThan(wait);
        }
        assertThat(cache.counter(Counter.LOST_UNPUBLISHED)).isPositive();
    }

    @Test
    void shouldPublishWhatMovesAndNothingElseWhenTheListChanges() throws IOException {
        int count = 300;
        SessionCacheManager before = host("a", 0);
        for (int i = 0; i < count; i++) {
            join(before.set("user-" + i, bytes("v" + i), TO_RELAY));
        }
        before.close();
        int atFirst = relays.get(0).publishes.get();

        SessionCacheManager after = host("a", 0, 1);
        soon().until(() -> SegmentInspector.open(folder.resolve("a")).relays().size() == 2);
        soon().until(() -> unpublished("a") == 0);
        int moved = relays.get(1).lru().size();
        assertThat(moved).isBetween(100, 200);
        assertThat(relays.get(1).publishes).hasValue(moved);
        assertThat(relays.get(0).publishes).hasValue(atFirst);
        SessionCacheManager other = host("b", 0, 1);
        for (int i = 0; i < count; i++) {
            assertThat(join(other.get("user-" + i))).isEqualTo(bytes("v" + i));
        }

        // And back: what the second relay had goes to the first again.
        after.close();
        host("a", 0);
        soon().until(() -> relays.get(0).publishes.get() >= atFirst + moved);
        soon().until(() -> unpublished("a") == 0);
        assertThat(relays.get(0).publishes).hasValue(atFirst + moved);
    }

    private int unpublished(String host) throws IOException {
        try (SharedLru lru = SharedLru.open(settings(host, 2000))) {
            int[] count = {0};
            lru.scan(0, lru.bucketCount(), RecordDescriptor.UNPUBLISHED, entry -> {
                count[0]++;
                return true;
            });
            return count[0];
        }
    }

    @Test
    void shouldRefuseAnotherListWhenAProcessIsAtWorkWithTheEarlierOne() throws IOException {
        SessionCacheManager first = host("a", 0);
        host("a", 0).set("k", bytes("v"));
        assertThatThrownBy(() -> host("a", 0, 1))
                .isInstanceOf(SegmentException.class)
                .hasMessageContaining("another list of relays")
                .hasMessageContaining(folder.resolve("a").toString());
        assertThat(SegmentInspector.open(folder.resolve("a")).relays()).hasSize(1);
        first.close();
        caches.forEach(SessionCacheManager::close);
        assertThat(host("a", 0, 1).getLocal("k")).isEqualTo(bytes("v"));
    }

    @Test
    void shouldRefuseAListWhenItIsTooLongOrNamesARelayTwice() {
        SegmentSettings settings = settings("a", 100);
        long[] many = IntStream.rangeClosed(0, RelayPlaces.MAX_RELAYS)
                .mapToLong(i -> RelayPlaces.id("relay " + i))
                .toArray();
        assertThatThrownBy(() -> SharedLru.open(settings.relays(many))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SharedLru.open(settings.relays(5, 5))).isInstanceOf(IllegalArgumentException.class);
    }
}
