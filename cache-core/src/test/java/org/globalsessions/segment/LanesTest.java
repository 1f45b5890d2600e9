package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

class LanesTest {
    private static final int ROUNDS = 20_000;
    private static final int[] EDGES = {0, 1, 2, 0x7FFE, 0x7FFF, 0x8000, 0x8001, 0xFFFE, 0xFFFF};

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);

    @Test
    void shouldPutANumberIntoEachLane() {
        assertThat(Lanes.each(0x1234)).isEqualTo(0x1234_1234_1234_1234L);
    }

    @Test
    void shouldNameTheLanesThatAreZero() {
        assertThat(Lanes.zeros(0x0000_0001_0000_8000L)).isEqualTo(0x8000_0000_8000_0000L);
        eachLane(0xFFFF, Lanes::zeros, lane -> lane == 0 ? 0x8000 : 0);
    }

    @Test
    void shouldFillALaneWhoseHighestBitIsSet() {
        assertThat(Lanes.filled(0x8000_7FFF_FFFF_0000L)).isEqualTo(0xFFFF_0000_FFFF_0000L);
        eachLane(0xFFFF, Lanes::filled, lane -> (lane & 0x8000) != 0 ? 0xFFFF : 0);
    }

    @Test
    void shouldSubtractEachLaneForItself() {
        assertThat(Lanes.minus(0x0000_0005_0001_FFFFL, 0x0001_0003_0002_FFFFL)).isEqualTo(0xFFFF_0002_FFFF_0000L);
        eachPair(0xFFFF, Lanes::minus, (from, less) -> (from - less) & 0xFFFF);
    }

    @Test
    void shouldTakeTheHigherOfEachTwoLanes() {
        assertThat(Lanes.max(0x7FFF_0000_0005_0003L, 0x0000_7FFF_0004_0003L)).isEqualTo(0x7FFF_7FFF_0005_0003L);
        eachPair(0x7FFF, Lanes::max, Math::max);
    }

    @Test
    void shouldNameTheHighestOfFourLanes() {
        assertThat(Lanes.highest(0x0001_7FFE_7FFF_0002L)).isEqualTo(0x7FFF);
        for (int i = 0; i < ROUNDS; i++) {
            long lanes = lanes(0x7FFF);
            long highest = Math.max(Math.max(lane(lanes, 0), lane(lanes, 1)), Math.max(lane(lanes, 2), lane(lanes, 3)));
            assertThat(Lanes.highest(lanes))
                    .as("seed %d, lanes %x", seed, lanes)
                    .isEqualTo((int) highest);
        }
    }

    @Test
    void shouldGiveEachByteALane() {
        assertThat(Lanes.ofBytes(0xFF02_8001)).isEqualTo(0x00FF_0002_0080_0001L);
    }

    @Test
    void shouldFillALaneForEachBit() {
        assertThat(Lanes.ofBits(0b1010)).isEqualTo(0xFFFF_0000_FFFF_0000L);
        assertThat(Lanes.ofBits(0b1111_0101)).isEqualTo(0x0000_FFFF_0000_FFFFL);
    }

    private void eachLane(int mask, LongUnaryOperator actual, LongUnaryOperator expected) {
        eachPair(mask, (one, other) -> actual.applyAsLong(one), (one, other) -> expected.applyAsLong(one));
    }

    private void eachPair(int mask, LongBinaryOperator actual, LongBinaryOperator expected) {
        for (int i = 0; i < ROUNDS; i++) {
            long one = lanes(mask);
            long other = lanes(mask);
            long result = actual.applyAsLong(one, other);
            for (int lane = 0; lane < Lanes.COUNT; lane++) {
                assertThat(lane(result, lane))
                        .as("seed %d, lane %d of %x and %x", seed, lane, one, other)
                        .isEqualTo(expected.applyAsLong(lane(one, lane), lane(other, lane)));
            }
        }
    }

    private long lanes(int mask) {
        long lanes = 0;
        for (int i = 0; i < Lanes.COUNT; i++) {
            int number = random.nextBoolean() ? EDGES[random.nextInt(EDGES.length)] : random.nextInt();
            lanes = lanes << 16 | (number & mask);
        }
        return lanes;
    }

    private static long lane(long lanes, int index) {
        return (lanes >>> (16 * index)) & 0xFFFF;
    }
}
