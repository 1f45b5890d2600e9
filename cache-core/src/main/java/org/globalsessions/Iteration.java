package org.globalsessions;

import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.KeyText;
import org.globalsessions.segment.SharedLru;

/**
 * One iteration over the live entries, while others write: an overwrite moves an entry to another way, behind the place where the
 * iteration stands or before it. So it remembers what it has shown, and looks through the table again until a look finds nothing
 * new.
 *
 * <p>One thread.
 */
final class Iteration {
    /** Most looks through the table: an entry is missed only where an overwrite moved it behind the place in each of them. */
    static final int MAX_PASSES = 4;

    private static final int BUCKETS_A_SCAN = 64;

    private final SharedLru lru;
    private final SessionVisitor visitor;
    private final SeenDigests seen = new SeenDigests();
    private boolean ended;
    private boolean foundNew;

    Iteration(SharedLru lru, SessionVisitor visitor) {
        this.lru = lru;
        this.visitor = visitor;
    }

    void run() {
        foundNew = true;
        for (int pass = 0; pass < MAX_PASSES && foundNew && !ended; pass++) {
            foundNew = false;
            for (int bucket = 0; bucket < lru.bucketCount() && !ended; bucket += BUCKETS_A_SCAN) {
                lru.scan(bucket, BUCKETS_A_SCAN, 0, this::show);
            }
        }
    }

    private boolean show(EntrySnapshot entry) {
        byte[] key = entry.keyCopy();
        if (seen.add(lru.encode(key).digest())) {
            foundNew = true;
            ended = !visitor.visit(KeyText.of(key), new VersionedValue(entry.valueCopy(), entry.version()));
        }
        return !ended;
    }
}
