package org.globalsessions.segment;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A page of the bitmap given back beside a look for one that closes its full group: the page goes to the look, or whoever looks
 * next finds it.
 */
@JCStressTest
@Outcome(id = "5, -1", expect = Expect.ACCEPTABLE, desc = "the look came later and has the page")
@Outcome(id = "-1, 5", expect = Expect.ACCEPTABLE, desc = "the look came earlier; the next one finds the page")
@Outcome(id = "-1, -1", expect = Expect.FORBIDDEN, desc = "a free page that nobody is offered any more")
@Outcome(expect = Expect.FORBIDDEN, desc = "a page of two, or one that is not free")
@State
public class PageTakeGiveBackStress {
    private static final int PAGES = Long.SIZE;

    private final PageBitmap bitmap =
            new PageBitmap(ByteBuffer.allocateDirect(PageBitmap.length(PAGES)).order(ByteOrder.LITTLE_ENDIAN), PAGES);

    public PageTakeGiveBackStress() {
        for (int page = 0; page < PAGES; page++) {
            // The last one leaves the group open: only a look that finds nothing closes it.
            bitmap.claim();
        }
    }

    @Actor
    public void giveBack() {
        bitmap.offer(5);
    }

    @Actor
    public void take(II_Result result) {
        result.r1 = bitmap.claim();
    }

    @Arbiter
    public void takeAfterwards(II_Result result) {
        result.r2 = bitmap.claim();
    }
}
