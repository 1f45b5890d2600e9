package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.globalsessions.Version;
import org.globalsessions.segment.WriteOutcome.Status;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Words that no writer leaves: what they claim ends with the next write of the key or with the next full sweep. */
class DamagedPlacesTest {
    private static final String KEY = "session";
    private static final int FULL_SWEEP_TICKS = 700;

    @TempDir
    private Path folder;

    private final FakeClocks clocks = new FakeClocks();
    private final WriteOutcome outcome = new WriteOutcome();
    private SharedLru lru;
    private RecordView records;
    private BucketTable buckets;

    @BeforeEach
    void open() throws IOException {
        SegmentSettings settings = new SegmentSettings(folder.resolve("segment")).elCount(1);
        lru = new SharedLru(SegmentFile.open(settings, clocks), settings);
        records = new RecordView(lru.file(), new OverflowArea(lru.file()));
        buckets = new BucketTable(lru.file());
    }

    @AfterEach
    void close() {
        lru.close();
    }

    private Status set(String key, String value, Version expected) {
        byte[] bytes = value.getBytes(UTF_8);
        lru.set(lru.encode(key), bytes, 0, bytes.length, 0, expected, false, outcome);
        return outcome.status();
    }

    private String get(String key) {
        byte[] value = lru.get(lru.encode(key));
        return value == null ? null : new String(value, UTF_8);
    }

    private void sweep() {
        clocks.pass(FULL_SWEEP_TICKS);
        lru.file().time().advance();
        lru.sweep(0, lru.bucketCount());
    }

    private void requireClean() throws IOException {
        SegmentReport report = SegmentInspector.open(lru.file().path()).check();
        assertThat(report.isClean()).as(report.describe()).isTrue();
    }

    /** As a backup may claim it: no clock gives it, and no writer refuses it. */
    @Test
    void shouldDeleteAndStoreAgainWhenAnEntryHasTheHighestVersionThatThereIs() throws IOException {
        byte[] key = KEY.getBytes(UTF_8);
        byte[] value = "restored".getBytes(UTF_8);
        Version highest = new Version(Version.MAX_CLOCK, 7);
        SessionEntry entry = new SessionEntry(key, value, highest, Version.MAX_CLOCK, false, 0, 0, 0);
        lru.fill(lru.encode(KEY), entry, Long.MAX_VALUE, 0, true, outcome);
        assertThat(get(KEY)).isEqualTo("restored");

        for (int i = 0; i < 3; i++) {
            lru.delete(lru.encode(KEY), outcome);
            assertThat(get(KEY)).as("after delete %d", i).isNull();
            requireClean();
            assertThat(set(KEY, "again", null)).isEqualTo(Status.STORED);
            assertThat(get(KEY)).isEqualTo("again");
            assertThat(set(KEY, "and again", null)).isEqualTo(Status.STORED);
            assertThat(get(KEY)).isEqualTo("and again");
        }
    }

    private void plant(int way, int offset, long word) {
        lru.file().recordBuffers()[0].putLong(way * lru.file().recordStride() + offset, word);
    }

    @ParameterizedTest
    @CsvSource({
        // Version 0: as it was.
        "0, 9223372036854775807",
        "0, 4611686018427387904",
        "9223372036854775807, 9223372036854775807",
        "9223372036854775807, 1",
        "9223372036854775806, 9223372036854775805",
        "9223372036854775806, 5000"
    })
    void shouldLeaveNothingOfASessionWhenItIsDeletedWithADamagedVersionOrLife(long version, long life)
            throws IOException {
        set(KEY, "old", null);
        int way = outcome.way();
        if (version != 0) {
            plant(way, RecordDescriptor.VERSION_OFFSET, version);
        }
        plant(way, RecordDescriptor.LIFE_OFFSET, life);
        assertThat(SegmentInspector.open(lru.file().path()).check().damage()).isPositive();

        lru.delete(lru.encode(KEY), outcome);

        assertThat(get(KEY)).isNull();
        assertThat(lru.counters().get(Counter.DAMAGED_ENTRIES)).isEqualTo(1);
        assertThat(set(KEY, "new", null)).isEqualTo(Status.STORED);
        // A tombstone of an impossible version would take it away with this write.
        assertThat(set(KEY, "newer", outcome.version())).isEqualTo(Status.STORED);
        assertThat(get(KEY)).isEqualTo("newer");
        requireClean();
    }

