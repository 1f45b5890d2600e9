package org.globalsessions.tier;

import java.util.Locale;

/** The text of a 128-bit id, of segments, hosts and nodes: 32 hexadecimal digits, the upper half first. Static, any thread. */
public final class HexId {
    /** Digits of an id. */
    public static final int DIGITS = 32;

    private HexId() {}

    /**
     * The text of an id.
     *
     * @param high upper 64 bits
     * @param low  lower 64 bits
     * @return 32 lower-case digits
     */
    public static String text(long high, long low) {
        return String.format(Locale.ROOT, "%016x%016x", high, low);
    }

    /**
     * Whether a text is an id.
     *
     * @param text any
     * @return true for 32 hexadecimal digits, in either case
     */
    public static boolean isId(String text) {
        return text.matches("[0-9a-fA-F]{" + DIGITS + "}");
    }

    /**
     * The upper half of an id.
     *
     * @param text 32 hexadecimal digits
     * @return upper 64 bits
     * @throws NumberFormatException where there is something else among the digits
     */
    public static long high(String text) {
        return Long.parseUnsignedLong(text, 0, DIGITS / 2, 16);
    }

    /**
     * The lower half of an id.
     *
     * @param text 32 hexadecimal digits
     * @return lower 64 bits
     * @throws NumberFormatException where there is something else among the digits
     */
    public static long low(String text) {
        return Long.parseUnsignedLong(text, DIGITS / 2, DIGITS, 16);
    }
}
