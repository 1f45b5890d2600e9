package org.globalsessions.segment;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.globalsessions.tier.HexId;
import org.globalsessions.tier.KeyDigest;

/**
 * What a host is called in front of people: a digest of its segment's identity, as whoever knows the identity could pass for the
 * host. The same on the host and on its relay, for one path. Static, any thread.
 */
public final class HostDigest {
    private HostDigest() {}

    /**
     * The digest of an identity.
     *
     * @param pathKey key of the path's digests
     * @param high    upper half of the identity
     * @param low     lower half
     * @return the digest
     */
    public static KeyDigest of(KeyDigest pathKey, long high, long low) {
        byte[] identity = ByteBuffer.allocate(2 * Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(high)
                .putLong(low)
                .array();
        EncodedKey key = new EncodedKey(pathKey.high(), pathKey.low());
        key.encode(identity, identity.length);
        return key.digest();
    }

    /**
     * A digest as people see it.
     *
     * @param digest the digest
     * @return 32 hexadecimal digits
     */
    public static String text(KeyDigest digest) {
        return HexId.text(digest.high(), digest.low());
    }

    /**
     * A digest from what people give.
     *
     * @param text 32 hexadecimal digits
     * @return the digest; null where the text is none
     */
    public static KeyDigest parse(String text) {
        return HexId.isId(text) ? new KeyDigest(HexId.high(text), HexId.low(text)) : null;
    }
}
