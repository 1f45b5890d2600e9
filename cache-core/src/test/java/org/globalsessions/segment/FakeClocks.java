package org.globalsessions.segment;

import java.io.IOException;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Clocks that a test moves. */
final class FakeClocks implements Environment {
    long nanoTime = 123_456;
    long uptimeTicks = 50_000;
    long wallClockMs = 1_700_000_000_000L;
    long bootId = 1;
    final RandomGenerator random = new SplittableRandom(1);
    boolean broken;

    void pass(long ticks) {
        nanoTime += ticks * SegmentTime.TICK_NS;
        sleep(ticks);
    }

    /** As when the machine sleeps: nanoTime stands still. */
    void sleep(long ticks) {
        uptimeTicks += ticks;
        wallClockMs += ticks * 10;
    }

    @Override
    public long nanoTime() {
        return nanoTime;
    }

    @Override
    public long uptimeTicks() throws IOException {
        if (broken) {
            throw new IOException("no uptime");
        }
        return uptimeTicks;
    }

    @Override
    public long wallClockMs() {
        return wallClockMs;
    }

    @Override
    public long wallClockMicros() {
        return wallClockMs * 1000;
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    @Override
    public long bootIdHigh() {
        return bootId;
    }

    @Override
    public long bootIdLow() {
        return bootId;
    }
}
