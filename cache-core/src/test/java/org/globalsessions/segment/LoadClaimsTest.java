package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.segment.LoadClaims.Claim;
import org.globalsessions.segment.LoadClaims.End;
import org.globalsessions.segment.WriteOutcome.Status;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Claims of keys that are being loaded, between two that have attached to one segment. */
class LoadClaimsTest {
    @TempDir
    private Path folder;

    private final FakeClocks clocks = new FakeClocks();
    private final WriteOutcome outcome = new WriteOutcome();
    private SharedLru one;
    private SharedLru other;

    @BeforeEach
    void open() throws IOException {
        one = attach();
        other = attach();
    }

    @AfterEach
    void close() {
        one.close();
        other.close();
    }

    private SharedLru attach() throws IOException {
        SegmentSettings settings = new SegmentSettings(folder.resolve("segment")).elCount(100);
        return new SharedLru(SegmentFile.open(settings, clocks), settings);
    }

    private static LoadStart begin(SharedLru lru, String key) {
        return lru.beginLoad(lru.encode(key), 0);
    }

    private void pass(int ticks) {
        clocks.pass(ticks);
        one.file().time().advance();
        other.file().time().advance();
    }

    @Test
    void shouldGiveAKeyToOneWhenTwoWouldLoadIt() {
        LoadStart mine = begin(one, "k");
        assertThat(mine.claim().mine()).isTrue();
        Claim awaited = begin(other, "k").claim();
        assertThat(awaited.mine()).isFalse();
        assertThat(awaited.exists()).isTrue();
        assertThat(begin(other, "another").claim().mine()).isTrue();
        assertThat(other.claims().look(awaited)).isEqualTo(End.HELD);
        one.claims().release(mine.claim(), false);
        assertThat(other.claims().look(awaited)).isEqualTo(End.OVER);
        assertThat(begin(other, "k").claim().mine()).isTrue();
    }

    @Test
    void shouldTellThoseWhoWaitWhenTheLoaderFoundNothing() {
        LoadStart mine = begin(one, "k");
        Claim awaited = begin(other, "k").claim();
        one.claims().release(mine.claim(), true);
        assertThat(other.claims().look(awaited)).isEqualTo(End.NOTHING);
        assertThat(begin(other, "k").claim().mine())
                .as("the next miss asks again")
                .isTrue();
        assertThat(other.claims().look(awaited)).isEqualTo(End.OVER);
    }

    @Test
    void shouldBeAnybodysASecondAfterTheLastRenewalWhenItsProcessIsDeadOrStopped() {
        LoadStart mine = begin(one, "k");
        pass(90);
        one.claims().renew(mine.claim());
        pass(LoadClaims.LEASE_TICKS - 1);
        Claim awaited = begin(other, "k").claim();
        assertThat(awaited.mine()).isFalse();
        pass(1);
        assertThat(other.claims().look(awaited)).isEqualTo(End.OVER);
        LoadStart taken = begin(other, "k");
        assertThat(taken.claim().mine()).isTrue();
        // The stopped one goes on: it gives up nothing that is another's.
        one.claims().renew(mine.claim());
        one.claims().release(mine.claim(), true);
        assertThat(begin(one, "k").claim().mine()).isFalse();
        assertThat(begin(one, "k").claim().word()).isEqualTo(taken.claim().word());
    }

    @Test
    void shouldBeTakenOverWhenWhoWaitsHasWaitedLongEnough() {
        LoadStart mine = begin(one, "k");
        Claim awaited = begin(other, "k").claim();
        LoadStart taken = other.beginLoad(other.encode("k"), awaited.word());
        assertThat(taken.claim().mine()).isTrue();
        one.claims().release(mine.claim(), false);
        assertThat(begin(one, "k").claim().mine()).isFalse();
    }

    @Test
    void shouldLoadWithoutAClaimWhenAllPlacesAreTaken() {
        List<Claim> claims = new ArrayList<>();
        for (int i = 0; i < SegmentDescriptor.CLAIM_COUNT; i++) {
            claims.add(begin(one, "k" + i).claim());
        }
        assertThat(claims).allMatch(Claim::mine);
        assertThat(claims.stream().map(Claim::place).distinct()).hasSize(SegmentDescriptor.CLAIM_COUNT);
        assertThat(begin(other, "k0").claim().mine()).isFalse();
        assertThat(begin(other, "late").claim().exists()).isFalse();
        one.claims().release(claims.get(7), false);
        assertThat(begin(other, "late").claim().mine()).isTrue();
    }

