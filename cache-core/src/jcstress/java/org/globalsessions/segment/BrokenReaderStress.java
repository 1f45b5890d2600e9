package org.globalsessions.segment;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Read beside overwrite once more, but by a reader that does not look at the state word again behind its copy. This test has to
 * fail: where it passes, the others prove nothing.
 */
@JCStressTest
@Outcome(
        id = "[012]",
        expect = Expect.ACCEPTABLE,
        desc = "one of the values, whole, or a way that just became another's")
@Outcome(expect = Expect.FORBIDDEN, desc = "a mixture")
@State
public class BrokenReaderStress {
    private static final int LENGTH = 16_000;
    private static final int KEYS = 1_000;
    private static final int OVERWRITES = 12;
    private static final int MOST_READS = 1_000;
    private static final StressedSegment SEGMENT =
            new StressedSegment(StressedSegment.newSettings().elCount(2_000).recordSize(16_384)).unlinked();

    private final StressedEntry entry = new StressedEntry(StressedEntry.nextNumber(KEYS), LENGTH, LENGTH);
    private volatile boolean isOverwritten;

    public BrokenReaderStress() {
        SEGMENT.set(entry, entry.old());
    }

    @Actor
    public void overwrite() {
        for (int i = 0; i < OVERWRITES; i++) {
            // In threes, as overwrites go back and forth between two ways.
            SEGMENT.set(entry, i % 3 == 0 ? entry.old() : entry.changed());
        }
        isOverwritten = true;
    }

    @Actor
    public void read(I_Result result) {
        EntryReader reader = SEGMENT.segment().reader();
        RecordView records = SEGMENT.segment().records();
        byte[] value = new byte[LENGTH];
        // As long as it is overwritten, so that the two meet also where the processors are busy with something else.
        for (int i = 0; i < MOST_READS && !isOverwritten && result.r1 != StressedEntry.WRONG; i++) {
            EncodedKey key = SEGMENT.lru().encode(entry.key());
            int way = reader.find(key);
            if (way >= 0) {
                int half = LENGTH / 2;
                records.copyValue(way, key.foundState, key.length, value, 0, half);
                // As the scheduler may stop any reader in the middle of its copy.
                Thread.yield();
                records.copyValue(way, key.foundState, key.length + half, value, half, half);
                result.r1 = entry.kindOf(value, LENGTH);
            }
        }
    }
}
