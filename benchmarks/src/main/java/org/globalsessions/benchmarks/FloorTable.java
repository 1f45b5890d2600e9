package org.globalsessions.benchmarks;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * R1: the floor under every table that several processes share. Slots of 8 bytes, open addressing, at most half full; records
 * of 384 bytes with a sequence word, odd while somebody writes. No recency, no eviction, no expiry, no delete; nobody repairs
 * what a killed writer left. So a key, once there, stays in its record, and only its value changes.
 *
 * <p>Any thread and process may read and overwrite; only the creator inserts, with one thread.
 *
 * <pre>
 * slot     upper 32 bits: bits of the hash; lower 32 bits: number of the record + 1; 0 = free
 * record   0 sequence | 8 key length | 12 value length | 16 key, padded with zeros to a multiple of 8 | value
 * </pre>
 */
final class FloorTable implements Table {
    private static final VarHandle MAPPED =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle MAPPED_INTS =
            MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int KEY_LENGTH = 8;
    private static final int VALUE_LENGTH = 12;
    private static final int KEY = 16;

    private final MappedRecords records;
    private final ByteBuffer slots;
    private final int mask;
    private int count;

    FloorTable(Path folder, int capacity) throws IOException {
        int slotCount = Integer.highestOneBit(2 * capacity - 1) << 1;
        records = new MappedRecords(folder.resolve("records"), capacity);
        slots = MappedRecords.map(folder.resolve("slots"), 0, 8L * slotCount);
        mask = slotCount - 1;
    }

    @Override
    public Client client() {
        return new FloorClient();
    }

    @Override
    public void close() {
        // The maps go with the process.
    }

    /** One thread's way in: holds the bytes of the key at hand. */
    private final class FloorClient implements Client {
        private final byte[] key = new byte[MappedRecords.LENGTH];
        private int keyLength;
        private int paddedLength;
        private int slot;

        @Override
        public int get(String text, int entry, byte[] target) {
            int record = find(text);
            if (record < 0) {
                return -1;
            }
            ByteBuffer chunk = records.chunk(record);
            int at = records.offset(record);
            while (true) {
                long sequence = (long) MAPPED.getAcquire(chunk, at);
                if ((sequence & 1) == 0) {
                    int length = (int) MAPPED_INTS.get(chunk, at + VALUE_LENGTH);
                    // A length that a writer is just changing may be any number; the sequence tells afterwards.
                    if (length >= 0 && length <= MappedRecords.LENGTH - KEY - paddedLength) {
                        chunk.get(at + KEY + paddedLength, target, 0, length);
                    }
                    // The copy is over before the sequence is read again; pairs with the writer's last release.
                    VarHandle.acquireFence();
                    if ((long) MAPPED.get(chunk, at) == sequence) {
                        return length;
                    }
                }
                Thread.onSpinWait();
            }
        }

        @Override
        public byte[] getCopy(String text) {
            byte[] target = new byte[Workload.VALUE_LENGTH];
            return get(text, 0, target) < 0 ? null : target;
        }

        @Override
        public void set(String text, byte[] value) {
            int record = find(text);
            if (record < 0) {
                insert(value);
                return;
            }
            ByteBuffer chunk = records.chunk(record);
            int at = records.offset(record);
            while (true) {
                long sequence = (long) MAPPED.get(chunk, at);
                if ((sequence & 1) == 0 && MAPPED.compareAndSet(chunk, at, sequence, sequence + 1)) {
                    // Nothing of the body is stored before the odd sequence; pairs with the reader's fence.
                    VarHandle.releaseFence();
                    write(chunk, at, value);
                    MAPPED.setRelease(chunk, at, sequence + 2);
                    return;
                }
                Thread.onSpinWait();
            }
        }

        private void write(ByteBuffer chunk, int at, byte[] value) {
            MAPPED_INTS.set(chunk, at + VALUE_LENGTH, value.length);
            chunk.put(at + KEY + paddedLength, value);
        }

        private void insert(byte[] value) {
            int record = count++;
            ByteBuffer chunk = records.chunk(record);
            int at = records.offset(record);
            MAPPED_INTS.set(chunk, at + KEY_LENGTH, keyLength);
            chunk.put(at + KEY, key, 0, paddedLength);
            write(chunk, at, value);
            // The record is whole before its slot shows it.
            MAPPED.setRelease(slots, slot << 3, (hash() & 0xFFFF_FFFF_0000_0000L) | (record + 1));
        }

        /** The record with the key, or -1 with {@link #slot} at the free place. */
        private int find(String text) {
            encode(text);
            long hash = hash();
            int at = (int) hash & mask;
            while (true) {
                long word = (long) MAPPED.getAcquire(slots, at << 3);
                if (word == 0) {
                    slot = at;
                    return -1;
                }
                if (((word ^ hash) >>> 32) == 0 && isKey((int) word - 1)) {
                    return (int) word - 1;
                }
                at = (at + 1) & mask;
            }
        }

        private boolean isKey(int record) {
            ByteBuffer chunk = records.chunk(record);
            int at = records.offset(record);
            if ((int) MAPPED_INTS.get(chunk, at + KEY_LENGTH) != keyLength) {
                return false;
            }
            for (int i = 0; i < paddedLength; i += 8) {
                if ((long) MAPPED.get(chunk, at + KEY + i) != (long) LONGS.get(key, i)) {
                    return false;
                }
            }
            return true;
        }

        /** The key's bytes, zeros up to the next multiple of 8. The keys of the benchmarks are ASCII. */
        @SuppressWarnings("deprecation")
        private void encode(String text) {
            keyLength = text.length();
            paddedLength = (keyLength + 7) & -8;
            LONGS.set(key, paddedLength - 8, 0L);
            text.getBytes(0, keyLength, key, 0);
        }

        /** Products of 128 bits folded to 64, sixteen bytes of the key a step: the idea of Wang Yi's wyhash. */
        private long hash() {
            long a = 0x9E37_79B9_7F4A_7C15L;
            long b = 0xE703_7ED1_A0B4_28DBL ^ keyLength;
            int i = 0;
            for (; i < paddedLength - 8; i += 16) {
                a = fold(a ^ (long) LONGS.get(key, i), (long) LONGS.get(key, i + 8) ^ 0x8EBC_6AF0_9C88_C6E3L);
                b = Long.rotateLeft(b, 29) ^ a;
            }
            if (i < paddedLength) {
                a = fold(a ^ (long) LONGS.get(key, i), 0x5899_65CC_7537_4CC3L);
            }
            return fold(a ^ 0x1D8E_4E27_C47D_124FL, b);
        }

        private static long fold(long x, long y) {
            return Math.multiplyHigh(x, y) ^ (x * y);
        }
    }
}
