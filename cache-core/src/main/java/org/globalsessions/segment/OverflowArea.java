package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.PAGE_CURSOR_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.PAGE_LENGTH;
import static org.globalsessions.segment.SegmentDescriptor.PAGE_NEXT_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.PAGE_OWNER_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.PAGE_WORD_LENGTH;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * The pages of values that are larger than a record. Each page's word names its head, the way of the record and that use's
 * generation; a page is in use only while that way is in that generation and not free. So there is no list that a kill could
 * tear, and what a killed writer had taken becomes free with its way.
 *
 * <p>Any thread of any process reads. Pages are taken by compare-and-set of their word and written only by the process that
 * has reserved the head's way, before the head becomes visible; never in place.
 */
final class OverflowArea {
    /** No page. */
    static final int NONE = -1;

    private static final int PAGE_RESERVED_OFFSET = PAGE_NEXT_OFFSET + Integer.BYTES;

    private final ByteBuffer header;
    private final ByteBuffer words;
    private final PageBitmap bitmap;
    private final ByteBuffer[] buffers;
    private final int pageCount;

    OverflowArea(SegmentFile file) {
        this.header = file.header();
        this.words = file.pageWords();
        this.buffers = file.pageBuffers();
        this.pageCount = file.pageCount();
        this.bitmap = new PageBitmap(file.pageBitmap(), pageCount);
    }

    int pageCount() {
        return pageCount;
    }

    /** The page at which the next search for a head to evict begins; a lost update costs a longer search only. */
    int cursor() {
        int cursor = (int) Words.INT.getOpaque(header, PAGE_CURSOR_OFFSET);
        return cursor >= 0 && cursor < pageCount ? cursor : 0;
    }

    void cursor(int page) {
        Words.INT.setOpaque(header, PAGE_CURSOR_OFFSET, page < pageCount ? page : 0);
    }

    /** The page behind one, or the first. */
    int following(int page) {
        return page + 1 < pageCount ? page + 1 : 0;
    }

    static long owner(int way, int generation) {
        return ((long) generation << 32) | (way + 1);
    }

    /** Way of the head that a page's word names. */
    static int way(long owner) {
        return (int) owner - 1;
    }

    /** Generation of the use of its head that a page's word names. */
    static int generation(long owner) {
        return (int) (owner >>> 32);
    }

    long ownerAcquire(int page) {
        return (long) Words.LONG.getAcquire(words, page * PAGE_WORD_LENGTH + PAGE_OWNER_OFFSET);
    }

    private boolean casOwner(int page, long expected, long changed) {
        return Words.LONG.compareAndSet(words, page * PAGE_WORD_LENGTH + PAGE_OWNER_OFFSET, expected, changed);
    }

    /** Number of the next page of a chain; {@link #NONE} at its end, and where it is nonsense. */
    private int next(int page) {
        int next = (int) Words.INT.getOpaque(words, page * PAGE_WORD_LENGTH + PAGE_NEXT_OFFSET) - 1;
        return next >= 0 && next < pageCount ? next : NONE;
    }

    private void next(int page, int next) {
        Words.INT.setOpaque(words, page * PAGE_WORD_LENGTH + PAGE_NEXT_OFFSET, next + 1);
    }

    /**
     * Takes a free page, in front of a chain.
     *
     * @param first first page of the chain, {@link #NONE} where it has none yet
     * @return the page, or {@link #NONE} where none is free
     */
    int takeFree(long owner, int first) {
        int page = bitmap.claim();
        while (page != NONE && !casOwner(page, 0, owner)) {
            // A stranger has changed its bit, or a sweep had seen it free before it was taken.
            page = bitmap.claim();
        }
        if (page != NONE) {
            next(page, first);
        }
        return page;
    }

    /** Gives back what a chain has that belongs to a way; the caller has reserved that way. */
    void release(int way, int first) {
        if (first >= 0 && first < pageCount) {
            long owner = ownerAcquire(first);
            if (way(owner) == way) {
                reclaim(first, owner);
            }
        }
    }

    /**
     * Frees and offers a page that still has the word seen, one's own or one whose head has moved on, and what follows it in its
     * chain: whoever gives the chain back as well ends at a page that is free already. One that is free is offered again, in case a process
     * has died between its word and its bit.
     */
    void reclaim(int page, long seen) {
        if (seen == 0) {
            bitmap.offer(page);
            return;
        }
        int at = page;
        for (int links = 0; at != NONE && links < pageCount; links++) {
            int next = next(at);
            if (!casOwner(at, seen, 0)) {
                return;
            }
            bitmap.offer(at);
            at = next;
        }
    }

    /** Makes the reserved bytes of a page's word 0 again, which nobody but a stranger writes. */
    void clearReserved(int page) {
        int at = page * PAGE_WORD_LENGTH + PAGE_RESERVED_OFFSET;
        if ((int) Words.INT.getOpaque(words, at) != 0) {
            Words.INT.setOpaque(words, at, 0);
        }
    }

    private ByteBuffer buffer(int page) {
        return buffers[page / SegmentMapping.PAGES_PER_BUFFER];
    }

    private static int offset(int page) {
        return page % SegmentMapping.PAGES_PER_BUFFER * PAGE_LENGTH;
    }

    /**
     * Writes a value into the chain that the caller has taken for a way that it has reserved.
     *
     * @return false where a page is not the caller's any more: somebody has overwritten its word, and it may be another's by now
     */
    boolean write(int way, int generation, int first, byte[] value, int offset, int length) {
        long owner = owner(way, generation);
        // The taking of the pages must be seen before their first byte, as with records.
        VarHandle.storeStoreFence();
        int page = first;
        for (int done = 0; done < length; done += PAGE_LENGTH) {
            if (page == NONE || ownerAcquire(page) != owner) {
                return false;
            }
            buffer(page).put(offset(page), value, offset + done, Math.min(PAGE_LENGTH, length - done));
            page = next(page);
        }
        return true;
    }

    /** Whether a chain of so many bytes belongs to its head, page by page; the caller validates afterwards. */
    boolean isWhole(int way, int generation, int first, int length) {
        long owner = owner(way, generation);
        int page = first >= 0 && first < pageCount ? first : NONE;
        for (int done = 0; done < length; done += PAGE_LENGTH) {
            if (page == NONE || ownerAcquire(page) != owner) {
                return false;
            }
            page = next(page);
        }
        return true;
    }

    /**
     * Copies a value. The caller validates the head afterwards: while the head stands, nobody else takes its pages.
     *
     * @return false where a page does not belong to the head: the entry has gone, or the segment is damaged
     */
    boolean copy(int way, int generation, int first, byte[] target, int targetOffset, int length) {
        long owner = owner(way, generation);
        int page = first >= 0 && first < pageCount ? first : NONE;
        for (int done = 0; done < length; done += PAGE_LENGTH) {
            if (page == NONE || ownerAcquire(page) != owner) {
                return false;
            }
            buffer(page).get(offset(page), target, targetOffset + done, Math.min(PAGE_LENGTH, length - done));
            // Where somebody has overwritten the page's word, another head may have taken it under the copy.
            VarHandle.acquireFence();
            if (ownerAcquire(page) != owner) {
                return false;
            }
            page = next(page);
        }
        return true;
    }
}
