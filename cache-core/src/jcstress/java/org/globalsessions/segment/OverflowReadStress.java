package org.globalsessions.segment;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Overflow beside read: a reader of a value in pages beside overwrites by one that lies in the record and by one in pages again,
 * for which it takes those that just became free.
 */
@JCStressTest
@Outcome(id = "[01], [01]", expect = Expect.ACCEPTABLE, desc = "one of the two values, whole")
@Outcome(
        id = ".*2.*",
        expect = Expect.FORBIDDEN,
        desc = "absent: there are pages enough, and the key is only overwritten")
@Outcome(id = ".*3.*", expect = Expect.FORBIDDEN, desc = "pages of two writes in one value, or pages of another key")
@Outcome(expect = Expect.FORBIDDEN, desc = "nothing else can be")
@State
public class OverflowReadStress {
    private static final int LARGE = 20_000;
    private static final int SMALL = 20;

    /** Each has five pages and another five while it is overwritten. */
    private static final int KEYS = 600;

    private static final StressedSegment SEGMENT = new StressedSegment(
                    StressedSegment.newSettings().elCount(4_000).recordSize(512).overflowShare(0.9))
            .unlinked();

    private final StressedEntry entry = new StressedEntry(StressedEntry.nextNumber(KEYS), LARGE, SMALL);

    public OverflowReadStress() {
        SEGMENT.set(entry, entry.old());
    }

    @Actor
    public void overwrite() {
        SEGMENT.set(entry, entry.changed());
        SEGMENT.set(entry, entry.old());
    }

    @Actor
    public void read(II_Result result) {
        result.r1 = SEGMENT.readEntry(entry);
        byte[] value = SEGMENT.lru().get(SEGMENT.lru().encode(entry.key()));
        result.r2 = value == null ? StressedEntry.ABSENT : entry.kindOf(value, value.length);
    }
}
