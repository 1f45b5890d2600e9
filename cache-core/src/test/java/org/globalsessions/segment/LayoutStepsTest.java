package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Steps on the page and marked lines in the code name each other, so that a process can be stopped at each of them. */
class LayoutStepsTest {
    private static List<String> markedSteps() throws IOException {
        return LayoutSteps.marked().stream()
                .flatMap(marker -> marker.steps().stream())
                .toList();
    }

    @Test
    void shouldMarkALineOfTheCodeForEachNumberedStep() throws IOException {
        assertThat(LayoutSteps.documented())
                .contains(
                        "create 6",
                        "attach 8",
                        "load 6",
                        "claim 6",
                        "lock 3",
                        "set 11",
                        "delete 4",
                        "sweep 4",
                        "time 3")
                .isSubsetOf(markedSteps());
    }

    @Test
    void shouldNumberAStepForEachMarkedLine() throws IOException {
        assertThat(markedSteps()).isSubsetOf(LayoutSteps.documented());
    }

    /**
     * Steps whose state another process may meet are reached by an operation that is killed there. The tests of the loader and
     * of the holder of a lease see to their own, and a get leaves nothing.
     */
    @Test
    void shouldReachEachStepByAnOperationThatIsKilledThere() throws Exception {
        Stream<String> reached = Stream.concat(
                SteppedOperation.stops().flatMap(stop -> stop.marker().steps().stream()),
                SteppedOpening.stops().flatMap(stop -> stop.marker().steps().stream()));
        assertThat(LayoutSteps.documented().stream()
                        .filter(step -> !step.matches("(load|get|lease) \\d+"))
                        .toList())
                .hasSizeGreaterThan(40)
                .isSubsetOf(reached.toList());
    }
}
