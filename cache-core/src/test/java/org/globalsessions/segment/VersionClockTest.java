package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.globalsessions.Version;
import org.junit.jupiter.api.Test;

class VersionClockTest {
    private static final long SECOND = 1_000_000L << Version.LOGICAL_BITS;
    private static final long DAY = 86_400 * SECOND;

    private final FakeClocks clocks = new FakeClocks();
    private final ByteBuffer header =
            ByteBuffer.allocateDirect(SegmentDescriptor.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private final VersionClock clock = new VersionClock(clocks, header);
    private final long now = clocks.wallClockMicros() << Version.LOGICAL_BITS;

    private long highest() {
        return header.getLong(SegmentDescriptor.HIGHEST_VERSION_OFFSET);
    }

    @Test
    void shouldGiveTheWallClockAndNoteNothingWhenNothingIsAhead() {
        clock.see(now - SECOND);
        assertThat(clock.next(now - 2 * SECOND)).isEqualTo(now);
        assertThat(highest()).isZero();
    }

    @Test
    void shouldGiveEachVersionOnceWhenWhatWasSeenIsAhead() {
        clock.see(now + SECOND);
        assertThat(clock.next(0)).isEqualTo(now + SECOND + 1);
        assertThat(clock.next(0)).isEqualTo(now + SECOND + 2);
        assertThat(new VersionClock(clocks, header).next(0))
                .as("another process, or a later one")
                .isEqualTo(now + SECOND + 3);
    }

    @Test
    void shouldGiveTheWallClockAgainWhenThatHasOvertakenWhatWasSeen() {
        clock.see(now + SECOND);
        clocks.pass(200);
        assertThat(clock.next(0)).isEqualTo(now + 2 * SECOND);
    }

    @Test
    void shouldLeaveAVersionOfAFarFutureToItsKey() {
        clock.see(now + 2 * DAY);
        assertThat(highest()).isZero();
        assertThat(clock.next(now + 2 * DAY)).isEqualTo(now + 2 * DAY + 1);
        assertThat(clock.next(0)).isEqualTo(now);
    }

    @Test
    void shouldGiveTheWallClockWhenTheHighestIsDamaged() {
        header.putLong(SegmentDescriptor.HIGHEST_VERSION_OFFSET, Long.MAX_VALUE);
        assertThat(clock.next(0)).isEqualTo(now);
        assertThat(clock.next(now + SECOND)).isEqualTo(now + SECOND + 1);
        assertThat(highest()).as("healed").isEqualTo(now + SECOND + 1);
    }
}
