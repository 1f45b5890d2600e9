package org.globalsessions.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;

/**
 * The mapped regions of a segment. They stay mapped as long as anybody refers to them, so that a late access reads memory and
 * never a hole.
 *
 * @param geometry  what the file's header says
 * @param header    file bytes from 0 to the end of the bucket headers
 * @param tombstones the tombstones
 * @param pageWords the page words
 * @param pageBitmap the page bitmap
 * @param records   the records, {@link SegmentGeometry#recordsPerBuffer()} in each, fewer in the last
 * @param pages     the overflow pages, {@link #PAGES_PER_BUFFER} in each, fewer in the last
 */
record SegmentMapping(
        SegmentGeometry geometry,
        ByteBuffer header,
        ByteBuffer tombstones,
        ByteBuffer pageWords,
        ByteBuffer pageBitmap,
        ByteBuffer[] records,
        ByteBuffer[] pages) {
    /** Buffers index with an int, and pieces of 1 GiB leave room for offsets beyond the last record. */
    static final int MAX_PIECE_LENGTH = 1 << 30;

    /** Overflow pages of one mapped piece. */
    static final int PAGES_PER_BUFFER = MAX_PIECE_LENGTH / SegmentDescriptor.PAGE_LENGTH;

    /** @param pageLength {@link HugePages#pageLength} of the file */
    static SegmentMapping map(FileChannel channel, SegmentGeometry geometry, long pageLength) throws IOException {
        ByteBuffer header = piece(channel, MapMode.READ_WRITE, 0, geometry.tombstonesOffset(), pageLength);
        ByteBuffer tombstones = piece(
                channel,
                MapMode.READ_WRITE,
                geometry.tombstonesOffset(),
                (long) geometry.tombstoneBucketCount()
                        * SegmentDescriptor.TOMBSTONES_PER_BUCKET
                        * SegmentDescriptor.TOMBSTONE_LENGTH,
                pageLength);
        ByteBuffer pageWords = piece(
                channel,
                MapMode.READ_WRITE,
                geometry.pageWordsOffset(),
                (long) geometry.pageCount() * SegmentDescriptor.PAGE_WORD_LENGTH,
                pageLength);
        ByteBuffer pageBitmap = piece(
                channel,
                MapMode.READ_WRITE,
                geometry.pageBitmapOffset(),
                PageBitmap.length(geometry.pageCount()),
                pageLength);
        ByteBuffer[] records = pieces(
                channel,
                geometry.recordsOffset(),
                geometry.recordStride(),
                geometry.recordCount(),
                geometry.recordsPerBuffer(),
                pageLength);
        ByteBuffer[] pages = pieces(
                channel,
                geometry.pagesOffset(),
                SegmentDescriptor.PAGE_LENGTH,
                geometry.pageCount(),
                PAGES_PER_BUFFER,
                pageLength);
        return new SegmentMapping(geometry, header, tombstones, pageWords, pageBitmap, records, pages);
    }

    /** A region in pieces of a power of two of whole elements, the last one shorter. */
    private static ByteBuffer[] pieces(
            FileChannel channel, long offset, int length, long count, long perBuffer, long pageLength)
            throws IOException {
        ByteBuffer[] buffers = new ByteBuffer[(int) ((count + perBuffer - 1) / perBuffer)];
        for (int i = 0; i < buffers.length; i++) {
            long first = i * perBuffer;
            buffers[i] = piece(
                    channel,
                    MapMode.READ_WRITE,
                    offset + first * length,
                    Math.min(perBuffer, count - first) * length,
                    pageLength);
        }
        return buffers;
    }

    /**
     * One mapped piece, little-endian, at an address on which 64-bit numbers at multiples of 8 can be swapped atomically.
     *
     * <p>Of huge pages whole ones are mapped, and the piece is a part of that: the kernel maps nothing else, and would refuse to
     * unmap less, which the JVM's cleaner answers by ending the process.
     */
    static ByteBuffer piece(FileChannel channel, MapMode mode, long offset, long length, long pageLength)
            throws IOException {
        if (length > MAX_PIECE_LENGTH) {
            throw new SegmentException(
                    "a region is longer than can be mapped: length=" + length + ", limit=" + MAX_PIECE_LENGTH);
        }
        long first = offset - offset % pageLength;
        long mappedLength = HugePages.roundUp(offset + length, pageLength) - first;
        if (mappedLength > Integer.MAX_VALUE) {
            throw new SegmentException("the huge pages are too large for a region: page length=" + pageLength
                    + ", region's length=" + length + "; mount hugetlbfs with pagesize=2M");
        }
        ByteBuffer mapped = channel.map(mode, first, mappedLength);
        ByteBuffer buffer = (mappedLength == length ? mapped : mapped.slice((int) (offset - first), (int) length))
                .order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.alignmentOffset(0, Long.BYTES) != 0) {
            throw new SegmentException("a region is not aligned to 8 bytes: file offset=" + offset);
        }
        return buffer;
    }
}
