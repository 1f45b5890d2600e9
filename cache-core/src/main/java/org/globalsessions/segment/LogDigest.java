package org.globalsessions.segment;

import java.util.Locale;
import org.globalsessions.tier.KeyDigest;

/** The keyed digest by which logs and tools name a key. Static, no state. */
final class LogDigest {
    private LogDigest() {}

    static String of(long logKey, KeyDigest digest) {
        long mixed = mix(mix(digest.high() ^ logKey) + digest.low() + Long.rotateLeft(logKey, 32));
        return String.format(Locale.ROOT, "%016x", mixed);
    }

    /** The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
