package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.globalsessions.segment.SegmentFile.Duty;
import org.globalsessions.segment.SegmentInspector.Lease;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.status.DistinctErrors.DistinctError;
import org.globalsessions.tier.KeyDigest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What one process writes into header, counters and errors, another one reads with nothing but the file. */
class SegmentStatusTest {
    @TempDir
    private Path folder;

    private SegmentSettings settings() {
        return new SegmentSettings(folder.resolve("one.segment"))
                .elCount(100)
                .seed(3)
                .role(SegmentSettings.Role.RELAY);
    }

    @Test
    void shouldSumRowsOfAllProcessesAlsoAfterTheirEndWhenReadByFileAlone() throws Exception {
        try (SegmentFile segment = SegmentFile.open(settings().pathName(""));
                ChildJvm child =
                        ChildJvm.start(ChildWithSeed.class, settings().file().toString())) {
            segment.counters().increment(Counter.HITS);
            child.ask("count 41");
            Counters read = SegmentInspector.open(settings().file()).counters();
            assertThat(read.get(Counter.HITS)).isEqualTo(42);
            assertThat(read.get(Counter.MISSES)).isZero();
            assertThatThrownBy(() -> read.increment(Counter.HITS))
                    .as("read-only")
                    .isInstanceOf(RuntimeException.class);
            child.kill();
            assertThat(read.get(Counter.HITS)).isEqualTo(42);
            assertThat(segment.counters().get(Counter.HITS)).isEqualTo(42);
        }
    }

    /** The child of these tests: the same seed, else it would be refused. */
    static final class ChildWithSeed {
        private ChildWithSeed() {}

        public static void main(String[] arguments) throws Exception {
            SegmentFile segment = SegmentFile.open(new SegmentSettings(Path.of(arguments[0]))
                    .elCount(100)
                    .seed(3)
                    .initializer(false));
            AttachedChild.answerLines(segment);
        }
    }

    @Test
    void shouldCountRepeatsOfOneErrorAndKeepItsMessageOutWhenRecordedByTwoProcesses() throws Exception {
        try (SegmentFile segment = SegmentFile.open(settings());
                ChildJvm child =
                        ChildJvm.start(ChildWithSeed.class, settings().file().toString())) {
            child.ask("error of the link");
            child.ask("error of the link");
            segment.errors().record("another");
            List<DistinctError> errors =
                    SegmentInspector.open(settings().file()).errors();
            assertThat(errors).hasSize(2);
            assertThat(errors.get(0).count()).isEqualTo(2);
            assertThat(errors.get(0).text())
                    .startsWith("error of the link: java.lang.IllegalStateException at AttachedChild.java:")
                    .doesNotContain("secret");
            assertThat(errors.get(0).firstTick())
                    .isLessThanOrEqualTo(errors.get(0).lastTick())
                    .isPositive();
            assertThat(SegmentInspector.open(settings().file()).counters().get(Counter.ERRORS))
                    .isEqualTo(2);
        }
    }

    @Test
    void shouldShowHeaderWhenReadByFileAlone() throws Exception {
        try (SegmentFile segment = SegmentFile.open(settings())) {
            segment.note("aeronDir=/dev/shm/x;epoch=5");
            segment.position(77, 12);
            long epoch = segment.acquireOrRenew(Duty.SWEEPER);
            SegmentInspector inspector = SegmentInspector.open(settings().file());
            assertThat(inspector.note())
                    .isEqualTo("aeronDir=/dev/shm/x;epoch=5")
                    .isEqualTo(segment.note());
            assertThat(inspector.relayEpoch()).isEqualTo(77);
            assertThat(inspector.position()).isEqualTo(12);
            assertThat(inspector.leases())
                    .contains(
                            new Lease(Duty.SWEEPER, segment.slot(), epoch, true),
                            new Lease(Duty.LINK_OWNER, -1, 0, false));
            assertThat(inspector.role()).isEqualTo(SegmentSettings.Role.RELAY);
            assertThat(inspector.layoutVersion()).isEqualTo("4.0");
            assertThat(inspector.elCount()).isEqualTo(100);
            assertThat(inspector.wayCount()).isEqualTo(144);
            assertThat(inspector.recordSize()).isEqualTo(384);
            assertThat(inspector.seed()).isEqualTo(3);
            assertThat(inspector.fileLength()).isEqualTo(Files.size(inspector.path()));
            assertThat(inspector.identity())
                    .isEqualTo(String.format("%016x%016x", segment.identityHigh(), segment.identityLow()));
            assertThat(inspector.retired()).isFalse();
        }
    }