    @Test
    void shouldStoreNothingWhenTheSessionWasSetOrDeletedSinceTheLoadBegan() {
        LoadStart set = begin(one, "set");
        LoadStart deleted = begin(one, "deleted");
        other.set(other.encode("set"), new byte[] {2}, 0, 1, 0, null, false, outcome);
        other.delete(other.encode("deleted"), outcome);
        one.finishLoad(one.encode("set"), new byte[] {1}, set, outcome);
        assertThat(outcome.status()).isEqualTo(Status.SUPERSEDED);
        assertThat(one.get(one.encode("set"))).isEqualTo(new byte[] {2});
        one.finishLoad(one.encode("deleted"), new byte[] {1}, deleted, outcome);
        assertThat(outcome.status()).isEqualTo(Status.BEATEN_BY_TOMBSTONE);
        assertThat(one.get(one.encode("deleted"))).isNull();
        LoadStart again = begin(other, "deleted");
        one.finishLoad(one.encode("deleted"), new byte[] {3}, again, outcome);
        assertThat(outcome.status()).as("deleted before the load began").isEqualTo(Status.STORED);
        assertThat(one.get(one.encode("deleted"))).isEqualTo(new byte[] {3});
    }

    private void setAndDelete(String key) {
        other.set(other.encode(key), new byte[] {2}, 0, 1, 0, null, false, outcome);
        other.delete(other.encode(key), outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
    }

    private void assertNotStored(String key, LoadStart start) {
        one.finishLoad(one.encode(key), new byte[] {1}, start, outcome);
        assertThat(outcome.status()).isEqualTo(Status.STALE);
        assertThat(one.get(one.encode(key))).isNull();
    }

    @Test
    void shouldStoreNothingWhenTheTombstoneOfADeleteSinceTheLoadBeganWasDroppedEarly() {
        LoadStart start = begin(one, "k");
        setAndDelete("k");
        pass(1);
        // As when many log out during one slow read of the database.
        for (int i = 0; i < 5_000; i++) {
            other.delete(other.encode("other " + i), outcome);
        }
        assertThat(other.counters().get(Counter.TOMBSTONES_DROPPED_EARLY)).isPositive();
        assertNotStored("k", start);
        pass(1);
        LoadStart again = begin(one, "k");
        one.finishLoad(one.encode("k"), new byte[] {3}, again, outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
    }

    @Test
    void shouldStoreNothingWhenTheLoadTookLongerThanTombstonesAreKept() {
        LoadStart start = begin(one, "k");
        setAndDelete("k");
        pass(TombstoneTable.RETENTION_TICKS + 1);
        other.sweep(0, other.bucketCount());
        assertNotStored("k", start);
    }

    @Test
    void shouldStoreNothingWhenADeleteSinceTheLoadBeganFoundNoPlaceForItsTombstone() throws IOException {
        SegmentSettings settings = new SegmentSettings(folder.resolve("host"))
                .elCount(100)
                .role(SegmentSettings.Role.HOST)
                .pathName("/sessions");
        try (SharedLru host = new SharedLru(SegmentFile.open(settings, clocks), settings)) {
            String key = null;
            LoadStart start = null;
            for (int i = 0; i < 20_000 && outcome.status() != Status.NO_TOMBSTONE_ROOM; i++) {
                key = "k" + i;
                start = begin(host, key);
                host.claims().release(start.claim(), false);
                clocks.pass(1);
                host.file().time().advance();
                host.delete(host.encode(key), outcome);
            }
            assertThat(outcome.status()).isEqualTo(Status.NO_TOMBSTONE_ROOM);
            host.finishLoad(host.encode(key), new byte[] {1}, start, outcome);
            assertThat(outcome.status()).isEqualTo(Status.STALE);
            assertThat(host.get(host.encode(key))).isNull();
        }
    }

    @Test
    void shouldStoreWhenOnlyTombstonesFromBeforeTheLoadBeganWereDropped() {
        setAndDelete("k");
        setAndDelete("another");
        pass(TombstoneTable.RETENTION_TICKS);
        LoadStart start = begin(one, "k");
        assertThat(start.tombstone().clock()).isPositive();
        pass(1);
        other.sweep(0, other.bucketCount());
        assertThat(begin(other, "another").tombstone()).as("dropped").isEqualTo(Version.NONE);
        one.finishLoad(one.encode("k"), new byte[] {1}, start, outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
    }

    @Test
    void shouldStoreWhenTheTombstoneOfBeforeTheLoadIsStillThereAndOthersWereDropped() {
        setAndDelete("k");
        LoadStart start = begin(one, "k");
        for (int i = 0; i < 5_000 && other.counters().get(Counter.TOMBSTONES_DROPPED_EARLY) == 0; i++) {
            other.delete(other.encode("other " + i), outcome);
        }
        assertThat(other.counters().get(Counter.TOMBSTONES_DROPPED_EARLY)).isEqualTo(1);
        assertThat(begin(other, "k").tombstone()).isEqualTo(start.tombstone());
        one.finishLoad(one.encode("k"), new byte[] {1}, start, outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
    }

    @Test
    void shouldHealWithTheNextDropWhenDamageHasPutTheYoungestDroppedTombstoneIntoTheFuture() {
        one.file().header().putLong(SegmentDescriptor.YOUNGEST_DROPPED_OFFSET, Long.MAX_VALUE);
        setAndDelete("k");
        pass(TombstoneTable.RETENTION_TICKS + 1);
        other.sweep(0, other.bucketCount());
        LoadStart start = begin(one, "k");
        one.finishLoad(one.encode("k"), new byte[] {1}, start, outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
    }

    private void digestInPlace(Claim claim, EncodedKey key) {
        int at = SegmentDescriptor.CLAIMS_OFFSET + claim.place() * SegmentDescriptor.CLAIM_LENGTH;
        one.file().header().putLong(at + SegmentDescriptor.CLAIM_HIGH_OFFSET, key.high);
        one.file().header().putLong(at + SegmentDescriptor.CLAIM_LOW_OFFSET, key.low);
    }

    /** A key whose claim has the place that another's had. */
    private String keyAtPlaceOf(String key) {
        long place = one.encode(key).low & (SegmentDescriptor.CLAIM_COUNT - 1);
        for (int i = 0; ; i++) {
            if ((one.encode("next " + i).low & (SegmentDescriptor.CLAIM_COUNT - 1)) == place) {
                return "next " + i;
            }
        }
    }

    @Test
    void shouldNotAnswerAKeyWithNothingWhenThatWasFoundForTheNextKeyInItsPlace() {
        one.claims().release(begin(one, "k").claim(), false);
        String next = keyAtPlaceOf("k");
        Claim ofNext = begin(one, next).claim();
        // As after the compare-and-set of load 2, before the digest.
        digestInPlace(ofNext, one.encode("k"));
        Claim awaited = begin(other, "k").claim();
        assertThat(awaited.mine()).isFalse();
        assertThat(awaited.word()).isEqualTo(ofNext.word());
        digestInPlace(ofNext, one.encode(next));
        one.claims().release(ofNext, true);
        assertThat(other.claims().look(awaited)).isEqualTo(End.OVER);
    }

    @Test
    void shouldWaitForAPlaceNoLongerWhenItNamesAnotherKey() {
        one.claims().release(begin(one, "k").claim(), false);
        String next = keyAtPlaceOf("k");
        Claim ofNext = begin(one, next).claim();
        digestInPlace(ofNext, one.encode("k"));
        Claim awaited = begin(other, "k").claim();
        assertThat(other.claims().look(awaited)).isEqualTo(End.HELD);
        digestInPlace(ofNext, one.encode(next));
        assertThat(other.claims().look(awaited)).isEqualTo(End.OVER);
    }

    @Test
    void shouldNotAnswerAKeyWithNothingWhenAStoppedHolderHasWrittenItIntoThePlaceOfAnother() {
        Claim ofNext = begin(one, "next").claim();
        String stopped = keyAtPlaceOf("next");
        // Stopped in load 2 for longer than its claim lasted, it goes on, and its digest stays.
        digestInPlace(ofNext, one.encode(stopped));
        Claim awaited = begin(other, stopped).claim();
        assertThat(awaited.word()).isEqualTo(ofNext.word());
        one.claims().release(ofNext, true);
        assertThat(other.claims().look(awaited)).isEqualTo(End.OVER);
    }

    @Test
    void shouldWaitForALivingHolderWhenStoppedForLongerThanItsLease() {
        Claim mine = begin(one, "k").claim();
        clocks.pass(2 * LoadClaims.LEASE_TICKS);
        one.file().time().advance();
        one.claims().renew(mine);
        // The other's ticker has not run yet since it goes on.
        Claim awaited = begin(other, "k").claim();
        assertThat(awaited.mine()).isFalse();
        assertThat(other.claims().look(awaited)).isEqualTo(End.HELD);
    }
}
