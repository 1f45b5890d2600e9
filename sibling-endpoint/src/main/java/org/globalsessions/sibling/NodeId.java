package org.globalsessions.sibling;

import org.globalsessions.tier.HexId;

/**
 * The stable 128-bit id of a relief node: what placement goes by, so that a node keeps its keys over restarts and moves.
 *
 * @param high upper 64 bits
 * @param low  lower 64 bits
 */
record NodeId(long high, long low) {
    /**
     * Reads an id.
     *
     * @param text 32 hexadecimal digits
     * @return the id
     * @throws IllegalArgumentException where the text is not one
     */
    static NodeId parse(String text) {
        if (text.length() != HexId.DIGITS) {
            throw new IllegalArgumentException("node id of " + text.length() + " characters, limit=" + HexId.DIGITS);
        }
        return new NodeId(HexId.high(text), HexId.low(text));
    }

    @Override
    public String toString() {
        return HexId.text(high, low);
    }
}
