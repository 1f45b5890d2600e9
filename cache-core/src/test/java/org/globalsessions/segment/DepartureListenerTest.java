package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever hears of an eviction hears of it after the write that caused it. */
class DepartureListenerTest {
    private static final int EL_COUNT = 20;

    @TempDir
    Path folder;

    private final WriteOutcome outcome = new WriteOutcome();
    private final List<Integer> liveWhenTold = new ArrayList<>();
    private final List<Integer> locksWhenTold = new ArrayList<>();
    private boolean fails;

    private SharedLru open() throws IOException {
        SharedLru lru = SharedLru.open(
                new SegmentSettings(folder.resolve("f")).elCount(EL_COUNT).pathName("auths"));
        lru.departures(new DepartureListener() {
            @Override
            public void onExpired(EntrySnapshot entry) {}

            @Override
            public void onEvicted(EntrySnapshot entry) {
                liveWhenTold.add(lru.liveCount());
                locksWhenTold.add(locksHeld(lru));
                if (fails) {
                    throw new InternalError("unable to create native thread");
                }
            }
        });
        return lru;
    }

    private static int locksHeld(SharedLru lru) {
        int held = 0;
        BucketTable buckets = new BucketTable(lru.file());
        for (int bucket = 0; bucket < lru.bucketCount(); bucket++) {
            held += HolderWord.isFree(buckets.lockWord(bucket)) ? 0 : 1;
        }
        return held;
    }

    private void set(SharedLru lru, String key) {
        lru.set(lru.encode(key), new byte[8], 0, 8, 0, null, false, outcome);
    }

    @Test
    void shouldTellAfterTheWriteWhenItsPlaceWasAnothers() throws IOException {
        try (SharedLru lru = open()) {
            evictByOverwriting(lru);
            assertThat(liveWhenTold).last().as("the older record has gone").isEqualTo(lru.liveCount());
            assertThat(locksWhenTold).isNotEmpty().containsOnly(0);
        }
    }

    @Test
    void shouldEndTheWriteWholeWhenTheListenerFails() throws IOException {
        try (SharedLru lru = open()) {
            evictByOverwriting(lru);
            long errors = lru.counters().get(Counter.ERRORS);
            int live = lru.liveCount();
            fails = true;
            set(lru, "new");
            set(lru, "newer");
            set(lru, "newer");
            assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
            assertThat(lru.get(lru.encode("newer"))).isNotNull();
            assertThat(lru.liveCount()).isEqualTo(live);
            assertThat(lru.counters().get(Counter.ERRORS)).isEqualTo(errors + liveWhenTold.size() - 1);
        }
    }

    /** Fills the table, then overwrites a key where no place is free. */
    private void evictByOverwriting(SharedLru lru) {
        for (int i = 0; lru.liveCount() < lru.bucketCount() * SegmentDescriptor.WAYS; i++) {
            set(lru, "k" + i);
        }
        set(lru, "last");
        liveWhenTold.clear();
        locksWhenTold.clear();
        set(lru, "last");
    }
}
