package org.globalsessions.relief.extension;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/**
 * A session that another system has said to be valid. Its text does not show the value.
 *
 * @param value     what the tiers keep of it, at most as long as their records allow
 * @param began     when it began there: a delete since counts, although the other system may not have heard of it
 * @param remaining how long it is valid from now on, above 0; no tier keeps it for longer than 240 days without asking again
 */
public record ValidSession(byte[] value, Instant began, Duration remaining) {
    /**
     * Checks what is given.
     *
     * @param value     as above
     * @param began     as above
     * @param remaining as above
     */
    public ValidSession {
        Objects.requireNonNull(value, "value");
        Objects.requireNonNull(began, "began");
        if (remaining.isNegative() || remaining.isZero()) {
            throw new IllegalArgumentException("remaining time out of range: remaining=" + remaining + ", above 0");
        }
    }

    @Override
    public String toString() {
        return "ValidSession[valueBytes=" + value.length + ", began=" + began + ", remaining=" + remaining + "]";
    }
}
