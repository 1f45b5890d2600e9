package org.globalsessions.relay;

import org.globalsessions.Version;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SharedLru;

/** Clears marks of entries that the sibling has acknowledged; one thread, because of the copy that it reads into. */
final class Marks {
    private static final int ATTEMPTS = 4;

    private final SharedLru lru;
    private final EntrySnapshot current = new EntrySnapshot();

    Marks(SharedLru lru) {
        this.lru = lru;
    }

    /**
     * Clears a mark of one version. The state word may have changed since the entry was read, as publishing and handing off
     * clear their marks independently: then the word is read again, and only the version decides.
     *
     * @param way       number of the way
     * @param stateWord word under which the entry was read
     * @param version   version that was acknowledged
     * @param mark      the mark
     * @return true if the mark was there and is no more
     */
    boolean clear(int way, long stateWord, Version version, int mark) {
        if (lru.clearMarks(way, stateWord, mark)) {
            return true;
        }
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            if (!lru.readUnsent(way, current) || !current.version().equals(version) || (current.marks() & mark) == 0) {
                return false;
            }
            if (lru.clearMarks(way, current.stateWord(), mark)) {
                return true;
            }
        }
        // Left marked: it is sent again, which costs a message and nothing else.
        return false;
    }
}
