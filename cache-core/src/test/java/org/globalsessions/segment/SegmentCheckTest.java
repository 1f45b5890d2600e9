package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.globalsessions.segment.Finding.Region;
import org.globalsessions.segment.Finding.Severity;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every invariant of a segment, checked by file alone: whole ones pass, each planted damage is found where it was planted. */
class SegmentCheckTest {
    private static final int EL_COUNT = 100;

    @TempDir
    private Path folder;

    private Path file;
    private final WriteOutcome outcome = new WriteOutcome();

    @BeforeEach
    void chooseFile() {
        file = folder.resolve("one.segment");
    }

    private SegmentSettings settings() {
        return new SegmentSettings(file)
                .elCount(EL_COUNT)
                .role(SegmentSettings.Role.HOST)
                .idleTimeout(Duration.ofMinutes(5));
    }

    private SegmentReport check() throws IOException {
        return SegmentInspector.open(file).check();
    }

    private void set(SharedLru lru, String key, String value) {
        byte[] bytes = value.getBytes(UTF_8);
        lru.set(lru.encode(key), bytes, 0, bytes.length, 0, null, true, outcome);
    }

    private void delete(SharedLru lru, String key) {
        lru.delete(lru.encode(key), outcome);
    }

    /** One entry and one tombstone, nobody attached any more. Returns the entry's way. */
    private int closedSegment() throws IOException {
        try (SharedLru lru = SharedLru.open(settings())) {
            set(lru, "gone", "x");
            delete(lru, "gone");
            set(lru, "session", "value");
            int way = outcome.way();
            lru.file().recordError("what was tried", new IllegalStateException("secret"));
            assertThat(lru.sweep(0, lru.bucketCount())).isZero();
            return way;
        }
    }

