package org.globalsessions.segment;

import java.io.IOException;
import java.time.Duration;
import java.util.random.RandomGenerator;

/** This machine with another wall clock, which a test may set. Any thread. */
public final class OffClock implements Environment {
    private final Environment machine;
    private volatile long offMs;

    /** With the true wall clock at first. */
    public OffClock() throws IOException {
        machine = Environment.system(ProcessIdentity.current());
    }

    /** Sets the wall clock, as seen from the true one. */
    public void off(Duration by) {
        offMs = by.toMillis();
    }

    /** Opens a segment on it. */
    public SharedLru open(SegmentSettings settings) throws IOException {
        return SharedLru.open(settings, this);
    }

    @Override
    public long nanoTime() {
        return machine.nanoTime();
    }

    @Override
    public long uptimeTicks() throws IOException {
        return machine.uptimeTicks();
    }

    @Override
    public long wallClockMs() {
        return machine.wallClockMs() + offMs;
    }

    @Override
    public long wallClockMicros() {
        return machine.wallClockMicros() + offMs * 1_000;
    }

    @Override
    public RandomGenerator random() {
        return machine.random();
    }

    @Override
    public long bootIdHigh() {
        return machine.bootIdHigh();
    }

    @Override
    public long bootIdLow() {
        return machine.bootIdLow();
    }
}
