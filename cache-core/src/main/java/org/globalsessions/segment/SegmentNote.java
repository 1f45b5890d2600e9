package org.globalsessions.segment;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The note in a header: a word with the length (lower 16 bits) and the number of the change (upper 16), then the text. One
 * writer, readers in any process. A reader takes the text only if the word was the same before and after.
 */
public final class SegmentNote {
    private static final int TEXT_OFFSET = SegmentDescriptor.NOTE_OFFSET + Integer.BYTES;
    private static final int ATTEMPTS = 1_000;

    private SegmentNote() {}

    static void write(ByteBuffer header, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > SegmentDescriptor.NOTE_MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "note is too long: bytes=" + bytes.length + ", limit=" + SegmentDescriptor.NOTE_MAX_LENGTH);
        }
        int change = ((int) Words.INT.getOpaque(header, SegmentDescriptor.NOTE_OFFSET) >>> 16) + 1;
        Words.INT.setOpaque(header, SegmentDescriptor.NOTE_OFFSET, change << 16);
        // The word must be seen before any byte of the text is: a release store alone would let the bytes pass it.
        VarHandle.storeStoreFence();
        header.put(TEXT_OFFSET, bytes);
        // Pairs with the acquire in read: who sees this length sees the text.
        Words.INT.setRelease(header, SegmentDescriptor.NOTE_OFFSET, change << 16 | bytes.length);
    }

    /**
     * Reads the note.
     *
     * @param header the segment's header, in the order of its bytes
     * @return its text; empty where there is none, and where its writer died over it
     */
    public static String read(ByteBuffer header) {
        for (int i = 0; i < ATTEMPTS; i++) {
            int word = (int) Words.INT.getAcquire(header, SegmentDescriptor.NOTE_OFFSET);
            byte[] bytes = new byte[Math.min(word & 0xffff, SegmentDescriptor.NOTE_MAX_LENGTH)];
            header.get(TEXT_OFFSET, bytes);
            VarHandle.loadLoadFence();
            if ((int) Words.INT.getOpaque(header, SegmentDescriptor.NOTE_OFFSET) == word) {
                return new String(bytes, StandardCharsets.UTF_8);
            }
        }
        return "";
    }
}
