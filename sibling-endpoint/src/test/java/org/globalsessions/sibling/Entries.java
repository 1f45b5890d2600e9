package org.globalsessions.sibling;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.SessionEntry;

/** Sessions, and the segment of a relay, for tests. */
final class Entries {
    static final String PATH = "test";

    private Entries() {}

    static byte[] key(String key) {
        return key.getBytes(StandardCharsets.UTF_8);
    }

    /** An entry whose value tells key and clock. */
    static SessionEntry entry(String key, long clock) {
        return new SessionEntry(key(key), key(key + "@" + clock), new Version(clock, 7), 1, false, 0, 0, 0);
    }

    static SegmentSettings settings(Path folder) {
        return new SegmentSettings(folder.resolve("relay.segment"))
                .role(Role.RELAY)
                .elCount(100)
                .pathName(PATH);
    }

    static SharedLru relaySegment(Path folder) throws IOException {
        return SharedLru.open(settings(folder));
    }
}
