package org.globalsessions.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;

/**
 * A whole file mapped for reading, by file offset. Every access is checked against the file's length at the time of mapping, so
 * a mangled number leads to an exception and never beyond the end.
 *
 * <p>Any thread. Pieces are of 1 GiB and begin at multiples of it, so no number at a multiple of its width lies across two.
 */
final class FileView {
    private static final int SHIFT = 30;
    private static final int MASK = (1 << SHIFT) - 1;

    private final ByteBuffer[] pieces;
    private final long length;

    private FileView(ByteBuffer[] pieces, long length) {
        this.pieces = pieces;
        this.length = length;
    }

    /**
     * Maps a file for reading.
     *
     * @param length     bytes to map: not more than the file has
     * @param pageLength {@link HugePages#pageLength} of the file
     */
    static FileView map(FileChannel channel, long length, long pageLength) throws IOException {
        int count = (int) ((length + MASK) >>> SHIFT);
        ByteBuffer[] pieces = new ByteBuffer[count];
        for (int i = 0; i < count; i++) {
            long offset = (long) i << SHIFT;
            pieces[i] = SegmentMapping.piece(
                    channel, MapMode.READ_ONLY, offset, Math.min(1L << SHIFT, length - offset), pageLength);
        }
        return new FileView(pieces, length);
    }

    long length() {
        return length;
    }

    private ByteBuffer piece(long offset) {
        return pieces[(int) (offset >>> SHIFT)];
    }

    private static int at(long offset) {
        return (int) offset & MASK;
    }

    /** A 64-bit number that others change: nothing read after it is older. */
    long longAcquire(long offset) {
        return (long) Words.LONG.getAcquire(piece(offset), at(offset));
    }

    long getLong(long offset) {
        return piece(offset).getLong(at(offset));
    }

    int getInt(long offset) {
        return piece(offset).getInt(at(offset));
    }

    int getUnsignedShort(long offset) {
        return piece(offset).getShort(at(offset)) & 0xFFFF;
    }

    int getUnsignedByte(long offset) {
        return piece(offset).get(at(offset)) & 0xFF;
    }

    /** Copies bytes, also across pieces. */
    void get(long offset, byte[] target, int targetOffset, int count) {
        long from = offset;
        int to = targetOffset;
        int left = count;
        while (left > 0) {
            int part = (int) Math.min(left, (1L << SHIFT) - at(from));
            piece(from).get(at(from), target, to, part);
            from += part;
            to += part;
            left -= part;
        }
    }

    /** Whether all bytes from one offset to another are 0. */
    boolean isZero(long from, long to) {
        for (long at = from; at < to; at++) {
            if (getUnsignedByte(at) != 0) {
                return false;
            }
        }
        return true;
    }
}
