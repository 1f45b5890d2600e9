package org.globalsessions.segment;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Evict beside overwrite in a full table: the older value is never what stays, and whatever was acknowledged and is not there was
 * told as evicted in its last version.
 */
@JCStressTest
@Outcome(id = "[12], 1, 1", expect = Expect.ACCEPTABLE, desc = "overwritten; each that is not there was evicted")
@Outcome(id = "0, .*", expect = Expect.FORBIDDEN, desc = "the older value behind the overwrite")
@Outcome(id = "3, .*", expect = Expect.FORBIDDEN, desc = "the value of another key, or a mixture with it")
@Outcome(
        id = "., 4, .",
        expect = Expect.FORBIDDEN,
        desc = "an acknowledged overwrite is lost: neither there nor evicted")
@Outcome(
        id = "., ., 4",
        expect = Expect.FORBIDDEN,
        desc = "an acknowledged insertion beside it is lost: neither there nor evicted")
@Outcome(id = "., 5, .", expect = Expect.FORBIDDEN, desc = "two records of one key")
@Outcome(expect = Expect.FORBIDDEN, desc = "nothing else can be")
@State
public class EvictOverwriteStress {
    private static final StressedSegment SEGMENT = StressedSegment.full().tellingEvictions();
    private static final int INSERTIONS = 4;
    private static final int FINE = 1;
    private static final int TWO_RECORDS = 5;

    private final StressedEntry entry = StressedEntry.fresh();
    private final StressedEntry[] others = new StressedEntry[INSERTIONS];
    private final long[] versionsOfOthers = new long[INSERTIONS];
    private long version;
    private int seen;

    public EvictOverwriteStress() {
        SEGMENT.remember(entry);
        for (int i = 0; i < INSERTIONS; i++) {
            others[i] = StressedEntry.fresh();
            SEGMENT.remember(others[i]);
        }
    }

    @Actor
    public void overwrite() {
        SEGMENT.set(entry, entry.old());
        version = SEGMENT.set(entry, entry.changed());
        seen = SEGMENT.read(entry);
    }

    @Actor
    public void evict() {
        for (int i = 0; i < INSERTIONS; i++) {
            versionsOfOthers[i] = SEGMENT.set(others[i], others[i].old());
        }
    }

    @Arbiter
    public void look(III_Result result) {
        result.r1 = seen;
        boolean isLost = !SEGMENT.isThereOrEvicted(entry, version);
        result.r2 = isLost ? StressedEntry.LOST : SEGMENT.records(entry) > 1 ? TWO_RECORDS : FINE;
        result.r3 = FINE;
        for (int i = 0; i < INSERTIONS; i++) {
            if (!SEGMENT.isThereOrEvicted(others[i], versionsOfOthers[i])) {
                result.r3 = StressedEntry.LOST;
            }
            SEGMENT.forget(others[i]);
        }
        SEGMENT.forget(entry);
    }
}
