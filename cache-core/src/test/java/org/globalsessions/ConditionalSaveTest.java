package org.globalsessions;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.RelayedHosts.bytes;
import static org.globalsessions.RelayedHosts.failureOf;
import static org.globalsessions.RelayedHosts.join;
import static org.globalsessions.RelayedHosts.soon;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.globalsessions.ConditionFailedException.Reason;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SharedLru;
import org.junit.jupiter.api.Test;

/** Conditional saves that the relay decides, as hosts see them. */
class ConditionalSaveTest extends RelayedHostsFixture {
    private static CompletableFuture<Version> save(SessionCacheManager cache, String value, Version expected) {
        return cache.set("k", bytes(value), TO_RELAY.expectedVersion(expected));
    }

    private static ConditionFailedException lossOf(CompletableFuture<?> future) {
        Throwable failure = failureOf(future);
        assertThat(failure).isInstanceOf(ConditionFailedException.class);
        return (ConditionFailedException) failure;
    }

    private byte[] atRelay() {
        return relay.lru().get(relay.lru().encode("k"));
    }

    @Test
    void shouldStoreAtTheRelayAndHereWhenTheExpectedVersionIsThere() throws IOException {
        SessionCacheManager a = host("a");
        Version first = join(a.set("k", bytes("one"), TO_RELAY));
        Version second = join(save(a, "two", first));
        assertThat(second).isGreaterThan(first);
        assertThat(atRelay()).isEqualTo(bytes("two"));
        assertThat(a.getLocal("k")).isEqualTo(bytes("two"));
        assertThat(join(a.getVersioned("k")).version()).isEqualTo(second);
        assertThat(join(save(a, "three", second))).isGreaterThan(second);
    }

    @Test
    void shouldLoseToAVersionThatThisHostHasNotHeardOfAndReadItNext() throws IOException {
        SessionCacheManager a = host("a");
        Version first = join(a.set("k", bytes("one"), TO_RELAY));
        SessionCacheManager b = host("b");
        relay.lastLink().deaf = true;
        assertThat(join(b.get("k"))).isEqualTo(bytes("one"));
        Version newer = join(a.set("k", bytes("two"), TO_RELAY));
        assertThat(b.getLocal("k")).isEqualTo(bytes("one"));
        ConditionFailedException loss = lossOf(save(b, "lost", first));
        assertThat(loss.reason()).isEqualTo(Reason.NEWER_VERSION);
        assertThat(loss.winner()).isEqualTo(newer);
        assertThat(atRelay()).isEqualTo(bytes("two"));
        assertThat(join(b.get("k"))).isEqualTo(bytes("two"));
        assertThat(join(save(b, "three", newer))).isGreaterThan(newer);
    }

    @Test
    void shouldLoseToADeleteThatThisHostHasNotHeardOf() throws IOException {
        SessionCacheManager a = host("a");
        Version first = join(a.set("k", bytes("one"), TO_RELAY));
        SessionCacheManager b = host("b");
        relay.lastLink().deaf = true;
        assertThat(join(b.get("k"))).isEqualTo(bytes("one"));
        join(a.delete("k", Acknowledgement.RELAY));
        ConditionFailedException loss = lossOf(save(b, "lost", first));
        assertThat(loss.reason()).isEqualTo(Reason.DELETED);
        assertThat(loss.winner()).isGreaterThan(first);
        assertThat(b.getLocal("k")).isNull();
        assertThat(atRelay()).isNull();
    }

    @Test
    void shouldCreateOnlyWhereNoHostHasTheSession() throws IOException {
        SessionCacheManager a = host("a");
        SessionCacheManager b = host("b");
        relay.lastLink().deaf = true;
        Version created = join(save(a, "one", Version.NONE));
        ConditionFailedException loss = lossOf(save(b, "lost", Version.NONE));
        assertThat(loss.reason()).isEqualTo(Reason.NEWER_VERSION);
        assertThat(loss.winner()).isEqualTo(created);
        assertThat(atRelay()).isEqualTo(bytes("one"));
    }

    @Test
    void shouldSendItsOwnUnpublishedChangeBeforeTheSaveOverIt() throws IOException {
        relay.connectsAtOnce = false;
        SessionCacheManager a = host("a");
        Version unpublished = join(a.set("k", bytes("one"), SetOptions.DEFAULTS));
        CompletableFuture<Version> saved = save(a, "two", unpublished);
        relay.lastLink().connect();
        assertThat(join(saved)).isGreaterThan(unpublished);
        assertThat(atRelay()).isEqualTo(bytes("two"));
        assertThat(a.getLocal("k")).isEqualTo(bytes("two"));
    }

