package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.PROCESSES_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.SLOT_INSERTIONS_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.SLOT_LENGTH;
import static org.globalsessions.segment.SegmentDescriptor.WAYS;

import java.nio.ByteBuffer;

/**
 * Advances the recency step: once for every capacity/64 insertions that a process makes, counted in its attach slot. Steps of
 * that size lose nothing against exact recency (simulated), and most hits then write nothing.
 */
final class InsertionSteps {
    private static final int STEPS_PER_CAPACITY = 64;

    private final ByteBuffer header;
    private final int offset;
    private final BucketTable buckets;
    private final long perStep;

    InsertionSteps(SegmentFile file, BucketTable buckets) {
        this.header = file.header();
        this.offset = PROCESSES_OFFSET + file.slot() * SLOT_LENGTH + SLOT_INSERTIONS_OFFSET;
        this.buckets = buckets;
        this.perStep = Math.max(1, (long) file.bucketCount() * WAYS / STEPS_PER_CAPACITY);
    }

    void inserted() {
        long count = (long) Words.LONG.getAndAdd(header, offset, 1L) + 1;
        if (count % perStep == 0) {
            buckets.advanceStep();
        }
    }
}
