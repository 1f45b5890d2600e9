package org.globalsessions.segment;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Read beside overwrite: a reader beside two overwrites in a row, the second of which takes the place that the first has freed.
 */
@JCStressTest
@Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "both reads before the overwrite")
@Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "one read before it, one behind it")
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "both reads behind it")
@Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "back to the older value: reads of one thread go back in time")
@Outcome(id = ".*2.*", expect = Expect.FORBIDDEN, desc = "absent: a key that is only overwritten is always there")
@Outcome(id = ".*3.*", expect = Expect.FORBIDDEN, desc = "a mixture of two writes, or another key's value")
@Outcome(expect = Expect.FORBIDDEN, desc = "nothing else can be")
@State
public class ReadOverwriteStress {
    private static final StressedSegment SEGMENT = StressedSegment.roomy();

    private final StressedEntry entry = StressedEntry.next(StressedSegment.ROOMY_KEYS);

    public ReadOverwriteStress() {
        SEGMENT.set(entry, entry.old());
    }

    @Actor
    public void overwrite() {
        SEGMENT.set(entry, entry.changed());
        SEGMENT.set(entry, entry.changed());
    }

    @Actor
    public void read(II_Result result) {
        result.r1 = SEGMENT.read(entry);
        result.r2 = SEGMENT.readEntry(entry);
    }
}
