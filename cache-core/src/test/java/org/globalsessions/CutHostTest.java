package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.RelayedHosts.bytes;
import static org.globalsessions.RelayedHosts.join;
import static org.globalsessions.RelayedHosts.soon;

import java.io.IOException;
import java.time.Duration;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.InventoryItem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a host's changes to sessions that were deleted elsewhere while it was cut off. */
class CutHostTest extends RelayedHostsFixture {
    private SessionCacheManager a;
    private SessionCacheManager b;
    private MemoryRelay.Link link;

    @BeforeEach
    void cutAHost() throws IOException {
        a = host("a");
        link = relay.lastLink();
        b = host("b");
        join(a.set("k", bytes("before"), TO_RELAY));
        soon().until(() -> link.leaseEpoch > 0);
        link.cut();
    }

    @Test
    void shouldCountAnUpdateThatLosesOnceWhoeverTellsOfTheDeleteFirst() {
        a.set("k", bytes("meanwhile"));
        join(b.delete("k", Acknowledgement.RELAY));
        link.connect();
        soon().until(() -> a.getLocal("k") == null);
        assertThat(join(a.get("k"))).isNull();
        assertThat(a.counter(Counter.BEATEN_BY_TOMBSTONE)).isOne();
    }

    @Test
    void shouldCountNoUpdateWhereThereWasNone() {
        join(b.delete("k", Acknowledgement.RELAY));
        link.connect();
        soon().until(() -> a.getLocal("k") == null);
        assertThat(a.counter(Counter.BEATEN_BY_TOMBSTONE)).isZero();
    }

    @Test
    void shouldHearOfADeleteOfAnotherEpochWhenItsFirstSubscriptionToThatHasToldItNothing() {
        relay.beginEpoch();
        join(b.delete("k", Acknowledgement.RELAY));
        link.deaf = true;
        link.leaseEpoch = 0;
        link.connect();
        soon().until(() -> link.leaseEpoch > 0);
        link.cut();
        link.deaf = false;
        link.connect();
        soon().until(() -> a.getLocal("k") == null);
    }

    @Test
    void shouldClaimNothingOfAnotherEpochWhenTheRelayCannotTellItAll() {
        for (int i = 0; i < 20; i++) {
            a.set("own-" + i, bytes("meanwhile"));
        }
        relay.beginEpoch();
        join(b.set("other", bytes("meanwhile"), TO_RELAY));
        relay.horizon = relay.lru().file().position();
        relay.highestClaim.set(0);
        link.window = 1;
        link.connect();
        soon().until(() -> a.counter(Counter.PUBLISHED) >= 21);
        assertThat(relay.highestClaim).hasValue(0);
    }

    /** The refusal of its subscription comes before or after the call that has asked for it returns. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldClaimNothingThatItWasNotToldWhenTheRelayCannotTellItAll(boolean refusedAtOnce) {
        link.answersSubscriptionsAtOnce = refusedAtOnce;
        long told = relay.lru().file().position();
        for (int i = 0; i < 20; i++) {
            a.set("own-" + i, bytes("meanwhile"));
            join(b.set("other-" + i, bytes("meanwhile"), TO_RELAY));
        }
        long claimedByOthers = relay.highestClaim.getAndSet(0);
        assertThat(claimedByOthers).isPositive();
        relay.horizon = relay.lru().file().position();
        // One after the other: each claims what the receipt of the one before has made of the position.
        link.window = 1;
        link.connect();
        soon().until(() -> a.counter(Counter.PUBLISHED) >= 21);
        assertThat(relay.highestClaim).hasValueLessThanOrEqualTo(told);
    }

    @Test
    void shouldTellARelayThatLostItsSegmentOfDeletesFirstAndThenPublishAllAgain() {
        join(b.set("deleted", bytes("there"), TO_RELAY));
        join(b.delete("deleted", Acknowledgement.RELAY));
        join(b.set("b-only", bytes("there"), TO_RELAY));
        relay.loseEntries();
        relay.beginEpoch();
        MemoryRelay.Link linkOfB = relay.lastLink();
        linkOfB.cut();
        assertThat(relay.toldDeletes).isEmpty();
        relay.takesDeletes = false;
        linkOfB.connect();
        soon().until(() -> linkOfB.leaseEpoch > 0);
        assertThat(relay.lru().size())
                .as("what is published again before deletes are told")
                .isZero();

        relay.takesDeletes = true;
        soon().until(() -> relay.holds("b-only"));
        assertThat(relay.toldDeletes).extracting(InventoryItem::digest).containsExactly(relay.digest("deleted"));
        assertThat(relay.holds("deleted")).isFalse();
        assertThat(b.counter(Counter.LOST_UNPUBLISHED)).isZero();
    }

    @Test
    void shouldDropWhatItCannotConfirmWhenItWasCutOffForLongAndTheRelayHasLostItsSegment() {
        relay.maxStale = Duration.ofMillis(300);
        link.connect();
        soon().until(() -> a.getLocal("k") != null);
        a.set("own", bytes("begun here"));
        soon().until(() -> relay.holds("own"));
        link.cut();
        a.set("own", bytes("updated"));
        soon().until(() -> a.getLocal("k") == null);

        relay.loseEntries();
        relay.beginEpoch();
        link.connect();
        soon().until(() -> a.counter(Counter.DISCARDED_UNCONFIRMED) > 0);
        soon().until(() -> relay.holds("own"));
        assertThat(relay.holds("k")).isFalse();
        assertThat(a.getLocal("k")).isNull();
    }

    @Test
    void shouldTellARelayOfDeletesAgainWhenTheConnectionEndsBeforeItHasAnsweredBehindThem() {
        join(b.set("deleted", bytes("there"), TO_RELAY));
        join(b.delete("deleted", Acknowledgement.RELAY));
        relay.loseEntries();
        relay.beginEpoch();
        MemoryRelay.Link linkOfB = relay.lastLink();
        linkOfB.cut();
        relay.losesDeletes = true;
        linkOfB.connect();
        soon().until(() -> relay.lostDeletes.get() > 0);
        // Long enough for a host that takes them for told.
        soon().during(Duration.ofSeconds(1)).until(() -> relay.toldDeletes.isEmpty());
        linkOfB.cut();

        relay.losesDeletes = false;
        linkOfB.connect();
        soon().until(() -> !relay.toldDeletes.isEmpty());
        assertThat(relay.toldDeletes).extracting(InventoryItem::digest).containsExactly(relay.digest("deleted"));
    }
}
