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
        assertThat(lru.size()).isEqualTo(report.visible());
    }

    /** The same after killed deletes, whose lower tombstones may stay until the next delete of their key. */
    static void checkAfterDeletes(SharedLru lru) throws IOException {
        SegmentReport report = SegmentInspector.open(lru.file().path()).check();
        assertThat(report.damage() + report.inFlux() + report.reserved() + report.aside())
                .as(report.describe())
                .isZero();
        assertThat(lru.size()).isEqualTo(report.visible());
    }
}
