package org.globalsessions.segment;

import org.globalsessions.Version;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Steal beside resume once more, but by a thief that does not set the way aside that the stopped writer may be filling. This test
 * has to fail: where it passes, {@link StealResumeStress} proves nothing.
 */
@JCStressTest
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "one of the two is stored, in one record")
@Outcome(expect = Expect.FORBIDDEN, desc = "both are stored over one version, or two records are there")
@State
public class BrokenThiefStress {
    private static final StressedSegment SEGMENT = StressedSegment.robbed();

    private final StressedEntry entry = StressedEntry.next(StressedSegment.ROOMY_KEYS);
    private final Version before;
    private final StoppedWriter stopped;
    private boolean isResumedStored;
    private boolean isThiefStored;

    public BrokenThiefStress() {
        SEGMENT.set(entry, entry.changed());
        before = SEGMENT.versionOf(entry);
        stopped = StoppedWriter.holdingTheLock(SEGMENT, entry, entry.old());
    }

    @Actor
    public void resume() {
        isResumedStored = stopped.resume();
    }

    @Actor
    public void steal() {
        StoppedWriter thief = StoppedWriter.stealingWithoutTheNote(SEGMENT, entry, entry.changed());
        if (thief.found(before)) {
            isThiefStored = thief.resume();
        } else {
            thief.giveUp();
        }
    }

    @Arbiter
    public void look(II_Result result) {
        result.r1 = (isResumedStored ? 1 : 0) + (isThiefStored ? 1 : 0);
        result.r2 = SEGMENT.records(entry);
    }
}
