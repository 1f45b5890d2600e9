package org.globalsessions;

import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.TierHost;

/** A cache over a segment that a test has opened, as with clocks of its own. */
public final class OpenedSegment {
    private OpenedSegment() {}

    /**
     * Opens the cache, with which the segment is closed.
     *
     * @param lru   opened with the relay's id
     * @param relay the relay's name
     * @param tier  makes the link to it
     */
    public static SessionCacheManager cache(SharedLru lru, String relay, Function<TierHost, NextTier> tier) {
        return SessionCacheManager.open(
                lru, List.of(new RelaySource(relay, tier)), Duration.ofMillis(50), null, Thread::new);
    }
}
