package org.globalsessions.transport.gateway;

import java.util.concurrent.TimeUnit;

/** How many messages come in a second. Event loop alone. */
final class MessageRate {
    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

    private final int most;
    private long secondNanos = System.nanoTime();
    private int messages;

    MessageRate(int most) {
        this.most = most;
    }

    /** Counts a message; true where it is one too many for this second. */
    boolean isTooHigh() {
        long now = System.nanoTime();
        if (now - secondNanos >= SECOND_NS) {
            secondNanos = now;
            messages = 0;
        }
        messages++;
        return messages > most;
    }

    long nanosToNextSecond() {
        return Math.max(0, secondNanos + SECOND_NS - System.nanoTime());
    }
}
