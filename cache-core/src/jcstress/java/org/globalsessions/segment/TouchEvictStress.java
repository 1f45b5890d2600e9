package org.globalsessions.segment;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** Touch beside evict in a full table: a late touch reaches no other entry, and brings none back. */
@JCStressTest
@Outcome(
        id = "[012], 1, 1",
        expect = Expect.ACCEPTABLE,
        desc = "touched, or evicted before; no other entry was reached")
@Outcome(
        id = "3, .*",
        expect = Expect.FORBIDDEN,
        desc = "the value of the entry that took its place, or a mixture with it")
@Outcome(id = "4, .*", expect = Expect.FORBIDDEN, desc = "back again after it was evicted")
@Outcome(
        id = "., 0, .",
        expect = Expect.FORBIDDEN,
        desc = "the last access of an entry is that of the one before in its way")
@Outcome(
        id = "., ., 4",
        expect = Expect.FORBIDDEN,
        desc = "an acknowledged insertion is lost: neither there nor evicted")
@Outcome(expect = Expect.FORBIDDEN, desc = "nothing else can be")
@State
public class TouchEvictStress {
    private static final StressedSegment SEGMENT = StressedSegment.full().tellingEvictions();
    private static final int TOUCHES = 32;
    private static final int INSERTIONS = 6;
    private static final int FINE = 1;

    private final StressedEntry entry = StressedEntry.fresh();
    private final StressedEntry[] others = new StressedEntry[INSERTIONS];
    private final long[] versionsOfOthers = new long[INSERTIONS];
    private int seen;
    private boolean isEachAccessRight;

    public TouchEvictStress() {
        for (int i = 0; i < INSERTIONS; i++) {
            others[i] = StressedEntry.fresh();
            SEGMENT.remember(others[i]);
        }
    }

    @Actor
    public void touch() {
        SEGMENT.fillIdle(entry, entry.number() + 1);
        boolean wasGone = false;
        boolean isBack = false;
        for (int i = 0; i < TOUCHES; i++) {
            boolean touched = SEGMENT.touch(entry);
            isBack |= wasGone && touched;
            wasGone |= !touched;
        }
        int now = SEGMENT.readEntry(entry);
        isBack |= wasGone && now == StressedEntry.OLD;
        seen = isBack ? StressedEntry.LOST : now;
        // At once: at the end of the batch others have these ways.
        isEachAccessRight = SEGMENT.isEachAccessOfItsEntry();
    }

    @Actor
    public void evict() {
        for (int i = 0; i < INSERTIONS; i++) {
            versionsOfOthers[i] = SEGMENT.fillIdle(others[i], others[i].number() + 1);
        }
    }

    @Arbiter
    public void look(III_Result result) {
        result.r1 = seen;
        result.r2 = isEachAccessRight ? FINE : 0;
        result.r3 = FINE;
        for (int i = 0; i < INSERTIONS; i++) {
            if (!SEGMENT.isThereOrEvicted(others[i], versionsOfOthers[i])) {
                result.r3 = StressedEntry.LOST;
            }
            SEGMENT.forget(others[i]);
        }
    }
}
