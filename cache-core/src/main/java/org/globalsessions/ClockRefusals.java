package org.globalsessions;

import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.tier.ClockAheadException;

/**
 * Takes in that a relay has refused a change of this host as too far ahead of its clock: from then on versions are made of the relay's
 * time, and what was refused gets one of that time.
 *
 * <p>Any thread may call any method.
 */
final class ClockRefusals {
    /** Gives what was refused a lower version in the segment. */
    @FunctionalInterface
    interface Lowering {
        void lower(ClockAheadException refusal, WriteOutcome outcome);
    }

    private final SharedLru lru;
    private final AppliedPosition applied;

    ClockRefusals(SharedLru lru, AppliedPosition applied) {
        this.lru = lru;
        this.applied = applied;
    }

    /** The refusal, or null where a change has failed for another reason. */
    ClockAheadException takeIn(Throwable failure) {
        if (Failures.causeOf(failure) instanceof ClockAheadException refusal) {
            lru.tellClock(applied.place(), refusal);
            return refusal;
        }
        return null;
    }

    /**
     * Takes a refusal in and lowers what was refused.
     *
     * @return STORED, to be sent again as of the lower version, or OTHER_VERSION where something else has its place, which is to be sent; null
     *         where it was no refusal, or nothing can be sent now: the sweep tries again
     */
    WriteOutcome lower(Throwable failure, Lowering lowering) {
        ClockAheadException refusal = takeIn(failure);
        if (refusal == null) {
            return null;
        }
        WriteOutcome outcome = new WriteOutcome();
        lowering.lower(refusal, outcome);
        return switch (outcome.status()) {
            case STORED, OTHER_VERSION -> outcome;
            default -> null;
        };
    }
}
