package org.globalsessions.segment;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The 128-bit hash behind digests, buckets and tags: MurmurHash3 x64 128 (Austin Appleby, public domain), with the two
 * halves of a key of 64 bits each in place of its one 32-bit seed. Not a cryptographic hash: whole keys are compared
 * wherever a value is returned.
 *
 * <p>Static, any thread. Leaves its two results in the {@link EncodedKey}, so that a get allocates nothing.
 */
final class KeyHash {
    /** Little-endian longs at any index of a byte array; plain get and set only. */
    static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long C1 = 0x87c37b91114253d5L;
    private static final long C2 = 0x4cf5ad432745937fL;

    private KeyHash() {}

    /** Upper half of the digest key of a path: the hash of its name under the key 0, 0. */
    static long pathKeyHigh(String pathName) {
        return ofName(pathName).high;
    }

    /** Lower half of the digest key of a path. */
    static long pathKeyLow(String pathName) {
        return ofName(pathName).low;
    }

    private static EncodedKey ofName(String pathName) {
        EncodedKey name = new EncodedKey(0, 0);
        byte[] bytes = pathName.getBytes(StandardCharsets.UTF_8);
        name.bytes = bytes;
        name.length = bytes.length;
        digest(name, 0, 0);
        return name;
    }

    /** Hashes the key's bytes and stores both halves in the key. */
    static void digest(EncodedKey key, long keyHigh, long keyLow) {
        byte[] data = key.bytes;
        int length = key.length;
        long h1 = keyHigh;
        long h2 = keyLow;
        int blocksEnd = length & -16;
        for (int i = 0; i < blocksEnd; i += 16) {
            long k1 = (long) LONGS.get(data, i);
            long k2 = (long) LONGS.get(data, i + 8);
            h1 ^= Long.rotateLeft(k1 * C1, 31) * C2;
            h1 = (Long.rotateLeft(h1, 27) + h2) * 5 + 0x52dce729;
            h2 ^= Long.rotateLeft(k2 * C2, 33) * C1;
            h2 = (Long.rotateLeft(h2, 31) + h1) * 5 + 0x38495ab5;
        }
        int tail = length & 15;
        if (tail > 0) {
            long k1 = 0;
            long k2 = 0;
            for (int i = tail - 1; i >= 8; i--) {
                k2 = (k2 << 8) | (data[blocksEnd + i] & 0xFF);
            }
            for (int i = Math.min(tail, 8) - 1; i >= 0; i--) {
                k1 = (k1 << 8) | (data[blocksEnd + i] & 0xFF);
            }
            h2 ^= Long.rotateLeft(k2 * C2, 33) * C1;
            h1 ^= Long.rotateLeft(k1 * C1, 31) * C2;
        }
        h1 ^= length;
        h2 ^= length;
        h1 += h2;
        h2 += h1;
        h1 = mix(h1);
        h2 = mix(h2);
        h1 += h2;
        h2 += h1;
        key.high = h1;
        key.low = h2;
    }

    /**
     * Which places a digest's half leads to, under a seed: the multiplication by the golden ratio's odd number (Knuth, The Art of
     * Computer Programming 3, 6.4) brings all bits into the upper half. The digest's bits are random already; the seed makes
     * the keys that collide others in each segment.
     */
    static long spread(long digestHalf, long seedMix) {
        return (digestHalf ^ seedMix) * 0x9E3779B97F4A7C15L;
    }

    /**
     * The first of a key's two places, from the upper half: one of the first half of all places. Each from a half of its own, and
     * a tie goes to the first: "always go left" (Vöcking, How Asymmetry Helps Load Balancing, JACM 2003), which fills evener than
     * two places drawn from all.
     */
    static int firstOf(long spread, int count) {
        return (int) (((spread >>> 32) * (count >>> 1)) >>> 32);
    }

    /** The second, from the lower half: one of the other half of all places. */
    static int secondOf(long spread, int count) {
        int first = count >>> 1;
        return first + (int) (((spread & 0xFFFF_FFFFL) * (count - first)) >>> 32);
    }

    /** MurmurHash3's 64-bit finaliser: each bit of the input changes each bit of the output with probability one half. */
    static long mix(long value) {
        long k = value;
        k ^= k >>> 33;
        k *= 0xff51afd7ed558ccdL;
        k ^= k >>> 33;
        k *= 0xc4ceb9fe1a85ec53L;
        k ^= k >>> 33;
        return k;
    }
}
