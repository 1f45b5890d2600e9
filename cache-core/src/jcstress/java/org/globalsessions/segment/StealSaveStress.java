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
 * Two conditional saves over one version, where whoever waits for the lock takes it at once from a holder that goes on: one of
 * them is stored, and it is what is there.
 */
@JCStressTest
@Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "the first is stored, in one record")
@Outcome(id = "1, 1, 1", expect = Expect.ACCEPTABLE, desc = "the second is stored, in one record")
@Outcome(id = "2, .*", expect = Expect.FORBIDDEN, desc = "both are stored over one version")
@Outcome(id = "0, .*", expect = Expect.FORBIDDEN, desc = "neither is stored")
@Outcome(id = "1, [2-9], .", expect = Expect.FORBIDDEN, desc = "what is there is not what was stored")
@Outcome(expect = Expect.FORBIDDEN, desc = "two records of one key, or none")
@State
public class StealSaveStress {
    private static final StressedSegment SEGMENT = StressedSegment.robbed();

    private final StressedEntry entry = StressedEntry.next(StressedSegment.ROOMY_KEYS);
    private final Version before;
    private boolean isFirstStored;
    private boolean isSecondStored;

    public StealSaveStress() {
        SEGMENT.set(entry, entry.old());
        before = SEGMENT.versionOf(entry);
    }

    @Actor
    public void saveFirst() {
        isFirstStored = SEGMENT.setIf(entry, entry.old(), before);
    }

    @Actor
    public void saveSecond() {
        isSecondStored = SEGMENT.setIf(entry, entry.changed(), before);
    }

    @Arbiter
    public void look(III_Result result) {
        result.r1 = (isFirstStored ? 1 : 0) + (isSecondStored ? 1 : 0);
        int stored = isSecondStored ? StressedEntry.NEW : StressedEntry.OLD;
        boolean isThere =
                SEGMENT.read(entry) == stored && !SEGMENT.versionOf(entry).equals(before);
        result.r2 = isThere ? stored : StressedEntry.WRONG;
        result.r3 = SEGMENT.records(entry);
    }
}
