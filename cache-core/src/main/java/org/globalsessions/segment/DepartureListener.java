package org.globalsessions.segment;

/**
 * Hears of the entries that this process takes away for age or space. Called on the thread that did so, which holds no
 * lock but may be between two attempts of a write: hand on and return, and call no operation of the table on that thread but {@link SharedLru#digest}.
 * What it throws is recorded and goes no further.
 */
public interface DepartureListener {
    /**
     * A session's time has run out, and its entry was removed.
     *
     * @param entry the entry, the listener's own
     */
    void onExpired(EntrySnapshot entry);

    /**
     * A live session lost its place.
     *
     * @param entry the entry, the listener's own
     */
    void onEvicted(EntrySnapshot entry);

    /**
     * A live session went because there were more than a {@link SessionLimit} allows.
     *
     * @param entry the entry, the listener's own
     */
    default void onOverLimit(EntrySnapshot entry) {
        onEvicted(entry);
    }
}
