package org.globalsessions.segment;

import org.globalsessions.tier.KeyDigest;

/** Skeleton. */
public final class EncodedKey {
    byte[] bytes = new byte[64];
    int length;
    long high;
    long low;

    EncodedKey() {}

    /**
     * Digest of the key.
     *
     * @return the digest
     */
    public KeyDigest digest() {
        return new KeyDigest(high, low);
    }

    /**
     * The key's bytes.
     *
     * @return a copy
     */
    public byte[] copy() {
        return java.util.Arrays.copyOf(bytes, length);
    }
}
