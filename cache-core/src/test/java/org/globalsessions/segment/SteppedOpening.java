package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What a process finds that is killed or stopped at a step of opening a segment. As with {@link SteppedOperation}, which lines it
 * comes by is seen and not written here; {@code own} says which of them are this one's to be killed at, as another one comes by
 * the others.
 */
enum SteppedOpening {
    /** No segment: it has to be created. */
    CREATE("create \\d+"),
    /** A segment that another process has open. */
    ATTACH("(attach|claim) \\d+") {
        @Override
        void prepare(Path file) throws IOException {
            SharedLru.open(SteppedOperation.standalone(file)).close();
        }
    },
    /** A segment of the boot before this one. */
    NEXT_BOOT("(time|create 2) ?\\d*") {
        @Override
        void prepare(Path file) throws IOException {
            SharedLru.open(SteppedOperation.standalone(file)).close();
            leaveOtherBoot(file);
        }
    },
    /** A segment whose slots are all those of dead processes. */
    NO_SLOT_FREE("dead \\d+|claim [23]") {
        @Override
        void prepare(Path file) throws IOException {
            try (SharedLru lru = SharedLru.open(SteppedOperation.standalone(file))) {
                LivenessLocks locks = new LivenessLocks(file);
                for (int slot = 0; slot < SegmentDescriptor.SLOT_COUNT; slot++) {
                    if (slot != lru.file().slot()) {
                        locks.createFile(slot);
                        Words.LONG.setVolatile(
                                lru.file().header(),
                                ProcessTable.base(slot),
                                ProcessTable.word(ProcessTable.LIVE, DEAD_INCARNATION, 1));
                    }
                }
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                putLong(channel, ProcessTable.base(0), ProcessTable.word(ProcessTable.LIVE, DEAD_INCARNATION, 1));
            }
        }
    };

    /** Ticks by which the clock of the boot before was ahead of this one's. */
    static final long BOOT_TICKS = 1_000_000;

    private static final int DEAD_INCARNATION = 7;

    /**
     * One line at which an opening can be stopped.
     *
     * @param holdsLock whether it then has the creation lock
     * @param isCreated whether the segment then has its name
     */
    record Stop(SteppedOpening opening, StepMarker marker, boolean holdsLock, boolean isCreated) {
        @Override
        public String toString() {
            return opening + " before " + marker;
        }
    }

    private static List<Stop> allStops;

    private final String own;

    SteppedOpening(String own) {
        this.own = own;
    }

    /** Leaves what the process is to find, with nobody attached. */
    void prepare(Path file) throws IOException {
        assertThat(file).doesNotExist();
    }

    static String command(Path file) {
        return "open\t" + file + "\tSTANDALONE";
    }

    private static void putLong(FileChannel channel, long offset, long value) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        channel.write(bytes.putLong(0, value), offset);
    }

    /** So that the numbers of this boot, taken with the offset of the other one, would lie far behind. */
    private static void leaveOtherBoot(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer header = SegmentHeader.read(channel, file);
            putLong(
                    channel,
                    SegmentDescriptor.BOOT_OFFSET_OFFSET,
                    header.getLong(SegmentDescriptor.BOOT_OFFSET_OFFSET) - BOOT_TICKS);
            putLong(channel, SegmentDescriptor.BOOT_ID_HIGH_OFFSET, 1);
            putLong(channel, SegmentDescriptor.BOOT_ID_LOW_OFFSET, 2);
        }
    }

    /** Every line of its own that each opening comes by. */
    static synchronized Stream<Stop> stops() throws Exception {
        if (allStops == null) {
            List<Stop> stops = new ArrayList<>();
            Path folder = Files.createTempDirectory("traced");
            try (SteppedJvm traced = SteppedJvm.start()) {
                for (SteppedOpening opening : values()) {
                    Path file = folder.toRealPath().resolve(opening.name());
                    opening.prepare(file);
                    List<StepMarker> lines = traced.trace(LayoutSteps.marked(), command(file));
                    assertThat(traced.child().answer()).matches("\\d+\t\\d+");
                    assertThat(traced.child().ask("close")).isEqualTo("closed");
                    stops.addAll(opening.ownOf(lines));
                }
            } finally {
                FileTree.delete(folder);
            }
            allStops = List.copyOf(stops);
        }
        return allStops.stream();
    }

    private List<Stop> ownOf(List<StepMarker> lines) {
        int taken = IntStream.range(0, lines.size())
                .filter(i -> lines.get(i).is("create 2"))
                .findFirst()
                .orElse(lines.size());
        int last = IntStream.range(0, lines.size())
                .filter(i -> isOf(lines.get(i), "(create|time) \\d+"))
                .reduce(-1, (first, second) -> second);
        return IntStream.range(0, lines.size())
                .filter(i -> isOf(lines.get(i), own))
                .mapToObj(i -> new Stop(this, lines.get(i), taken < i && i <= last, this != CREATE || i > last))
                .toList();
    }

    private static boolean isOf(StepMarker marker, String steps) {
        return marker.steps().stream().anyMatch(step -> step.matches(steps));
    }
}
