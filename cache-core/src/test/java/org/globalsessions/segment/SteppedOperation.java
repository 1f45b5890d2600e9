package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a process does when it is killed or stopped at a step: the table before, the command, and what has to be there of the
 * key after. Which lines an operation comes by is not written here but seen: each is run once past all of them.
 */
enum SteppedOperation {
    SET_OVER("set 9"),
    SET_FIRST("set 9") {
        @Override
        String before() {
            return null;
        }
    },
    /** Into a table without a free way. */
    SET_EVICTING("set 9") {
        @Override
        void prepare(SharedLru lru, SteppedJvm holder) {
            fillWays(lru);
        }

        @Override
        String before() {
            return null;
        }
    },
    /** Over a record whose time has run out, of a value in pages. */
    SET_OVER_EXPIRED("set 9") {
        @Override
        void prepare(SharedLru lru, SteppedJvm holder) {
            byte[] value = LARGE_OLD.getBytes(UTF_8);
            lru.set(lru.encode(KEY), value, 0, value.length, 1, null, false, new WriteOutcome());
            WorkForSweep.awaitTicks(lru, 3);
        }

        @Override
        String before() {
            return null;
        }
    },
    /** Of a value in pages, over one in the record. */
    SET_LARGE("set 9") {
        @Override
        String after() {
            return LARGE_NEW;
        }
    },
    /** Of a value in pages over another one, whose pages become free. */
    SET_LARGE_OVER("set 9") {
        @Override
        String before() {
            return LARGE_OLD;
        }

        @Override
        String after() {
            return LARGE_NEW;
        }
    },
    /** Of a value in pages into an area without enough free ones. */
    SET_LARGE_EVICTING("set 9") {
        @Override
        void prepare(SharedLru lru, SteppedJvm holder) {
            fillPages(lru);
        }

        @Override
        String before() {
            return null;
        }

        @Override
        String after() {
            return LARGE_NEW;
        }
    },
    SET_SMALL_OVER_LARGE("set 9") {
        @Override
        String before() {
            return LARGE_OLD;
        }
    },
    /** A conditional one, over the version that is there. */
    SET_EXPECTING("set 9") {
        @Override
        String command(SharedLru lru) {
            EntrySnapshot entry = new EntrySnapshot();
            assertThat(lru.find(lru.encode(KEY), entry)).isTrue();
            return String.join("\t", "set expecting", KEY, NEW, "" + entry.versionClock, "" + entry.versionOrigin);
        }
    },
    /** While another process is stopped inside a set of the same key. */
    SET_TAKING_OVER("set 9") {
        @Override
        void prepare(SharedLru lru, SteppedJvm holder) throws Exception {
            super.prepare(lru, holder);
            holder.open(lru.file().path());
            holder.runUntil(markerOf("set 9"), "set\t" + KEY + "\t" + HELD);
        }

        @Override
        boolean isOfTwo() {
            return true;
        }
    },
    DELETE("delete 2") {
        @Override
        String command(SharedLru lru) {
            return "delete\t" + KEY;
        }

        @Override
        String after() {
            return null;
        }
    },
    DELETE_LARGE("delete 2") {
        @Override
        String before() {
            return LARGE_OLD;
        }

        @Override
        String command(SharedLru lru) {
            return DELETE.command(lru);
        }

        @Override
        String after() {
            return null;
        }
    },
    /** Where each place that the tombstone could take has one whose retention is not over. */
    DELETE_DROPPING("delete 2") {
        @Override
        void prepare(SharedLru lru, SteppedJvm holder) throws Exception {
            fillTombstones(lru);
            super.prepare(lru, holder);
        }

        @Override
        String command(SharedLru lru) {
            return DELETE.command(lru);
        }

        @Override
        String after() {
            return null;
        }
    },
    /** With work of every kind to do. */
    SWEEP("none") {
        @Override
        void prepare(SharedLru lru, SteppedJvm holder) throws Exception {
            super.prepare(lru, holder);
            WorkForSweep.leave(lru);
        }

        @Override
        String command(SharedLru lru) {
            return "sweep";
        }
    },
    GET("none") {
        @Override
        void prepare(SharedLru lru, SteppedJvm holder) throws Exception {
            super.prepare(lru, holder);
            // Only a stamp of an earlier step and a last access of an earlier tick are renewed.
            new BucketTable(lru.file()).advanceStep();
            WorkForSweep.awaitTicks(lru, 2);
        }

        @Override
        String command(SharedLru lru) {
            return "get\t" + KEY;
        }
    },
    GET_ABSENT("none") {
        @Override
        String command(SharedLru lru) {
            return "get\tabsent";
        }
    },
    LEASE("none") {
        @Override
        String command(SharedLru lru) {
            return "lease\tSWEEPER";
        }
    };

    static final String KEY = "session";
    static final String OLD = "acknowledged ".repeat(20);
    static final String NEW = "the stopped one's ".repeat(16);
    static final String NEXT = "next ".repeat(50);
    static final String HELD = "the first one's ".repeat(17);