    @Test
    void shouldShowNoLeaseAsHeldWhenItsHolderWasLastAndWasKilled() throws Exception {
        SegmentFile.open(settings()).close();
        try (ChildJvm child =
                ChildJvm.start(ChildWithSeed.class, settings().file().toString())) {
            child.ask("lease sweeper");
            SegmentInspector inspector = SegmentInspector.open(settings().file());
            assertThat(inspector.leases()).contains(new Lease(Duty.SWEEPER, 0, 1, true));
            child.kill();
            await().atMost(Duration.ofSeconds(5))
                    .untilAsserted(() -> assertThat(inspector.leases()).contains(new Lease(Duty.SWEEPER, 0, 1, false)));
        }
    }

    @Test
    void shouldNotRaiseNextEpochsPositionWhenAStoppedLinkOwnerGoesOn() throws Exception {
        try (SegmentFile segment = SegmentFile.open(settings())) {
            segment.position(5, 100);
            // Stopped after its look at the epoch, while another process took the duty and a new epoch began.
            segment.position(6, 3);
            new RelayPosition(segment.header()).raise(5, 200);
            assertThat(segment.position()).isEqualTo(3);
            segment.position(6, 4);
            assertThat(segment.position()).isEqualTo(4);
        }
    }

    @Test
    void shouldLeaveNextEpochAloneWhenAStoppedLinkOwnerWouldChangeTheEpoch() throws Exception {
        try (SegmentFile segment = SegmentFile.open(settings())) {
            segment.position(5, 100);
            long word = segment.header().getLong(SegmentDescriptor.POSITION_OFFSET);
            segment.position(7, 3);
            new RelayPosition(segment.header()).changeEpoch(5, word, 6, 50);
            assertThat(segment.relayEpoch()).isEqualTo(7);
            assertThat(segment.position()).isEqualTo(3);
        }
    }

    @Test
    void shouldOnlyAdvancePositionWithinEpochAndStartAnewWithNext() throws Exception {
        try (SegmentFile segment = SegmentFile.open(settings())) {
            segment.position(5, 100);
            segment.position(5, 90);
            assertThat(segment.position()).isEqualTo(100);
            assertThat(segment.nextPosition()).isEqualTo(101);
            segment.relays().own().raiseHorizon(5, 50);
            segment.position(6, 3);
            assertThat(segment.relayEpoch()).isEqualTo(6);
            assertThat(segment.position()).isEqualTo(3);
            assertThat(segment.header().getLong(SegmentDescriptor.HORIZON_OFFSET))
                    .isZero();
        }
    }

    @Test
    void shouldNotRaiseNextEpochsHorizonWhenAStoppedProcessGoesOn() throws Exception {
        try (SegmentFile segment = SegmentFile.open(settings())) {
            RelayPosition own = segment.relays().own();
            segment.position(5, 100);
            // Stopped after its look at the epoch, while a new one began.
            segment.position(6, 3);
            own.raiseHorizon(5, 90);
            assertThat(own.horizon()).isZero();
            own.raiseHorizon(6, 2);
            own.raiseHorizon(5, 91);
            own.raiseHorizon(6, 1);
            assertThat(own.horizon()).isEqualTo(2);
        }
    }

