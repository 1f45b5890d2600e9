package org.globalsessions.segment;

/**
 * Finds pages for a large value: free ones, then those that dead heads still name, then those of the heads that were not
 * used for longest among the ones that the hand of a clock meets.
 *
 * <p>Any thread of any process, for a way that it has reserved. What it evicts it takes by compare-and-set of the head's state
 * word, as any victim.
 */
final class PageChoice {
    /** Pages that the hand looks at before the oldest head it has met goes. */
    private static final int WINDOW = 64;

    private final OverflowArea area;
    private final VictimChoice victims;
    private final RecordView records;

    PageChoice(OverflowArea area, VictimChoice victims, RecordView records) {
        this.area = area;
        this.victims = victims;
        this.records = records;
    }

    /**
     * Takes free pages, and such that no head has any more, in front of a chain.
     *
     * @param count how many at most
     * @return how many; {@code body.firstPage} is the first of the longer chain
     */
    int takeFree(int way, int generation, int count, EntryWriter.Body body) {
        int taken = takeIf(true, way, generation, count, body);
        return taken < count ? taken + takeIf(false, way, generation, count - taken, body) : taken;
    }

    private int takeIf(boolean onlyFree, int way, int generation, int count, EntryWriter.Body body) {
        long owner = OverflowArea.owner(way, generation);
        int page = area.cursor();
        int taken = 0;
        for (int looks = 0; looks < area.pageCount() && taken < count; looks++) {
            long seen = area.ownerAcquire(page);
            boolean free = seen == 0 || (!onlyFree && seen != owner && !records.ownsPage(seen));
            if (free && area.take(page, seen, owner, body.firstPage)) {
                body.firstPage = page;
                taken++;
            }
            page = page + 1 < area.pageCount() ? page + 1 : 0;
        }
        area.cursor(page);
        return taken;
    }

    /**
     * The head to evict for its pages: the oldest in a window of them, or the first that may go behind it.
     *
     * @param way      the way that the pages are for
     * @param existing way of the key's older record, which a kill could not bring back, or -1
     * @return its way, or -1 where none may go
     */
    int victim(int way, int existing, EntryWriter.Room room) {
        int page = area.cursor();
        int oldest = -1;
        int oldestAge = -1;
        for (int looks = 0; looks < area.pageCount() && (oldest < 0 || looks < WINDOW); looks++) {
            long owner = area.ownerAcquire(page);
            int head = OverflowArea.way(owner);
            page = page + 1 < area.pageCount() ? page + 1 : 0;
            if (owner == 0 || head == oldest || head == way || head == existing || !records.ownsPage(owner)) {
                continue;
            }
            int age = victims.ageOfHead(head, room);
            if (age > oldestAge && RecordDescriptor.kind(records.stateAcquire(head)) == RecordDescriptor.VISIBLE) {
                oldest = head;
                oldestAge = age;
            }
        }
        area.cursor(page);
        return oldest;
    }

    /**
     * Whether so many pages are there that a write may have once others have ended theirs: all but those of the key's older
     * record and of heads that a mark holds.
     *
     * @param existing way of the key's older record, or -1
     * @param count    pages that the write needs
     */
    boolean mayCome(int existing, int count, EntryWriter.Room room) {
        if (room == EntryWriter.Room.FREE_ONLY) {
            return false;
        }
        int coming = 0;
        for (int page = 0; page < area.pageCount() && coming < count; page++) {
            long owner = area.ownerAcquire(page);
            coming += owner == 0 || !records.ownsPage(owner) || mayGo(OverflowArea.way(owner), existing, room) ? 1 : 0;
        }
        return coming >= count;
    }

    private boolean mayGo(int head, int existing, EntryWriter.Room room) {
        boolean stays = RecordDescriptor.kind(records.stateAcquire(head)) == RecordDescriptor.VISIBLE
                && victims.ageOfHead(head, room) < 0;
        return head != existing && !stays;
    }
}
