package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.globalsessions.RelayedHosts.bytes;
import static org.globalsessions.RelayedHosts.failureOf;
import static org.globalsessions.RelayedHosts.join;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A host that is cut off serves for {@code max_stale} what the relay may have ended elsewhere, and no longer. */
class HostLeaseTest extends RelayedHostsFixture {
    private static final Duration MAX_STALE = Duration.ofMillis(500);

    @BeforeEach
    void shortenLeases() {
        relay.maxStale = MAX_STALE;
    }

    private static ConditionFactory soon() {
        return Awaitility.await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(5));
    }

    private static List<String> keys(SessionCacheManager cache) {
        List<String> keys = new ArrayList<>();
        cache.forEach((key, value) -> keys.add(key));
        return keys;
    }

    private static void awaitLeaseOver(SessionCacheManager cache, String confirmed) {
        soon().until(() -> cache.getLocal(confirmed) == null);
    }

    @Test
    void shouldServeAfterItsLeaseOnlyWhatItBeganSinceTheCut() throws IOException {
        SessionCacheManager cache = host("a");
        MemoryRelay.Link link = relay.lastLink();
        join(cache.set("confirmed", bytes("one"), TO_RELAY));
        soon().until(() -> link.leaseEpoch > 0);
        link.cut();
        long cutNs = System.nanoTime();
        cache.set("begun since", bytes("two"));
        cache.set("confirmed", bytes("changed since"));
        assertThat(cache.getLocal("confirmed")).isEqualTo(bytes("changed since"));

        awaitLeaseOver(cache, "confirmed");
        assertThat(System.nanoTime() - cutNs)
                .isLessThan(MAX_STALE.plusSeconds(1).toNanos());
        assertThat(failureOf(cache.get("confirmed"))).isInstanceOf(TierUnavailableException.class);
        assertThat(failureOf(cache.getVersioned("confirmed"))).isInstanceOf(TierUnavailableException.class);
        assertThat(failureOf(cache.touch("confirmed"))).isInstanceOf(TierUnavailableException.class);
        assertThat(cache.getLocal("confirmed", new byte[100], 0)).isEqualTo(-1);
        assertThat(join(cache.get("begun since"))).isEqualTo(bytes("two"));
        assertThat(cache.getLocal("begun since")).isEqualTo(bytes("two"));
        assertThat(keys(cache)).containsExactly("begun since");

        link.connect();
        soon().until(() -> cache.getLocal("confirmed") != null);
        assertThat(join(cache.get("confirmed"))).isEqualTo(bytes("changed since"));
        assertThat(keys(cache)).containsExactlyInAnyOrder("begun since", "confirmed");
    }

    @Test
    void shouldGoOnServingWhileItsLeaseIsRenewed() throws Exception {
        SessionCacheManager cache = host("a");
        join(cache.set("k", bytes("one"), TO_RELAY));
        long untilNs = System.nanoTime() + 3 * MAX_STALE.toNanos();
        while (untilNs - System.nanoTime() > 0) {
            assertThat(cache.getLocal("k")).isEqualTo(bytes("one"));
        }
    }

    @Test
    void shouldServeForEverWhereTheRelayWantsItSo() throws IOException {
        SessionCacheManager cache = host("a");
        MemoryRelay.Link link = relay.lastLink();
        join(cache.set("k", bytes("one"), TO_RELAY));
        link.cut();
        awaitLeaseOver(cache, "k");
        relay.maxStale = Duration.ZERO;
        link.connect();
        assertThat(cache.getLocal("k")).isEqualTo(bytes("one"));
        link.cut();
        long untilNs = System.nanoTime() + 2 * MAX_STALE.toNanos();
        while (untilNs - System.nanoTime() > 0) {
            assertThat(cache.getLocal("k")).isEqualTo(bytes("one"));
        }
    }

    @Test
    void shouldNotServeWhatWasDeletedElsewhereOnceItsLeaseIsOver() throws IOException {
        SessionCacheManager a = host("a");
        MemoryRelay.Link link = relay.lastLink();
        SessionCacheManager b = host("b");
        join(a.set("k", bytes("one"), TO_RELAY));
        link.cut();
        assertThat(join(b.delete("k", Acknowledgement.RELAY))).isTrue();
        awaitLeaseOver(a, "k");
        assertThat(failureOf(a.get("k"))).isInstanceOf(TierUnavailableException.class);
        link.connect();
        soon().until(() -> a.counter(Counter.ANNOUNCEMENTS_APPLIED) > 0);
        assertThat(join(a.get("k"))).isNull();
    }

    @Test
    void shouldAskTheRelayAboutWhatItMayNotServeWhenItHasNoSubscriptionYet() throws IOException {
        SessionCacheManager a = host("a");
        MemoryRelay.Link link = relay.lastLink();
        SessionCacheManager b = host("b");
        join(a.set("lives", bytes("one"), TO_RELAY));
        join(a.set("ended", bytes("two"), TO_RELAY));
        link.cut();
        join(b.delete("ended", Acknowledgement.RELAY));
        awaitLeaseOver(a, "lives");
        // It is told nothing and gets no renewal, but its questions are answered.
        link.deaf = true;
        relay.horizon = Long.MAX_VALUE;
        a.set("lives", bytes("saved here since"));
        link.connect();
        soon().untilAsserted(() -> assertThat(join(a.get("ended"))).isNull());
        assertThat(join(a.get("lives"))).isEqualTo(bytes("saved here since"));
    }

    @Test
    void shouldDiscardWhatItCannotConfirmAndKeepWhatIsItsOwnWhenItWasAwayForTooLong() throws IOException {
        SessionCacheManager a = host("a");
        MemoryRelay.Link link = relay.lastLink();
        SessionCacheManager b = host("b");
        join(a.set("ended", bytes("one"), TO_RELAY));
        join(a.set("lives", bytes("two"), TO_RELAY));
        soon().until(() -> link.leaseEpoch > 0);
        link.cut();
        join(b.delete("ended", Acknowledgement.RELAY));
        a.set("begun since", bytes("three"));
        a.set("lives", bytes("saved since"));
        relay.horizon = relay.lru().file().position();
        link.deaf = true;
        link.connect();
        soon().until(() -> a.counter(Counter.DISCARDED_UNCONFIRMED) > 0);
        soon().untilAsserted(() -> assertThat(a.getLocal("ended")).isNull());
        assertThat(join(a.get("ended"))).isNull();
        soon().until(() -> relay.lru().get(relay.lru().encode("begun since")) != null);
        assertThat(join(a.get("begun since"))).isEqualTo(bytes("three"));
        assertThat(join(b.get("lives"))).isEqualTo(bytes("saved since"));
        assertThat(join(a.get("lives"))).isEqualTo(bytes("saved since"));
    }

    @Test
    void shouldCompleteADeleteWhenItIsEverywhere() throws IOException {
        SessionCacheManager cache = host("a");
        join(cache.set("k", bytes("one"), TO_RELAY));
        CompletableFuture<Boolean> deleted = cache.delete("k", Acknowledgement.EVERYWHERE);
        soon().until(() -> !relay.farDeletes.isEmpty());
        assertThat(relay.farDeletePositions).containsExactly(relay.lru().file().position());
        assertThat(deleted).isNotDone();
        relay.farDeletes.forEach(waiting -> waiting.complete(null));
        assertThat(join(deleted)).isTrue();
    }

    @Test
    void shouldSayWhatIsKnownWhenNobodySaysThatADeleteIsEverywhere() throws IOException {
        SessionCacheManager cache = host("a");
        CompletableFuture<Boolean> deleted = cache.delete("k", Acknowledgement.EVERYWHERE);
        soon().until(() -> !relay.farDeletes.isEmpty());
        relay.farDeletes.forEach(waiting -> waiting.completeExceptionally(new IllegalStateException("lost")));
        assertThat(failureOf(deleted))
                .isInstanceOf(TierUnavailableException.class)
                .hasMessageContaining("it is not known whether everywhere");
        assertThatThrownBy(() ->
                        cache.set("k", bytes("one"), SetOptions.DEFAULTS.acknowledgement(Acknowledgement.EVERYWHERE)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("deletes alone");
    }
}
