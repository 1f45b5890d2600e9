package org.globalsessions;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import org.globalsessions.segment.SegmentSettings;

/** Caches without a tier behind, on an executor of a test's choice, for tests of other packages. */
public final class StandaloneCaches {
    private StandaloneCaches() {}

    /**
     * Opens one.
     *
     * @param executor runs the loaders, and may do so on the calling thread
     */
    public static SessionCacheManager open(SegmentSettings settings, Executor executor) throws IOException {
        return SessionCacheManager.open(settings, List.of(), Duration.ofMillis(50), executor);
    }
}
