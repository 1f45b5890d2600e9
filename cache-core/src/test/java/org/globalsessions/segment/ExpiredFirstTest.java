package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A write into a full table takes the place of an entry that has expired before that of one that lives, also where no sweep was yet. */
class ExpiredFirstTest {
    private static final int WAYS = 128;
    private static final int LIVE = 40;
    private static final int SHORT = 80;
    private static final int FRESH = 40;
    private static final int LIFETIME = 100;
    private static final int IDLE = 300;

    @TempDir
    private Path folder;

    private final FakeClocks clocks = new FakeClocks();
    private final WriteOutcome outcome = new WriteOutcome();
    private SharedLru lru;

    @BeforeEach
    void open() throws IOException {
        SegmentSettings settings = new SegmentSettings(folder.resolve("segment"))
                .elCount(93)
                .seed(1)
                .role(Role.STANDALONE)
                .idleTimeout(Duration.ofMillis(IDLE * 10));
        lru = new SharedLru(SegmentFile.open(settings, clocks), settings);
        assertThat(lru.bucketCount() * SegmentDescriptor.WAYS).isEqualTo(WAYS);
    }

    @AfterEach
    void close() {
        lru.close();
    }

    @Test
    void shouldTakeTheExpiredWhereOlderOnesLive() {
        set("live-", LIVE, 0);
        set("short-", SHORT, LIFETIME);
        pass(LIFETIME);
        set("fresh-", FRESH, 0);
        assertThat(here("live-", LIVE)).isEqualTo(LIVE);
        assertThat(here("fresh-", FRESH)).isEqualTo(FRESH);
        assertThat(lru.counters().get(Counter.EVICTIONS)).isZero();
        assertThat(lru.counters().get(Counter.EXPIRATIONS)).isPositive();
    }

    @Test
    void shouldTakeTheOldestWhereNoneHasExpired() {
        set("live-", LIVE, 0);
        set("short-", SHORT, LIFETIME);
        pass(LIFETIME - 1);
        set("fresh-", FRESH, 0);
        assertThat(lru.counters().get(Counter.EXPIRATIONS)).isZero();
        assertThat(lru.counters().get(Counter.EVICTIONS)).isPositive();
    }

    @Test
    void shouldStillTakeTheExpiredAfterOthersWereRenewed() {
        set("used-", LIVE, 0);
        set("idle-", SHORT, 0);
        pass(IDLE - 1);
        touch("used-", LIVE);
        touch("idle-", SHORT);
        pass(1);
        // Nothing has run out: each bucket is looked through and learns when to look again.
        set("first-", 8, 0);
        assertThat(lru.counters().get(Counter.EXPIRATIONS)).isZero();
        pass(IDLE - 2);
        touch("used-", LIVE);
        long evicted = lru.counters().get(Counter.EVICTIONS);
        pass(1);
        int used = here("used-", LIVE);
        set("fresh-", FRESH, 0);
        assertThat(here("used-", LIVE)).isEqualTo(used);
        assertThat(lru.counters().get(Counter.EVICTIONS)).isEqualTo(evicted);
        assertThat(lru.counters().get(Counter.EXPIRATIONS)).isPositive();
    }

    @Test
    void shouldTakeItsOwnPlaceWhereTheKeysOwnRecordHasExpired() {
        set("live-", 4 * WAYS, 0);
        set("short-", 1, LIFETIME);
        assertThat(lru.size()).isEqualTo(WAYS);
        pass(LIFETIME);
        long evicted = lru.counters().get(Counter.EVICTIONS);
        set("short-", 1, 0);
        assertThat(here("short-", 1)).isEqualTo(1);
        assertThat(lru.counters().get(Counter.EVICTIONS)).isEqualTo(evicted);
        assertThat(lru.counters().get(Counter.EXPIRATIONS)).isEqualTo(1);
        assertThat(lru.size()).isEqualTo(WAYS);
    }

    @Test
    void shouldCountAndTellTheKeysOwnExpiredRecordOnceWhereThereWasAFreePlaceToo() {
        List<String> expired = new ArrayList<>();
        lru.departures(new DepartureListener() {
            @Override
            public void onExpired(EntrySnapshot entry) {
                expired.add(new String(entry.key, 0, entry.keyLength, StandardCharsets.UTF_8));
            }

            @Override
            public void onEvicted(EntrySnapshot entry) {
                throw new AssertionError("nothing live was in the way");
            }
        });
        set("short-", 2, LIFETIME);
        pass(LIFETIME);
        set("short-", 1, 0);
        set("short-", 1, 0);
        assertThat(expired).containsExactly("short-0");
        assertThat(lru.counters().get(Counter.EXPIRATIONS)).isEqualTo(1);
        assertThat(lru.counters().get(Counter.EVICTIONS)).isZero();
    }

    private void pass(long ticks) {
        clocks.pass(ticks);
        lru.file().time().advance();
    }

    private void set(String prefix, int count, int lifetime) {
        for (int i = 0; i < count; i++) {
            lru.set(lru.encode(prefix + i), new byte[1], 0, 1, lifetime, null, false, outcome);
            assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
        }
    }

    private void touch(String prefix, int count) {
        for (int i = 0; i < count; i++) {
            lru.touch(lru.encode(prefix + i));
        }
    }

    private int here(String prefix, int count) {
        return (int) IntStream.range(0, count)
                .filter(i -> lru.find(lru.encode(prefix + i), new EntrySnapshot()))
                .count();
    }
}
