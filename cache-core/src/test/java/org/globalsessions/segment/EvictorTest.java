package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.segment.EvictionSettings.Timetable;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Evictions before a place is needed: only what is due goes, the longest unused first, at the moments that the timetable names. */
class EvictorTest {
    private static final int SECOND = 100;
    private static final Duration AGED_OUT = Duration.ofSeconds(60);
    private static final int EL_COUNT = 500;

    @TempDir
    private Path folder;

    private final FakeClocks clocks = new FakeClocks();
    private final WriteOutcome outcome = new WriteOutcome();
    private final List<SharedLru> opened = new ArrayList<>();

    @AfterEach
    void close() {
        opened.forEach(SharedLru::close);
    }

    private SharedLru open(Role role, EvictionSettings evictions) throws IOException {
        SegmentSettings settings = new SegmentSettings(folder.resolve("segment"))
                .elCount(EL_COUNT)
                .role(role)
                .evictions(evictions);
        SharedLru lru = new SharedLru(SegmentFile.open(settings, clocks), settings);
        opened.add(lru);
        return lru;
    }

    private SharedLru open(EvictionSettings evictions) throws IOException {
        return open(Role.STANDALONE, evictions);
    }

    private static EvictionSettings every(Duration interval, int most) {
        return new EvictionSettings(AGED_OUT, 20, false, List.of(new Timetable(interval, Duration.ZERO, most)));
    }

    private void set(SharedLru lru, String key) {
        lru.set(lru.encode(key), key.getBytes(UTF_8), 0, key.length(), 0, null, false, outcome);
    }

    private static boolean isHere(SharedLru lru, String key) {
        return lru.find(lru.encode(key), new EntrySnapshot());
    }

    /** Lets time pass and sweeps four times a second, as housekeeping does. */
    private void pass(SharedLru lru, int seconds) {
        for (int i = 0; i < 4 * seconds; i++) {
            clocks.pass(SECOND / 4);
            opened.forEach(each -> each.file().time().advance());
            lru.sweep(0, lru.bucketCount());
        }
    }

    private void idle(int ticks) {
        clocks.pass(ticks);
        opened.forEach(each -> each.file().time().advance());
    }

    private static List<String> evicted(SharedLru lru, int count) {
        List<String> keys = new ArrayList<>();
        lru.evict(count, entry -> keys.add(new String(entry.keyCopy(), UTF_8)));
        return keys;
    }

    @Test
    void shouldKeepEveryFreshEntryWhenRunsAreFrequent() throws IOException {
        SharedLru lru = open(every(Duration.ofMillis(250), EL_COUNT));
        for (int i = 0; i < EL_COUNT; i++) {
            set(lru, "session-" + i);
        }
        pass(lru, 59);
        assertThat(lru.liveCount()).isEqualTo(EL_COUNT);
        pass(lru, 3);
        assertThat(lru.liveCount()).as("unused for longer than aged_out_secs").isZero();
        assertThat(lru.counters().get(Counter.EVICTED_AGED_OUT)).isEqualTo(EL_COUNT);
    }

    @Test
    void shouldTakeTheLongestUnusedFirstAndNoMoreThanAllowedWhenARunTakesPlace() throws IOException {
        SharedLru lru = open(every(Duration.ofSeconds(100), 3));
        for (int i = 0; i < 10; i++) {
            set(lru, "session-" + i);
            idle(SECOND);
        }
        // Used again, so the youngest of all.
        assertThat(lru.get(lru.encode("session-0"))).isNotNull();
        assertThat(lru.touch(lru.encode("session-1"))).isTrue();
        int before = (int) lru.counters().get(Counter.EVICTIONS);
        for (int i = 0; i < 200 && lru.counters().get(Counter.EVICTIONS) == before; i++) {
            pass(lru, 1);
        }
        pass(lru, 50);
        assertThat(List.of(2, 3, 4)).noneMatch(i -> isHere(lru, "session-" + i));
        assertThat(List.of(0, 1, 5, 6, 7, 8, 9)).allMatch(i -> isHere(lru, "session-" + i));
    }

    @Test
    void shouldRunAtTheMomentsOfSegmentTimeWhenIntervalAndShiftAreGiven() throws IOException {
        Timetable timetable = new Timetable(Duration.ofSeconds(10), Duration.ofSeconds(3), 1);
        SharedLru lru = open(new EvictionSettings(Duration.ofSeconds(1), 20, false, List.of(timetable)));
        for (int i = 0; i < 20; i++) {
            set(lru, "session-" + i);
        }
        idle(2 * SECOND);
        List<Long> moments = new ArrayList<>();
        long seen = 0;
        for (int i = 0; i < 400; i++) {
            idle(10);
            lru.sweep(0, lru.bucketCount());
            long now = lru.counters().get(Counter.EVICTED_AGED_OUT);
            if (now > seen) {
                assertThat(now).isEqualTo(seen + 1);
                moments.add(lru.file().tick());
                seen = now;
            }
        }
        assertThat(moments)
                .hasSize(4)
                .allSatisfy(tick -> assertThat(Math.floorMod(tick - 300, 1000)).isLessThan(10));
    }

