package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;

/** What has to hold of a segment when nobody writes and all that dead processes held was freed. */
final class SegmentWholeness {
    private SegmentWholeness() {}

    /** Fails with the inspector's findings. */
    static void check(SharedLru lru) throws IOException {
        SegmentReport report = SegmentInspector.open(lru.file().path()).check();
        assertThat(report.isClean()).as(report.describe()).isTrue();
    }
}
