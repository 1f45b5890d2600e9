package org.globalsessions.segment;

/**
 * Finds pages for a large value: free ones, then those of the heads that were not used for longest among the ones that the hand
 * of a clock meets.
 *
 * <p>Any thread of any process, for a way that it has reserved. What it evicts it takes by compare-and-set of the head's state
 * word, as any victim.
 */
final class PageChoice {
    /**
     * The look has met no head that may go, nor enough pages that may come. Names no way, as the others below. For a moment that may be so
     * only because somebody's new value stands beside the one that it replaces, or both have moved while the hand passed: look again.
     */
    static final long NONE = OverflowArea.owner(-1, 0);

    /** As {@link #NONE}, and looks over a longer time have found the same a moment ago. */
    static final long BARREN = OverflowArea.owner(-1, 3);

    /** No head may go, but so many pages are free by now, or held by writes under way, that there may be enough in a moment. */
    static final long COMING = OverflowArea.owner(-1, 1);

    /** As many pages as are missing were free by now, or have been freed by the look: they are to be taken first. */
    static final long FREED = OverflowArea.owner(-1, 2);

    /** Heads among which the oldest goes. Each costs a look at a record and at a bucket, which lie anywhere. */
    private static final int HEADS = 16;

    /** Pages that the hand passes for that at most, once it has found a head that may go. */
    private static final int WINDOW = 16 * HEADS;

    /** Pages of an area that can be looked at as a whole in less time than others wait for a lock. */
    private static final int SMALL_AREA = 4_096;

    /** Pages that are looked at in a larger area that has no head that may go. */
    private static final int BARREN_LOOKS = 64;

    /** Ticks for which looks at the whole area that found nothing to evict are not repeated. */
    private static final int BARREN_TICKS = 10;

    private final SegmentFile file;
    private final OverflowArea area;
    private final VictimChoice victims;
    private final RecordView records;

    /**
     * When looks at the whole area have found neither a head that may go nor enough pages that may come: the tick in the upper half, the
     * pages wanted in the lower. Lost updates cost looks.
     */
    private long barren;

    PageChoice(SegmentFile file, OverflowArea area, VictimChoice victims, RecordView records) {
        this.file = file;
        this.area = area;
        this.victims = victims;
        this.records = records;
        this.barren = barren((int) file.tick() - BARREN_TICKS, 0);
    }

    private static long barren(int tick, int wanted) {
        return (long) tick << 32 | wanted;
    }

    /** Notes that looks have found {@link #NONE} for as long as a new value may stand beside the one that it replaces. */
    void noteBarren(int wanted) {
        barren = barren((int) file.tick(), wanted);
    }

    /** Whether looks at the whole area were in vain a moment ago, for as many pages or fewer. */
    private boolean isBarren(int tick, int wanted) {
        long seen = barren;
        return wanted >= (int) seen && Integer.compareUnsigned(tick - (int) (seen >>> 32), BARREN_TICKS) < 0;
    }

    /**
     * Takes free pages, in front of a chain.
     *
     * @param count how many at most
     * @return how many; {@code body.firstPage} is the first of the longer chain
     */
    int takeFree(int way, int generation, int count, EntryWriter.Body body) {
        long owner = OverflowArea.owner(way, generation);
        int taken = 0;
        for (; taken < count; taken++) {
            int page = area.takeFree(owner, body.firstPage); // LAYOUT set 7
            if (page == OverflowArea.NONE) {
                break;
            }
            body.firstPage = page;
        }
        return taken;
    }

    /**
     * The head to evict for its pages: the oldest of those that the hand meets, or the first that may go behind them.
     *
     * <p>On the way it frees and offers again what a killed process has left. Where a large area has no head that may go, as all are
     * held by marks, nor enough pages that may come, a write that wants as many looks only at a part of it for a moment: a look at
     * hundreds of thousands of pages takes longer than others wait for a lock.
     *
     * @param existing way of the key's older record, which a kill could not bring back, or -1
     * @param wanted   pages that the write needs in all, those included that it has
     * @param missing  pages that it does not have yet
     * @return the word of its pages, {@link #NONE}, {@link #BARREN}, {@link #COMING} or {@link #FREED}
     */
    long victim(int existing, int wanted, int missing, EntryWriter.Room room) {
        int tick = (int) file.tick();
        boolean inVain = room == EntryWriter.Room.EVICT && isBarren(tick, wanted);
        int most = inVain && area.pageCount() > SMALL_AREA ? Math.max(BARREN_LOOKS, wanted) : area.pageCount();
        int page = area.cursor();
        long last = 0;
        boolean lastComes = false;
        long oldest = NONE;
        int oldestAge = -1;
        int heads = 0;
        int coming = 0;
        int freed = 0;
        for (int looks = 0; looks < most && (oldest == NONE || (looks < WINDOW && heads < HEADS)); looks++) {
            int looked = page;
            page = area.following(looked);
            long owner = area.ownerAcquire(looked);
            if (owner == last && owner != 0) {
                // A value's pages mostly lie in a row.
                coming += lastComes ? 1 : 0;
                continue;
            }
            if (owner == 0 || !records.ownsPage(owner)) {
                // Not offered any more where a killed process has left it: what otherwise the next full sweep does.
                area.reclaim(looked, owner);
                coming++;
                freed++;
                if (freed == missing) {
                    area.cursor(page);
                    return FREED;
                }
                continue;
            }
            int head = OverflowArea.way(owner);
            last = owner;
            lastComes = RecordDescriptor.kind(records.stateAcquire(head)) != RecordDescriptor.VISIBLE;
            coming += lastComes ? 1 : 0;
            heads++;
            if (!lastComes && head != existing) {
                int age = victims.ageOfHead(head, room);
                oldest = age > oldestAge ? owner : oldest;
                oldestAge = Math.max(age, oldestAge);
            }
        }
        area.cursor(page);
        if (oldest != NONE) {
            return oldest;
        }
        if (coming >= wanted) {
            return COMING;
        }
        return inVain ? BARREN : NONE;
    }
}
