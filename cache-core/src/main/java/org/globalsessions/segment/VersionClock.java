package org.globalsessions.segment;

import java.time.Instant;
import org.globalsessions.Version;

/**
 * The wall clock in microseconds that versions are made of, read without a system call per version: taken from the precise
 * clock once a second and carried on with {@link System#nanoTime()} in between.
 *
 * <p>Any thread. It may step with the wall clock; versions stay in order because each is made higher than those it follows
 * (a hybrid logical clock: Kulkarni et al., Logical Physical Clocks, 2014; here the running number is per key).
 */
final class VersionClock {
    private static final long REFRESH_NS = 1_000_000_000L;

    private record Base(long micros, long nanos) {}

    private volatile Base base = read();

    private static Base read() {
        long nanos = System.nanoTime();
        Instant now = Instant.now();
        return new Base(now.getEpochSecond() * 1_000_000L + now.getNano() / 1_000, nanos);
    }

    /** The lowest version clock that this moment and the version before allow. */
    long next(long above) {
        Base current = base;
        long elapsed = System.nanoTime() - current.nanos;
        if (elapsed > REFRESH_NS) {
            current = read();
            base = current;
            elapsed = 0;
        }
        long now = (current.micros + elapsed / 1_000) << Version.LOGICAL_BITS;
        return Math.max(now, above + 1);
    }
}
