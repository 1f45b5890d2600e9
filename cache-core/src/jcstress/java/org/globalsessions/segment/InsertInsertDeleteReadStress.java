package org.globalsessions.segment;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Two insertions of one key, a delete and a read, over both buckets: what stays follows from the versions, in one record or none.
 * The four are dealt out to two actors in each of their 24 orders, one a state, so that each meets each also where there are
 * only two processors; jcstress leaves out what has more actors.
 */
@JCStressTest
@Outcome(
        id = "[012], 0, 0",
        expect = Expect.ACCEPTABLE,
        desc = "the delete has the highest version, and nothing is there")
@Outcome(
        id = "[012], 1, 1",
        expect = Expect.ACCEPTABLE,
        desc = "an insertion has the highest version, and its value is there")
@Outcome(id = "3, .*", expect = Expect.FORBIDDEN, desc = "the read saw a mixture of two writes, or another key's value")
@Outcome(id = "., 0, [1-9]", expect = Expect.FORBIDDEN, desc = "come back: a record is there that the delete beats")
@Outcome(id = "., 1, 0", expect = Expect.FORBIDDEN, desc = "lost: an insertion behind the delete is not there")
@Outcome(id = "., 1, [2-9]", expect = Expect.FORBIDDEN, desc = "two records of one key")
@Outcome(expect = Expect.FORBIDDEN, desc = "the value that is there is not the one with the highest version")
@State
public class InsertInsertDeleteReadStress {
    private static final StressedSegment SEGMENT = StressedSegment.roomy();
    private static final int OPERATIONS = 4;

    private final StressedEntry entry = StressedEntry.next(StressedSegment.ROOMY_KEYS);
    private final int[] order = order(entry.number());
    private long versionOfFirst;
    private long versionOfSecond;
    private long versionOfDelete;
    private int seen;

    public InsertInsertDeleteReadStress() {
        SEGMENT.delete(entry);
    }

    /** The four operations in an order that the number says. */
    private static int[] order(long number) {
        int[] order = {0, 1, 2, 3};
        long rest = number;
        for (int i = OPERATIONS; i > 1; i--) {
            int other = (int) (rest % i);
            rest /= i;
            int moved = order[i - 1];
            order[i - 1] = order[other];
            order[other] = moved;
        }
        return order;
    }

    private void run(int operation) {
        switch (operation) {
            case 0 -> versionOfFirst = SEGMENT.set(entry, entry.old());
            case 1 -> versionOfSecond = SEGMENT.set(entry, entry.changed());
            case 2 -> versionOfDelete = SEGMENT.delete(entry);
            default -> seen = SEGMENT.read(entry);
        }
    }

    @Actor
    public void runTwo() {
        run(order[0]);
        run(order[1]);
    }

    @Actor
    public void runOtherTwo() {
        run(order[2]);
        run(order[3]);
    }

    @Arbiter
    public void look(III_Result result) {
        result.r1 = seen;
        long highest = Math.max(versionOfDelete, Math.max(versionOfFirst, versionOfSecond));
        result.r3 = SEGMENT.records(entry);
        if (highest != versionOfDelete) {
            int expected = highest == versionOfFirst ? StressedEntry.OLD : StressedEntry.NEW;
            int there = SEGMENT.read(entry);
            result.r2 = there == expected || there == StressedEntry.ABSENT ? 1 : there + StressedEntry.LOST;
        }
    }
}
