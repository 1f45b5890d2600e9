package org.globalsessions.segment;

import java.io.IOException;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.globalsessions.simulation.VirtualTime;

/** A machine in virtual time, whose wall clock may be off. */
public final class SimulatedMachine implements Environment {
    private static final long WALL_CLOCK_START_MS = 1_700_000_000_000L;
    private static final long BOOT_TICKS = 50_000;

    private final VirtualTime time;
    private final SplittableRandom random;
    private long wallClockOffMs;

    /** A machine whose randomness comes from its time. */
    public SimulatedMachine(VirtualTime time) {
        this.time = time;
        this.random = time.random().split();
    }

    /** Sets the wall clock. */
    public void wallClockOff(long ms) {
        wallClockOffMs = ms;
    }

    /** Opens a segment of this machine in a process of its own. */
    public SharedLru open(SegmentSettings settings) throws IOException {
        return SharedLru.open(settings, this);
    }

    /** Does what the ticker of a process does. */
    public static void tick(SharedLru lru) {
        lru.file().time().advance();
    }

    @Override
    public long nanoTime() {
        return time.nowNs();
    }

    @Override
    public long uptimeTicks() {
        return BOOT_TICKS + time.nowNs() / SegmentTime.TICK_NS;
    }

    @Override
    public long wallClockMs() {
        return WALL_CLOCK_START_MS + wallClockOffMs + time.nowNs() / 1_000_000;
    }

    @Override
    public long wallClockMicros() {
        return (WALL_CLOCK_START_MS + wallClockOffMs) * 1000 + time.nowNs() / 1_000;
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    @Override
    public long bootIdHigh() {
        return 7;
    }

    @Override
    public long bootIdLow() {
        return 7;
    }
}
