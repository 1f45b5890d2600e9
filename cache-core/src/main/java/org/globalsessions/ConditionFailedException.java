package org.globalsessions;

import java.util.Objects;

/** A write lost: what it was meant for is no longer there. Nothing of it is kept. */
public final class ConditionFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why a write lost. */
    public enum Reason {
        /** Another version is there than the one expected: read again, then decide. */
        NEWER_VERSION,
        /** The session was deleted meanwhile: its user has been logged out. */
        DELETED,
        /** There is no such session: it expired, was evicted, or never was. */
        ABSENT
    }

    private final Reason reason;
    private final transient Version winner;

    /**
     * Says why, where nobody told what the write lost to.
     *
     * @param message what was wanted and what is there; never a key or value
     * @param reason  why the write lost
     */
    public ConditionFailedException(String message, Reason reason) {
        this(message, reason, Version.NONE);
    }

    /**
     * Says why.
     *
     * @param message what was wanted and what is there; never a key or value
     * @param reason  why the write lost
     * @param winner  the version that is there, or the delete's; {@link Version#NONE} where there is none
     */
    public ConditionFailedException(String message, Reason reason, Version winner) {
        super(message);
        this.reason = Objects.requireNonNull(reason, "reason");
        this.winner = Objects.requireNonNull(winner, "winner");
    }

    /** Of a save that finds another version than the one expected. */
    static ConditionFailedException otherVersion(Version there) {
        return new ConditionFailedException("another version is there: version=" + there, Reason.NEWER_VERSION, there);
    }

    /**
     * What the write lost to.
     *
     * @return the version that is there, or the delete's; {@link Version#NONE} where there is none or it is not known
     */
    public Version winner() {
        return winner == null ? Version.NONE : winner;
    }

    /**
     * Why the write lost.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }
}
