package org.globalsessions.tier;

import org.globalsessions.TierUnavailableException;
import org.globalsessions.Version;

/** A change was refused as its version is too far ahead of the tier's clock: nothing of it was taken, it may come again with a lower version. */
public final class ClockAheadException extends TierUnavailableException {
    private static final long serialVersionUID = 1L;

    private final long clockMicros;
    private final long highest;

    /**
     * A refusal.
     *
     * @param message     what was refused, without key or value
     * @param clockMicros the tier's clock then, in microseconds since 1970
     * @param highest     clock of the highest version that the tier knows, of the key or ahead of its wall clock; 0 for none
     */
    public ClockAheadException(String message, long clockMicros, long highest) {
        super(message);
        this.clockMicros = Math.min(clockMicros, Version.MAX_CLOCK >> Version.LOGICAL_BITS);
        this.highest = highest;
    }

    /**
     * The tier's clock.
     *
     * @return microseconds since 1970, as of the refusal, at most those of the highest version
     */
    public long clockMicros() {
        return clockMicros;
    }

    /**
     * Above what a version has to be that the tier takes, and that is above all that it has ever taken of the key.
     *
     * @return a version's clock
     */
    public long above() {
        return Math.max(clockMicros << Version.LOGICAL_BITS, highest);
    }
}
