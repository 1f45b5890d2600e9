package org.globalsessions.transport.frame;

/**
 * Asks a relief node for a filter of the keys of its entries, a part at a time.
 *
 * @param correlationId ties the answer to this, not 0
 * @param cursor        where to go on: 0 to begin anew, then what the last answer said
 * @param bits          size of the filter, a multiple of 64 up to {@link FrameCodec#MAX_FILTER_BITS}; 0, with cursor 0, asks for the node's places alone
 * @param hashes        bits that each key sets, 1 to {@link FrameCodec#MAX_FILTER_HASHES}
 */
public record FilterFrame(long correlationId, long cursor, int bits, int hashes) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.FILTER;
    }
}
