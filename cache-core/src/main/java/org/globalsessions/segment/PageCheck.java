package org.globalsessions.segment;

import org.globalsessions.segment.Finding.Region;

/**
 * The rules of an overflow page's word: it names a head that exists, and one that stands has the page in its chain; a free page's
 * bits say so.
 */
final class PageCheck implements PlaceCheck {
    static final int RESERVED_OFFSET = 12;

    private final CheckedSegment segment;
    private final FileView view;
    private final RecordImage head;
    private long inUse;

    PageCheck(CheckedSegment segment) {
        this.segment = segment;
        this.view = segment.view();
        this.head = new RecordImage(view, segment.geometry());
    }

    long inUse() {
        return inUse;
    }

    @Override
    public long count() {
        return segment.geometry().pageCount();
    }

    @Override
    public void look(long page, Findings findings) {
        long at = head.pageWordOffset((int) page);
        long owner = view.longAcquire(at + SegmentDescriptor.PAGE_OWNER_OFFSET);
        int reserved = view.getInt(at + RESERVED_OFFSET);
        if (reserved != 0) {
            findings.add(damage(page, at + RESERVED_OFFSET, reserved, "reserved bytes are not 0"));
        }
        if (owner == 0) {
            lookAtBits(page, findings);
        } else {
            // Of a free page it means nothing.
            int next = view.getInt(at + SegmentDescriptor.PAGE_NEXT_OFFSET);
            if (next < 0 || next > segment.geometry().pageCount()) {
                findings.add(damage(page, at + SegmentDescriptor.PAGE_NEXT_OFFSET, next, "next page does not exist"));
            }
            lookAtOwner((int) page, at, owner, findings);
        }
    }

    private void lookAtBits(long page, Findings findings) {
        long group = page / Long.SIZE;
        long at = segment.geometry().pageBitmapOffset() + group * Long.BYTES;
        long groups = PageBitmap.groups(segment.geometry().pageCount());
        long summaryAt = segment.geometry().pageBitmapOffset() + (groups + group / Long.SIZE) * Long.BYTES;
        long bits = view.longAcquire(at);
        if (isSet(bits, page) || isSet(view.longAcquire(summaryAt), group)) {
            findings.add(segment.leftover(
                    Region.PAGES,
                    page,
                    at,
                    bits,
                    "page is free and its bit says that it is not",
                    "the next full sweep offers it again"));
        }
    }

    private static boolean isSet(long word, long bit) {
        return (word >>> bit & 1) != 0;
    }

    private Finding damage(long page, long at, long word, String what) {
        return segment.damage(Region.PAGES, page, at, word, what);
    }

    private void lookAtOwner(int page, long at, long owner, Findings findings) {
        long way = (owner & 0xFFFF_FFFFL) - 1;
        if (way < 0 || way >= segment.geometry().recordCount()) {
            findings.add(damage(page, at, owner, "page names a way that does not exist"));
            return;
        }
        long state = head.stateOf(way);
        boolean stands = RecordDescriptor.generation(state) == (int) (owner >>> 32)
                && RecordDescriptor.kind(state) != RecordDescriptor.FREE;
        if (!stands) {
            findings.add(segment.leftover(
                    Region.PAGES,
                    page,
                    at,
                    owner,
                    "page names way " + way + ", which has moved on",
                    "the next full sweep frees it"));
            return;
        }
        inUse++;
        boolean visible = RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE && head.read(way);
        if (visible && head.ownsPage(page) && !isInChain(page) && head.stillShows()) {
            findings.add(damage(page, at, owner, "page names way " + way + ", which does not have it in its chain"));
        }
    }

    private boolean isInChain(int page) {
        if (!head.hasValidLengths() || !head.isOverflowed()) {
            return false;
        }
        int at = head.firstPage;
        int length = SegmentDescriptor.pagesOf(head.valueLength);
        for (int link = 0; link < length && head.ownsPage(at); link++) {
            if (at == page) {
                return true;
            }
            at = head.nextPage(at);
        }
        return false;
    }
}
