package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.globalsessions.segment.Finding.Region;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Words of overflow pages that somebody overwrites: an entry may be lost by it, another one's bytes are never shown. */
class MangledPagesTest {
    private static final int WORD = SegmentDescriptor.PAGE_WORD_LENGTH;
    private static final int LONGS = 1_500;
    private static final int PAGES_OF_VALUE = 3;

    private final long seed = Long.getLong("globalsessions.seed", System.nanoTime());
    private final Random random = new Random(seed);

    @TempDir
    private Path folder;

    private Path file;
    private SegmentGeometry geometry;

    @BeforeEach
    void create() throws IOException {
        System.out.println("seed=" + seed);
        file = folder.toRealPath().resolve("segment");
        SharedLru.open(PagesChild.settings(file)).close();
        geometry = SegmentGeometry.of(PagesChild.settings(file));
    }

    private void put(FileChannel channel, int page, int field, ByteBuffer bytes) throws IOException {
        channel.write(bytes, geometry.pageWordsOffset() + (long) page * WORD + field);
    }

    /**
     * Each page's word is overwritten once, while its entry is only read: a page that somebody is just writing can be taken from
     * under it by nothing but such a forgery, and no look can tell.
     */
    @Test
    @Tag("slow")
    void shouldNeverCrashHangOrShowAnothersBytesWhenPageWordsAreOverwrittenMeanwhile() throws Exception {
        int last = PagesChild.BUSY_KEYS + PagesChild.RESTING_KEYS;
        List<Integer> pages = new ArrayList<>();
        try (SharedLru lru = SharedLru.open(PagesChild.settings(file))) {
            lru.sweep(0, lru.bucketCount());
            for (int key = PagesChild.BUSY_KEYS; key < last; key++) {
                set(lru, key);
            }
            for (int key = PagesChild.BUSY_KEYS; key < last; key++) {
                pages.addAll(pagesOf(lru, key));
            }
            assertThat(pages).hasSize(PagesChild.RESTING_KEYS * PAGES_OF_VALUE).doesNotHaveDuplicates();
            Collections.shuffle(pages, random);
            try (ChildJvm one = ChildJvm.start(PagesChild.class, file.toString(), Long.toString(seed));
                    ChildJvm two = ChildJvm.start(PagesChild.class, file.toString(), Long.toString(seed + 1))) {
                mangle(lru, pages);
                for (ChildJvm child : new ChildJvm[] {one, two}) {
                    String answer = child.ask("stop");
                    assertThat(answer)
                            .as("seed %s, child: %s", seed, child.errors())
                            .startsWith("used ");
                    String[] words = answer.split(" ", -1);
                    System.out.println("operations=" + words[1] + " hits=" + words[2]);
                    assertThat(Long.parseLong(words[2])).isPositive();
                }
            }
            assertThat(SegmentInspector.open(file).check().isWhole()).isFalse();
        }
        try (SharedLru lru = SharedLru.open(PagesChild.settings(file))) {
            lru.sweep(0, lru.bucketCount());
            SegmentWholeness.check(lru);
            for (int key = 0; key < last; key++) {
                byte[] value = get(lru, key);
                assertThat(value == null || PagesChild.isWhole(key, value))
                        .as("key %s", key)
                        .isTrue();
                set(lru, key);
                assertThat(PagesChild.isWhole(key, get(lru, key)))
                        .as("key %s", key)
                        .isTrue();
            }
            SegmentWholeness.check(lru);
        }
    }

