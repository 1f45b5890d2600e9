package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.Version;
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

    /** Between showing the new record and taking the old one away a writer may be stopped, and others take what they need. */
    @Test
    void shouldTellThatTheNewerRecordHasGoneWhenItsWriterHasNotYetTakenTheOlderOneAway() throws IOException {
        try (SharedLru lru = open()) {
            set(lru, "a");
            Version older = outcome.version();
            Segment writers = new Segment(lru.file(), new SegmentSettings(folder.resolve("f")));
            List<Version> told = new ArrayList<>();
            writers.departures().listener(new DepartureListener() {
                @Override
                public void onExpired(EntrySnapshot entry) {}

                @Override
                public void onEvicted(EntrySnapshot entry) {
                    told.add(entry.version());
                }
            });
            EncodedKey key = lru.encode("a");
            long lock = writers.begin(key);
            key.body.value = new byte[8];
            key.body.length = 8;
            key.body.versionClock = writers.nextVersion(key);
            key.body.versionOrigin = writers.origin();
            key.body.life = key.found.life;
            EntrySnapshot replaced = snapshot(writers, key.found.way, key.found.state);
            int way = writers.writer().store(key, lock, EntryWriter.Room.EVICT, outcome);
            writers.end(key, lock);
            EntrySnapshot newer = snapshot(writers, way, writers.records().stateAcquire(way));
            assertThat(newer.version()).isGreaterThan(older);

            writers.writer().retire(replaced.way, replaced.stateWord);
            writers.departures().tell(key.other(), replaced, false);
            assertThat(told).as("the session goes on in the newer one").isEmpty();
            set(lru, "a");
            EntrySnapshot newest = new EntrySnapshot();
            assertThat(lru.find(lru.encode("a"), newest)).isTrue();
            writers.departures().tell(lru.encode("a").other(), newer, false);
            assertThat(told).isEmpty();

            // As if what is there now were the older one that has not gone yet.
            newest.versionClock++;
            writers.departures().tell(lru.encode("a").other(), newest, false);
            assertThat(told).containsExactly(newest.version());
        }
    }

    private static EntrySnapshot snapshot(Segment segment, int way, long state) {
        EntrySnapshot copy = new EntrySnapshot();
        assertThat(segment.records().copyEntry(way, state, segment.now(), copy)).isTrue();
        return copy;
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