    @Test
    void shouldNotRepeatARunWhenAnotherProcessTakesTheDutyOver() throws IOException {
        SharedLru first = open(every(Duration.ofSeconds(100), 1));
        SharedLru second = open(every(Duration.ofSeconds(100), 1));
        for (int i = 0; i < 20; i++) {
            set(first, "session-" + i);
        }
        idle(61 * SECOND);
        for (int i = 0; i < 400 && first.counters().get(Counter.EVICTED_AGED_OUT) == 0; i++) {
            pass(first, 1);
        }
        pass(second, 90);
        assertThat(first.counters().get(Counter.EVICTED_AGED_OUT)).isEqualTo(1);
        pass(second, 20);
        assertThat(first.counters().get(Counter.EVICTED_AGED_OUT)).isEqualTo(2);
    }

    @Test
    void shouldFollowAnEvictionForSpaceWithARunWhenEvictionsAreImmediate() throws IOException {
        EvictionSettings immediate = new EvictionSettings(AGED_OUT, 30, true, List.of());
        SharedLru lru = open(immediate);
        int old = 0;
        while (lru.counters().get(Counter.EVICTIONS) == 0) {
            set(lru, "old-" + old++);
        }
        pass(lru, 2);
        assertThat(lru.counters().get(Counter.EVICTIONS)).as("nothing is due").isEqualTo(1);
        idle(61 * SECOND);
        lru.sweep(0, lru.bucketCount());
        int live = lru.liveCount();
        pass(lru, 1);
        assertThat(lru.liveCount()).as("nobody needed a place since").isEqualTo(live);
        for (int i = 0; lru.counters().get(Counter.EVICTIONS) == 1; i++) {
            set(lru, "new-" + i);
        }
        pass(lru, 5);
        assertThat(lru.counters().get(Counter.EVICTED_AGED_OUT)).isEqualTo(30);
    }

    @Test
    void shouldNeverTakeWhatTheNextTierDoesNotHaveWhenItIsDue() throws IOException {
        SharedLru lru = open(Role.HOST, every(Duration.ofSeconds(1), EL_COUNT));
        set(lru, "held");
        set(lru, "published");
        EntrySnapshot published = new EntrySnapshot();
        assertThat(lru.find(lru.encode("published"), published)).isTrue();
        lru.clearMarks(
                published.way(),
                published.stateWord(),
                RecordDescriptor.UNPUBLISHED | RecordDescriptor.LIFE_UNCONFIRMED);
        pass(lru, 70);
        assertThat(isHere(lru, "published")).isFalse();
        assertThat(isHere(lru, "held")).isTrue();
        assertThat(evicted(lru, 10)).isEmpty();
        assertThat(lru.evictNear(lru.encode("held"), 10, entry -> {})).isZero();
    }

    @Test
    void shouldHandOnKeyAndValueOldestFirstWhenAskedToEvict() throws IOException {
        SharedLru lru = open(new EvictionSettings(AGED_OUT, 20, false, List.of()));
        for (int i = 0; i < 5; i++) {
            set(lru, "session-" + i);
            idle(SECOND);
        }
        assertThat(evicted(lru, 10)).as("nothing is due").isEmpty();
        idle(57 * SECOND + 1);
        assertThat(evicted(lru, 2)).containsExactly("session-0", "session-1");
        assertThat(isHere(lru, "session-0")).isFalse();
        assertThat(evicted(lru, 10)).as("the others are fresh still").containsExactly("session-2");
    }

    @Test
    void shouldTakeOnlyFromTheKeysOwnBucketsWhenEvictionIsTargeted() throws IOException {
        SharedLru lru = open(new EvictionSettings(AGED_OUT, 20, false, List.of()));
        for (int i = 0; i < EL_COUNT; i++) {
            set(lru, "session-" + i);
        }
        idle(61 * SECOND);
        EncodedKey key = lru.encode("wanted");
        int first = lru.firstBucket(key.digest());
        int second = lru.secondBucket(key.digest());
        List<Integer> buckets = new ArrayList<>();
        int gone = lru.evictNear(key, 3, entry -> buckets.add(entry.way() / SegmentDescriptor.WAYS));
        assertThat(gone).isEqualTo(3);
        assertThat(buckets).hasSize(3).isSubsetOf(first, second);
        assertThat(lru.liveCount()).isEqualTo(EL_COUNT - 3);
    }

    @Test
    void shouldTakeNothingWhenNoAgeIsConfigured() throws IOException {
        SharedLru lru = open(new EvictionSettings(
                Duration.ZERO, 20, true, List.of(new Timetable(Duration.ofMillis(10), Duration.ZERO, 20))));
        set(lru, "session");
        pass(lru, 100);
        assertThat(isHere(lru, "session")).isTrue();
        assertThat(evicted(lru, 10)).isEmpty();
    }
}
