package org.globalsessions;

import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.KeyText;
import org.globalsessions.segment.ScanPasses;
import org.globalsessions.segment.SharedLru;

/**
 * One iteration over the live entries, while others write: it remembers what it has shown, and looks through the table again for
 * what moved meanwhile.
 *
 * <p>One thread.
 */
final class Iteration {
    private static final int BUCKETS_A_SCAN = 64;

    private final SharedLru lru;
    private final Relays relays;
    private final int marks;
    private final SessionVisitor visitor;
    private final SeenDigests seen = new SeenDigests();
    private boolean ended;

    /**
     * Has shown nothing yet.
     *
     * @param relays say what may be shown, or null for all
     * @param marks  only entries with at least one of these marks, 0 for all
     */
    Iteration(SharedLru lru, Relays relays, int marks, SessionVisitor visitor) {
        this.lru = lru;
        this.relays = relays;
        this.marks = marks;
        this.visitor = visitor;
    }

    void run() {
        ScanPasses passes = lru.scanPasses();
        while (!ended && passes.next()) {
            for (int bucket = 0; bucket < lru.bucketCount() && !ended; bucket += BUCKETS_A_SCAN) {
                lru.scan(bucket, BUCKETS_A_SCAN, marks, this::show);
            }
        }
    }

    private boolean show(EntrySnapshot entry) {
        byte[] key = entry.keyCopy();
        if ((relays == null || relays.covers(entry))
                && !entry.hasEnded()
                && seen.add(lru.encode(key).digest())) {
            ended = !visitor.visit(KeyText.of(key), new VersionedValue(entry.valueCopy(), entry.version()));
        }
        return !ended;
    }
}
