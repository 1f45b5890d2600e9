package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/** A key with two values, each of which tells the key and itself in every eight bytes: what was read says whose it is. */
final class StressedEntry {
    /** The entry's first value. */
    static final int OLD = 0;

    /** The entry's second value. */
    static final int NEW = 1;

    /** No value. */
    static final int ABSENT = 2;

    /** Bytes that are none of the entry's values: of two writes, or of another key. */
    static final int WRONG = 3;

    /** An acknowledged write that neither is there nor was evicted. */
    static final int LOST = 4;

    private static final int OLD_LENGTH = 900;
    private static final int NEW_LENGTH = 893;
    private static final int KINDS = 2;

    private static final AtomicLong NUMBERS = new AtomicLong();

    private final long number;
    private final byte[] key;
    private final byte[] old;
    private final byte[] changed;

    StressedEntry(long number) {
        this(number, OLD_LENGTH, NEW_LENGTH);
    }

    StressedEntry(long number, int oldLength, int newLength) {
        this.number = number;
        key = Long.toString(number).getBytes(US_ASCII);
        old = value(number * KINDS + OLD, oldLength);
        changed = value(number * KINDS + NEW, newLength);
    }

    /** An entry whose key no other state ever has. */
    static StressedEntry fresh() {
        return new StressedEntry(NUMBERS.getAndIncrement());
    }

    /** An entry whose key so many following states do not have. */
    static StressedEntry next(long keys) {
        return new StressedEntry(nextNumber(keys));
    }

    static long nextNumber(long keys) {
        return NUMBERS.getAndIncrement() % keys;
    }

    private static byte[] value(long pattern, int length) {
        ByteBuffer value = ByteBuffer.allocate(length + Long.BYTES);
        while (value.remaining() >= Long.BYTES) {
            value.putLong(pattern);
        }
        return Arrays.copyOf(value.array(), length);
    }

    static long number(byte[] key, int length) {
        return Long.parseLong(new String(key, 0, length, US_ASCII));
    }

    long number() {
        return number;
    }

    byte[] key() {
        return key;
    }

    byte[] old() {
        return old;
    }

    byte[] changed() {
        return changed;
    }

    /** Which of the entry's values some bytes are, {@link #WRONG} where they are none. */
    int kindOf(byte[] bytes, int length) {
        if (Arrays.equals(bytes, 0, Math.max(0, length), old, 0, old.length)) {
            return OLD;
        }
        return Arrays.equals(bytes, 0, Math.max(0, length), changed, 0, changed.length) ? NEW : WRONG;
    }
}
