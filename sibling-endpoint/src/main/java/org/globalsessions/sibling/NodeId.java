package org.globalsessions.sibling;

/**
 * The stable 128-bit id of a relief node: what placement goes by, so that a node keeps its keys over restarts and moves.
 *
 * @param high upper 64 bits
 * @param low  lower 64 bits
 */
record NodeId(long high, long low) {
    private static final int HEX_DIGITS = 32;

    /**
     * Reads an id.
     *
     * @param text 32 hexadecimal digits
     * @return the id
     * @throws IllegalArgumentException where the text is not one
     */
    static NodeId parse(String text) {
        if (text.length() != HEX_DIGITS) {
            throw new IllegalArgumentException("node id of " + text.length() + " characters, limit=" + HEX_DIGITS);
        }
        return new NodeId(
                Long.parseUnsignedLong(text, 0, HEX_DIGITS / 2, 16),
                Long.parseUnsignedLong(text, HEX_DIGITS / 2, HEX_DIGITS, 16));
    }

    @Override
    public String toString() {
        return String.format("%016x%016x", high, low);
    }
}
