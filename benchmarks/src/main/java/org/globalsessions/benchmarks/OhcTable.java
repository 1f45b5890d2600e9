package org.globalsessions.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.caffinitas.ohc.CacheSerializer;
import org.caffinitas.ohc.DirectValueAccess;
import org.caffinitas.ohc.Eviction;
import org.caffinitas.ohc.OHCache;
import org.caffinitas.ohc.OHCacheBuilder;

/** OHC: linked entries outside the heap of one process, least recently used goes first. */
final class OhcTable implements Table, Table.Client {
    /** What OHC adds to each entry, its length rounded to 8: see {@code memUsed()} of a filled cache. */
    private static final int ENTRY_BYTES = 64 + 32 + 304;

    private static final int SEGMENTS = 16;

    private final OHCache<String, byte[]> cache;

    OhcTable(int capacity) {
        cache = OHCacheBuilder.<String, byte[]>newBuilder()
                .keySerializer(new Keys())
                .valueSerializer(new Values())
                .eviction(Eviction.LRU)
                .segmentCount(SEGMENTS)
                .hashTableSize(Math.max(64, Integer.highestOneBit(2 * capacity / SEGMENTS)))
                // A twentieth more, as its segments fill unevenly.
                .capacity((long) capacity * ENTRY_BYTES / 20 * 21)
                .build();
    }

    @Override
    public Client client() {
        return this;
    }

    @Override
    public int get(String key, int entry, byte[] target) {
        try (DirectValueAccess access = cache.getDirect(key)) {
            if (access == null) {
                return -1;
            }
            ByteBuffer value = access.buffer();
            int length = value.remaining();
            value.get(target, 0, length);
            return length;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public byte[] getCopy(String key) {
        return cache.get(key);
    }

    @Override
    public void set(String key, byte[] value) {
        cache.put(key, value);
    }

    @Override
    public void close() {
        try {
            cache.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class Keys implements CacheSerializer<String> {
        @Override
        public void serialize(String key, ByteBuffer target) {
            target.put(key.getBytes(StandardCharsets.ISO_8859_1));
        }

        @Override
        public String deserialize(ByteBuffer source) {
            byte[] bytes = new byte[source.remaining()];
            source.get(bytes);
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }

        @Override
        public int serializedSize(String key) {
            return key.length();
        }
    }

    private static final class Values implements CacheSerializer<byte[]> {
        @Override
        public void serialize(byte[] value, ByteBuffer target) {
            target.put(value);
        }

        @Override
        public byte[] deserialize(ByteBuffer source) {
            byte[] value = new byte[source.remaining()];
            source.get(value);
            return value;
        }

        @Override
        public int serializedSize(byte[] value) {
            return value.length;
        }
    }
}
