package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The oldest of two full buckets, by the lanes of their headers and by a walk over their ways. */
class VictimChoiceTest {
    private static final int AGING = 3;
    private static final int WAYS = 2 * SegmentDescriptor.WAYS;

    @TempDir
    private Path folder;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private SegmentFile file;
    private BucketTable buckets;
    private VictimChoice victims;

    @BeforeEach
    void open() throws IOException {
        SegmentSettings settings = new SegmentSettings(folder.resolve("segment")).elCount(13);
        file = SegmentFile.open(settings);
        buckets = new BucketTable(file);
        RecordView records = new RecordView(file, new OverflowArea(file));
        victims = new VictimChoice(file, buckets, records, RecordDescriptor.UNPUBLISHED, AGING);
        for (int way = 0; way < WAYS; way++) {
            assertThat(records.casState(way, records.stateAcquire(way), RecordDescriptor.visible(0, 1)))
                    .isTrue();
            buckets.setTag(way / SegmentDescriptor.WAYS, way % SegmentDescriptor.WAYS, 1 + way);
        }
    }

    @AfterEach
    void close() {
        file.close();
    }

    private void stamp(int way, int step, boolean untouched) {
        buckets.setStamp(
                way / SegmentDescriptor.WAYS, way % SegmentDescriptor.WAYS, BucketTable.stampOf(step, untouched));
    }

    private void stampAll(int step) {
        for (int way = 0; way < WAYS; way++) {
            stamp(way, step, false);
        }
    }

    private int oldest() {
        return victims.oldest(0, 1, -1, RecordDescriptor.UNPUBLISHED);
    }

    @Test
    void shouldTakeTheOldestWhenAnotherWasStampedAheadOfTheStep() {
        stampAll(buckets.step());
        stamp(7, buckets.step() - 1, false);
        stamp(20, buckets.step() + 1, false);
        stamp(21, buckets.step() + 1, true);
        assertThat(oldest()).isEqualTo(7);
    }

    @Test
    void shouldCountAnUntouchedOneAsSoManyTimesOlder() {
        stampAll(buckets.step());
        stamp(3, buckets.step() - 5, false);
        stamp(30, buckets.step() - 2, true);
        assertThat(oldest()).isEqualTo(30);
        stamp(3, buckets.step() - 7, false);
        assertThat(oldest()).isEqualTo(3);
    }

    @Test
    void shouldAgreeWithAWalkWhenStampsAndHintsAreAny() {
        for (int round = 0; round < 2_000; round++) {
            int highest = -1;
            int[] ages = new int[WAYS];
            for (int way = 0; way < WAYS; way++) {
                int back = random.nextInt(4) == 0 ? random.nextInt(0x4000) : random.nextInt(40);
                boolean untouched = random.nextBoolean();
                boolean held = random.nextInt(4) == 0;
                stamp(way, buckets.step() - back, untouched);
                buckets.setHints(
                        way / SegmentDescriptor.WAYS,
                        way % SegmentDescriptor.WAYS,
                        held ? RecordDescriptor.UNPUBLISHED : BucketTable.EXPIRES);
                int age = Math.min(back, VictimChoice.MAX_AGE);
                ages[way] = held ? -1 : untouched ? age * AGING : age;
                highest = Math.max(highest, ages[way]);
            }
            int way = oldest();
            assertThat(highest == -1 ? -1 : ages[way])
                    .as("seed %d, round %d, way %d", seed, round, way)
                    .isEqualTo(highest);
        }
    }
}
