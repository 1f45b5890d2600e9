package org.globalsessions.segment;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Overwrite beside overwrite of one key: the one with the higher version stays, in one record. */
@JCStressTest
@Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the first has the higher version and stays, once")
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "the second has the higher version and stays, once")
@Outcome(id = "., 0", expect = Expect.FORBIDDEN, desc = "no record: both acknowledged writes are lost")
@Outcome(id = "., [2-9]", expect = Expect.FORBIDDEN, desc = "two records of one key")
@Outcome(
        id = "4, .*",
        expect = Expect.FORBIDDEN,
        desc = "the lower version stays: the higher one was acknowledged and is lost")
@Outcome(expect = Expect.FORBIDDEN, desc = "a mixture of two writes, or another key's value")
@State
public class OverwriteOverwriteStress {
    private static final StressedSegment SEGMENT = StressedSegment.roomy();

    private final StressedEntry entry = StressedEntry.next(StressedSegment.ROOMY_KEYS);
    private long versionOfFirst;
    private long versionOfSecond;

    public OverwriteOverwriteStress() {
        SEGMENT.set(entry, entry.old());
    }

    @Actor
    public void overwriteFirst() {
        versionOfFirst = SEGMENT.set(entry, entry.old());
    }

    @Actor
    public void overwriteSecond() {
        versionOfSecond = SEGMENT.set(entry, entry.changed());
    }

    @Arbiter
    public void look(II_Result result) {
        int higher = versionOfFirst > versionOfSecond ? StressedEntry.OLD : StressedEntry.NEW;
        int lower = StressedEntry.NEW - higher;
        int seen = SEGMENT.read(entry);
        result.r1 = seen == lower ? StressedEntry.LOST : seen;
        result.r2 = SEGMENT.records(entry);
    }
}