    /** In three pages each. */
    static final String LARGE_OLD = "acknowledged, in pages ".repeat(400);

    static final String LARGE_NEW = "the stopped one's, in pages ".repeat(350);

    /** What is known of the key when a process has come before a line and no further. */
    enum Shown {
        BEFORE,
        EITHER,
        AFTER
    }

    /** One line at which an operation can be stopped. */
    record Stop(SteppedOperation operation, StepMarker marker, Shown shown) {
        @Override
        public String toString() {
            return operation + " before " + marker;
        }
    }

    private static List<Stop> allStops;

    /** The step at which the write happens; the lines before its first one show the old state, those after its last the new. */
    private final String pivot;

    SteppedOperation(String pivot) {
        this.pivot = pivot;
    }

    static SegmentSettings settings(Path file) {
        return new SegmentSettings(file).elCount(13).idleTimeout(Duration.ofHours(1));
    }

    void prepare(SharedLru lru, SteppedJvm holder) throws Exception {
        if (before() != null) {
            set(lru, KEY, before());
        }
    }

    String command(SharedLru lru) {
        return "set\t" + KEY + "\t" + after();
    }

    String before() {
        return OLD;
    }

    String after() {
        return pivot.equals("none") ? before() : NEW;
    }

    boolean isWrite() {
        return !pivot.equals("none");
    }

    /** Whether it needs a second process, which is stopped. */
    boolean isOfTwo() {
        return false;
    }

    static WriteOutcome set(SharedLru lru, String key, String value) {
        WriteOutcome outcome = new WriteOutcome();
        byte[] bytes = value.getBytes(UTF_8);
        lru.set(lru.encode(key), bytes, 0, bytes.length, 0, null, false, outcome);
        return outcome;
    }

    static String get(SharedLru lru) {
        byte[] value = lru.get(lru.encode(KEY));
        return value == null ? null : new String(value, UTF_8);
    }

    private static void fillWays(SharedLru lru) {
        int ways = lru.bucketCount() * SegmentDescriptor.WAYS;
        for (int i = 0; lru.size() < ways; i++) {
            set(lru, "other-" + i, OLD);
        }
    }

    private static void fillPages(SharedLru lru) {
        int pages = new OverflowArea(lru.file()).pageCount();
        for (int i = 0; i < pages / 3; i++) {
            set(lru, "other-" + i, LARGE_OLD);
        }
    }

    private static void fillTombstones(SharedLru lru) {
        WriteOutcome outcome = new WriteOutcome();
        int count = new TombstoneTable(lru.file(), new BucketTable(lru.file()), SegmentSettings.Role.STANDALONE).count()
                * 8;
        for (int i = 0; i < count; i++) {
            lru.delete(lru.encode("deleted-" + i), outcome);
        }
    }

    /** The first line in the code that is a step. */
    static StepMarker markerOf(String step) throws IOException {
        return LayoutSteps.marked().stream()
                .filter(marker -> marker.is(step))
                .findFirst()
                .orElseThrow();
    }

    /** Every line that every operation comes by. */
    static synchronized Stream<Stop> stops() throws Exception {
        if (allStops == null) {
            List<Stop> stops = new ArrayList<>();
            Path folder = Files.createTempDirectory("traced");
            try (SteppedJvm traced = SteppedJvm.start();
                    SteppedJvm holder = SteppedJvm.start()) {
                for (SteppedOperation operation : values()) {
                    stops.addAll(operation.traced(folder.resolve(operation.name()), traced, holder));
                }
            } finally {
                FileTree.delete(folder);
            }
            allStops = List.copyOf(stops);
        }
        return allStops.stream();
    }

    private List<Stop> traced(Path file, SteppedJvm traced, SteppedJvm holder) throws Exception {
        try (SharedLru lru = SharedLru.open(settings(file))) {
            prepare(lru, holder);
            traced.open(file);
            List<StepMarker> lines = traced.trace(LayoutSteps.marked(), command(lru));
            traced.child().answer();
            traced.child().ask("close");
            if (isOfTwo()) {
                finish(holder);
            }
            return lines.stream()
                    .map(line -> new Stop(this, line, shownBefore(line, lines)))
                    .toList();
        }
    }

    private Shown shownBefore(StepMarker line, List<StepMarker> lines) {
        List<Integer> pivots = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).is(pivot)) {
                pivots.add(i);
            }
        }
        int index = lines.indexOf(line);
        if (pivots.isEmpty() || index <= pivots.get(0)) {
            return Shown.BEFORE;
        }
        return index > pivots.get(pivots.size() - 1) ? Shown.AFTER : Shown.EITHER;
    }

    /** Lets the second process go on, which finds itself robbed and starts again. */
    static void finish(SteppedJvm holder) throws InterruptedException {
        holder.resume();
        assertThat(holder.child().answer()).startsWith("STORED");
        assertThat(holder.child().ask("close")).isEqualTo("closed");
    }
}
