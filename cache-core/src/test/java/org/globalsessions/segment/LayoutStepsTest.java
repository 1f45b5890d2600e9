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
     * Lines at which another process may meet what was left are reached by an operation that is killed there. The tests of the loader and
     * of the holder of a lease see to their own, a get leaves nothing, and two lines are come by only where another process has the lock, or has
     * taken it away: they have tests of their own in {@link KilledAtStepTest}.
     */
    @Test
    void shouldReachEachMarkedLineByAnOperationThatIsKilledThere() throws Exception {
        List<StepMarker> reached = Stream.concat(
                        StepStops.all().map(stop -> stop.marker()),
                        SteppedOpening.stops().map(stop -> stop.marker()))
                .toList();
        assertThat(reached).hasSizeGreaterThan(500);
        assertThat(LayoutSteps.marked().stream()
                        .filter(marker ->
                                !marker.steps().stream().allMatch(step -> step.matches("(load|get|lease) \\d+")))
                        .filter(marker -> !reached.contains(marker)))
                .containsExactlyInAnyOrder(
                        KilledAtStepTest.lockGivenUpMeanwhile(), KilledAtStepTest.wayThatWasSetAside());
    }
}
