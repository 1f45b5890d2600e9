package org.globalsessions.benchmarks;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Keys, values and the sequence of operations, the same for every subject and in every process. Any thread, once made.
 *
 * <p>The sequence is drawn beforehand. Its keys are strings of their own, one an operation and in the order of the
 * operations, as a request brings its key in memory just written: no subject gains by finding the very object it stored, and
 * fetching the key costs next to nothing. With {@code sharedKeys} there is one string an entry instead, so that each
 * operation also waits for a string at a random place of the heap.
 */
final class Workload {
    /** Bytes of every value. */
    static final int VALUE_LENGTH = 300;

    /** Operations before the sequence begins anew: a power of two. */
    static final int OPERATIONS = 1 << 22;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final String[] keys;
    private final int[] sequence;

    Workload(int entries, Distribution distribution, boolean sharedKeys) {
        sequence = distribution.sequence(entries, OPERATIONS, new SplittableRandom(42));
        keys = new String[OPERATIONS];
        String[] shared = new String[sharedKeys ? entries : 0];
        for (int i = 0; i < shared.length; i++) {
            shared[i] = keyOf(i);
        }
        for (int i = 0; i < OPERATIONS; i++) {
            keys[i] = sharedKeys ? shared[sequence[i]] : keyOf(sequence[i]);
        }
    }

    private Workload(String[] keys, int[] sequence) {
        this.keys = keys;
        this.sequence = sequence;
    }

    /** Operations with a key each that no other one has, from the given entry on. */
    static Workload ofNewKeys(long firstEntry) {
        String[] keys = new String[OPERATIONS];
        for (int i = 0; i < OPERATIONS; i++) {
            keys[i] = keyOf(firstEntry + i);
        }
        return new Workload(keys, new int[OPERATIONS]);
    }

    /** Operations that all have the key of one entry, in strings of their own. */
    static Workload ofOneKey(int entry) {
        String[] keys = new String[OPERATIONS];
        int[] sequence = new int[OPERATIONS];
        for (int i = 0; i < OPERATIONS; i++) {
            keys[i] = keyOf(entry);
            sequence[i] = entry;
        }
        return new Workload(keys, sequence);
    }

    /** Whether an operation of a mixed load is a get: spread evenly by Knuth's multiplicative hash. */
    static boolean reads(int operation, int readPercent) {
        return (Integer.toUnsignedLong(operation * 0x9E37_79B1) * 100) >>> 32 < readPercent;
    }

    /** The key of an operation. */
    String key(int operation) {
        return keys[operation & (OPERATIONS - 1)];
    }

    /** The entry of an operation. */
    int entry(int operation) {
        return sequence[operation & (OPERATIONS - 1)];
    }

    /** The key of an entry: 32 hexadecimal digits, as far apart as random ones. */
    static String keyOf(long entry) {
        byte[] text = new byte[32];
        long high = mix(2 * entry + 1);
        long low = mix(2 * entry + 2);
        for (int i = 0; i < 16; i++) {
            text[i] = digit(high >>> (60 - 4 * i));
            text[16 + i] = digit(low >>> (60 - 4 * i));
        }
        return new String(text, StandardCharsets.ISO_8859_1);
    }

    private static byte digit(long bits) {
        int nibble = (int) bits & 15;
        return (byte) (nibble < 10 ? '0' + nibble : 'a' + nibble - 10);
    }

    /** The step of java.util.SplittableRandom: Steele, Lea and Flood, OOPSLA 2014. */
    private static long mix(long step) {
        long z = step * 0x9E37_79B9_7F4A_7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58_476D_1CE4_E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D0_49BB_1331_11EBL;
        return z ^ (z >>> 31);
    }

    /** The value of an entry: its number, then letters. */
    static void value(long entry, byte[] target) {
        for (int i = 8; i < VALUE_LENGTH; i++) {
            target[i] = (byte) ('a' + i % 26);
        }
        LONGS.set(target, 0, entry);
    }

    /** The value of an entry, in an array of its own. */
    static byte[] valueOf(long entry) {
        byte[] value = new byte[VALUE_LENGTH];
        value(entry, value);
        return value;
    }

    /** Fails unless a value has an entry's length and number; null for none. */
    static void expect(long entry, byte[] value) {
        if (value == null || value.length != VALUE_LENGTH || (long) LONGS.get(value, 0) != entry) {
            throw new IllegalStateException(
                    "wrong answer for entry " + entry + ": " + (value == null ? "none" : "another value"));
        }
    }

    /** Stores the entries from the first to the last but one. */
    static void fill(Table.Client client, long first, long end) {
        byte[] value = new byte[VALUE_LENGTH];
        value(0, value);
        for (long entry = first; entry < end; entry++) {
            LONGS.set(value, 0, entry);
            client.set(keyOf(entry), value);
        }
    }

    /** How many of 1,000 keys, spread over those of the entries up to the last but one, the table has. */
    static int countPresent(Table.Client client, int end) {
        byte[] target = client.newTarget();
        int present = 0;
        for (int i = 0; i < 1_000; i++) {
            int entry = (int) ((long) i * (end - 1) / 999);
            if (client.get(keyOf(entry), entry, target) == VALUE_LENGTH) {
                present++;
            }
        }
        return present;
    }

    /** Reads some entries and compares their values with what the fill stored. */
    static void check(Table.Client client, int entries) {
        byte[] target = client.newTarget();
        byte[] expected = new byte[VALUE_LENGTH];
        for (int i = 0; i < 1_000; i++) {
            int entry = (int) ((long) i * (entries - 1) / 999);
            int length = client.get(keyOf(entry), entry, target);
            value(entry, expected);
            if (length != VALUE_LENGTH || !Arrays.equals(target, 0, VALUE_LENGTH, expected, 0, VALUE_LENGTH)) {
                throw new IllegalStateException("wrong answer for entry " + entry + ": length=" + length);
            }
        }
    }
}
