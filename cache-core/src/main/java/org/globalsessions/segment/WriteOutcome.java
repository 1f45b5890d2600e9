package org.globalsessions.segment;

import org.globalsessions.Version;

/**
 * What a write to a segment came to. The caller owns it and may use it again for the next write; one thread at a time.
 * Nothing is allocated to fill it.
 */
public final class WriteOutcome {
    /** How a write ended. */
    public enum Status {
        /** Done: the entry is visible, or the tombstone stands. */
        STORED,
        /** An equal or newer version is there; nothing was changed. */
        SUPERSEDED,
        /** A tombstone beats the entry; nothing was stored. {@link #version()} is the tombstone's. */
        BEATEN_BY_TOMBSTONE,
        /** A conditional write found no entry. */
        ABSENT,
        /** A conditional write found another version, which {@link #version()} names. */
        OTHER_VERSION,
        /**
         * Every place that the key could take is held by an entry which the next tier does not have yet; or other writers, stopped
         * in the middle of their writes, have held the pages that it needs for a second.
         */
        NO_ROOM,
        /** A tombstone found no place, as all there are unacknowledged. The entry is gone here all the same. */
        NO_TOMBSTONE_ROOM,
        /** What a fill brings is older than an entry that is here and has expired, and that the next tier does not have yet. */
        EXPIRED,
        /** A fill or a load is older than a tombstone that this segment no longer has: ask, or load, again. */
        STALE
    }

    Status status = Status.STORED;
    long versionClock;
    int versionOrigin;
    long life;
    long position;
    int way = -1;
    boolean held;
    boolean evicted;

    /** How often this write has waited for pages that others hold, and until when it does. */
    int pageWaits;

    long pagesDeadlineNs;

    /** How often in a row it has met no head that may go for its pages. */
    int vainLooks;

    void reset() {
        status = Status.STORED;
        versionClock = 0;
        versionOrigin = 0;
        life = 0;
        position = 0;
        way = -1;
        held = false;
        evicted = false;
        pageWaits = 0;
        vainLooks = 0;
    }

    /**
     * How the write ended.
     *
     * @return the status
     */
    public Status status() {
        return status;
    }

    /**
     * The version that counts now.
     *
     * @return the entry's, or the tombstone's
     */
    public Version version() {
        return new Version(versionClock, versionOrigin);
    }

    /**
     * The life that the entry belongs to.
     *
     * @return the life's clock, 0 for none
     */
    public long life() {
        return life;
    }

    /**
     * For a delete that a relay has taken in: the number that it has got.
     *
     * @return the number; 0 where its tombstone was there already and has none, or an earlier one
     */
    public long position() {
        return position;
    }

    /**
     * Number of the record written, for {@link SharedLru#read}.
     *
     * @return the way's number within the segment, -1 for none
     */
    public int way() {
        return way;
    }

    /**
     * For a delete: whether the segment held a live entry of the key.
     *
     * @return true if it did
     */
    public boolean held() {
        return held;
    }

    /**
     * Whether another live entry lost its place to this one.
     *
     * @return true if one did
     */
    public boolean evicted() {
        return evicted;
    }
}
