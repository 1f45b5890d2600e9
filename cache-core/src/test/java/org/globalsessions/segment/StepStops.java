package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The lines at which operations are killed and stopped. Which lines an operation comes by is not written here but seen: each is
 * run once past all of them.
 */
final class StepStops {
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

    private StepStops() {}

    /** The first line in the code that is a step. */
    static StepMarker markerOf(String step) throws IOException {
        return LayoutSteps.marked().stream()
                .filter(marker -> marker.is(step))
                .findFirst()
                .orElseThrow();
    }

    /** The last line of a class that is a step and begins so. */
    static StepMarker markerOf(String step, Class<?> type, String code) throws IOException {
        return LayoutSteps.marked().stream()
                .filter(marker -> marker.is(step)
                        && marker.className().equals(type.getName())
                        && marker.code().startsWith(code))
                .reduce((first, second) -> second)
                .orElseThrow();
    }

    /** Every line that every operation comes by. */
    static synchronized Stream<Stop> all() throws Exception {
        if (allStops == null) {
            List<SteppedOperation> operations = new ArrayList<>(List.of(TableOperation.values()));
            operations.addAll(List.of(TierOperation.values()));
            List<Stop> stops = new ArrayList<>();
            Path folder = Files.createTempDirectory("traced");
            try (SteppedJvm traced = SteppedJvm.start();
                    SteppedJvm holder = SteppedJvm.start()) {
                for (SteppedOperation operation : operations) {
                    stops.addAll(traced(operation, folder.resolve(operation.name()), traced, holder));
                }
            } finally {
                FileTree.delete(folder);
            }
            allStops = List.copyOf(stops);
        }
        return allStops.stream();
    }

    private static List<Stop> traced(SteppedOperation operation, Path file, SteppedJvm traced, SteppedJvm holder)
            throws Exception {
        try (SharedLru lru = SharedLru.open(operation.settings(file))) {
            operation.prepare(lru, holder);
            traced.open(operation, file);
            List<StepMarker> lines = traced.trace(LayoutSteps.marked(), operation.command(lru));
            assertThat(traced.child().answer()).as("%s", operation).startsWith(operation.done());
            assertThat(SteppedOperation.get(lru)).as("%s", operation).isEqualTo(operation.after());
            traced.child().ask("close");
            if (operation.isOfTwo()) {
                finish(holder);
            }
            // What a write has to know it reads first, as a get does, which is stopped there itself.
            boolean isWrite = !operation.pivot().equals(SteppedOperation.NO_WRITE);
            return lines.stream()
                    .filter(line -> !isWrite || line.steps().stream().anyMatch(step -> !step.startsWith("get ")))
                    .map(line -> new Stop(operation, line, shownBefore(operation.pivot(), line, lines)))
                    .toList();
        }
    }

    private static Shown shownBefore(String pivot, StepMarker line, List<StepMarker> lines) {
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
