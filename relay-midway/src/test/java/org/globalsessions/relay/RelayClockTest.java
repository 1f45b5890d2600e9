package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The clock by which a relay judges versions is its wall clock, as long as nobody sets that back. */
class RelayClockTest {
    private static final long START = 1_700_000_000_000_000L;
    private static final long SECOND = 1_000_000;
    private static final long HOUR = 3_600 * SECOND;

    private long wall = START;
    private final List<Long> kept = new ArrayList<>();
    private long nanos;

    private RelayClock clock(long reached) {
        return new RelayClock(() -> wall, () -> nanos, reached, kept::add);
    }

    private void pass(long micros) {
        wall += micros;
        nanos += TimeUnit.MICROSECONDS.toNanos(micros);
    }

    @Test
    void shouldBeTheWallClockWhenNobodySetsItBack() {
        RelayClock clock = clock(0);
        assertThat(clock.micros()).isEqualTo(START);
        pass(HOUR);
        assertThat(clock.micros()).isEqualTo(START + HOUR);
        wall += HOUR;
        assertThat(clock.micros()).as("set on").isEqualTo(START + 2 * HOUR);
    }

    @Test
    void shouldGoOnAsBeforeWhenTheWallClockIsSetBack() {
        RelayClock clock = clock(0);
        clock.micros();
        wall -= HOUR;
        assertThat(clock.micros()).isEqualTo(START);
        pass(SECOND);
        assertThat(clock.micros()).isEqualTo(START + SECOND);
        wall += HOUR + SECOND;
        assertThat(clock.micros()).as("the wall clock has come past it").isEqualTo(START + 2 * SECOND);
    }

    @Test
    void shouldLoseNothingWhenItIsReadMoreOftenThanMicrosecondsPass() {
        RelayClock clock = clock(0);
        clock.micros();
        wall -= HOUR;
        for (int i = 0; i < 10_000; i++) {
            nanos += 100;
            clock.micros();
        }
        assertThat(clock.micros()).isEqualTo(START + 1_000);
    }

    @Test
    void shouldFollowWhenTheClockIsCorrectedByLittleOrWasFarFromTheTruth() {
        RelayClock clock = clock(0);
        clock.micros();
        wall -= 10_000;
        assertThat(clock.micros()).isEqualTo(START - 10_000);
        wall -= 25 * HOUR;
        assertThat(clock.micros()).isEqualTo(START - 10_000 - 25 * HOUR);
    }

    @Test
    void shouldKeepWhatItIsWhenItIsNotAsFarAsItWasKept() {
        RelayClock clock = clock(0);
        clock.micros();
        pass(HOUR);
        clock.micros();
        assertThat(kept).as("goes on by itself").containsExactly(START);
        wall += HOUR;
        clock.micros();
        assertThat(kept).as("set on").containsExactly(START, START + 2 * HOUR);
        wall -= HOUR;
        clock.micros();
        wall += 5_000;
        clock.micros();
        assertThat(kept).as("nothing new").hasSize(2);
        wall -= 26 * HOUR;
        clock.micros();
        assertThat(kept).as("was far from the truth").endsWith(START - 25 * HOUR + 5_000);
    }

    @Test
    void shouldStartFromWhatThePathHasReachedWhenTheWallClockIsBehindThat() {
        assertThat(clock(START + HOUR).micros()).isEqualTo(START + HOUR);
        assertThat(clock(START - HOUR).micros()).isEqualTo(START);
    }
}
