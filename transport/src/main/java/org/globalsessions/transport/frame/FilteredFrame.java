package org.globalsessions.transport.frame;

/**
 * Answer to {@link FilterFrame}; without a question it says that filters of this node do not count any more.
 *
 * @param correlationId that of the frame answered, or 0
 * @param nextCursor    where to go on, 0 where this was the last part
 * @param places        entries that the node has places for
 * @param keys          keys that the filter has by now
 * @param firstWord     where the words belong: bits from 64 times this on
 * @param words         bits of the filter, the lowest first, at most {@link FrameCodec#MAX_FILTER_WORDS}; none as long as the node still looks through its
 *                      entries
 */
public record FilteredFrame(long correlationId, long nextCursor, int places, int keys, int firstWord, long... words)
        implements Frame {
    private static final long[] NONE = {};

    /**
     * What a node says on its own when entries may come to it by another way than from who has a filter of it.
     *
     * @return the frame
     */
    public static FilteredFrame ofNoMoreUse() {
        return new FilteredFrame(0, 0, 0, 0, 0, NONE);
    }

    /**
     * Whether filters of this node do not count any more.
     *
     * @return true where the node says so on its own
     */
    public boolean isOfNoMoreUse() {
        return correlationId == 0;
    }

    @Override
    public FrameType type() {
        return FrameType.FILTERED;
    }

    /** Without its bits, which tell of keys. */
    @Override
    public String toString() {
        return "FilteredFrame[correlationId=" + correlationId + ", nextCursor=" + nextCursor + ", places=" + places
                + ", keys=" + keys + ", firstWord=" + firstWord + ", words=" + words.length + ']';
    }
}
