package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Segment time goes on over sleep and boot, and back in no case. */
class SegmentTimeTest {
    private static final long SECOND_NS = 1_000_000_000;

    @TempDir
    private Path folder;

    private final ByteBuffer header =
            ByteBuffer.allocateDirect(SegmentDescriptor.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private final FakeClocks clocks = new FakeClocks();
    private final List<Throwable> errors = new ArrayList<>();

    private SegmentTime time() throws IOException {
        SegmentTime.enterBoot(header, clocks);
        return new SegmentTime(header, clocks, errors::add);
    }

    private long published() {
        return header.getLong(SegmentDescriptor.TICK_OFFSET);
    }

    @Test
    void shouldGoOnTickingWhenTheErrorCannotBeToldEither() throws IOException {
        SegmentTime.enterBoot(header, Environment.system(ProcessIdentity.current()));
        AtomicInteger failed = new AtomicInteger();
        try (SegmentTime time = new SegmentTime(header, Environment.system(ProcessIdentity.current()), e -> {
            throw new InternalError("told in vain");
        })) {
            time.onTick(tick -> {
                failed.incrementAndGet();
                throw new InternalError("no memory");
            });
            time.start("ticker-of-a-test");
            await().until(() -> failed.get() >= 3);
        }
    }

    @Test
    void shouldCountTicksAndPublishThemWhenTimePasses() throws IOException {
        SegmentTime time = time();
        long start = time.tick();
        clocks.pass(7);
        assertThat(time.tick()).as("only the ticker moves it").isEqualTo(start);
        assertThat(time.now()).isEqualTo(start + 7);
        time.advance();
        assertThat(time.tick()).isEqualTo(start + 7);
        assertThat(published()).isEqualTo(start + 7);
        clocks.nanoTime += SegmentTime.TICK_NS - 1;
        time.advance();
        assertThat(time.tick()).isEqualTo(start + 7);
    }

    @Test
    void shouldTakeInSleepAtOnceWhenMachineSlept() throws IOException {
        SegmentTime time = time();
        long start = time.tick();
        clocks.sleep(360_000);
        clocks.pass(1);
        time.advance();
        assertThat(time.tick()).as("at the first tick after waking").isEqualTo(start + 360_001);
    }

    @Test
    void shouldTakeInSleepWithinTenthOfSecondWhenWallClockStoodStillToo() throws IOException {
        SegmentTime time = time();
        long start = time.tick();
        clocks.sleep(360_000);
        clocks.wallClockMs -= 3_600_000;
        clocks.pass(10);
        time.advance();
        assertThat(time.tick()).isEqualTo(start + 360_010);
    }

    @Test
    void shouldNotMoveWhenWallClockSteps() throws IOException {
        SegmentTime time = time();
        long start = time.tick();
        clocks.wallClockMs += 3_600_000;
        clocks.pass(200);
        time.advance();
        assertThat(time.tick()).isEqualTo(start + 200);
        clocks.wallClockMs -= 7_200_000;
        clocks.pass(200);
        time.advance();
        assertThat(time.tick()).isEqualTo(start + 400);
    }

    @Test
    void shouldStandStillUntilCaughtUpWhenUptimeIsBehind() throws IOException {
        SegmentTime time = time();
        long start = time.tick();
        clocks.nanoTime += 2 * SECOND_NS;
        clocks.uptimeTicks += 150;
        time.advance();
        assertThat(time.tick()).isEqualTo(start + 150);
        clocks.nanoTime += 2 * SECOND_NS;
        clocks.uptimeTicks -= 100;
        time.advance();
        assertThat(time.tick()).as("never back").isEqualTo(start + 150);
        assertThat(time.now()).isEqualTo(start + 150);
    }

    @Test
    void shouldStartNoEarlierThanPublishedWhenAnotherProcessIsAhead() throws IOException {
        time();
        header.putLong(SegmentDescriptor.TICK_OFFSET, published() + 2);
        long expected = published();
        SegmentTime time = time();
        assertThat(time.tick()).isEqualTo(expected);
        clocks.pass(1);
        time.advance();
        assertThat(time.tick()).isEqualTo(expected);
        assertThat(published()).isEqualTo(expected);
    }

    @Test
    void shouldAdvanceByWallClockWhenMachineWasBooted() throws IOException {
        SegmentTime time = time();
        clocks.pass(500);
        time.advance();
        long last = time.tick();
        clocks.bootId = 2;
        clocks.uptimeTicks = 1_000;
        clocks.nanoTime = 77;
        clocks.wallClockMs += 60_000;
        assertThat(SegmentTime.isOtherBoot(header, clocks)).isTrue();
        SegmentTime later = time();
        assertThat(SegmentTime.isOtherBoot(header, clocks)).isFalse();
        assertThat(later.tick()).isEqualTo(last + 6_000);
        clocks.pass(10);
        later.advance();
        assertThat(later.tick()).isEqualTo(last + 6_010);
    }

    @Test
    void shouldNotGoBackWhenWallClockIsBehindAfterBoot() throws IOException {
        SegmentTime time = time();
        long last = time.tick();
        clocks.bootId = 2;
        clocks.uptimeTicks = 3;
        clocks.wallClockMs -= 86_400_000;
        assertThat(time().tick()).isEqualTo(last);
    }

    @Test
    void shouldGoOnAndTellWhenUptimeCannotBeReadOrCallbackThrows() throws IOException {
        SegmentTime time = time();
        long start = time.tick();
        time.onTick(tick -> {
            throw new IllegalStateException("planted");
        });
        clocks.broken = true;
        clocks.pass(150);
        time.advance();
        assertThat(time.tick()).isEqualTo(start + 150);
        assertThat(errors).hasSize(2);
    }

    @Test
    void shouldAgreeBetweenProcessesAndNeverGoBackWhenTickersRun() throws Exception {
        SegmentSettings settings = new SegmentSettings(folder.resolve("one.segment")).elCount(100);
        try (SegmentFile segment = SegmentFile.open(settings);
                ChildJvm child =
                        ChildJvm.start(AttachedChild.class, settings.file().toString(), "100", "false")) {
            child.ask("open");
            long start = segment.tick();
            long[] last = {start};
            await().pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> {
                        long tick = segment.tick();
                        assertThat(tick).isGreaterThanOrEqualTo(last[0]);
                        last[0] = tick;
                        return tick - start >= 100;
                    });
            long before = segment.tick();
            long others = Long.parseLong(child.ask("tick"));
            assertThat(others).isBetween(before - 20, segment.tick() + 20);
        }
    }
}
