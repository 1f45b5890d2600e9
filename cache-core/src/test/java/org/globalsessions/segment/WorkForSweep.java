package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.awaitility.Awaitility;

/** Leaves in a segment whatever a sweep has to clear: expired entries, old stamps, wrong hints, the places of a dead process. */
final class WorkForSweep {
    private static final String SHORT = "short";
    private static final String DELETED = "deleted";
    private static final int DEAD_SLOT = 100;
    private static final int DEAD_INCARNATION = 3;

    private WorkForSweep() {}

    static void leave(SharedLru lru, SteppedOperation operation) throws IOException {
        Segment segment = new Segment(lru.file(), operation.settings(lru.file().path()));
        oldStampAndWrongHint(segment);
        expiredEntry(lru);
        tombstoneNotApplied(lru, segment);
        tombstoneWhoseRetentionIsOver(lru, segment);
        placesOfDead(segment);
        pagesOfDead(lru);
    }

    static void awaitTicks(SharedLru lru, int ticks) {
        long wanted = lru.file().tick() + ticks;
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(2))
                .until(() -> lru.file().tick() >= wanted);
    }

    private static void oldStampAndWrongHint(Segment segment) {
        Words.LONG.getAndAdd(segment.file().header(), SegmentDescriptor.STEP_OFFSET, 0x3000L);
        for (int way = 0; way < segment.buckets().bucketCount() * SegmentDescriptor.WAYS; way++) {
            if (RecordDescriptor.kind(segment.records().stateVolatile(way)) == RecordDescriptor.VISIBLE) {
                segment.buckets().setMarkHints(way / SegmentDescriptor.WAYS, way % SegmentDescriptor.WAYS, 4);
            }
        }
    }

    private static void expiredEntry(SharedLru lru) {
        SteppedOperation.set(lru, SHORT, SteppedOperation.OLD, 1);
        awaitTicks(lru, 3);
    }

    private static void tombstoneNotApplied(SharedLru lru, Segment segment) {
        EncodedKey key = lru.encode(DELETED);
        int place = segment.tombstones().put(key.high, key.low, 7, 1, 0, 0, TombstoneTable.NOT_APPLIED);
        assertThat(place).isNotNegative();
    }

    private static void tombstoneWhoseRetentionIsOver(SharedLru lru, Segment segment) {
        EncodedKey key = lru.encode("deleted long ago");
        int place = segment.tombstones().put(key.high, key.low, 7, 1, 0, 0, 0);
        int tick = place * SegmentDescriptor.TOMBSTONE_LENGTH + SegmentDescriptor.TOMBSTONE_TICK_OFFSET;
        int longAgo = (int) lru.file().tick() - TombstoneTable.RETENTION_TICKS - 1;
        lru.file().tombstones().putInt(tick, longAgo);
    }

    /**
     * The keys whose older entry or delete a sweep works on get new entries, another process sweeps, and new entries take all ways that are free then.
     * Returns how many entries are there.
     */
    static int setAgain(SharedLru lru) {
        for (String key : new String[] {SHORT, DELETED}) {
            assertThat(SteppedOperation.set(lru, key, SteppedOperation.NEXT).status())
                    .isEqualTo(WriteOutcome.Status.STORED);
        }
        lru.sweep(0, lru.bucketCount());
        for (int i = 0; i < 40 * lru.bucketCount() * SegmentDescriptor.WAYS; i++) {
            TierWrites.fillFree(lru, "other-" + i, SteppedOperation.OLD);
        }
        return lru.liveCount();
    }

    /** A sweep that goes on late takes none of these away. */
    static void checkSetAgain(SharedLru lru, int entries) {
        for (String key : new String[] {SHORT, DELETED}) {
            assertThat(lru.get(lru.encode(key))).as(key).isEqualTo(SteppedOperation.NEXT.getBytes(UTF_8));
        }
        assertThat(lru.liveCount()).isEqualTo(entries);
    }

    /** A chain of two, named by a use of a way that is over, as a writer leaves them that was killed before its record named them. */
    private static void pagesOfDead(SharedLru lru) {
        OverflowArea area = new OverflowArea(lru.file());
        int first = area.takeFree(OverflowArea.owner(1, 7), OverflowArea.NONE);
        assertThat(area.takeFree(OverflowArea.owner(1, 7), first)).isNotNegative();
    }

    /** A slot whose lock file nobody holds, a claim that it has, and a way and a tombstone's place reserved under it. */
    private static void placesOfDead(Segment segment) throws IOException {
        new LivenessLocks(segment.file().path()).createFile(DEAD_SLOT);
        Words.LONG.setVolatile(
                segment.file().header(),
                ProcessTable.base(DEAD_SLOT),
                ProcessTable.word(ProcessTable.LIVE, DEAD_INCARNATION, 1));
        long claim = 1L << 24 | (long) DEAD_INCARNATION << 9 | (DEAD_SLOT + 1);
        Words.LONG.setVolatile(segment.file().header(), SegmentDescriptor.CLAIMS_OFFSET, claim);
        long reserved = RecordDescriptor.held(RecordDescriptor.RESERVED, DEAD_SLOT, DEAD_INCARNATION, 1);
        for (int way = 0; ; way++) {
            if (segment.records().casState(way, RecordDescriptor.free(0), reserved)) {
                break;
            }
        }
        for (int place = 0; ; place++) {
            if (segment.tombstones().casState(place, RecordDescriptor.free(0), reserved)) {
                break;
            }
        }
    }
}
