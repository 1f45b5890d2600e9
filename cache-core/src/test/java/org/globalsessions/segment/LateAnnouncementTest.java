package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.WriteOutcome.Status;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An announcement that was on its way while something newer came to its host and went again brings nothing back there. */
class LateAnnouncementTest {
    private static final int NO_LIMIT = 0;

    @TempDir
    private Path folder;

    private final WriteOutcome outcome = new WriteOutcome();
    private SharedLru lru;
    private RelayPosition relay;

    @BeforeEach
    void open() throws IOException {
        lru = SharedLru.open(new SegmentSettings(folder.resolve("segment"))
                .elCount(100)
                .role(Role.HOST)
                .relays(RelayPlaces.id("relay")));
        relay = lru.file().relays().position(0);
        relay.set(5, 90);
    }

    @AfterEach
    void close() {
        lru.close();
    }

    private Version set(String value, int ticks) {
        lru.set(lru.encode("k"), value.getBytes(UTF_8), 0, value.length(), ticks, null, false, outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
        Version version = outcome.version();
        lru.confirm(find(), new Receipt(Receipt.Outcome.STORED, version, find().life(), false, 5, 95), relay);
        return version;
    }

    private EntrySnapshot find() {
        EntrySnapshot found = new EntrySnapshot();
        return lru.find(lru.encode("k"), found) ? found : null;
    }

    private static SessionEntry of(long clock) {
        return new SessionEntry("k".getBytes(UTF_8), new byte[3], new Version(clock, 9), clock, false, 0, 0, 0);
    }

    private Status announce(long clock) {
        lru.fill(lru.encode("k"), of(clock), relay, 91, 0, false, SharedLru.ANNOUNCED, outcome);
        return outcome.status();
    }

    private Status answer(long clock) {
        long announced = lru.announced(lru.encode("k").digest());
        lru.fill(lru.encode("k"), of(clock), relay, 91, 0, true, announced, outcome);
        return outcome.status();
    }

    @Test
    void shouldStoreNothingOlderWhenTheNewerOneHasExpired() {
        Version newer = set("newer", 3);
        await().until(() -> find() == null);
        lru.sweep(0, lru.bucketCount());
        assertThat(announce(newer.clock() - 1)).isEqualTo(Status.NO_ROOM);
        assertThat(find()).isNull();
        assertThat(announce(newer.clock() + 1)).isEqualTo(Status.STORED);
        assertThat(find().version().clock()).isEqualTo(newer.clock() + 1);
    }

    @Test
    void shouldStoreNothingOlderWhenTheWriteItselfFindsThatTheNewerOneHasExpired() {
        Version newer = set("newer", 3);
        await().until(() -> find() == null);
        assertThat(announce(newer.clock() - 2)).isEqualTo(Status.NO_ROOM);
        assertThat(announce(newer.clock() - 1))
                .as("another one behind it, when the record has gone")
                .isEqualTo(Status.NO_ROOM);
        assertThat(find()).isNull();
        assertThat(lru.counters().get(Counter.EXPIRATIONS)).isEqualTo(1);
    }

    @Test
    void shouldStoreNothingOlderWhenTheNewerOneWasEvicted() {
        Version newer = set("newer", NO_LIMIT);
        for (int i = 0; find() != null; i++) {
            byte[] value = "other".getBytes(UTF_8);
            lru.set(lru.encode("other-" + i), value, 0, value.length, NO_LIMIT, null, false, outcome);
            // What waits for its relay is not evicted.
            EntrySnapshot other = new EntrySnapshot();
            assertThat(lru.find(lru.encode("other-" + i), other)).isTrue();
            lru.confirm(
                    other, new Receipt(Receipt.Outcome.STORED, outcome.version(), other.life(), false, 5, 96), relay);
        }
        assertThat(announce(newer.clock() - 1)).isEqualTo(Status.NO_ROOM);
        assertThat(find()).isNull();
    }

    /** It was asked for, and what was announced since would have kept it out. */
    @Test
    void shouldStoreAnAnswerThatIsOlderThanWhatHasLeftItsBucket() {
        Version gone = set("gone", 3);
        await().until(() -> find() == null);
        lru.sweep(0, lru.bucketCount());
        assertThat(answer(gone.clock() - 1)).isEqualTo(Status.STORED);
        assertThat(find()).isNotNull();
    }

    /** As restore does, which knows what it stores. */
    @Test
    void shouldStoreWhatNobodyHasAnnouncedThoughItIsOlderThanWhatHasLeft() {
        Version gone = set("gone", 3);
        await().until(() -> find() == null);
        lru.sweep(0, lru.bucketCount());
        lru.fill(lru.encode("k"), of(gone.clock() - 1), Long.MAX_VALUE, 0, true, outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
    }

    /** A clock that is put right later would otherwise keep all announcements of the bucket out until it is that time. */
    @Test
    void shouldNotGoByAVersionThatIsFurtherAheadThanClocksMayBe() {
        long hour = 3_600_000_000L << Version.LOGICAL_BITS;
        long now = lru.versionMicros() << Version.LOGICAL_BITS;
        assertThat(announce(now + hour)).isEqualTo(Status.STORED);
        lru.discard(find());
        assertThat(announce(now - 1)).isEqualTo(Status.STORED);
        lru.discard(find());
        assertThat(announce(now - 2)).as("what has left since counts").isEqualTo(Status.NO_ROOM);
    }

    @Test
    void shouldStoreNothingOlderWhenAProcessWithoutARelayHasEvictedTheNewerOne() throws IOException {
        Version newer = set("newer", NO_LIMIT);
        try (SharedLru other = SharedLru.open(
                new SegmentSettings(folder.resolve("segment")).elCount(100).role(Role.STANDALONE))) {
            other.discard(find());
        }
        assertThat(announce(newer.clock() - 1)).isEqualTo(Status.NO_ROOM);
    }

    @Test
    void shouldTakeNoAnswerFromBeforeTheRelayHasSaidThatWhatWasWrittenHereHasLost() {
        lru.set(lru.encode("k"), new byte[1], 0, 1, NO_LIMIT, null, false, outcome);
        long mine = outcome.version().clock();
        Version winner = new Version(mine + 100, 9);
        lru.confirm(find(), new Receipt(Receipt.Outcome.SUPERSEDED, winner, winner.clock(), false, 5, 95), relay);
        assertThat(find()).isNull();
        assertThat(answer(mine - 1)).as("as of 91").isEqualTo(Status.STALE);
        assertThat(find()).isNull();
        lru.fill(lru.encode("k"), of(winner.clock()), relay, 95, 0, true, SharedLru.UNASKED, outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
    }

    @Test
    void shouldTakeTheOldestAwayWhenWhatIsAnnouncedIsNewerThanThatAndNotStored() {
        Version gone = set("gone", 3);
        await().until(() -> find() == null);
        lru.sweep(0, lru.bucketCount());
        assertThat(answer(gone.clock() - 20)).isEqualTo(Status.STORED);
        assertThat(announce(gone.clock() - 10)).isEqualTo(Status.NO_ROOM);
        assertThat(find()).isNull();
    }
}
