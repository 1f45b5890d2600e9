package org.globalsessions.relief;

import java.nio.charset.StandardCharsets;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;

/** Sessions for tests. */
final class Entries {
    private Entries() {}

    static byte[] key(String key) {
        return key.getBytes(StandardCharsets.UTF_8);
    }

    /** An entry whose value tells key and clock. */
    static SessionEntry entry(String key, long clock) {
        return new SessionEntry(key(key), value(key, clock), new Version(clock, 7), 1, false, 0, 0, 0);
    }

    static byte[] value(String key, long clock) {
        return ("value of " + key + " at " + clock).getBytes(StandardCharsets.UTF_8);
    }

    static KeyDigest digest(SharedLru segment, String key) {
        return segment.encode(key).digest();
    }
}
