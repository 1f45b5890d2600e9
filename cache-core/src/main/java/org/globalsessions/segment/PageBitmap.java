package org.globalsessions.segment;

import java.nio.ByteBuffer;

/**
 * Which overflow pages may be free, so that a write finds one without a look at each: a bit a page, and above them a summary,
 * a bit for each 64 pages of which none may be free. A 0 says that a page may be free, a 1 that it is not; the word of the page
 * decides.
 *
 * <p>Any thread of any process. A taker sets a page's bit before it looks at the page's word, and who gives a page back clears
 * the word before the bit; the summary follows the bits in the same way. So a page that is given back while somebody looks is
 * offered again, and only a process that dies between the two leaves one that nobody is offered, until the next full sweep.
 */
final class PageBitmap {
    /** Bits of a word, pages of a group, groups of a summary word. */
    private static final int BITS = Long.SIZE;

    private final ByteBuffer words;
    private final int pageCount;
    private final int groups;

    PageBitmap(ByteBuffer words, int pageCount) {
        this.words = words;
        this.pageCount = pageCount;
        this.groups = groups(pageCount);
    }

    private static int wordsOf(int bits) {
        return (int) ((bits + BITS - 1L) / BITS);
    }

    /** Words of the pages' bits, behind which the summary begins. */
    static int groups(int pageCount) {
        return wordsOf(pageCount);
    }

    /** Bytes of the bitmap and its summary. */
    static int length(int pageCount) {
        int groups = groups(pageCount);
        return (groups + wordsOf(groups)) * Long.BYTES;
    }

    /**
     * Claims the lowest page that may be free, so that the pages at the end of an area that was never full stay holes in its
     * file. Nobody else is offered it then.
     *
     * @return its number, or {@link OverflowArea#NONE}
     */
    int claim() {
        for (int first = 0; first < groups; first += BITS) {
            int summary = groups + first / BITS;
            for (long open = zeros(summary, groups - first); open != 0; open &= open - 1) {
                int page = claimIn(first + Long.numberOfTrailingZeros(open));
                if (page != OverflowArea.NONE) {
                    return page;
                }
            }
        }
        return OverflowArea.NONE;
    }

    private int claimIn(int group) {
        int first = group * BITS;
        for (long open = zeros(group, pageCount - first); open != 0; open = zeros(group, pageCount - first)) {
            int bit = Long.numberOfTrailingZeros(open);
            if (set(group, bit)) {
                return first + bit;
            }
        }
        int summary = groups + group / BITS;
        set(summary, group % BITS);
        // Whoever gave a page of the group back meanwhile may have found the summary's bit not set yet.
        if (zeros(group, pageCount - first) != 0) {
            clear(summary, group % BITS);
        }
        return OverflowArea.NONE;
    }

    /** Offers a page whose word has been cleared. */
    void offer(int page) {
        int group = page / BITS;
        clear(group, page % BITS);
        clear(groups + group / BITS, group % BITS);
    }

    /** Whether a page would be found. */
    boolean offers(int page) {
        int group = page / BITS;
        return isClear(group, page % BITS) && isClear(groups + group / BITS, group % BITS);
    }

    private boolean isClear(int word, int bit) {
        return (word(word) & (1L << bit)) == 0;
    }

    /** The bits of a word that are 0, of those that mean anything. */
    private long zeros(int word, int count) {
        return ~word(word) & (count >= BITS ? -1L : (1L << count) - 1);
    }

    private long word(int word) {
        return (long) Words.LONG.getVolatile(words, word * Long.BYTES);
    }

    /** Sets a bit; false where it was set. */
    private boolean set(int word, int bit) {
        return ((long) Words.LONG.getAndBitwiseOr(words, word * Long.BYTES, 1L << bit) & (1L << bit)) == 0;
    }

    private void clear(int word, int bit) {
        if (!isClear(word, bit)) {
            Words.LONG.getAndBitwiseAnd(words, word * Long.BYTES, ~(1L << bit));
        }
    }
}
