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
 * @param records   the records, {@link SegmentGeometry#recordsPerBuffer()} in each, fewer in the last
 */
record SegmentMapping(SegmentGeometry geometry, ByteBuffer header, ByteBuffer tombstones, ByteBuffer[] records) {
    /** Buffers index with an int, and pieces of 1 GiB leave room for offsets beyond the last record. */
    static final int MAX_PIECE_LENGTH = 1 << 30;

    static SegmentMapping map(FileChannel channel, SegmentGeometry geometry) throws IOException {
        ByteBuffer header = piece(channel, MapMode.READ_WRITE, 0, geometry.tombstonesOffset());
        ByteBuffer tombstones = piece(
                channel,
                MapMode.READ_WRITE,
                geometry.tombstonesOffset(),
                (long) geometry.tombstoneBucketCount()
                        * SegmentDescriptor.TOMBSTONES_PER_BUCKET
                        * SegmentDescriptor.TOMBSTONE_LENGTH);
        long perBuffer = geometry.recordsPerBuffer();
        int pieces = (int) ((geometry.recordCount() + perBuffer - 1) / perBuffer);
        ByteBuffer[] records = new ByteBuffer[pieces];
        for (int i = 0; i < pieces; i++) {
            long first = i * perBuffer;
            long count = Math.min(perBuffer, geometry.recordCount() - first);
            records[i] = piece(
                    channel,
                    MapMode.READ_WRITE,
                    geometry.recordsOffset() + first * geometry.recordStride(),
                    count * geometry.recordStride());
        }
        return new SegmentMapping(geometry, header, tombstones, records);
    }

    /** One mapped piece, little-endian, at an address on which 64-bit numbers at multiples of 8 can be swapped atomically. */
    static ByteBuffer piece(FileChannel channel, MapMode mode, long offset, long length) throws IOException {
        if (length > MAX_PIECE_LENGTH) {
            throw new SegmentException(
                    "a region is longer than can be mapped: length=" + length + ", limit=" + MAX_PIECE_LENGTH);
        }
        ByteBuffer buffer = channel.map(mode, offset, length).order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.alignmentOffset(0, Long.BYTES) != 0) {
            throw new SegmentException("a region is not aligned to 8 bytes: file offset=" + offset);
        }
        return buffer;
    }
}