    private void mangle(SharedLru lru, List<Integer> pages) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (int page : pages) {
                ByteBuffer bytes = ByteBuffer.allocate(WORD).order(ByteOrder.LITTLE_ENDIAN);
                switch (random.nextInt(4)) {
                    case 0 -> bytes.putLong(0, 0L);
                    case 1 -> bytes.putLong(0, -1L).putLong(8, -1L);
                    case 2 -> bytes.putLong(0, random.nextLong()).putLong(8, random.nextLong());
                    default ->
                        bytes.putInt(0, 1 + random.nextInt(geometry.pageCount()))
                                .limit(4);
                }
                if (new OverflowArea(lru.file()).ownerAcquire(page) != 0) {
                    put(channel, page, bytes.limit() == 4 ? SegmentDescriptor.PAGE_NEXT_OFFSET : 0, bytes);
                }
                // Time for others to come by what was overwritten.
                WorkForSweep.awaitTicks(lru, 3);
            }
        }
    }

    /** A process that stands between taking its pages and writing them must see that they are not its own any more. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldWriteIntoNoOtherEntrysPagesWhenItsOwnWordsAreOverwrittenBeforeItWrites(boolean next) throws Exception {
        try (SteppedJvm writer = SteppedJvm.start();
                SharedLru lru = SharedLru.open(PagesChild.settings(file))) {
            set(lru, 0);
            int others = firstPage(lru, 0);
            assertThat(writer.child().ask("open pages\t" + file)).matches("\\d+\t\\d+");
            StepMarker beforeBody = LayoutSteps.marked().stream()
                    .filter(marker -> marker.is("set 8") && marker.className().equals(RecordView.class.getName()))
                    .findFirst()
                    .orElseThrow();
            writer.runUntil(beforeBody, "set pages\t1");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                OverflowArea area = new OverflowArea(lru.file());
                for (int page = 0; page < area.pageCount(); page++) {
                    boolean mine =
                            area.ownerAcquire(page) != 0 && !pagesOf(lru, 0).contains(page);
                    if (mine && next) {
                        put(
                                channel,
                                page,
                                SegmentDescriptor.PAGE_NEXT_OFFSET,
                                longOf(others + 1).limit(4));
                    } else if (mine) {
                        put(channel, page, SegmentDescriptor.PAGE_OWNER_OFFSET, longOf(area.ownerAcquire(others)));
                    }
                }
            }
            writer.resume();
            assertThat(writer.child().answer()).startsWith("STORED ");
            assertThat(PagesChild.isWhole(0, get(lru, 0))).isTrue();
            assertThat(PagesChild.isWhole(1, get(lru, 1))).isTrue();
        }
    }

    @Test
    void shouldTellWhatIsDamagedAndMakeItGoodByTheNextFullSweep() throws Exception {
        try (SharedLru lru = SharedLru.open(PagesChild.settings(file))) {
            lru.sweep(0, lru.bucketCount());
            for (int key = 0; key < 4; key++) {
                set(lru, key);
            }
            int[] pages = {firstPage(lru, 0), firstPage(lru, 1), firstPage(lru, 2)};
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                put(channel, pages[0], SegmentDescriptor.PAGE_OWNER_OFFSET, longOf(-1));
                put(
                        channel,
                        pages[1],
                        SegmentDescriptor.PAGE_NEXT_OFFSET,
                        longOf(7_654_321).limit(4));
                put(
                        channel,
                        pages[2],
                        SegmentDescriptor.PAGE_NEXT_OFFSET + 4,
                        longOf(5).limit(4));
            }
            SegmentReport report = SegmentInspector.open(file).check();
            assertThat(report.isWhole()).isFalse();
            assertThat(report.findings())
                    .filteredOn(finding -> finding.region() == Region.PAGES)
                    .extracting(Finding::index)
                    .contains((long) pages[0], (long) pages[1], (long) pages[2]);
            assertThat(get(lru, 0)).isNull();
            assertThat(get(lru, 1)).isNull();
            assertThat(PagesChild.isWhole(2, get(lru, 2))).isTrue();
            assertThat(PagesChild.isWhole(3, get(lru, 3))).isTrue();
        }
        // The first pass of a process is a full one.
        try (SharedLru lru = SharedLru.open(PagesChild.settings(file))) {
            lru.sweep(0, lru.bucketCount());
            SegmentReport report = SegmentInspector.open(file).check();
            assertThat(report.isClean()).as(report.describe()).isTrue();
            assertThat(lru.size()).isEqualTo(2);
            assertThat(report.pagesInUse()).isEqualTo(2L * PAGES_OF_VALUE);
            assertThat(lru.file().errors().read())
                    .anySatisfy(error -> assertThat(error.text()).startsWith("an entry had lost its pages"));
            for (int key = 0; key < 2; key++) {
                set(lru, key);
                assertThat(PagesChild.isWhole(key, get(lru, key))).isTrue();
            }
            assertThat(PagesChild.isWhole(2, get(lru, 2))).isTrue();
            assertThat(PagesChild.isWhole(3, get(lru, 3))).isTrue();
        }
    }

    private static ByteBuffer longOf(long value) {
        return ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(0, value);
    }

    private static byte[] get(SharedLru lru, int key) {
        return lru.get(lru.encode(PagesChild.key(key)));
    }

    private static void set(SharedLru lru, int key) {
        WriteOutcome outcome = new WriteOutcome();
        byte[] value = PagesChild.value(key, LONGS);
        lru.set(lru.encode(PagesChild.key(key)), value, 0, value.length, 0, null, false, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
    }

    private static EntrySnapshot entry(SharedLru lru, int key) {
        EntrySnapshot entry = new EntrySnapshot();
        assertThat(lru.find(lru.encode(PagesChild.key(key)), entry)).isTrue();
        return entry;
    }

    private static int firstPage(SharedLru lru, int key) {
        return new RecordView(lru.file(), new OverflowArea(lru.file())).firstPage(entry(lru, key).way);
    }

    private static List<Integer> pagesOf(SharedLru lru, int key) {
        EntrySnapshot entry = entry(lru, key);
        OverflowArea area = new OverflowArea(lru.file());
        long owner = OverflowArea.owner(entry.way, RecordDescriptor.generation(entry.stateWord));
        return IntStream.range(0, area.pageCount())
                .filter(page -> area.ownerAcquire(page) == owner)
                .boxed()
                .toList();
    }
}
