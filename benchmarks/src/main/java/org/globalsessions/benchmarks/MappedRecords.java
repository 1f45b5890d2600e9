package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Records of 384 bytes in a mapped file, in as many maps as their number asks for. Any thread, any process. */
final class MappedRecords {
    static final int LENGTH = 384;

    private static final int CHUNK_BITS = 21;
    private static final int CHUNK_MASK = (1 << CHUNK_BITS) - 1;

    private final MappedByteBuffer[] chunks;

    MappedRecords(Path file, int count) throws IOException {
        chunks = new MappedByteBuffer[((count - 1) >>> CHUNK_BITS) + 1];
        for (int i = 0; i < chunks.length; i++) {
            int records = Math.min(1 << CHUNK_BITS, count - (i << CHUNK_BITS));
            chunks[i] = map(file, ((long) i * LENGTH) << CHUNK_BITS, (long) records * LENGTH);
        }
    }

    static MappedByteBuffer map(Path file, long offset, long length) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(FileChannel.MapMode.READ_WRITE, offset, length);
        }
    }

    /** The map that has a record. */
    MappedByteBuffer chunk(int record) {
        return chunks[record >>> CHUNK_BITS];
    }

    /** First byte of a record within its map. */
    int offset(int record) {
        return (record & CHUNK_MASK) * LENGTH;
    }
}
