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
        assertThat(clock.next(0)).isEqualTo(now + SECOND + 2);
        assertThat(clock.next(0)).isEqualTo(now + SECOND + 4);
        assertThat(new VersionClock(clocks, header).next(0))
                .as("another process, or a later one")
                .isEqualTo(now + SECOND + 6);
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
        assertThat(clock.next(now + 2 * DAY)).isEqualTo(now + 2 * DAY + 2);
        assertThat(clock.next(0)).isEqualTo(now);
    }

    @Test
    void shouldGiveTheHighestThatThereIsWhenAKeyHasIt() {
        assertThat(clock.next(Version.MAX_CLOCK - 4)).isEqualTo(Version.MAX_CLOCK - 3);
        assertThat(clock.next(Version.MAX_CLOCK)).isEqualTo(Version.MAX_CLOCK);
        assertThat(VersionClock.raised(Version.MAX_CLOCK)).isEqualTo(Version.MAX_CLOCK);
    }

    @Test
    void shouldGiveTheWallClockWhenTheHighestIsDamaged() {
        header.putLong(SegmentDescriptor.HIGHEST_VERSION_OFFSET, Long.MAX_VALUE);
        assertThat(clock.next(0)).isEqualTo(now);
        assertThat(clock.next(now + SECOND)).isEqualTo(now + SECOND + 2);
        assertThat(highest()).as("healed").isEqualTo(now + SECOND + 2);
    }

    @Test
    void shouldTellWhatTheRelayHasRaisedFromWhatAHostHasGiven() {
        clock.see(now + SECOND + 1);
        long given = clock.next(0);
        assertThat(given).isEqualTo(now + SECOND + 2);
        assertThat(VersionClock.isRaised(given)).isFalse();
        assertThat(VersionClock.isRaised(clock.next(given + 1))).isFalse();
        assertThat(VersionClock.raised(given)).isEqualTo(given + 1);
        assertThat(VersionClock.raised(given + 1)).isEqualTo(given + 3);
        assertThat(VersionClock.isRaised(given + 3)).isTrue();
    }
}