    @Test
    void shouldSendItsOwnDeleteBeforeTheSaveThatBeginsAnew() throws IOException {
        SessionCacheManager a = host("a");
        join(a.set("k", bytes("one"), TO_RELAY));
        relay.holdBack();
        join(a.delete("k"));
        CompletableFuture<Version> saved = save(a, "two", Version.NONE);
        soon().until(() -> relay.heldBackCount() == 1);
        relay.letGo();
        join(saved);
        assertThat(atRelay()).isEqualTo(bytes("two"));
        assertThat(a.getLocal("k")).isEqualTo(bytes("two"));
    }

    @Test
    void shouldKeepWhatIsHereUntilTheRelayHasSaidYes() throws IOException {
        SessionCacheManager a = host("a");
        Version first = join(a.set("k", bytes("one"), TO_RELAY));
        relay.lastLink().deaf = true;
        relay.holdBack();
        CompletableFuture<Version> saved = save(a, "two", first);
        soon().until(() -> relay.heldBackCount() == 1);
        assertThat(a.getLocal("k")).isEqualTo(bytes("one"));
        assertThat(saved).isNotDone();
        relay.letGo();
        join(saved);
        assertThat(a.getLocal("k")).isEqualTo(bytes("two"));
    }

    @Test
    void shouldHaveItsSaveWhenTheReceiptOfWhatItReplacesComesLater() throws IOException {
        join(host("b").set("k", bytes("zero"), TO_RELAY));
        SessionCacheManager a = host("a");
        relay.lastLink().deaf = true;
        relay.holdBack();
        Version first = join(a.set("k", bytes("one"), SetOptions.DEFAULTS));
        soon().until(() -> relay.heldBackCount() == 1);
        relay.overtakeHeldBack();
        Version second = join(save(a, "two", first));
        relay.letGo();
        assertThat(atRelay()).isEqualTo(bytes("two"));
        assertThat(join(a.getVersioned("k")).version()).isEqualTo(second);
        assertThat(a.getLocal("k")).isEqualTo(bytes("two"));
    }

    @Test
    void shouldHearOfItsOwnSaveWhoseReceiptNeverComes() throws IOException {
        SessionCacheManager a = host("a");
        MemoryRelay.Link link = relay.lastLink();
        soon().until(() -> link.leaseEpoch > 0);
        Version first = join(a.set("k", bytes("one"), TO_RELAY));
        relay.holdBack();
        CompletableFuture<Version> saved = save(a, "two", first);
        soon().until(() -> "two".equals(new String(a.getLocal("k"), UTF_8)));
        assertThat(saved).isNotDone();
    }

    @Test
    void shouldStoreNothingWhenTheRelayIsAway() throws IOException {
        SessionCacheManager a = host("a");
        Version first = join(a.set("k", bytes("one"), TO_RELAY));
        relay.lastLink().cut();
        assertThat(failureOf(save(a, "two", first)))
                .isInstanceOf(TierUnavailableException.class)
                .hasMessageContaining("nothing stored");
        assertThat(a.getLocal("k")).isEqualTo(bytes("one"));
        assertThat(atRelay()).isEqualTo(bytes("one"));
    }

    @Test
    void shouldGetTheSameAnswerWhenTheConnectionWasCutBeforeTheReceipt() throws IOException {
        SessionCacheManager a = host("a");
        MemoryRelay.Link link = relay.lastLink();
        Version first = join(a.set("k", bytes("one"), TO_RELAY));
        relay.holdBack();
        CompletableFuture<Version> saved = save(a, "two", first);
        soon().until(() -> relay.heldBackCount() == 1);
        int sent = relay.publishes.get();
        link.cut();
        relay.letGo();
        assertThat(saved).isNotDone();
        link.connect();
        Version second = join(saved);
        assertThat(relay.publishes.get()).isEqualTo(sent + 1);
        assertThat(join(a.getVersioned("k")).version()).isEqualTo(second);
        EntrySnapshot there = new EntrySnapshot();
        assertThat(relay.lru().find(relay.lru().encode("k"), there)).isTrue();
        assertThat(there.version()).isEqualTo(second);
    }

    @Test
    void shouldNotBeginTheSessionAnewWhenTheSaveComesAgainAfterADelete() throws IOException {
        SessionCacheManager a = host("a");
        MemoryRelay.Link link = relay.lastLink();
        link.deaf = true;
        SessionCacheManager b = host("b");
        relay.holdBack();
        CompletableFuture<Version> created = save(a, "one", Version.NONE);
        soon().until(() -> relay.heldBackCount() == 1);
        link.cut();
        relay.letGo();
        join(b.delete("k", Acknowledgement.RELAY));
        link.connect();
        assertThat(lossOf(created).reason()).isEqualTo(Reason.DELETED);
        assertThat(atRelay()).isNull();
        assertThat(a.getLocal("k")).isNull();
    }

