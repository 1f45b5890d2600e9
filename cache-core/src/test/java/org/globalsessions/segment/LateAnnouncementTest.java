package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.WriteOutcome.Status;
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
        lru.fill(lru.encode("k"), of(clock), relay, 91, 0, false, SharedLru.UNASKED, outcome);
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
        assertThat(announce(newer.clock() - 1)).isEqualTo(Status.NO_ROOM);
        assertThat(find()).isNull();
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
