package org.globalsessions.segment;

/**
 * Tells the listener of entries whose places writes take. The copy is made before the place is taken by compare-and-set from
 * the word that was copied under, so what is told is what went; without a listener nothing is copied.
 *
 * <p>Any thread.
 */
final class Departures {
    private final RecordView records;
    private volatile DepartureListener listener;

    Departures(RecordView records) {
        this.records = records;
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

    /** Tells that the copied entry has gone. */
    void tell(EntrySnapshot gone, boolean expired) {
        DepartureListener told = listener;
        if (gone == null || told == null) {
            return;
        }
        if (expired) {
            told.onExpired(gone);
        } else {
            told.onEvicted(gone);
        }
    }
}