    @Test
    void shouldStoreASessionWhenItsTombstonesVersionIsDamaged() throws IOException {
        lru.delete(lru.encode(KEY), outcome);
        TombstoneTable.Found found = new TombstoneTable.Found();
        EncodedKey key = lru.encode(KEY);
        new TombstoneTable(lru.file(), buckets, SegmentSettings.Role.STANDALONE).find(key.high, key.low, found);
        int at = found.place * SegmentDescriptor.TOMBSTONE_LENGTH + SegmentDescriptor.TOMBSTONE_VERSION_OFFSET;
        lru.file().tombstones().putLong(at, Long.MAX_VALUE);

        assertThat(set(KEY, "one", null)).isEqualTo(Status.STORED);
        assertThat(set(KEY, "two", outcome.version())).isEqualTo(Status.STORED);

        assertThat(get(KEY)).isEqualTo("two");
        assertThat(SegmentInspector.open(lru.file().path()).check().damage()).isPositive();
        sweep();
        requireClean();
        assertThat(get(KEY)).isEqualTo("two");
    }

    /** All ways but one in use: that one decides whether a set evicts. */
    @ParameterizedTest
    @CsvSource({
        // State words without their generation; -1 leaves it as it is.
        "-1, 7", // free, and a tag
        "5, 0", // a kind that there is not
        "5, 7",
        "131077, 7", // the same, naming this process
        "2, 0", // visible, and no tag
    })
    void shouldUseAWayAgainWhenDamageHasTakenItOutOfUse(int state, int tag) throws IOException {
        int ways = lru.bucketCount() * SegmentDescriptor.WAYS;
        for (int i = 0; i < ways - 1; i++) {
            set("other-" + i, "value", null);
        }
        int free = freeWay();
        long generation = records.stateAcquire(free) & 0xFFFF_FFFF_0000_0000L;
        if (state >= 0) {
            plant(free, RecordDescriptor.STATE_OFFSET, generation | state);
        }
        buckets.setTag(free / SegmentDescriptor.WAYS, free % SegmentDescriptor.WAYS, tag);

        sweep();

        assertThat(RecordDescriptor.kind(records.stateAcquire(free))).isEqualTo(RecordDescriptor.FREE);
        assertThat(lru.counters().get(Counter.WAYS_RECLAIMED)).isEqualTo(1);
        requireClean();
        assertThat(set(KEY, "value", null)).isEqualTo(Status.STORED);
        assertThat(outcome.evicted()).isFalse();
        assertThat(outcome.way()).isEqualTo(free);
    }

    private int freeWay() {
        int way = 0;
        while (RecordDescriptor.kind(records.stateAcquire(way)) != RecordDescriptor.FREE) {
            way++;
        }
        return way;
    }

    /** Behind the table of the processes lie their counters, and one of them may look like a living process. */
    @Test
    void shouldFreeAReservedWayWhenItNamesASlotThatThereIsNot() throws IOException {
        int slot = SegmentDescriptor.SLOT_COUNT;
        int way = freeWay();
        plant(way, RecordDescriptor.STATE_OFFSET, RecordDescriptor.held(RecordDescriptor.RESERVED, slot, 5, 9));
        lru.file().header().putLong(ProcessTable.base(slot), ProcessTable.word(ProcessTable.LIVE, 5, 1));

        assertThat(lru.file().isDead(slot, 5)).isTrue();
        sweep();

        assertThat(RecordDescriptor.kind(records.stateAcquire(way))).isEqualTo(RecordDescriptor.FREE);
        requireClean();
    }

    @Test
    void shouldLeaveNothingOfASessionWhenItsBucketsTombstonesAreCountedBelowNone() {
        set(KEY, "old", null);
        for (int bucket = 0; bucket < lru.bucketCount(); bucket++) {
            buckets.addTombstones(bucket, -1);
        }

        lru.delete(lru.encode(KEY), outcome);

        assertThat(get(KEY)).isNull();
    }

    @Test
    void shouldFreeATombstonesPlaceWhenItsKindIsNone() throws IOException {
        lru.delete(lru.encode(KEY), outcome);
        TombstoneTable table = new TombstoneTable(lru.file(), buckets, SegmentSettings.Role.STANDALONE);
        EncodedKey key = lru.encode(KEY);
        TombstoneTable.Found found = new TombstoneTable.Found();
        table.find(key.high, key.low, found);
        lru.file().tombstones().putLong(found.place * SegmentDescriptor.TOMBSTONE_LENGTH, found.state | 7);

        sweep();

        assertThat(RecordDescriptor.kind(table.state(found.place))).isEqualTo(RecordDescriptor.FREE);
        requireClean();
    }
}
