package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class WayRingTest {
    @Test
    void shouldGiveWaysInOrderAndDropWhenFull() {
        WayRing ring = new WayRing(4);
        assertThat(ring.poll()).isEqualTo(-1);
        for (int way = 0; way < 4; way++) {
            assertThat(ring.offer(way)).isTrue();
        }
        assertThat(ring.offer(4)).isFalse();
        assertThat(ring.isHalfFull()).isTrue();
        for (int way = 0; way < 4; way++) {
            assertThat(ring.poll()).isEqualTo(way);
        }
        assertThat(ring.isEmpty()).isTrue();
        assertThat(ring.offer(5)).isTrue();
        assertThat(ring.poll()).isEqualTo(5);
    }

    @Test
    void shouldLoseAndDoubleNothingWhenManyThreadsOffer() throws InterruptedException {
        int threads = 3;
        int each = 20_000;
        WayRing ring = new WayRing(64);
        List<Thread> producers = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            int first = thread * each;
            Thread producer = new Thread(() -> {
                for (int way = first; way < first + each; way++) {
                    while (!ring.offer(way)) {
                        LockSupport.parkNanos(1_000);
                    }
                }
            });
            producers.add(producer);
            producer.start();
        }
        BitSet seen = new BitSet();
        int[] last = {-1, each - 1, 2 * each - 1};
        while (seen.cardinality() < threads * each) {
            int way = ring.poll();
            if (way < 0) {
                LockSupport.parkNanos(1_000);
                continue;
            }
            assertThat(seen.get(way)).isFalse();
            seen.set(way);
            // Each producer's ways come in its own order.
            assertThat(way).isGreaterThan(last[way / each]);
            last[way / each] = way;
        }
        for (Thread producer : producers) {
            producer.join();
        }
        assertThat(ring.poll()).isEqualTo(-1);
    }
}
