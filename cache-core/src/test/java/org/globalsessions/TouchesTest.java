package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.RelayedHosts.bytes;
import static org.globalsessions.RelayedHosts.join;
import static org.globalsessions.RelayedHosts.settings;
import static org.globalsessions.RelayedHosts.soon;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.globalsessions.segment.RelayPlaces;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.Ticks;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.Test;

/** A host tells its relay of uses, and asks it where its own copy has been idle for too long. */
class TouchesTest extends RelayedHostsFixture {
    private static final Duration LONG = Duration.ofMinutes(30);
    private static final int LIMIT = Ticks.ticks(LONG);

    private SessionCacheManager host(String name, Duration idleTimeout) throws IOException {
        SegmentSettings settings = settings(folder, name, 1000).idleTimeout(idleTimeout);
        return hosts.open(settings, Duration.ofMillis(50));
    }

    private boolean isTold(String key) {
        KeyDigest digest = relay.lru().encode(key).digest();
        return relay.told.stream().anyMatch(touch -> touch.digest().equals(digest));
    }

    @Test
    void shouldTellOfEachUseOnceAndAgainOnTheNextConnection() throws Exception {
        SessionCacheManager cache = host("a", LONG);
        MemoryRelay.Link link = relay.lastLink();
        join(cache.set("used", bytes("1"), TO_RELAY));
        join(cache.set("unused", bytes("1"), TO_RELAY));
        assertThat(join(cache.get("used"))).isNotNull();
        // A walk may be half a minute away: the next connection begins one with everything.
        link.cut();
        link.connect();
        soon().until(() -> isTold("used"));
        assertThat(isTold("unused")).isFalse();
        int told = relay.told.size();
        link.cut();
        link.connect();
        soon().until(() -> relay.told.size() > told);
        soon().untilAsserted(() -> assertThat(cache.counter(Counter.TOUCHES)).isEqualTo(relay.told.size()));
    }

    /** A session that each of the two has, unused for so many ticks there. */
    private SessionCacheManager hostWithIdleCopy(int here, int atRelay) throws IOException {
        SegmentSettings settings = settings(folder, "a", 1000).idleTimeout(LONG).relays(RelayPlaces.id("relay"));
        try (SharedLru lru = SharedLru.open(settings)) {
            fill(lru, here);
        }
        fill(relay.lru(), atRelay);
        return hosts.open(settings, Duration.ofMillis(50));
    }

    private static void fill(SharedLru lru, int idleTicks) {
        WriteOutcome outcome = new WriteOutcome();
        SessionEntry entry =
                new SessionEntry(bytes("k"), bytes("value"), new Version(1000, 7), 1000, false, idleTicks, LIMIT, 0);
        lru.fill(lru.encode("k"), entry, Long.MAX_VALUE, 0, true, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
    }

    private int idleAtRelay() {
        return relay.onLoop(() -> relay.lru().idleTicks(relay.lru().encode("k"), 1000));
    }

    @Test
    void shouldFindASessionUsedElsewhereWhenItsOwnCopyIsIdle() throws Exception {
        SessionCacheManager cache = hostWithIdleCopy(LIMIT + 1, LIMIT / 2);
        assertThat(cache.getLocal("k")).isNull();
        assertThat(join(cache.get("k"))).isEqualTo(bytes("value"));
        assertThat(cache.getLocal("k")).isEqualTo(bytes("value"));
        assertThat(idleAtRelay()).isLessThan(LIMIT / 10);
    }

    @Test
    void shouldEndTheSessionOnTheHostThatUsedItLastThoughTheRelayKeepsItLonger() throws Exception {
        SessionCacheManager cache = hostWithIdleCopy(LIMIT + 50, LIMIT + 45);
        assertThat(join(cache.get("k"))).isNull();
        assertThat(join(cache.get("k"))).as("not renewed by the question").isNull();
        assertThat(idleAtRelay()).isGreaterThan(LIMIT);
        assertThat(relay.questions).hasValue(2);
    }

    /** Another process of the host has asked too, and has had the session for live. */
    @Test
    void shouldTakeASessionForLiveWhenItWasUsedHereWhileTheRelayAnswered() throws Exception {
        SessionCacheManager cache = hostWithIdleCopy(LIMIT + 50, LIMIT + 45);
        relay.holdBack();
        CompletableFuture<byte[]> get = cache.get("k");
        soon().until(() -> relay.heldBackCount() == 1);
        try (SharedLru other =
                SharedLru.open(settings(folder, "a", 1000).idleTimeout(LONG).relays(RelayPlaces.id("relay")))) {
            fill(other, 0);
        }

        relay.letGo();

        assertThat(join(get)).isEqualTo(bytes("value"));
    }

    @Test
    void shouldTakeASessionForLiveAndSaySoWhenAnotherHostUsedItAfterThis() throws Exception {
        SessionCacheManager cache = hostWithIdleCopy(LIMIT + LIMIT / 10, LIMIT + 1);
        assertThat(join(cache.get("k"))).isEqualTo(bytes("value"));
        assertThat(cache.getLocal("k")).isEqualTo(bytes("value"));
        soon().until(() -> isTold("k"));
        assertThat(idleAtRelay()).isLessThan(LIMIT / 10);
        assertThat(join(cache.get("k"))).isEqualTo(bytes("value"));
    }

    @Test
    void shouldTakeASessionForLiveAndSaySoWhenThisHostKnowsNothingOfIt() throws Exception {
        fill(relay.lru(), LIMIT + LIMIT / 5);
        SessionCacheManager cache = host("a", LONG);
        assertThat(join(cache.get("k"))).isEqualTo(bytes("value"));
        assertThat(cache.getLocal("k")).isEqualTo(bytes("value"));
        soon().until(() -> isTold("k"));
        assertThat(idleAtRelay()).isLessThan(LIMIT / 10);
    }
}
