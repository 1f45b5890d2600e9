package org.globalsessions.transport.net;

import java.time.Duration;

/**
 * Limits and time-outs of connections.
 *
 * @param pingInterval  a ping is sent after so long without another frame sent
 * @param silenceLimit  a connection without a byte received for so long is closed; at least twice the ping's interval
 * @param helloTimeout  an accepted connection without a hello, or a connector's without a welcome, is closed after so long
 * @param connectTimeout longest attempt to connect
 * @param slowBytes     bytes waiting to leave from which on a connection is not writable
 * @param byteBudget    bytes waiting to leave beyond which nothing more is taken; not below {@code slowBytes}
 */
public record LinkSettings(
        Duration pingInterval,
        Duration silenceLimit,
        Duration helloTimeout,
        Duration connectTimeout,
        int slowBytes,
        int byteBudget) {
    /** Pings each 5 s, closed after 15 s of silence; hello within 10 s, connect within 5 s; slow at 1 MiB, full at 16 MiB. */
    public static final LinkSettings DEFAULTS = new LinkSettings(
            Duration.ofSeconds(5),
            Duration.ofSeconds(15),
            Duration.ofSeconds(10),
            Duration.ofSeconds(5),
            1 << 20,
            16 << 20);

    /**
     * Checks the ranges.
     *
     * @param pingInterval see above
     * @param silenceLimit see above
     * @param helloTimeout see above
     * @param connectTimeout see above
     * @param slowBytes see above
     * @param byteBudget see above
     */
    public LinkSettings {
        atLeastOneMillisecond("pingInterval", pingInterval);
        atLeastOneMillisecond("helloTimeout", helloTimeout);
        atLeastOneMillisecond("connectTimeout", connectTimeout);
        if (silenceLimit.compareTo(pingInterval.multipliedBy(2)) < 0) {
            throw new IllegalArgumentException("silenceLimit too short: silenceLimit=" + silenceLimit
                    + ", limit=2 x pingInterval=" + pingInterval);
        }
        if (slowBytes < 1024) {
            throw new IllegalArgumentException("slowBytes too small: slowBytes=" + slowBytes + ", limit=1024");
        }
        if (byteBudget < slowBytes) {
            throw new IllegalArgumentException(
                    "byteBudget below slowBytes: byteBudget=" + byteBudget + ", slowBytes=" + slowBytes);
        }
    }

    private static void atLeastOneMillisecond(String name, Duration value) {
        if (value.toMillis() < 1) {
            throw new IllegalArgumentException(name + " too short: " + name + "=" + value + ", limit=1ms");
        }
    }
}