    @Test
    void shouldSayThatItIsNotKnownWhenTheRelayStaysAwayBeforeTheReceipt() throws IOException {
        SessionCacheManager a = host("a");
        Version first = join(a.set("k", bytes("one"), TO_RELAY));
        relay.holdBack();
        CompletableFuture<Version> saved = save(a, "two", first);
        soon().until(() -> relay.heldBackCount() == 1);
        relay.lastLink().cut();
        relay.letGo();
        assertThat(failureOf(saved))
                .isInstanceOf(TierUnavailableException.class)
                .hasMessageContaining("not known");
    }

    /** The relay that stored it may have forgotten that by now: told that it has lost, the caller would do the same once more. */
    @Test
    void shouldSayThatItIsNotKnownWhenItWasOverwrittenBeforeItCameAgain() throws IOException {
        SessionCacheManager a = host("a");
        MemoryRelay.Link link = relay.lastLink();
        Version first = join(a.set("k", bytes("one"), TO_RELAY));
        SessionCacheManager b = host("b");
        relay.holdBack();
        CompletableFuture<Version> saved = save(a, "two", first);
        soon().until(() -> relay.heldBackCount() == 1);
        link.cut();
        relay.letGo();
        join(b.set("k", bytes("three"), TO_RELAY));
        link.connect();
        assertThat(failureOf(saved))
                .isInstanceOf(TierUnavailableException.class)
                .hasMessageContaining("not known");
    }

    @Test
    void shouldSayThatItIsNotKnownWhenTheRelayBeganAnewBeforeTheReceipt() throws IOException {
        SessionCacheManager a = host("a");
        MemoryRelay.Link link = relay.lastLink();
        Version first = join(a.set("k", bytes("one"), TO_RELAY));
        SessionCacheManager b = host("b");
        relay.holdBack();
        CompletableFuture<Version> saved = save(a, "two", first);
        soon().until(() -> relay.heldBackCount() == 1);
        link.cut();
        relay.letGo();
        join(b.delete("k", Acknowledgement.RELAY));
        relay.beginEpoch();
        link.connect();
        assertThat(failureOf(saved))
                .isInstanceOf(TierUnavailableException.class)
                .hasMessageContaining("not known");
    }

    @Test
    void shouldSaveOverWhatOnlyThisHostStillHas() throws IOException {
        SessionCacheManager a = host("a");
        Version first = join(a.set("k", bytes("one"), TO_RELAY));
        SessionCacheManager b = host("b");
        SharedLru lru = relay.lru();
        // Lost there for want of space: no tombstone is left.
        assertThat(lru.removeOlder(lru.encode("k").digest(), new Version(first.clock() + 1, first.origin())))
                .isTrue();
        assertThat(lossOf(save(b, "lost", first)).reason()).isEqualTo(Reason.ABSENT);
        join(save(a, "two", first));
        assertThat(atRelay()).isEqualTo(bytes("two"));
    }

    @Test
    void shouldFindNothingAtTheRelayWhenTheExpectedVersionHasExpired() throws IOException {
        SessionCacheManager a = host("a");
        Version first = join(a.set("k", bytes("one"), TO_RELAY.ttl(Duration.ofMillis(50))));
        soon().until(() -> a.getLocal("k") == null && atRelay() == null);
        ConditionFailedException loss = lossOf(save(a, "lost", first));
        assertThat(loss.reason()).isEqualTo(Reason.ABSENT);
        assertThat(loss.winner()).isEqualTo(Version.NONE);
        join(save(a, "two", Version.NONE));
        assertThat(atRelay()).isEqualTo(bytes("two"));
    }

    @Test
    void shouldLetOneSaveWinWhenSeveralOfOneHostExpectTheSameVersion() throws IOException {
        SessionCacheManager a = host("a");
        Version expected = join(a.set("k", bytes("start"), TO_RELAY));
        for (int round = 0; round < 100; round++) {
            List<CompletableFuture<Version>> saves = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                saves.add(save(a, round + "-" + i, expected));
            }
            List<Integer> won = new ArrayList<>();
            for (int i = 0; i < saves.size(); i++) {
                try {
                    expected = join(saves.get(i));
                    won.add(i);
                } catch (CompletionException e) {
                    assertThat(e).hasCauseInstanceOf(ConditionFailedException.class);
                }
            }
            assertThat(won).as("round %d", round).hasSize(1);
            assertThat(a.getLocal("k")).isEqualTo(bytes(round + "-" + won.get(0)));
        }
    }
}
