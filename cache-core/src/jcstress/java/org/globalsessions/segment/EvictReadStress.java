package org.globalsessions.segment;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Evict beside read: a reader in a full table beside insertions, each of which takes another entry's place. */
@JCStressTest
@Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "its value, whenever it was read")
@Outcome(id = "2", expect = Expect.ACCEPTABLE, desc = "its value until it was evicted, and nothing from then on")
@Outcome(id = "1", expect = Expect.FORBIDDEN, desc = "a value that nobody has written")
@Outcome(id = "3", expect = Expect.FORBIDDEN, desc = "the value of the entry that took its place, or a mixture with it")
@Outcome(id = "4", expect = Expect.FORBIDDEN, desc = "back again after it was evicted")
@Outcome(expect = Expect.FORBIDDEN, desc = "nothing else can be")
@State
public class EvictReadStress {
    private static final StressedSegment SEGMENT = StressedSegment.full();
    private static final int READS = 32;
    private static final int INSERTIONS = 8;

    private final StressedEntry entry = StressedEntry.fresh();
    private final StressedEntry[] others = new StressedEntry[INSERTIONS];

    public EvictReadStress() {
        for (int i = 0; i < INSERTIONS; i++) {
            others[i] = StressedEntry.fresh();
        }
    }

    @Actor
    public void evict() {
        for (StressedEntry other : others) {
            SEGMENT.set(other, other.old());
        }
    }

    @Actor
    public void read(I_Result result) {
        // Not before: the entry would be evicted by other states' before its turn comes.
        SEGMENT.set(entry, entry.old());
        int seen = StressedEntry.OLD;
        for (int i = 0; i < READS && (seen == StressedEntry.OLD || seen == StressedEntry.ABSENT); i++) {
            int now = i % 2 == 0 ? SEGMENT.read(entry) : SEGMENT.readEntry(entry);
            boolean isBack = seen == StressedEntry.ABSENT && now == StressedEntry.OLD;
            seen = isBack ? StressedEntry.LOST : now;
        }
        result.r1 = seen;
    }
}
