package org.globalsessions.segment;

/**
 * Finds pages for a large value: free ones, then those of the heads that were not used for longest among the ones that the hand
 * of a clock meets.
 *
 * <p>Any thread of any process, for a way that it has reserved. What it evicts it takes by compare-and-set of the head's state
 * word, as any victim.
 */
final class PageChoice {
    /** No head may go. */
    static final int NONE = -1;

    /** No head may go, but so many pages are free by now, or held by writes under way, that there may be enough in a moment. */
    static final int COMING = -2;

    /** Heads among which the oldest goes. Each costs a look at a record and at a bucket, which lie anywhere. */
    private static final int HEADS = 16;

    /** Pages that the hand passes for that at most, once it has found a head that may go. */
    private static final int WINDOW = 16 * HEADS;

    /** Pages of an area that can be looked at as a whole in less time than others wait for a lock. */
    private static final int SMALL_AREA = 4_096;

    /** Pages that are looked at in a larger area that has no head that may go. */
    private static final int BARREN_LOOKS = 64;

    /** Ticks for which a look at the whole area that found nothing to evict is not repeated. */
    private static final int BARREN_TICKS = 10;

    private final SegmentFile file;
    private final OverflowArea area;
    private final VictimChoice victims;
    private final RecordView records;

    /** Tick at which a look at the whole area has found no head that may go. Lost updates cost a look. */
    private int barrenTick;

    PageChoice(SegmentFile file, OverflowArea area, VictimChoice victims, RecordView records) {
        this.file = file;
        this.area = area;
        this.victims = victims;
        this.records = records;
        this.barrenTick = (int) file.tick() - BARREN_TICKS;
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
     * <p>Where a large area has none, as all are held by marks, only a part of it is looked at for a moment: a look at hundreds of
     * thousands of pages takes longer than others wait for a lock. Writes under way alone never hold so many that it would matter.
     *
     * @param way      the way that the pages are for
     * @param existing way of the key's older record, which a kill could not bring back, or -1
     * @param wanted   pages that the write needs in all, those included that it has
     * @return its way, {@link #NONE} or {@link #COMING}
     */
    int victim(int way, int existing, int wanted, EntryWriter.Room room) {
        int tick = (int) file.tick();
        boolean barren =
                room == EntryWriter.Room.EVICT && area.pageCount() > SMALL_AREA && tick - barrenTick < BARREN_TICKS;
        int most = barren ? Math.max(BARREN_LOOKS, wanted) : area.pageCount();
        int from = area.cursor();
        int page = from;
        int last = -1;
        boolean lastComes = false;
        int oldest = NONE;
        int oldestAge = -1;
        int heads = 0;
        int coming = 0;
        for (int looks = 0; looks < most && (oldest < 0 || (looks < WINDOW && heads < HEADS)); looks++) {
            long owner = area.ownerAcquire(page);
            int head = OverflowArea.way(owner);
            page = area.following(page);
            if (head == last && owner != 0) {
                // A value's pages mostly lie in a row.
                coming += lastComes ? 1 : 0;
                continue;
            }
            if (isFree(owner)) {
                coming++;
                continue;
            }
            last = head;
            lastComes = RecordDescriptor.kind(records.stateAcquire(head)) != RecordDescriptor.VISIBLE;
            coming += lastComes ? 1 : 0;
            heads++;
            if (!lastComes && head != existing) {
                int age = victims.ageOfHead(head, room);
                oldest = age > oldestAge ? head : oldest;
                oldestAge = Math.max(age, oldestAge);
            }
        }
        area.cursor(page);
        if (oldest >= 0) {
            return oldest;
        }
        if (!barren) {
            barrenTick = tick;
        }
        if (coming < wanted) {
            return NONE;
        }
        offerAgain(from, most);
        return COMING;
    }

    private boolean isFree(long owner) {
        return owner == 0 || !records.ownsPage(owner);
    }

    /** Offers pages that a killed process has left, which otherwise the next full sweep does. */
    private void offerAgain(int from, int count) {
        int page = from;
        for (int looks = 0; looks < count; looks++) {
            long owner = area.ownerAcquire(page);
            if (isFree(owner)) {
                area.reclaim(page, owner);
            }
            page = area.following(page);
        }
    }
}
