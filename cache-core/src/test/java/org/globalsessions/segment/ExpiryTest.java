package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.globalsessions.segment.SegmentSettings.Role;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lifetime and idle time-out end at their tick, seen by a get and by the sweep, whatever the clocks of the machine do. */
class ExpiryTest {
    private static final int LIFETIME = 500;
    private static final int IDLE = 400;

    @TempDir
    private Path folder;

    private final FakeClocks clocks = new FakeClocks();
    private final WriteOutcome outcome = new WriteOutcome();
    private SharedLru lru;

    @BeforeEach
    void open() throws IOException {
        SegmentSettings settings = new SegmentSettings(folder.resolve("segment"))
                .elCount(100)
                .role(Role.STANDALONE)
                .idleTimeout(Duration.ofMillis(IDLE * 10));
        lru = new SharedLru(SegmentFile.open(settings, clocks), settings);
        lru.set(lru.encode("life"), new byte[1], 0, 1, LIFETIME, null, false, outcome);
        lru.set(lru.encode("idle"), new byte[1], 0, 1, 0, null, false, outcome);
    }

    @AfterEach
    void close() {
        lru.close();
    }

    private void pass(long ticks) {
        clocks.pass(ticks);
        lru.file().time().advance();
    }

    private boolean isHere(String key) {
        return lru.find(lru.encode(key), new EntrySnapshot());
    }

    private int swept() {
        return lru.sweep(0, lru.bucketCount());
    }

    @Test
    void shouldEndAtTheTickWhenIdleTimeOrLifetimeIsOver() {
        pass(IDLE - 1);
        assertThat(isHere("idle")).isTrue();
        lru.touch(lru.encode("life"));
        assertThat(swept()).isZero();
        pass(1);
        assertThat(isHere("idle")).isFalse();
        assertThat(lru.get(lru.encode("idle"))).isNull();
        assertThat(swept()).isEqualTo(1);
        pass(LIFETIME - IDLE - 1);
        assertThat(lru.get(lru.encode("life"))).isNotNull();
        assertThat(swept()).isZero();
        pass(1);
        assertThat(lru.get(lru.encode("life"))).isNull();
        assertThat(swept()).isEqualTo(1);
    }

    /** A reader that was stopped between its read and the renewal; others have found the session gone meanwhile. */
    @Test
    void shouldNotBringBackWhatHasRunOutSinceItWasRead() {
        EntrySnapshot read = new EntrySnapshot();
        assertThat(lru.find(lru.encode("idle"), read)).isTrue();
        pass(IDLE);
        assertThat(isHere("idle")).isFalse();
        assertThat(lru.touch(lru.encode("idle"), read)).isFalse();
        assertThat(isHere("idle")).isFalse();
        // The same of a get, which renews what it has just copied.
        new RecordView(lru.file(), new OverflowArea(lru.file())).touch(read.way(), read.stateWord(), true);
        assertThat(isHere("idle")).isFalse();
    }

    @Test
    void shouldRenewWhatWasReadAlsoWhereItHasBeenSetSince() {
        EntrySnapshot read = new EntrySnapshot();
        assertThat(lru.find(lru.encode("idle"), read)).isTrue();
        lru.set(lru.encode("idle"), new byte[2], 0, 2, 0, null, false, outcome);
        pass(IDLE - 1);
        assertThat(lru.touch(lru.encode("idle"), read)).isTrue();
        pass(IDLE - 1);
        assertThat(isHere("idle")).isTrue();
    }

    @Test
    void shouldBeginAnewWhenReadATickBeforeTheIdleTimeIsOver() {
        pass(IDLE - 1);
        assertThat(lru.get(lru.encode("idle"))).isNotNull();
        pass(IDLE - 1);
        assertThat(isHere("idle")).isTrue();
        pass(1);
        assertThat(isHere("idle")).isFalse();
    }

    /** As after a SIGSTOP: the application's threads may run before the ticker does. */
    @Test
    void shouldBeOverBeforeTheTickerHasRunWhenTheProcessWasStopped() {
        pass(IDLE - 1);
        lru.touch(lru.encode("life"));
        clocks.pass(1);
        byte[] target = new byte[400];
        assertThat(lru.getInto(lru.encode("idle"), target, 0)).isEqualTo(SharedLru.ABSENT);
        assertThat(lru.get(lru.encode("idle"))).isNull();
        assertThat(isHere("idle")).isFalse();
        assertThat(lru.touch(lru.encode("idle"))).isFalse();
        lru.set(lru.encode("new"), new byte[1], 0, 1, LIFETIME, null, false, outcome);
        pass(LIFETIME - IDLE - 1);
        assertThat(lru.getInto(lru.encode("life"), target, 0)).isEqualTo(1);
        clocks.pass(1);
        assertThat(lru.getInto(lru.encode("life"), target, 0)).isEqualTo(SharedLru.ABSENT);
        // Stored after the stop, it lives its whole time from then on.
        assertThat(lru.touch(lru.encode("new"))).isTrue();
        pass(IDLE - 1);
        assertThat(isHere("new")).isTrue();
        pass(1);
        assertThat(isHere("new")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {3_600_000, -3_600_000})
    void shouldEndAtTheSameTickWhenTheWallClockStepsAnHour(long stepMs) {
        pass(IDLE - 2);
        clocks.wallClockMs += stepMs;
        pass(1);
        assertThat(isHere("idle")).isTrue();
        assertThat(swept()).isZero();
        pass(1);
        assertThat(isHere("idle")).isFalse();
        assertThat(swept()).isEqualTo(2);
    }

    @Test
    void shouldBeOverAtTheFirstTickAfterWakingWhenTheHostSlept() {
        clocks.sleep(IDLE - 2);
        pass(1);
        assertThat(isHere("idle")).isTrue();
        clocks.sleep(LIFETIME);
        pass(1);
        assertThat(isHere("idle")).isFalse();
        assertThat(isHere("life")).isFalse();
        assertThat(swept()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(longs = {3_600_000, -3_600_000})
    void shouldBeOverAtTheFirstTickAfterWakingWhenTheWallClockWasSetMeanwhile(long stepMs) {
        clocks.sleep(IDLE - 1);
        clocks.wallClockMs += stepMs;
        pass(1);
        assertThat(isHere("idle")).isFalse();
    }
}