    @Test
    void shouldTakeNoHorizonForOneOfTheNextEpochWhenItIsRaisedWhileTheEpochChanges() throws Exception {
        try (SegmentFile segment = SegmentFile.open(settings())) {
            RelayPosition own = segment.relays().own();
            segment.position(5, 100);
            own.raiseHorizon(5, 90);
            assertThat(own.horizon()).isEqualTo(90);
            long word = segment.header().getLong(SegmentDescriptor.HORIZON_OFFSET);
            segment.position(6, 3);
            segment.header().putLong(SegmentDescriptor.HORIZON_OFFSET, word);
            assertThat(own.horizon()).isZero();
            own.raiseHorizon();
            assertThat(own.horizon()).isEqualTo(3);
        }
    }

    @Test
    void shouldReplaceNoteAndRefuseLongerOneWhenWrittenAgain() throws Exception {
        try (SegmentFile segment = SegmentFile.open(settings())) {
            assertThat(segment.note()).isEmpty();
            segment.note("x".repeat(SegmentDescriptor.NOTE_MAX_LENGTH));
            segment.note("kurz: ä");
            assertThat(segment.note()).isEqualTo("kurz: ä");
            assertThatThrownBy(() -> segment.note("x".repeat(SegmentDescriptor.NOTE_MAX_LENGTH + 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("note is too long: bytes=509, limit=508");
            assertThat(segment.note()).isEqualTo("kurz: ä");
        }
    }

    @Test
    void shouldDrawAnotherOriginOnceWhenRefused() throws Exception {
        try (SegmentFile one = SegmentFile.open(settings());
                SegmentFile two = SegmentFile.open(settings())) {
            int refused = one.origin();
            int redrawn = one.redrawOrigin(refused);
            assertThat(redrawn).isNotEqualTo(refused).isPositive();
            assertThat(two.redrawOrigin(refused))
                    .as("the other process learns it")
                    .isEqualTo(redrawn);
        }
    }

    @Test
    void shouldTellKeysApartByKeyedDigestWhenLogged() throws Exception {
        SegmentSettings other = new SegmentSettings(folder.resolve("two.segment")).elCount(100);
        try (SegmentFile one = SegmentFile.open(settings());
                SegmentFile two = SegmentFile.open(other)) {
            KeyDigest digest = new KeyDigest(1, 2);
            assertThat(one.logDigest(digest))
                    .matches("[0-9a-f]{16}")
                    .isEqualTo(one.logDigest(new KeyDigest(1, 2)))
                    .isNotEqualTo(one.logDigest(new KeyDigest(2, 1)))
                    .isNotEqualTo(two.logDigest(digest));
        }
    }

    @Test
    void shouldMapWholeRecordsAlignedWhenSegmentHasSeveralPieces() throws Exception {
        SegmentGeometry large =
                SegmentGeometry.of(settings().elCount(16_000_000).recordSize(65_000));
        assertThat(large.recordsPerBuffer()).isEqualTo(16_384);
        assertThat((long) large.recordsPerBuffer() * large.recordStride()).isLessThanOrEqualTo(1L << 30);
        assertThat(large.tombstonesOffset()).isLessThanOrEqualTo(1L << 30);
        try (SegmentFile segment = SegmentFile.open(settings().recordSize(200))) {
            assertThat(segment.recordStride()).isEqualTo(256);
            assertThat(segment.recordsPerBuffer()).isEqualTo(1 << 22);
            assertThat(segment.recordBuffers()).hasSize(1);
            ByteBuffer records = segment.recordBuffers()[0];
            assertThat(records.capacity()).isEqualTo(144 * 256);
            assertThat(records.alignmentOffset(0, 8)).isZero();
            assertThat(segment.tombstones().alignmentOffset(0, 8)).isZero();
            assertThat(segment.tombstones().capacity()).isEqualTo(segment.tombstoneBucketCount() * 8 * 56);
        }
    }
}
