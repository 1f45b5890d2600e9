package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.globalsessions.segment.SegmentFile.Duty;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Leases: one holder at a time, another one a second after the last renewal, each with a higher epoch. */
class LeasesTest {
    @TempDir
    private Path folder;

    private final ByteBuffer header =
            ByteBuffer.allocateDirect(SegmentDescriptor.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private final AtomicLong tick = new AtomicLong(5_000);

    private Leases leases(int slot) {
        return new Leases(header, slot, tick::get);
    }

    @Test
    void shouldKeepEpochWhileRenewedAndRaiseItWhenTaken() {
        Leases first = leases(0);
        Leases second = leases(255);
        assertThat(first.acquireOrRenew(Duty.SWEEPER)).isEqualTo(1);
        for (int i = 0; i < 10; i++) {
            tick.addAndGet(99);
            assertThat(first.acquireOrRenew(Duty.SWEEPER)).isEqualTo(1);
            assertThat(second.acquireOrRenew(Duty.SWEEPER)).isZero();
        }
        tick.addAndGet(99);
        assertThat(first.holds(Duty.SWEEPER, 1)).isTrue();
        assertThat(second.acquireOrRenew(Duty.SWEEPER)).isZero();
        tick.addAndGet(1);
        assertThat(first.holds(Duty.SWEEPER, 1)).as("ran out").isFalse();
        assertThat(second.acquireOrRenew(Duty.SWEEPER)).isEqualTo(2);
        assertThat(first.acquireOrRenew(Duty.SWEEPER)).isZero();
        assertThat(second.holds(Duty.SWEEPER, 2)).isTrue();
        assertThat(second.holds(Duty.SWEEPER, 1)).isFalse();
        assertThat(second.holds(Duty.LINK_OWNER, 2)).as("another duty").isFalse();
    }

    @Test
    void shouldMoveAtOnceWhenReleased() {
        Leases first = leases(1);
        Leases second = leases(2);
        first.acquireOrRenew(Duty.LINK_OWNER);
        second.release(Duty.LINK_OWNER);
        assertThat(first.holds(Duty.LINK_OWNER, 1))
                .as("not the other's to give up")
                .isTrue();
        first.release(Duty.LINK_OWNER);
        assertThat(first.holds(Duty.LINK_OWNER, 1)).isFalse();
        assertThat(second.acquireOrRenew(Duty.LINK_OWNER)).isEqualTo(2);
    }

    @Test
    void shouldNotTakeLeaseForItsOwnWhenSlotWasAnothersBefore() {
        assertThat(leases(3).acquireOrRenew(Duty.SWEEPER)).isEqualTo(1);
        Leases successor = leases(3);
        assertThat(successor.holds(Duty.SWEEPER, 1)).isFalse();
        assertThat(successor.acquireOrRenew(Duty.SWEEPER))
                .as("the dead one's lease runs out first")
                .isZero();
        tick.addAndGet(Leases.DURATION_TICKS);
        assertThat(successor.acquireOrRenew(Duty.SWEEPER)).isEqualTo(2);
    }

    @Test
    void shouldCountAgesModuloWhenTicksPass32Bits() {
        tick.set((1L << 32) - 50);
        Leases first = leases(1);
        assertThat(first.acquireOrRenew(Duty.SWEEPER)).isEqualTo(1);
        tick.addAndGet(99);
        assertThat(first.holds(Duty.SWEEPER, 1)).isTrue();
        tick.addAndGet(1);
        assertThat(first.holds(Duty.SWEEPER, 1)).isFalse();
    }

    @Test
    void shouldMoveWithinAboutSecondWhenHolderIsKilled() throws Exception {
        SegmentSettings settings = new SegmentSettings(folder.resolve("one.segment")).elCount(100);
        try (SegmentFile survivor = SegmentFile.open(settings);
                ChildJvm holder =
                        ChildJvm.start(AttachedChild.class, settings.file().toString(), "100", "false")) {
            holder.ask("open");
            assertThat(holder.ask("lease link_owner")).isEqualTo("1");
            assertThat(survivor.acquireOrRenew(Duty.LINK_OWNER)).isZero();
            assertThat(holder.ask("lease link_owner")).isEqualTo("1");
            long startNs = System.nanoTime();
            holder.kill();
            await().pollInterval(Duration.ofMillis(10))
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> survivor.acquireOrRenew(Duty.LINK_OWNER) == 2);
            assertThat(Duration.ofNanos(System.nanoTime() - startNs))
                    .isBetween(Duration.ofMillis(700), Duration.ofMillis(2_500));
        }
    }

    @ParameterizedTest
    @EnumSource(Duty.class)
    void shouldMoveWithinAboutSecondWhenHolderIsStopped(Duty duty) throws Exception {
        SegmentSettings settings = new SegmentSettings(folder.resolve("one.segment")).elCount(100);
        try (SegmentFile survivor = SegmentFile.open(settings);
                ChildJvm holder =
                        ChildJvm.start(AttachedChild.class, settings.file().toString(), "100", "false")) {
            holder.ask("open");
            assertThat(holder.ask("lease " + duty)).isEqualTo("1");
            long startNs = System.nanoTime();
            holder.stop();
            await().pollInterval(Duration.ofMillis(10))
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> survivor.acquireOrRenew(duty) == 2);
            assertThat(Duration.ofNanos(System.nanoTime() - startNs)).isLessThan(Duration.ofMillis(2_500));
            holder.goOn();
            assertThat(holder.ask("lease " + duty)).as("the stopped one's own").isEqualTo("0");
            assertThat(survivor.holds(duty, 2)).isTrue();
        }
    }
}
