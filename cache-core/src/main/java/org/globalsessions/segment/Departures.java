package org.globalsessions.segment;

import org.globalsessions.Version;

/**
 * Tells the listener of entries whose places writes take, once the write has ended and holds no lock. The copy is made before the place is taken by compare-and-set from
 * the word that was copied under, so what is told is what went; without a listener nothing is copied.
 *
 * <p>Any thread.
 */
final class Departures {
    /** An entry that has gone, until the write that took its place has ended. */
    static final class Gone {
        final EntrySnapshot entry;
        final boolean expired;
        Gone next;

        Gone(EntrySnapshot entry, boolean expired) {
            this.entry = entry;
            this.expired = expired;
        }
    }

    private final SegmentFile file;
    private final RecordView records;
    private final EntryReader reader;
    private volatile DepartureListener listener;

    Departures(SegmentFile file, RecordView records, EntryReader reader) {
        this.file = file;
        this.records = records;
        this.reader = reader;
    }

    void listener(DepartureListener value) {
        listener = value;
    }

    /** A copy of the entry that a way shows under a word; null where nobody listens. */
    EntrySnapshot copy(int way, long state, int tick) {
        if (listener == null) {
            return null;
        }
        EntrySnapshot entry = new EntrySnapshot();
        return records.copyEntry(way, state, tick, entry) && records.stillShows(way, state) ? entry : null;
    }

    /** Keeps what is to be told when the write of the key has ended. */
    static void keep(EncodedKey key, EntrySnapshot gone, boolean expired) {
        if (gone == null) {
            return;
        }
        Gone last = new Gone(gone, expired);
        if (key.firstGone == null) {
            key.firstGone = last;
        } else {
            key.lastGone.next = last;
        }
        key.lastGone = last;
    }

    /** Tells what was kept, in order. Outside the write: what the listener does or throws touches nothing of it. */
    void tellKept(EncodedKey key) {
        Gone gone = key.firstGone;
        key.firstGone = null;
        key.lastGone = null;
        while (gone != null) {
            tell(key.other(), gone.entry, gone.expired);
            gone = gone.next;
        }
    }

    /**
     * Whether a session goes on in another record: a kill between a write and the removal of what it replaced leaves the older one beside it. Not in an
     * older one than has gone, which a writer that was stopped there is about to take away.
     *
     * @param scratch a key of the calling thread
     */
    boolean livesOn(EncodedKey scratch, EntrySnapshot gone) {
        scratch.encode(gone.key, gone.keyLength);
        while (true) {
            int way = reader.find(scratch);
            if (way < 0) {
                return false;
            }
            long life = records.life(way);
            int order =
                    Version.compare(records.version(way), records.origin(way), gone.versionClock, gone.versionOrigin);
            if (records.stillShows(way, scratch.foundState)) {
                return life == gone.life && order >= 0;
            }
        }
    }

    /**
     * Tells that the copied entry has gone, unless the session goes on. Throws nothing.
     *
     * @param scratch a key of the calling thread
     */
    void tell(EncodedKey scratch, EntrySnapshot gone, boolean expired) {
        DepartureListener told = listener;
        if (gone == null || told == null) {
            return;
        }
        try {
            if (livesOn(scratch, gone)) {
                return;
            }
            if (expired) {
                told.onExpired(gone);
            } else {
                told.onEvicted(gone);
            }
        } catch (Throwable e) {
            // The listener's error: whoever writes or sweeps has done what it was to do.
            file.recordError("a listener of departures failed", e);
        }
    }
}
