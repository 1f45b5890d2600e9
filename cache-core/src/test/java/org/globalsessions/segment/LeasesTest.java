package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLong;
import org.globalsessions.segment.SegmentFile.Duty;
import org.junit.jupiter.api.Test;

/** Leases: one holder at a time, another one 0.6 s after the last renewal, each with a higher epoch. */
class LeasesTest {
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
            tick.addAndGet(Leases.DURATION_TICKS - 1);
            assertThat(first.acquireOrRenew(Duty.SWEEPER)).isEqualTo(1);
            assertThat(second.acquireOrRenew(Duty.SWEEPER)).isZero();
        }
        tick.addAndGet(Leases.DURATION_TICKS - 1);
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
        tick.addAndGet(Leases.DURATION_TICKS - 1);
        assertThat(first.holds(Duty.SWEEPER, 1)).isTrue();
        tick.addAndGet(1);
        assertThat(first.holds(Duty.SWEEPER, 1)).isFalse();
    }
}
