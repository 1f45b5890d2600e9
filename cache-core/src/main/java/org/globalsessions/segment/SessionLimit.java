package org.globalsessions.segment;

import java.util.ArrayDeque;
import java.util.Deque;
import org.globalsessions.status.Counter;

/**
 * Keeps a table at so many live entries, or fewer: where there are more, those go that were unused for longest in the whole table, as far as this host knows.
 *
 * <p>A slice at a time: it looks through the table once there are more than the limit and a hundredth of it, then takes as many as are too many. What comes meanwhile
 * is for the next look. Entries that a mark holds for the next tier stay.
 *
 * <p>One thread, which holds the sweeper's lease.
 */
public final class SessionLimit {
    private static final int BUCKETS_A_SLICE = 8192;
    private static final int TAKEN_A_SLICE = 2048;
    private static final int SLACK_PART = 100;

    private final Segment segment;
    private final Evictor evictor;
    private final EncodedKey thread;
    private final int limit;
    private final EntrySnapshot entry = new EntrySnapshot();
    private int nextBucket = -1;
    private int live;
    private Evictor.Oldest oldest;
    private Deque<Evictor.Candidate> taking = new ArrayDeque<>();

    SessionLimit(Segment segment, Evictor evictor, EncodedKey thread, int limit) {
        this.segment = segment;
        this.evictor = evictor;
        this.thread = thread;
        this.limit = limit;
    }

    /** Does a bounded part of what is due. To be called a few times a second. */
    public void slice() {
        if (nextBucket < 0 && taking.isEmpty()) {
            int excess = segment.buckets().usedCount() - limit;
            if (excess <= limit / SLACK_PART) {
                return;
            }
            oldest = new Evictor.Oldest(Math.min(excess, Evictor.MAX_A_RUN));
            live = 0;
            nextBucket = 0;
        }
        if (nextBucket >= 0) {
            look();
        } else {
            take();
        }
    }

    private void look() {
        int count = segment.buckets().bucketCount();
        int end = Math.min(count, nextBucket + BUCKETS_A_SLICE);
        for (int bucket = nextBucket; bucket < end; bucket++) {
            live += evictor.look(bucket, oldest, Integer.MIN_VALUE);
        }
        nextBucket = end < count ? end : -1;
        if (nextBucket < 0) {
            // Not as many as there are places taken: some are of what has expired.
            taking = new ArrayDeque<>(oldest.oldestFirst());
            while (taking.size() > Math.max(0, live - limit)) {
                taking.removeLast();
            }
            oldest = null;
        }
    }

    private void take() {
        thread.writing = true;
        try {
            for (int i = 0; i < TAKEN_A_SLICE && !taking.isEmpty() && !segment.isClosed(); i++) {
                if (evictor.evict(taking.poll(), Integer.MIN_VALUE, Counter.LET_GO_FOR_QUOTA, entry)) {
                    evictor.tellOverLimit(entry);
                }
            }
        } finally {
            thread.writing = false;
        }
    }
}
