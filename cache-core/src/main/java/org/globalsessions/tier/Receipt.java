package org.globalsessions.tier;

import org.globalsessions.Version;

/**
 * The next tier's acknowledgement of one publish or delete.
 *
 * @param outcome  what became of it
 * @param version  the version that counts there now: the entry's for a publish (raised where the relay had to), the
 *                 tombstone's for a delete and for a publish that lost to one; {@link Version#NONE} where a condition failed as nothing is there
 * @param life     the life that the write joined or began; 0 for a delete, for a publish that lost, and for a conditional save that was stored
 *                 and has been replaced or deleted since
 * @param held     for a delete: whether a tier that had answered by then held the key
 * @param epoch    the relay's epoch
 * @param position the number that the relay gave to the change
 */
public record Receipt(Outcome outcome, Version version, long life, boolean held, long epoch, long position) {
    /** What became of a publish or delete. */
    public enum Outcome {
        /** Stored there, or the delete was applied there. */
        STORED,
        /**
         * A newer version of the same life is there: this one is superseded, nothing is lost. With a version that is not higher than the one sent:
         * its life has ended, and it is lost. Of a delete: a later delete of the key stands.
         */
        SUPERSEDED,
        /** A tombstone beats it that the writer had not seen, or cannot be shown to have: the writer has to apply that tombstone. */
        BEATEN_BY_TOMBSTONE,
        /** A conditional save found another version than expected. */
        CONDITION_FAILED
    }

    /**
     * Whether a higher version is there than the one that was sent.
     *
     * @param sent the version that was sent
     * @return true where {@link #version} counts more
     */
    public boolean supersedes(Version sent) {
        return outcome == Outcome.SUPERSEDED && version.compareTo(sent) > 0;
    }
}
