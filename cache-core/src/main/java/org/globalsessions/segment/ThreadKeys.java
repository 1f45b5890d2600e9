package org.globalsessions.segment;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;

/**
 * The keys that the threads of a process encode into, one a thread, and what those threads count in them.
 *
 * <p>Any thread.
 */
final class ThreadKeys {
    private final long pathKeyHigh;
    private final long pathKeyLow;
    private final Counters counters;
    private final ThreadLocal<EncodedKey> keys = ThreadLocal.withInitial(this::newKey);

    /** Weak, so that a thread's end takes its key along; also the lock of the counts. */
    private final Set<EncodedKey> known = Collections.newSetFromMap(new WeakHashMap<>());

    ThreadKeys(SegmentFile file) {
        this.pathKeyHigh = file.pathKeyHigh();
        this.pathKeyLow = file.pathKeyLow();
        this.counters = file.counters();
    }

    /** The calling thread's key. */
    EncodedKey ofThread() {
        return keys.get();
    }

    /** A key for work that may run on any thread, one at a time. */
    EncodedKey newKey() {
        EncodedKey key = new EncodedKey(pathKeyHigh, pathKeyLow);
        synchronized (known) {
            known.add(key);
        }
        return key;
    }

    /** All keys by now. */
    List<EncodedKey> all() {
        synchronized (known) {
            return List.copyOf(known);
        }
    }

    /**
     * Adds the hits and misses that threads have counted for themselves to the segment's: an atomic add for each get would keep
     * a processor from beginning the next one before it is done.
     */
    void flushLookups() {
        synchronized (known) {
            long hits = 0;
            long misses = 0;
            for (EncodedKey key : known) {
                hits += key.newHits();
                misses += key.newMisses();
            }
            counters.add(Counter.HITS, hits);
            counters.add(Counter.MISSES, misses);
        }
    }
}
