package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionLimitTest {
    private static final int LIMIT = 1_000;

    @TempDir
    private Path folder;

    private SharedLru lru;
    private SessionLimit limit;

    @BeforeEach
    void open() throws IOException {
        lru = SharedLru.open(new SegmentSettings(folder.resolve("relief.segment"))
                .role(SegmentSettings.Role.RELIEF)
                .recordSize(128)
                .elCount(3_000)
                .pathName("test"));
        limit = lru.limit(LIMIT);
    }

    @AfterEach
    void close() {
        lru.close();
    }

    /** The higher the number, the later it was used. */
    private void store(int from, int to, int lifetimeTicks) {
        WriteOutcome outcome = new WriteOutcome();
        for (int i = from; i < to; i++) {
            byte[] key = key(i);
            lru.fill(
                    lru.encode(key),
                    new SessionEntry(key, key, new Version(10, 7), 1, false, 1_000_000 - 100 * i, 0, lifetimeTicks),
                    Long.MAX_VALUE,
                    0,
                    true,
                    outcome);
            assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
        }
    }

    private static byte[] key(int i) {
        return ("key " + i).getBytes(StandardCharsets.US_ASCII);
    }

    private boolean isHere(int i) {
        return lru.find(lru.encode(key(i)), new EntrySnapshot());
    }

    private void slices() {
        for (int i = 0; i < 10; i++) {
            limit.slice();
        }
    }

    @Test
    void shouldLetTheOldestGoWhenThereAreMore() {
        List<String> told = new ArrayList<>();
        lru.departures(new DepartureListener() {
            @Override
            public void onExpired(EntrySnapshot entry) {
                throw new AssertionError("nothing expires here");
            }

            @Override
            public void onEvicted(EntrySnapshot entry) {
                told.add(new String(entry.keyCopy(), StandardCharsets.US_ASCII));
            }
        });
        store(0, 1_500, 0);
        slices();
        assertThat(lru.liveCount()).isEqualTo(LIMIT);
        for (int i = 0; i < 1_500; i++) {
            assertThat(isHere(i)).as("key %d", i).isEqualTo(i >= 500);
        }
        assertThat(lru.counters().get(Counter.LET_GO_FOR_QUOTA)).isEqualTo(500);
        assertThat(lru.counters().get(Counter.EVICTIONS)).isEqualTo(500);
        assertThat(lru.counters().get(Counter.EVICTED_AGED_OUT)).isZero();
        assertThat(told).hasSize(500).startsWith("key 0", "key 1").endsWith("key 499");
    }

    @Test
    void shouldDoNothingBelowAHundredthAboveTheLimit() {
        store(0, LIMIT + LIMIT / 100, 0);
        slices();
        assertThat(lru.liveCount()).isEqualTo(LIMIT + LIMIT / 100);
        store(LIMIT + LIMIT / 100, LIMIT + LIMIT / 100 + 1, 0);
        slices();
        assertThat(lru.liveCount()).isEqualTo(LIMIT);
    }

    @Test
    void shouldNotCountWhatHasExpired() {
        store(0, 900, 1);
        store(900, 1_700, 0);
        while (lru.liveCount() > 800) {
            Thread.onSpinWait();
        }
        slices();
        assertThat(lru.liveCount()).isEqualTo(800);
        assertThat(lru.counters().get(Counter.LET_GO_FOR_QUOTA)).isZero();
    }
}
