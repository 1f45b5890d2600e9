package org.globalsessions.segment;

/**
 * Hears of the entries that this process takes away for age or space. Called on the thread that did so, which waits: hand on and
 * return.
 */
public interface DepartureListener {
    /**
     * A session's time has run out, and its entry was removed.
     *
     * @param entry the entry, whose object is used again after the call
     */
    void onExpired(EntrySnapshot entry);

    /**
     * A live session lost its place.
     *
     * @param entry the entry, whose object is used again after the call
     */
    void onEvicted(EntrySnapshot entry);
}
