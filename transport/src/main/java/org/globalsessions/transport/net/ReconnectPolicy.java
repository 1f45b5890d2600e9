package org.globalsessions.transport.net;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Pauses between attempts to connect: the first is about {@code firstWait}, each further one about twice as long as the one
 * before, up to {@code longestWait}; each is drawn between half of that and all of it, so that many clients of one relay
 * that restarted do not come back at one moment. After a refusal that will hardly be another one next time they grow on up to {@code refusedWait}.
 *
 * @param firstWait        pause before the second attempt; 1 ms or more
 * @param longestWait longest pause; not below {@code firstWait}
 * @param refusedWait longest pause after the peer has refused this side; not below {@code longestWait}
 * @param maxAttempts failed attempts in a row after which to give up; 0 for never
 */
public record ReconnectPolicy(Duration firstWait, Duration longestWait, Duration refusedWait, int maxAttempts) {
    /** 200 ms growing to 5 s, for ever. */
    public static final ReconnectPolicy DEFAULT = new ReconnectPolicy(Duration.ofMillis(200), Duration.ofSeconds(5), 0);

    /**
     * Checks the ranges.
     *
     * @param firstWait see above
     * @param longestWait see above
     * @param refusedWait see above
     * @param maxAttempts see above
     */
    public ReconnectPolicy {
        if (firstWait.toMillis() < 1) {
            throw new IllegalArgumentException("firstWait too short: firstWait=" + firstWait + ", limit=1ms");
        }
        if (longestWait.compareTo(firstWait) < 0) {
            throw new IllegalArgumentException(
                    "longestWait below firstWait: longestWait=" + longestWait + ", firstWait=" + firstWait);
        }
        if (refusedWait.compareTo(longestWait) < 0) {
            throw new IllegalArgumentException(
                    "refusedWait below longestWait: refusedWait=" + refusedWait + ", longestWait=" + longestWait);
        }
        if (maxAttempts < 0) {
            throw new IllegalArgumentException("maxAttempts negative: maxAttempts=" + maxAttempts + ", limit=0");
        }
    }

    /**
     * A policy for which a refusal is a failure as any other.
     *
     * @param firstWait   pause before the second attempt; 1 ms or more
     * @param longestWait longest pause; not below {@code firstWait}
     * @param maxAttempts failed attempts in a row after which to give up; 0 for never
     */
    public ReconnectPolicy(Duration firstWait, Duration longestWait, int maxAttempts) {
        this(firstWait, longestWait, longestWait, maxAttempts);
    }

    /**
     * Whether another attempt follows.
     *
     * @param failed failed attempts since the last connection
     * @return false if that is enough
     */
    public boolean mayTryAgain(int failed) {
        return maxAttempts == 0 || failed < maxAttempts;
    }

    /**
     * The pause before the next attempt.
     *
     * @param failed failed attempts since the last connection, 1 or more; 0 after a connection was lost
     * @param refused whether the last attempt was refused by the peer
     * @param random source of the jitter
     * @return the pause
     */
    public Duration pause(int failed, boolean refused, RandomGenerator random) {
        // Twenty doublings of a millisecond are beyond any sensible limit, and a shift never overflows.
        int doublings = Math.min(Math.max(failed - 1, 0), 20);
        long longest = (refused ? refusedWait : longestWait).toMillis();
        long full = Math.min(longest, firstWait.toMillis() << doublings);
        long half = full / 2;
        return Duration.ofMillis(half + random.nextLong(full - half + 1));
    }
}
