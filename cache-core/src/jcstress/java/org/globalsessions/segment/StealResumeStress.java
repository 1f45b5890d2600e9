package org.globalsessions.segment;

import org.globalsessions.Version;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Steal beside resume: a writer that was stopped behind its look at what is there goes on while another takes its lock over. Both
 * write over one version, so one of them is stored, and the other learns that it is not.
 */
@JCStressTest
@Outcome(
        id = "1, 0, 1",
        expect = Expect.ACCEPTABLE,
        desc = "the stopped one was first; the thief is told of another version")
@Outcome(
        id = "1, 1, 1",
        expect = Expect.ACCEPTABLE,
        desc = "the thief was first; the stopped one is told that it lost the lock")
@Outcome(id = "2, .*", expect = Expect.FORBIDDEN, desc = "both are stored over one version")
@Outcome(id = "0, .*", expect = Expect.FORBIDDEN, desc = "neither is stored")
@Outcome(id = "1, [2-9], .", expect = Expect.FORBIDDEN, desc = "what is there is not what was stored")
@Outcome(expect = Expect.FORBIDDEN, desc = "two records of one key, or none")
@State
public class StealResumeStress {
    private static final StressedSegment SEGMENT = StressedSegment.robbed();

    private final StressedEntry entry = StressedEntry.next(StressedSegment.ROOMY_KEYS);
    private final Version before;
    private final StoppedWriter stopped;
    private boolean isResumedStored;
    private boolean isThiefStored;

    public StealResumeStress() {
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
        isThiefStored = SEGMENT.setIf(entry, entry.changed(), before);
    }

    @Arbiter
    public void look(III_Result result) {
        result.r1 = (isResumedStored ? 1 : 0) + (isThiefStored ? 1 : 0);
        boolean isNew = !SEGMENT.versionOf(entry).equals(before);
        result.r2 = isNew ? whoIsThere() : StressedEntry.LOST;
        result.r3 = SEGMENT.records(entry);
    }

    private int whoIsThere() {
        int seen = SEGMENT.read(entry);
        int stored = isThiefStored ? StressedEntry.NEW : StressedEntry.OLD;
        return seen == stored ? seen : StressedEntry.WRONG;
    }
}
