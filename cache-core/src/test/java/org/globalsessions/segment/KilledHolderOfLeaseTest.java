package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.globalsessions.segment.SegmentFile.Duty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A process killed or stopped before each line that is a step of taking or renewing a lease: the duty is another's as soon as the
 * lease has run out, counted in ticks and so whatever else the machine does.
 */
@Tag("slow")
class KilledHolderOfLeaseTest {
    /** Two processes that read boot time at different moments are so many ticks apart, at most. */
    private static final int ROUNDING = 2;

    @TempDir
    private Path folder;

    private SharedLru survivor;
    private SteppedJvm holder;

    @BeforeEach
    void open() throws Exception {
        survivor =
                SharedLru.open(SteppedOperation.standalone(folder.toRealPath().resolve("segment")));
        holder = SteppedJvm.start();
        holder.open(survivor.file().path());
    }

    @AfterEach
    void close() throws Exception {
        holder.close();
        survivor.close();
    }

    private static String command(Duty duty) {
        return "lease\t" + duty;
    }

    /** Brings the holder before the line; the tick of its last renewal, or of now where it holds nothing. */
    private long bringBefore(Duty duty, boolean held, String step) throws Exception {
        if (held) {
            assertThat(holder.child().ask(command(duty))).isEqualTo("lease 1");
            assertThat(survivor.file().acquireOrRenew(duty)).isZero();
        }
        long renewed = survivor.file().time().now();
        holder.runUntil(StepStops.markerOf(step), command(duty));
        return renewed;
    }

    /** Takes the lease as soon as it has run out, and keeps it. */
    private void takeOver(Duty duty, long renewed, long epoch) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(1))
                .until(() -> {
                    // Before the look: whoever is held up between the two is not charged with it.
                    long looked = survivor.file().time().now();
                    boolean mine = survivor.file().acquireOrRenew(duty) == epoch;
                    assertThat(mine || looked - renewed <= Leases.DURATION_TICKS + ROUNDING)
                            .as("the lease is %d ticks old", looked - renewed)
                            .isTrue();
                    return mine;
                });
        survivor.file().onTick(tick -> survivor.file().acquireOrRenew(duty));
    }

    private static List<Arguments> steps() {
        return List.of(
                Arguments.of(Duty.SWEEPER, false, "lease 1"),
                Arguments.of(Duty.SWEEPER, false, "lease 2"),
                Arguments.of(Duty.SWEEPER, true, "lease 1"),
                Arguments.of(Duty.SWEEPER, true, "lease 2"),
                Arguments.of(Duty.LINK_OWNER, true, "lease 2"));
    }

    @ParameterizedTest
    @MethodSource("steps")
    void shouldMoveWhenTheHolderIsKilled(Duty duty, boolean held, String step) throws Exception {
        long renewed = bringBefore(duty, held, step);
        holder.child().kill();
        takeOver(duty, renewed, held ? 2 : 1);
        survivor.sweep(0, survivor.bucketCount());
        SegmentWholeness.check(survivor);
    }

    @ParameterizedTest
    @MethodSource("steps")
    void shouldMoveAndNotComeBackWhenTheHolderIsStopped(Duty duty, boolean held, String step) throws Exception {
        long renewed = bringBefore(duty, held, step);
        holder.child().stop();
        takeOver(duty, renewed, held ? 2 : 1);
        holder.child().goOn();
        holder.resume();
        assertThat(holder.child().answer()).as("the stopped one's own").isEqualTo("lease 0");
        assertThat(survivor.file().holds(duty, held ? 2 : 1)).isTrue();
        assertThat(holder.child().ask("close")).isEqualTo("closed");
        SegmentWholeness.check(survivor);
    }

    @ParameterizedTest
    @CsvSource({"SWEEPER", "LINK_OWNER"})
    void shouldLeaveTheHolderAloneWhenOneIsKilledThatWasRefused(Duty duty) throws Exception {
        assertThat(survivor.file().acquireOrRenew(duty)).isEqualTo(1);
        holder.runUntil(StepStops.markerOf("lease 3"), command(duty));
        holder.child().kill();
        assertThat(survivor.file().acquireOrRenew(duty)).isEqualTo(1);
        survivor.sweep(0, survivor.bucketCount());
        SegmentWholeness.check(survivor);
    }
}
