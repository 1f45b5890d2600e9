package org.globalsessions.segment;

import java.nio.charset.StandardCharsets;

/** The string of a key's bytes: what {@link SharedLru#encode(String)} was given, also where it has lone surrogates. */
public final class KeyText {
    private static final int SURROGATE_LENGTH = 3;

    private KeyText() {}

    /**
     * Turns the bytes of a key back into its string.
     *
     * @param key bytes as a segment has them
     * @return the string; U+FFFD stands where the bytes are none of a key that was a string
     */
    public static String of(byte[] key) {
        StringBuilder text = null;
        int from = 0;
        for (int i = 0; i + SURROGATE_LENGTH <= key.length; i++) {
            if (isSurrogate(key, i)) {
                text = text == null ? new StringBuilder(key.length) : text;
                text.append(new String(key, from, i - from, StandardCharsets.UTF_8))
                        .append((char) (0xD000 | (key[i + 1] & 0x3F) << 6 | (key[i + 2] & 0x3F)));
                from = i + SURROGATE_LENGTH;
                i = from - 1;
            }
        }
        String rest = new String(key, from, key.length - from, StandardCharsets.UTF_8);
        return text == null ? rest : text.append(rest).toString();
    }

    /** Whether a lone surrogate begins here: its first byte is none that continues another character. */
    private static boolean isSurrogate(byte[] key, int at) {
        return (key[at] & 0xFF) == 0xED && (key[at + 1] & 0xE0) == 0xA0 && (key[at + 2] & 0xC0) == 0x80;
    }
}
