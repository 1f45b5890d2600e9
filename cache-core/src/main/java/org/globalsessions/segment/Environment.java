package org.globalsessions.segment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.random.RandomGenerator;

/** What a segment takes from its machine, clocks and randomness; the tests have others. Any thread. */
interface Environment {
    /** A clock that never goes back, which may stop while the machine sleeps. */
    long nanoTime();

    /** Time since boot, sleep included, in ticks of 10 ms. Makes a system call. */
    long uptimeTicks() throws IOException;

    long wallClockMs();

    /** The wall clock in microseconds since 1970, as precise as the machine has it. */
    long wallClockMicros();

    /** Where identities and keys come from. */
    RandomGenerator random();

    long bootIdHigh();

    long bootIdLow();

    /** The machine's own; where there is no /proc, time since the epoch at the start and nanoTime from there. */
    static Environment system(ProcessIdentity self) {
        Path uptime = Path.of("/proc/uptime");
        boolean hasUptime = Files.isReadable(uptime);
        long startNs = System.nanoTime();
        long startTicks = System.currentTimeMillis() / 10;
        return new Environment() {
            @Override
            public long nanoTime() {
                return System.nanoTime();
            }

            @Override
            public long uptimeTicks() throws IOException {
                if (!hasUptime) {
                    return startTicks + (System.nanoTime() - startNs) / SegmentTime.TICK_NS;
                }
                // "12345.67 54321.00": seconds with two digits, so that without the point it is a number of ticks.
                String text = Files.readString(uptime);
                String seconds = text.substring(0, text.indexOf(' '));
                int point = seconds.indexOf('.');
                return Long.parseLong(seconds.substring(0, point) + seconds.substring(point + 1));
            }

            @Override
            public long wallClockMs() {
                return System.currentTimeMillis();
            }

            @Override
            public long wallClockMicros() {
                Instant now = Instant.now();
                return now.getEpochSecond() * 1_000_000L + now.getNano() / 1_000;
            }

            @Override
            public RandomGenerator random() {
                return new SecureRandom();
            }

            @Override
            public long bootIdHigh() {
                return hasUptime ? self.bootIdHigh() : 0;
            }

            @Override
            public long bootIdLow() {
                return hasUptime ? self.bootIdLow() : 0;
            }
        };
    }
}
