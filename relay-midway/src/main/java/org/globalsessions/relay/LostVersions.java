package org.globalsessions.relay;

import java.util.LinkedHashMap;
import java.util.Map;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;

/**
 * Versions of entries that were let go for want of room before a later tier had them. What such an entry had replaced may still stand there, or
 * be on its way from a host: it must not come back in its place. What is lost is lost, and counted, until somebody stores it anew.
 *
 * <p>Of a limited number, the last; none after a restart. On the relay's event loop alone.
 */
final class LostVersions {
    static final int MOST = 65_536;

    private static final byte[] NO_VALUE = {};

    /** What was lost of a key. It counts as if it stood there. */
    record Lost(Version version, long life) {
        /** As a tier behind would tell of it; without its value. */
        SessionEntry ofKey(byte[] key) {
            return new SessionEntry(key, NO_VALUE, version, life, false, 0, 0, 0);
        }

        /** Whether an entry is older, or goes on in a life that had ended before this one's. */
        boolean beats(SessionEntry entry) {
            return version.compareTo(entry.version()) > 0 || (life > entry.life() && !entry.beginsLife());
        }

        /** An entry that this one does not beat, in this one's life where that is the later one: hosts that have this one go by that. */
        SessionEntry joinedBy(SessionEntry entry) {
            return life <= entry.life()
                    ? entry
                    : new SessionEntry(
                            entry.key(),
                            entry.value(),
                            entry.version(),
                            life,
                            true,
                            entry.idleTicks(),
                            entry.idleLimitTicks(),
                            entry.lifetimeTicks());
        }
    }

    private final Map<KeyDigest, Lost> byDigest = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<KeyDigest, Lost> eldest) {
            return size() > MOST;
        }
    };

    /** An entry is let go. */
    void add(KeyDigest digest, Version version, long life) {
        // Taken out, so that the last is the last to be forgotten.
        Lost before = byDigest.remove(digest);
        boolean isNewer = before == null || before.version.compareTo(version) < 0;
        byDigest.put(digest, isNewer ? new Lost(version, life) : before);
    }

    /**
     * What was lost of a key.
     *
     * @return null where nothing is known to be, or something as new stands
     */
    Lost of(KeyDigest digest) {
        return byDigest.get(digest);
    }

    /** Whether what was lost of a key is newer than a version. */
    boolean isNewerThan(KeyDigest digest, Version version) {
        Lost lost = of(digest);
        return lost != null && lost.version.compareTo(version) > 0;
    }

    /** An entry stands, whose store was judged by what was lost: from now on it decides. */
    void remove(KeyDigest digest) {
        byDigest.remove(digest);
    }

    /** A delete stands, which decides over what has begun before it. */
    void removeDeleted(KeyDigest digest, Version tombstone) {
        Lost lost = of(digest);
        if (lost != null && lost.life <= tombstone.clock()) {
            byDigest.remove(digest);
        }
    }
}
