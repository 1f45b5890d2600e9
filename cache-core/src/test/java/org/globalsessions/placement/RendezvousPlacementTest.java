package org.globalsessions.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RendezvousPlacementTest {
    private static final int KEYS = 200_000;

    @Test
    void shouldSpreadKeysEvenlyWhenWeightsAreEqual() {
        RendezvousPlacement placement = placement(8, null);

        long[] counts = count(placement, 1);

        for (long count : counts) {
            assertThat(count / (KEYS / 8.0)).isBetween(0.97, 1.03);
        }
    }

    @Test
    void shouldSpreadKeysByWeightWhenWeightsDiffer() {
        double[] weights = {1, 2, 1, 4};

        long[] counts = count(placement(4, weights), 1);

        for (int node = 0; node < 4; node++) {
            assertThat(counts[node] / (KEYS * weights[node] / 8)).isBetween(0.97, 1.03);
        }
    }

    @Test
    void shouldMoveOnlyKeysThatTheNewNodeGainsWhenOneJoins() {
        RendezvousPlacement before = placement(8, null);
        RendezvousPlacement after = placement(9, null);
        int[] old = new int[2];
        int[] now = new int[2];
        SplittableRandom random = new SplittableRandom(1);
        int moved = 0;
        for (int key = 0; key < KEYS; key++) {
            long digest = random.nextLong();
            before.owners(digest, 2, old);
            after.owners(digest, 2, now);
            if (now[0] != old[0]) {
                moved++;
                assertThat(now[0]).isEqualTo(8);
                assertThat(now[1]).isEqualTo(old[0]);
            } else if (now[1] != old[1]) {
                assertThat(now[1]).isEqualTo(8);
            }
        }
        assertThat(moved / (KEYS / 9.0)).isBetween(0.95, 1.05);
    }

    @Test
    void shouldGiveFrozenOwnersForever() {
        int[] out = new int[5];
        StringBuilder owners = new StringBuilder();
        for (double[] weights : new double[][] {null, {1, 2, 3, 4, 5}}) {
            RendezvousPlacement placement = placement(5, weights);
            for (long digest : new long[] {0, 1, -1, 0x0123456789abcdefL, 0x8000000000000000L}) {
                placement.owners(digest, 5, out);
                for (int owner : out) {
                    owners.append(owner);
                }
                owners.append(' ');
            }
        }
        assertThat(owners.toString().trim()).isEqualTo("10432 01243 43102 04231 04231 14320 01243 43120 04231 04231");
    }

    @Test
    void shouldRankOwnersTheSameWhenFewerAreAsked() {
        RendezvousPlacement placement = placement(6, new double[] {1, 1, 2, 2, 3, 3});
        int[] one = new int[1];
        int[] six = new int[6];
        SplittableRandom random = new SplittableRandom(2);
        for (int key = 0; key < 1_000; key++) {
            long digest = random.nextLong();
            assertThat(placement.owners(digest, 1, one)).isEqualTo(1);
            assertThat(placement.owners(digest, 9, six)).isEqualTo(6);
            assertThat(six[0]).isEqualTo(one[0]);
            assertThat(six).doesNotHaveDuplicates();
        }
    }

    @Test
    void shouldHaveNoOwnersWhenThereAreNoNodes() {
        RendezvousPlacement none = new RendezvousPlacement(new long[0], new long[0]);
        assertThat(none.owners(1, 2, new int[0])).isZero();
        assertThat(none.nodes()).isZero();
    }

    @Test
    void shouldRefuseWeightsOutOfRange() {
        for (double weight : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> placement(1, new double[] {weight}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("weight");
        }
        assertThatThrownBy(() -> new RendezvousPlacement(new long[1], new long[2]))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static long[] count(RendezvousPlacement placement, int k) {
        long[] counts = new long[placement.nodes()];
        int[] out = new int[k];
        SplittableRandom random = new SplittableRandom(3);
        for (int key = 0; key < KEYS; key++) {
            placement.owners(random.nextLong(), k, out);
            counts[out[0]]++;
        }
        return counts;
    }

    private static RendezvousPlacement placement(int nodes, double[] weights) {
        long[] high = new long[nodes];
        long[] low = new long[nodes];
        SplittableRandom random = new SplittableRandom(4);
        for (int i = 0; i < nodes; i++) {
            high[i] = random.nextLong();
            low[i] = random.nextLong();
        }
        return new RendezvousPlacement(high, low, weights);
    }
}
