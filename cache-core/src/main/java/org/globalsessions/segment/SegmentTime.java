package org.globalsessions.segment;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * Segment time: ticks of 10 ms that go on while nobody is attached, while the machine sleeps, and over a boot, and that no
 * step of the wall clock moves. A daemon thread keeps the current tick in a field, so that a get makes no system call.
 *
 * <p>Any thread reads; the ticker's thread alone writes the field.
 */
final class SegmentTime implements AutoCloseable {
    static final long TICK_NS = 10_000_000;

    /** Where the time of a new segment begins above boot time: 0 means "none" in records, so no tick may come near it. */
    static final long FIRST_TICKS = 1_000;

    /** A look at boot time takes some 15 us: at this pace 0.02 % of a core. */
    private static final long COMPARE_INTERVAL_NS = 100_000_000;

    private static final long TICK_MS = 10;
    private static final VarHandle TICK;

    static {
        try {
            TICK = MethodHandles.lookup().findVarHandle(SegmentTime.class, "tick", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private record Base(long ticks, long nanos) {}

    private final ByteBuffer header;
    private final Environment environment;
    private final Consumer<Throwable> onError;
    private final long offset;
    private volatile Base base;
    private volatile LongConsumer action = tick -> {};
    private volatile boolean closed;
    private volatile Thread ticker;
    private long comparedNs;
    private long comparedWallMs;

    @SuppressWarnings("UnusedVariable") // through TICK
    private long tick;

    /**
     * Time of a segment whose offset belongs to this boot: {@link #enterBoot} was called before.
     *
     * @param onError told what failed on the ticker's thread, which goes on
     */
    SegmentTime(ByteBuffer header, Environment environment, Consumer<Throwable> onError) throws IOException {
        this.header = header;
        this.environment = environment;
        this.onError = onError;
        offset = (long) Words.LONG.getAcquire(header, SegmentDescriptor.BOOT_OFFSET_OFFSET);
        comparedNs = environment.nanoTime();
        comparedWallMs = environment.wallClockMs();
        base = new Base(environment.uptimeTicks() + offset, comparedNs);
        // What others have published is the least: their next tick may come a moment before ours.
        TICK.setVolatile(this, (long) Words.LONG.getAcquire(header, SegmentDescriptor.TICK_OFFSET));
        advance();
    }

    /** Whether the header's offset belongs to another boot, so that {@link #enterBoot} must come before the first tick. */
    static boolean isOtherBoot(ByteBuffer header, Environment environment) {
        return (long) Words.LONG.getAcquire(header, SegmentDescriptor.BOOT_ID_LOW_OFFSET) != environment.bootIdLow()
                || (long) Words.LONG.getAcquire(header, SegmentDescriptor.BOOT_ID_HIGH_OFFSET)
                        != environment.bootIdHigh();
    }

    /**
     * Carries time over a boot: the last tick published plus what the wall clock says has passed, never less. To be called under
     * the creation lock. The boot id is written last, so whoever dies before leaves it to the next one, which starts from the
     * same numbers.
     */
    static void enterBoot(ByteBuffer header, Environment environment) throws IOException {
        if (!isOtherBoot(header, environment)) {
            return;
        }
        long lastTick = (long) Words.LONG.getAcquire(header, SegmentDescriptor.TICK_OFFSET);
        long lastWallMs = (long) Words.LONG.getAcquire(header, SegmentDescriptor.WALL_CLOCK_MS_OFFSET);
        long passed = Math.max(0, environment.wallClockMs() - lastWallMs) / 10;
        // LAYOUT time 1
        Words.LONG.setRelease(
                header, SegmentDescriptor.BOOT_OFFSET_OFFSET, lastTick + passed - environment.uptimeTicks());
        Words.LONG.setRelease(header, SegmentDescriptor.BOOT_ID_HIGH_OFFSET, environment.bootIdHigh()); // LAYOUT time 2
        Words.LONG.setRelease(header, SegmentDescriptor.BOOT_ID_LOW_OFFSET, environment.bootIdLow()); // LAYOUT time 3
    }

    /** The tick that the ticker last saw. */
    long tick() {
        return (long) TICK.getOpaque(this);
    }

    /** The tick now, from the clock: also right in the moment after this process was stopped, when the ticker has not yet run. */
    long now() {
        return Math.max(tick(), computed());
    }

    void onTick(LongConsumer value) {
        action = value;
    }

    void start(String threadName) {
        Thread thread = new Thread(this::run, threadName);
        thread.setDaemon(true);
        ticker = thread;
        thread.start();
    }

    private void run() {
        while (!closed) {
            try {
                advance();
            } catch (Throwable e) {
                // Whatever it is, also a want of memory: with a ticker that has ended, time would stand still for ever.
                tellSafely(e);
            }
            LockSupport.parkNanos(this, TICK_NS - Math.floorMod(environment.nanoTime() - base.nanos(), TICK_NS));
        }
    }

    private void tellSafely(Throwable failure) {
        try {
            onError.accept(failure);
        } catch (Throwable e) {
            // No memory to tell it either. Who is told counts before anything that allocates.
        }
    }

    /** One turn of the ticker. */
    void advance() {
        compareWithUptime();
        long now = computed();
        if (now > tick()) {
            TICK.setOpaque(this, now);
            publish(now);
            try {
                action.accept(now);
            } catch (RuntimeException e) {
                onError.accept(e);
            }
        }
    }

    private long computed() {
        Base from = base;
        return from.ticks() + (environment.nanoTime() - from.nanos()) / TICK_NS;
    }

    /**
     * nanoTime stands still while the machine sleeps, boot time does not. A tenth of a second apart, and at once where the wall
     * clock went another way than nanoTime: after a sleep it did, and the first tick after waking must know. Where it was only
     * set, boot time says so.
     */
    private void compareWithUptime() {
        long nowNs = environment.nanoTime();
        long wallMs = environment.wallClockMs();
        long passedNs = nowNs - comparedNs;
        long apartMs = wallMs - comparedWallMs - passedNs / 1_000_000;
        if (passedNs < COMPARE_INTERVAL_NS && Math.abs(apartMs) < TICK_MS) {
            return;
        }
        comparedNs = nowNs;
        comparedWallMs = wallMs;
        try {
            long actual = environment.uptimeTicks() + offset;
            // One tick apart is rounding. Where boot time is behind, the field waits for it: it never goes back.
            if (Math.abs(actual - computed()) > 1) {
                base = new Base(actual, environment.nanoTime());
            }
        } catch (IOException e) {
            onError.accept(e);
        }
    }

    /** Raises the header's tick, so that the next boot starts from it. The wall clock beside it may lag by one publication. */
    private void publish(long now) {
        long published = (long) Words.LONG.getAcquire(header, SegmentDescriptor.TICK_OFFSET);
        while (published < now) {
            long witness = (long) Words.LONG.compareAndExchange(header, SegmentDescriptor.TICK_OFFSET, published, now);
            if (witness == published) {
                Words.LONG.setOpaque(header, SegmentDescriptor.WALL_CLOCK_MS_OFFSET, environment.wallClockMs());
                return;
            }
            published = witness;
        }
    }

    /** Stops the ticker; the tick stands still from then on. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(ticker);
    }
}
