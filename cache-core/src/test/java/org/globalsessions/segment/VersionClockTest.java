package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.globalsessions.Version;
import org.junit.jupiter.api.Test;

class VersionClockTest {
    private static final long SECOND = 1_000_000L << Version.LOGICAL_BITS;
    private static final long HOUR = 3_600 * SECOND;
    private static final long HOUR_MICROS = 3_600_000_000L;
    private static final long DAY = 86_400 * SECOND;

    private final FakeClocks clocks = new FakeClocks();
    private final ByteBuffer header =
            ByteBuffer.allocateDirect(SegmentDescriptor.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private long setBackFrom;
    private final VersionClock clock = newClock();
    private final long now = clocks.wallClockMicros() << Version.LOGICAL_BITS;

    private VersionClock newClock() {
        RelayClocks relays = new RelayClocks(header, () -> clocks.uptimeTicks);
        return new VersionClock(clocks, header, relays, before -> setBackFrom = before);
    }

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
        assertThat(newClock().next(0)).as("another process, or a later one").isEqualTo(now + SECOND + 6);
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

    @Test
    void shouldNotLagBehindTheHighestOfItsRelaysWhenTheseHaveToldTheirClocks() {
        header.putInt(SegmentDescriptor.RELAY_LIST_OFFSET, 0b110);
        clock.tell(1, clocks.wallClockMicros() + HOUR_MICROS, 0, false);
        clock.tell(2, clocks.wallClockMicros() - HOUR_MICROS, 0, false);
        assertThat(clock.next(0)).isEqualTo(now + HOUR);
        assertThat(newClock().next(0)).as("another process, or a later one").isEqualTo(now + HOUR);
        clocks.pass(1_000);
        assertThat(clock.next(0)).isEqualTo(now + HOUR + 10 * SECOND);
        assertThat(highest()).isZero();
        assertThat(setBackFrom).isZero();
    }

    @Test
    void shouldGoOnWithTheRelaysTimeWhenTheWallClockIsSet() {
        header.putInt(SegmentDescriptor.RELAY_LIST_OFFSET, 1);
        clock.tell(0, clocks.wallClockMicros() + HOUR_MICROS, 0, false);
        clocks.pass(200);
        clocks.wallClockMs += 3_600_000;
        assertThat(clock.next(0)).as("put right").isEqualTo(now + HOUR + 2 * SECOND);
        clocks.pass(200);
        clocks.wallClockMs -= 7_200_000;
        assertThat(clock.next(0)).as("put wrong").isEqualTo(now + HOUR + 4 * SECOND);
    }

    @Test
    void shouldHaveTheRelaysTimeWhenThatHasRefusedWhatIsAheadUntilItIsPutRight() {
        header.putInt(SegmentDescriptor.RELAY_LIST_OFFSET, 1);
        clock.tell(0, clocks.wallClockMicros() - HOUR_MICROS, 0, false);
        assertThat(clock.next(0)).as("nobody minds").isEqualTo(now);
        clock.tell(0, clocks.wallClockMicros() - HOUR_MICROS, 0, true);
        assertThat(setBackFrom).as("above all that was given").isGreaterThan(now + SECOND);
        assertThat(clock.next(0)).isEqualTo(now - HOUR);
        clock.tell(0, clocks.wallClockMicros() - HOUR_MICROS, 0, false);
        assertThat(clock.next(0)).as("another connection").isEqualTo(now - HOUR);
        clocks.wallClockMs -= 3_600_000;
        clock.tell(0, clocks.wallClockMicros(), 0, false);
        clocks.wallClockMs += 500;
        clocks.pass(200);
        assertThat(clock.next(0)).as("put right").isEqualTo(now - HOUR + SECOND / 2 + 2 * SECOND);
    }

    @Test
    void shouldKeepTheHigherOfTwoTellingsThatAgree() {
        header.putInt(SegmentDescriptor.RELAY_LIST_OFFSET, 1);
        clock.tell(0, clocks.wallClockMicros() + HOUR_MICROS, 0, false);
        clock.tell(0, clocks.wallClockMicros() + HOUR_MICROS - 500_000, 500_000, false);
        assertThat(clock.next(0)).isEqualTo(now + HOUR);
        clock.tell(0, clocks.wallClockMicros() + HOUR_MICROS / 2, 500_000, false);
        assertThat(clock.next(0)).as("set back").isEqualTo(now + HOUR / 2);
        assertThat(setBackFrom).isGreaterThan(now + HOUR);
    }

    @Test
    void shouldSayWhatWasGivenBeforeWhenTheWallClockIsSetBack() {
        clocks.wallClockMs -= 3_600_000;
        clocks.pass(200);
        assertThat(clock.next(0)).isEqualTo(now - HOUR + 2 * SECOND);
        assertThat(setBackFrom).isBetween(now + 3 * SECOND, now + 5 * SECOND);
    }

    @Test
    void shouldNoteNothingFurtherAheadThanClocksMayBeWhenARelayHasToldItsClock() {
        header.putInt(SegmentDescriptor.RELAY_LIST_OFFSET, 1);
        clock.tell(0, clocks.wallClockMicros(), 0, false);
        clock.see(now + HOUR);
        assertThat(clock.next(now + HOUR)).as("of the key").isEqualTo(now + HOUR + 2);
        assertThat(clock.next(0)).isEqualTo(now);
        header.putLong(SegmentDescriptor.HIGHEST_VERSION_OFFSET, now + HOUR);
        assertThat(clock.next(0)).as("of before").isEqualTo(now);
        clock.see(now + 50 * SECOND);
        assertThat(clock.next(0)).isEqualTo(now + 50 * SECOND + 2);
    }

    @Test
    void shouldAdmitWhatIsAheadByTheSkewAndNoChainOfChangesBeyond() {
        long skew = 60_000_000;
        assertThat(clock.isTooFarAhead(now + 60 * SECOND, skew)).isFalse();
        assertThat(clock.isTooFarAhead(now + 60 * SECOND + 2, skew)).isTrue();
        clock.see(now + 60 * SECOND);
        assertThat(clock.isTooFarAhead(now + 61 * SECOND, skew)).isTrue();
        // Just above the highest: a thousand in a row are a millisecond.
        for (int i = 1; i <= 1_000; i++) {
            long taken = now + 60 * SECOND + (i << Version.LOGICAL_BITS);
            assertThat(clock.isTooFarAhead(taken, skew)).isFalse();
            clock.see(taken);
        }
        assertThat(clock.isTooFarAhead(now + 60 * SECOND + SECOND / 500, skew)).isTrue();
    }

    @Test
    void shouldCountSavesThatAreProposedAgainApartForEachRelay() {
        clock.uniqueAgain(1, now + 30 * SECOND, 7);
        long again = clock.uniqueAgain(0, now, 7);
        assertThat(again).isBetween(now, now + SECOND);
        assertThat(clock.uniqueAgain(0, now, 7)).isGreaterThan(again);
    }

    @Test
    void shouldCountSavesThatAreProposedAgainApart() {
        long first = clock.unique(0, 7);
        long again = clock.uniqueAgain(0, now - HOUR, 7);
        assertThat(again).isBetween(now - HOUR, now - HOUR + SECOND);
        assertThat(clock.uniqueAgain(0, now - HOUR, 7)).isGreaterThan(again);
        assertThat(clock.uniqueAgain(0, now, 7)).isNotEqualTo(first);
        clocks.wallClockMs -= 3_600_000;
        clocks.pass(200);
        assertThat(clock.unique(0, 7)).as("those of before are nowhere").isLessThan(now - HOUR + 3 * SECOND);
    }
}
