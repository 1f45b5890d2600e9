package org.globalsessions.relief;

import java.util.Arrays;
import org.apache.commons.collections4.bloomfilter.EnhancedDoubleHasher;
import org.apache.commons.collections4.bloomfilter.Shape;
import org.apache.commons.collections4.bloomfilter.SimpleBloomFilter;
import org.globalsessions.segment.SegmentDescriptor;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FilterFrame;
import org.globalsessions.transport.frame.FilteredFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;

/**
 * Tells a sibling which keys this node has entries of, as a Bloom filter: looks through the segment, a bounded part for each question, then
 * gives the bits, piece by piece.
 *
 * <p>An entry that is there when the look begins and stays is in the filter; one that comes or changes meanwhile need not be, as whoever asks knows what it has
 * sent. So the filter counts only as long as nothing comes by another way: not where the node has several siblings, and not where another process, such as one that
 * takes back a backup, has opened the segment.
 *
 * <p>One filter is made at a time, of at most {@link FrameCodec#MAX_FILTER_BITS}, and held until its last piece is asked for. One thread at a time: the node's event loop.
 */
final class FilterAnswers {
    /** Entries and tombstones looked at for one answer: about a millisecond. */
    static final int PART_ITEMS = FrameCodec.MAX_ITEMS;

    /** Cursors from here on count words of the finished filter; those of a look at the segment are below. */
    private static final long WORDS_FROM = 1L << 40;

    private final SharedLru segment;
    private final boolean isShared;

    /** What is being made, while the look at the segment lasts; otherwise null. */
    private SimpleBloomFilter filter;

    /** The bits of what was made, until the last piece is given; otherwise null. */
    private long[] words;

    /** Tells the size of what is or was being made. */
    private FilterFrame begun;

    private long cursor;
    private int keys;

    /** Whether somebody has a filter of this node, or a part of one. */
    private boolean given;

    /** Other processes that had opened the segment before that one was begun. */
    private long attachments;

    /**
     * Answers for a segment.
     *
     * @param segment  the node's segment
     * @param isShared whether the node works for several siblings
     */
    FilterAnswers(SharedLru segment, boolean isShared) {
        this.segment = segment;
        this.isShared = isShared;
    }

    /**
     * Answers a question.
     *
     * @param question what a sibling has sent
     * @return the next part, or why there is none
     */
    Frame answer(FilterFrame question) {
        if (isShared) {
            return new ErrorFrame(question.correlationId(), ErrorCode.REFUSED, "this node works for several siblings");
        }
        long others = segment.file().otherAttachments();
        if (others < 0) {
            return busy(question, "another process has this node's segment open");
        }
        if (question.bits() == 0) {
            return part(question, 0, 0);
        }
        if (given && others != attachments) {
            return busy(question, "another process has opened this node's segment meanwhile");
        }
        if (question.cursor() == 0) {
            begin(question, others);
        } else if (!isNext(question)) {
            return busy(question, "no filter is being made that this goes on with");
        }
        return words == null ? look(question) : piece(question);
    }

    /** What was given before may be void too: that is told in its own time. */
    private Frame busy(FilterFrame question, String why) {
        filter = null;
        words = null;
        return new ErrorFrame(question.correlationId(), ErrorCode.BUSY, why);
    }

    private void begin(FilterFrame question, long others) {
        filter = new SimpleBloomFilter(Shape.fromKM(question.hashes(), question.bits()));
        words = null;
        begun = question;
        cursor = 0;
        keys = 0;
        given = true;
        attachments = others;
    }

    private boolean isNext(FilterFrame question) {
        return (filter != null || words != null)
                && question.cursor() == cursor
                && question.bits() == begun.bits()
                && question.hashes() == begun.hashes();
    }

    private Frame look(FilterFrame question) {
        cursor = segment.inventory(cursor, PART_ITEMS, item -> {
            // Of a tombstone this node would say "missing".
            if (!item.tombstone()) {
                filter.merge(new EnhancedDoubleHasher(
                        item.digest().high(), item.digest().low()));
                keys++;
            }
        });
        if (cursor == 0) {
            words = filter.asBitMapArray();
            filter = null;
            cursor = WORDS_FROM;
        }
        return part(question, cursor, 0);
    }

    private Frame piece(FilterFrame question) {
        int first = (int) (cursor - WORDS_FROM);
        int end = Math.min(words.length, first + FrameCodec.MAX_FILTER_WORDS);
        long[] piece = Arrays.copyOfRange(words, first, end);
        if (end < words.length) {
            cursor = WORDS_FROM + end;
        } else {
            cursor = 0;
            words = null;
        }
        return part(question, cursor, first, piece);
    }

    private FilteredFrame part(FilterFrame question, long next, int first, long... piece) {
        return new FilteredFrame(question.correlationId(), next, places(), keys, first, piece);
    }

    private int places() {
        return segment.bucketCount() * SegmentDescriptor.WAYS;
    }

    /**
     * Whether what was given does not count any more, as another process has opened the segment since. Says so once.
     *
     * @return true where whoever has it is to be told
     */
    boolean takeNoMoreUse() {
        boolean noMoreUse = given && segment.file().otherAttachments() != attachments;
        if (noMoreUse) {
            forget();
        }
        return noMoreUse;
    }

    /** Nobody has a filter of this node any more, nor waits for one. */
    void forget() {
        filter = null;
        words = null;
        given = false;
    }
}
