package org.globalsessions.relief;

import java.util.List;
import org.globalsessions.segment.DepartureListener;
import org.globalsessions.segment.EntrySnapshot;

/**
 * Several listeners as one.
 *
 * @param each told in this order; none of them throws
 */
record DepartureListeners(List<DepartureListener> each) implements DepartureListener {
    @Override
    public void onExpired(EntrySnapshot entry) {
        each.forEach(listener -> listener.onExpired(entry));
    }

    @Override
    public void onEvicted(EntrySnapshot entry) {
        each.forEach(listener -> listener.onEvicted(entry));
    }

    @Override
    public void onOverLimit(EntrySnapshot entry) {
        each.forEach(listener -> listener.onOverLimit(entry));
    }
}
