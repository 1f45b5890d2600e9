package org.globalsessions.cli;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * Sessions that anybody can derive again from a seed: the n-th key, and the value of a key. Two processes that share nothing
 * but the seed can so tell exact bytes from torn ones.
 *
 * <p>Immutable; any thread may use it.
 */
final class SessionSource {
    /** Bytes of a key: with {@link #VALUE_LENGTH} and 52 of header a record of 384. */
    static final int KEY_LENGTH = 32;

    /** Bytes of a value. */
    static final int VALUE_LENGTH = 300;

    private static final int DELETED_OF = 20;
    private static final int DELETED_REMAINDER = 7;
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final long seed;

    SessionSource(long seed) {
        this.seed = seed;
    }

    /** The n-th key: 32 hexadecimal digits, different for every n. */
    String key(int n) {
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(mix(seed + n * GOLDEN)) + hex.toHexDigits(mix(n ^ Long.rotateLeft(seed, 17)));
    }

    /** The value of a key. */
    byte[] value(String key) {
        return value(key, VALUE_LENGTH);
    }

    /** The value of a key, of another length. */
    byte[] value(String key, int length) {
        long state = seed;
        for (int i = 0; i < key.length(); i++) {
            state = mix(state ^ key.charAt(i));
        }
        ByteBuffer bytes = ByteBuffer.allocate((length + 7) / 8 * 8).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            state += GOLDEN;
            bytes.putLong(mix(state));
        }
        return java.util.Arrays.copyOf(bytes.array(), length);
    }

    /** Whether the n-th session is one that gets deleted: one in twenty. */
    boolean isDeleted(int n) {
        return n % DELETED_OF == DELETED_REMAINDER;
    }

    /** Stafford's variant 13 of the finisher of MurmurHash3, as SplitMix64 has it: a bijection. */
    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