    private ByteBuffer read(long offset, int length) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
            channel.read(bytes, offset);
            return bytes.flip();
        }
    }

    private void write(long offset, ByteBuffer bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(bytes.rewind(), offset);
        }
    }

    private void writeLong(long offset, long value) throws IOException {
        write(offset, ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value));
    }

    @Test
    void shouldBeCleanAndLeaveTheFileAloneWhenNobodyIsAttached() throws Exception {
        closedSegment();
        byte[] before = Files.readAllBytes(file);
        SegmentReport report = check();
        assertThat(report.isClean()).as(report.describe()).isTrue();
        assertThat(report.live()).isFalse();
        assertThat(report.visible()).isEqualTo(1);
        assertThat(report.unpublished()).isEqualTo(1);
        assertThat(report.tombstones()).isEqualTo(1);
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }

    @Test
    void shouldBeCleanWhenAnotherTierHasAnnouncedChanges() throws Exception {
        closedSegment();
        try (SharedLru lru = SharedLru.open(settings())) {
            lru.noteAnnounced(lru.encode("session").digest());
        }
        SegmentReport report = check();
        assertThat(report.isClean()).as(report.describe()).isTrue();
    }

    /** By its role restored entries are marked, so that the relay judges them. */
    @Test
    void shouldSayThatItIsAHostsWhenItWasCreatedBeforeThereWasARelay() throws Exception {
        SharedLru.open(settings().role(SegmentSettings.Role.STANDALONE)).close();
        assertThat(SegmentInspector.open(file).role()).isEqualTo(SegmentSettings.Role.STANDALONE);
        SharedLru.open(settings().role(SegmentSettings.Role.HOST).relays(RelayPlaces.id("north")))
                .close();
        assertThat(SegmentInspector.open(file).role()).isEqualTo(SegmentSettings.Role.HOST);
    }

    @Test
    void shouldBeWholeAfterManyWritesAndDeletesWhenAtRest() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        try (SharedLru lru = SharedLru.open(settings())) {
            for (int i = 0; i < 20_000; i++) {
                String key = "key-" + random.nextInt(3 * EL_COUNT);
                if (random.nextInt(10) == 0) {
                    delete(lru, key);
                } else {
                    set(lru, key, "v".repeat(random.nextInt(10) == 0 ? 9_000 : random.nextInt(250)));
                }
            }
            SegmentReport report = check();
            assertThat(report.damage())
                    .as("seed=%d: %s", seed, report.describe())
                    .isZero();
            assertThat(report.inFlux()).as(report.describe()).isZero();
            assertThat(report.live()).isTrue();
            assertThat(report.visible()).isEqualTo(lru.size());
        }
    }

    @Test
    void shouldTakeNoWorkUnderWayForDamageWhenOthersWrite() throws Exception {
        try (SharedLru lru = SharedLru.open(settings())) {
            AtomicBoolean stop = new AtomicBoolean();
            List<Thread> writers = new ArrayList<>();
            for (int t = 0; t < 3; t++) {
                Random random = new Random(t);
                WriteOutcome own = new WriteOutcome();
                writers.add(new Thread(() -> {
                    byte[] value = new byte[9_000];
                    while (!stop.get()) {
                        EncodedKey key = lru.encode("key-" + random.nextInt(2 * EL_COUNT));
                        if (random.nextInt(4) == 0) {
                            lru.delete(key, own);
                        } else {
                            lru.set(
                                    key,
                                    value,
                                    0,
                                    random.nextInt(random.nextInt(5) == 0 ? 9_000 : 200),
                                    0,
                                    null,
                                    true,
                                    own);
                        }
                        lru.sweep(0, lru.bucketCount());
                    }
                }));
            }
            writers.forEach(Thread::start);
            try {
                SegmentInspector inspector = SegmentInspector.open(file);
                for (int i = 0; i < 100; i++) {
                    SegmentReport report = inspector.check();
                    assertThat(report.damage()).as(report.describe()).isZero();
                }
            } finally {
                stop.set(true);
                for (Thread writer : writers) {
                    writer.join();
                }
            }
            assertThat(check().inFlux()).as("after the last write").isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"set 7", "set 9", "delete 4"})
    void shouldTellLeftoversFromDamageAndWorkWhenAWriterStopsAndIsKilled(String step) throws Exception {
        boolean isSet = step.startsWith("set");
        SteppedOperation operation = isSet ? TableOperation.SET_OVER : TableOperation.DELETE;
        StepMarker marker = isSet ? StepStops.markerOf(step) : StepStops.markerOf(step, Segment.class, "");
        try (SharedLru lru = SharedLru.open(SteppedOperation.standalone(file));
                SteppedJvm child = SteppedJvm.start()) {
            operation.prepare(lru, child);
            child.open(file);
            child.runUntil(marker, operation.command(lru));
            SegmentReport stopped = check();
            assertThat(stopped.damage()).as(stopped.describe()).isZero();
            assertThat(stopped.inFlux()).as(stopped.describe()).isPositive();
            assertThat(stopped.toBeReclaimed()).as(stopped.describe()).isZero();
            child.child().kill();
            Awaitility.await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
                SegmentReport killed = check();
                assertThat(killed.damage()).as(killed.describe()).isZero();
                assertThat(killed.inFlux()).as(killed.describe()).isZero();
                assertThat(killed.toBeReclaimed()).as(killed.describe()).isGreaterThan(1);
            });
            lru.sweep(0, lru.bucketCount());
            SteppedOperation.set(lru, SteppedOperation.KEY, "next");
            SegmentWholeness.check(lru);
        }
    }

    /** What is planted: offset within the record of the one entry or within the file, value, what the finding says. */
    static Stream<Arguments> damagedRecords() {
        long generation = 1L << 32;
        return Stream.of(
                Arguments.of(RecordDescriptor.STATE_OFFSET, generation | 5, "no known kind"),
                Arguments.of(RecordDescriptor.STATE_OFFSET, generation | 0x42, "bits that mean nothing"),
                Arguments.of(RecordDescriptor.STATE_OFFSET, generation | 0x102, "visible way names a holder"),
                Arguments.of(RecordDescriptor.STATE_OFFSET, generation | 0xFF01, "never given out"),
                Arguments.of(RecordDescriptor.STATE_OFFSET, generation, "free way has a tag"),
                Arguments.of(RecordDescriptor.STATE_OFFSET, generation | 8, "free way names a holder or has marks"),
                Arguments.of(RecordDescriptor.ACCESS_OFFSET, 77L << 32, "another generation"),
                Arguments.of(RecordDescriptor.VERSION_OFFSET, 0L, "version's clock is not above 0"),
                Arguments.of(RecordDescriptor.LIFE_OFFSET, Long.MAX_VALUE, "life is not between"),
                Arguments.of(RecordDescriptor.IDLE_LIMIT_OFFSET, 0xFFFF_FFFFL, "idle limit is not between"),
                Arguments.of(RecordDescriptor.IDLE_LIMIT_OFFSET, 5L << 32, "hint says that the entry expires"),
                Arguments.of(RecordDescriptor.VALUE_LENGTH_OFFSET - 4, 400L << 32 | 30_000, "lengths do not fit"),
                Arguments.of(RecordDescriptor.VALUE_LENGTH_OFFSET - 4, -1L << 32 | 30_000, "lengths do not fit"),
                Arguments.of(RecordDescriptor.KEY_LENGTH_OFFSET, 0L, "lengths do not fit"),
                Arguments.of(RecordDescriptor.KEY_LENGTH_OFFSET, 2L << 16 | 7, "flags have unknown bits"),
                Arguments.of(RecordDescriptor.KEY_LENGTH_OFFSET, 1L << 16 | 7, "chain of pages breaks off"),
                Arguments.of(RecordDescriptor.KEY_LENGTH_OFFSET, 0xFFFFL, "lengths do not fit"),
                Arguments.of(RecordDescriptor.KEY_OFFSET, 0x2020_2020_2020_2020L, "tag is not the key's"));
    }

    @ParameterizedTest
    @MethodSource("damagedRecords")
    void shouldNameTheWayWhenARecordIsDamaged(int offset, long value, String what) throws Exception {
        int way = closedSegment();
        long at = SegmentInspector.open(file).check().visible() == 1 ? recordOffset(way) : -1;
        long aligned = (at + offset) & -4L;
        ByteBuffer bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
        write(aligned, bytes);
        SegmentReport report = check();
        assertThat(report.findings()).as(report.describe()).anySatisfy(finding -> {
            assertThat(finding.severity()).isEqualTo(Severity.DAMAGE);
            assertThat(finding.region()).isEqualTo(Region.RECORDS);
            assertThat(finding.index()).isEqualTo(way);
            assertThat(finding.what()).contains(what);
        });
        assertThat(report.isWhole()).isFalse();
        assertThat(report.describe()).doesNotContain("session").doesNotContain("value=v");
    }

    private long recordOffset(int way) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            SegmentGeometry geometry = SegmentGeometry.of(SegmentHeader.read(channel, file));
            return geometry.recordsOffset() + (long) way * geometry.recordStride();
        }
    }

    static Stream<Arguments> damagedElsewhere() {
        int slot = SegmentDescriptor.PROCESSES_OFFSET + 9 * SegmentDescriptor.SLOT_LENGTH;
        int bucket = SegmentDescriptor.BUCKETS_OFFSET + 2 * SegmentDescriptor.BUCKET_LENGTH;
        return Stream.of(
                Arguments.of(SegmentDescriptor.ORIGIN_OFFSET, 128L << 32, Region.HEADER, "origin is not above 0"),
                Arguments.of(SegmentDescriptor.ROLE_OFFSET, 32L << 32 | 5, Region.HEADER, "role is unknown"),
                Arguments.of(SegmentDescriptor.RETIRED_OFFSET, 2L, Region.HEADER, "neither 0 nor 1"),
                Arguments.of(SegmentDescriptor.TICK_OFFSET, -1L, Region.HEADER, "tick is below 0"),
                Arguments.of(SegmentDescriptor.POSITION_OFFSET, 7L, Region.HEADER, "without a relay epoch"),
                Arguments.of(SegmentDescriptor.HORIZON_OFFSET, -7L, Region.HEADER, "a horizon without a relay epoch"),
                Arguments.of(SegmentDescriptor.LEASES_OFFSET, -7L, Region.HEADER, "end of a relay's lease is below 0"),
                Arguments.of(SegmentDescriptor.LEASES_OFFSET + 8, -7L, Region.HEADER, "last cut is below 0"),
                Arguments.of(
                        SegmentDescriptor.YOUNGEST_DROPPED_OFFSET, -7L, Region.HEADER, "dropped tombstone is below 0"),
                Arguments.of(
                        SegmentDescriptor.YOUNGEST_DROPPED_OFFSET, 1L << 62, Region.HEADER, "written in the future"),
                Arguments.of(568, 1L, Region.HEADER, "reserved bytes are not 0: 568"),
                Arguments.of(
                        SegmentDescriptor.DELETES_KNOWN_OFFSET,
                        2L,
                        Region.HEADER,
                        "earlier deletes are known is neither"),
                Arguments.of(SegmentDescriptor.RELAY_LIST_OFFSET, 1L << 16, Region.HEADER, "places that do not exist"),
                Arguments.of(SegmentDescriptor.RELAY_LIST_OFFSET, 1L, Region.HEADER, "a place without a relay"),
                Arguments.of(SegmentDescriptor.RELAY_LIST_OFFSET, 0x1FFL, Region.HEADER, "more than 8: 9"),
                Arguments.of(
                        SegmentDescriptor.RELAYS_OFFSET + 24, -1L, Region.HEADER, "a horizon without a relay epoch"),
                Arguments.of(SegmentDescriptor.RELAYS_OFFSET + 48, 1L, Region.HEADER, "without a relay epoch"),
                Arguments.of(SegmentDescriptor.LINK_OWNER_OFFSET, 300L << 55, Region.HEADER, "does not exist"),
                Arguments.of(SegmentDescriptor.SWEEPER_OFFSET, 3L << 55, Region.HEADER, "epoch 0"),
                Arguments.of(SegmentDescriptor.NOTE_OFFSET, 509L, Region.HEADER, "longer than its place"),
                Arguments.of(SegmentDescriptor.NOTE_OFFSET, 0xFFL << 32 | 1, Region.HEADER, "not UTF-8"),
                Arguments.of(600, 1L, Region.HEADER, "reserved bytes are not 0: 580"),
                Arguments.of(slot, 77L, Region.PROCESSES, "free slot names a process"),
                Arguments.of(slot, 1L << 47 | 77, Region.PROCESSES, "incarnation 0"),
                Arguments.of(slot, 1L << 47 | 5L << 32, Region.PROCESSES, "names no process"),
                Arguments.of(slot, 1L << 60, Region.PROCESSES, "bits that mean nothing"),
                Arguments.of(slot + 32, -1L, Region.PROCESSES, "insertions are below 0"),
                Arguments.of(slot + 40, 2L, Region.PROCESSES, "neither 0 nor 1"),
                Arguments.of(slot + 48, 1L, Region.PROCESSES, "reserved bytes"),
                Arguments.of(SegmentDescriptor.COUNTERS_OFFSET + 512 + 8, -1L, Region.COUNTERS, "counter 1 is below"),
                Arguments.of(SegmentDescriptor.ERRORS_OFFSET + 40, 0L, Region.ERRORS, "do not fit each other"),
                Arguments.of(SegmentDescriptor.ERRORS_OFFSET + 512, 1L, Region.ERRORS, "do not fit each other"),
                Arguments.of(bucket + SegmentDescriptor.LOCK_OFFSET, 400L, Region.BUCKETS, "never given out"),
                Arguments.of(bucket + SegmentDescriptor.LOCK_OFFSET, 1L << 9, Region.BUCKETS, "names an incarnation"),
                Arguments.of(bucket + SegmentDescriptor.NOTE_WORD_OFFSET, 1L << 24, Region.BUCKETS, "does not exist"),
                Arguments.of(bucket + 120, 1L, Region.BUCKETS, "reserved bytes"),
                Arguments.of(bucket + SegmentDescriptor.DEPARTED_OFFSET, -1L, Region.BUCKETS, "what has left is below"),
                Arguments.of(
                        bucket + SegmentDescriptor.BUCKET_TOMBSTONES_OFFSET, 0xFFFF_FFFFL, Region.BUCKETS, "below 0"),
                Arguments.of(SegmentDescriptor.PAGE_CURSOR_OFFSET, 0xFFFF_FFFFL, Region.HEADER, "does not exist"),
                Arguments.of(bucket + SegmentDescriptor.HINTS_OFFSET, 8L, Region.RECORDS, "mean nothing"),
                Arguments.of(bucket + SegmentDescriptor.HINTS_OFFSET, 0x20L, Region.RECORDS, "mean nothing"));
    }

    @ParameterizedTest
    @MethodSource("damagedElsewhere")
    void shouldNameThePlaceWhenAnotherRegionIsDamaged(int offset, long value, Region region, String what)
            throws Exception {
        closedSegment();
        writeLong(offset, value);
        assertDamage(region, what);
    }

    private void assertDamage(Region region, String what) throws IOException {
        SegmentReport report = check();
        assertThat(report.findings())
                .as(report.describe())
                .anyMatch(finding -> finding.severity() == Severity.DAMAGE
                        && finding.region() == region
                        && finding.what().contains(what));
    }

    static Stream<Arguments> damagedTombstones() {
        long generation = 1L << 32;
        return Stream.of(
                Arguments.of(0, generation | 3, "never has"),
                Arguments.of(0, generation | 8, "free place names"),
                Arguments.of(0, generation | 4L << 3 | 2, "unknown flags"),
                Arguments.of(0, generation | 0xFF01, "never given out"),
                Arguments.of(SegmentDescriptor.TOMBSTONE_DIGEST_HIGH_OFFSET, 12_345L, "does not belong"),
                Arguments.of(SegmentDescriptor.TOMBSTONE_VERSION_OFFSET, -1L, "not above 0"),
                Arguments.of(SegmentDescriptor.TOMBSTONE_ORIGIN_OFFSET, 0x7000_0000L << 32 | 5, "in the future"),
                Arguments.of(SegmentDescriptor.TOMBSTONE_POSITION_OFFSET, -1L, "position is below 0"),
                Arguments.of(SegmentDescriptor.TOMBSTONE_POSITION_OFFSET, 17L << 48, "place that does not exist: 16"),
                Arguments.of(SegmentDescriptor.TOMBSTONE_LIFE_OFFSET, -1L, "life that it took away"),
                Arguments.of(SegmentDescriptor.TOMBSTONE_LIFE_OFFSET, Long.MAX_VALUE, "above its version"));
    }

    @ParameterizedTest
    @MethodSource("damagedTombstones")
    void shouldNameThePlaceWhenATombstoneIsDamaged(int offset, long value, String what) throws Exception {
        closedSegment();
        writeLong(tombstoneOffset() + offset, value);
        assertDamage(Region.TOMBSTONES, what);
    }

    private long tombstoneOffset() throws IOException {
        SegmentInspector inspector = SegmentInspector.open(file);
        long first = SegmentDescriptor.tombstonesOffset(inspector.bucketCount());
        for (int place = 0; place < inspector.tombstoneCapacity(); place++) {
            long at = first + (long) place * SegmentDescriptor.TOMBSTONE_LENGTH;
            if (RecordDescriptor.kind(read(at, 8).getLong()) == RecordDescriptor.VISIBLE) {
                return at;
            }
        }
        throw new AssertionError("there is no tombstone");
    }

    @Test
    void shouldFindABeatenEntryWhenItsTombstoneIsApplied() throws Exception {
        try (SharedLru lru = SharedLru.open(settings())) {
            set(lru, "session", "value");
            delete(lru, "session");
            set(lru, "session", "value");
        }
        assertThat(check().isClean()).isTrue();
        writeLong(tombstoneOffset() + SegmentDescriptor.TOMBSTONE_VERSION_OFFSET, Long.MAX_VALUE);
        assertDamage(Region.RECORDS, "a tombstone that is applied beats this visible entry");
    }

    @Test
    void shouldFindACountOfTombstonesThatIsTooLow() throws Exception {
        closedSegment();
        long at = SegmentDescriptor.BUCKETS_OFFSET + SegmentDescriptor.BUCKET_TOMBSTONES_OFFSET;
        for (int bucket = 0; bucket < SegmentInspector.open(file).bucketCount(); bucket++) {
            writeLong(at + (long) bucket * SegmentDescriptor.BUCKET_LENGTH, 0);
        }
        assertDamage(Region.BUCKETS, "number of tombstones is too low");
    }

    /** A closed segment with one value in three pages; returns the offset of its way's record. */
    private long segmentWithPages() throws IOException {
        try (SharedLru lru = SharedLru.open(settings())) {
            set(lru, "large", "x".repeat(3 * SegmentDescriptor.PAGE_LENGTH));
        }
        SegmentReport report = check();
        assertThat(report.isClean()).as(report.describe()).isTrue();
        assertThat(report.pagesInUse()).isEqualTo(3);
        return recordOffset(outcome.way());
    }

    private long pageWordsOffset() throws IOException {
        return read(SegmentDescriptor.PAGE_WORDS_OFFSET_OFFSET, 8).getLong();
    }

    @Test
    void shouldFindWhatIsWrongWithPagesWhenTheirWordsAreDamaged() throws Exception {
        long record = segmentWithPages();
        long words = pageWordsOffset();
        byte[] whole = Files.readAllBytes(file);
        writeLong(words, 0);
        assertDamage(Region.RECORDS, "chain of pages breaks off");
        Files.write(file, whole);
        writeLong(words, read(words, 8).getLong() + (1L << 32));
        assertDamage(Region.RECORDS, "chain of pages breaks off");
        assertThat(check().toBeReclaimed()).isEqualTo(1);
        Files.write(file, whole);
        writeLong(words, 0x7FFF_FFFFL);
        assertDamage(Region.PAGES, "a way that does not exist");
        Files.write(file, whole);
        write(words + 5 * 16, read(words, 8));
        assertDamage(Region.PAGES, "does not have it in its chain");
        Files.write(file, whole);
        writeLong(words + 8, 77_777);
        assertDamage(Region.PAGES, "next page does not exist");
        Files.write(file, whole);
        writeLong(words + 6 * 16 + 8, 1L << 32);
        assertDamage(Region.PAGES, "reserved bytes are not 0");
        Files.write(file, whole);
        write(record + RecordDescriptor.VALUE_LENGTH_OFFSET, read(record + RecordDescriptor.KEY_LENGTH_OFFSET, 2));
        assertDamage(Region.RECORDS, "chain of pages");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldFindAFreePageThatNobodyIsOfferedAndTheNextFullSweepOfferItWhenItsBitIsSet(boolean summary)
            throws Exception {
        segmentWithPages();
        int pages;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            pages = SegmentGeometry.of(SegmentHeader.read(channel, file)).pageCount();
        }
        long bits = pageWordsOffset() + pages * 16L;
        assertThat(read(bits, 8).getLong()).isEqualTo(0b111);
        if (summary) {
            writeLong(bits + PageBitmap.groups(pages) * 8L, 1);
        } else {
            writeLong(bits, 1L << 31 | 0b111);
        }
        SegmentReport report = check();
        assertThat(report.isWhole()).isTrue();
        assertThat(report.toBeReclaimed()).as(report.describe()).isEqualTo(summary ? Math.min(64, pages) - 3 : 1);
        assertThat(report.findings())
                .allMatch(finding -> finding.what().equals("page is free and its bit says that it is not"));
        try (SharedLru lru = SharedLru.open(settings())) {
            lru.sweep(0, lru.bucketCount());
        }
        assertThat(check().isClean()).isTrue();
        assertThat(read(bits, 8).getLong()).isEqualTo(0b111);
    }

    @Test
    void shouldFindTwoRecordsOfOneKeyWhenNobodyIsAtWork() throws Exception {
        doubleOneRecord();
        assertDamage(Region.RECORDS, "two visible records of one key");
    }

    /** Its writer may be stopped before it has retired the older one, and has lost the lock since. */
    @Test
    void shouldNotTakeTwoRecordsOfOneKeyForDamageWhileAnybodyMayBeAtWork() throws Exception {
        doubleOneRecord();
        try (SharedLru lru = SharedLru.open(settings())) {
            SegmentReport report = check();
            assertThat(report.damage()).as(report.describe()).isZero();
            assertThat(report.inFlux()).as(report.describe()).isPositive();
            assertThat(lru.size()).isPositive();
        }
    }

    private void doubleOneRecord() throws IOException {
        int way = closedSegment();
        long from = recordOffset(way);
        int lane = way % SegmentDescriptor.WAYS;
        int otherLane = lane == 15 ? 14 : lane + 1;
        int other = way - lane + otherLane;
        write(recordOffset(other), read(from, 384));
        long bucket = SegmentDescriptor.BUCKETS_OFFSET
                + (long) (way / SegmentDescriptor.WAYS) * SegmentDescriptor.BUCKET_LENGTH;
        write(bucket + otherLane * 2L, read(bucket + lane * 2L, 2));
        write(
                bucket + SegmentDescriptor.HINTS_OFFSET + otherLane,
                read(bucket + SegmentDescriptor.HINTS_OFFSET + lane, 1));
    }

    @Test
    void shouldKeepTheListShortAndCountAllWhenMuchIsDamaged() throws Exception {
        closedSegment();
        for (int way = 0; way < 50; way++) {
            writeLong(recordOffset(way), 5);
        }
        SegmentReport report = SegmentInspector.open(file).check(3);
        assertThat(report.findings()).hasSize(3);
        assertThat(report.damage()).isGreaterThanOrEqualTo(49);
    }

    @Test
    void shouldNeverCrashWhenAnyBitsAreFlipped() throws Exception {
        closedSegment();
        byte[] whole = Files.readAllBytes(file);
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int found = 0;
        for (int i = 0; i < 300; i++) {
            byte[] mangled = whole.clone();
            int flips = 1 + random.nextInt(64);
            for (int f = 0; f < flips; f++) {
                int region = random.nextBoolean() ? SegmentDescriptor.BUCKETS_OFFSET : 0;
                int at = region + random.nextInt(mangled.length - region);
                mangled[at] ^= (byte) (1 << random.nextInt(8));
            }
            Files.write(file, mangled);
            try {
                found += check().isClean() ? 0 : 1;
            } catch (SegmentException refused) {
                found++;
            } catch (RuntimeException e) {
                throw new AssertionError("seed=" + seed + ", round=" + i, e);
            }
        }
        assertThat(found).as("seed=%d", seed).isPositive();
    }

    @Test
    void shouldCheckAllThatTheLayoutCallsReserved() throws Exception {
        assertThat(HeaderCheck.RESERVED).isDeepEqualTo(reserved("### Header"));
        assertThat(new int[][] {{SlotCheck.RESERVED_OFFSET, SegmentDescriptor.SLOT_LENGTH}})
                .isDeepEqualTo(reserved("### Attach slot"));
        assertThat(LockCheck.RESERVED).isDeepEqualTo(reserved("### Bucket header"));
        assertThat(new int[][] {{PageCheck.RESERVED_OFFSET, SegmentDescriptor.PAGE_WORD_LENGTH}})
                .isDeepEqualTo(reserved("### Page word"));
    }

    private static int[][] reserved(String section) throws IOException {
        List<int[]> reserved = new ArrayList<>();
        boolean inside = false;
        for (String line : Files.readAllLines(Path.of("LAYOUT.md"))) {
            if (line.startsWith("#")) {
                inside = line.equals(section);
            } else if (inside && line.matches("\\| \\d+ \\| \\d+ \\| reserved .*")) {
                String[] cells = line.split("\\|", -1);
                int from = Integer.parseInt(cells[1].strip());
                reserved.add(new int[] {from, from + Integer.parseInt(cells[2].strip())});
            }
        }
        return reserved.toArray(new int[0][]);
    }
}
