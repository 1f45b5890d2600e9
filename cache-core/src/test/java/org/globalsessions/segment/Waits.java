package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How long calls took beside a dead or stopped process. The promise is 10 ms for 99.9 % of them. Half of all calls have to keep it
 * as measured; 99 % and 99.9 % of them less what the machine's other work took from the very call, see {@link SchedulerDelay}.
 */
final class Waits {
    private static final long PROMISED_NS = TimeUnit.MILLISECONDS.toNanos(10);

    private final String what;
    private final SchedulerDelay delay = new SchedulerDelay();
    private final List<Long> waitedNs = new ArrayList<>();
    private final List<Long> chargedNs = new ArrayList<>();

    Waits(String what) {
        this.what = what;
    }

    /** So that no call measured is the first of its kind in this JVM. */
    static void warmUp() throws Exception {
        Path folder = Files.createTempDirectory("warm");
        try (SharedLru lru = SharedLru.open(SteppedOperation.standalone(folder.resolve("segment")))) {
            for (int i = 0; i < 3_000; i++) {
                SteppedOperation.set(lru, SteppedOperation.KEY, SteppedOperation.OLD);
                assertThat(SteppedOperation.get(lru)).isEqualTo(SteppedOperation.OLD);
            }
        } finally {
            FileTree.delete(folder);
        }
    }

    void timed(Runnable call) {
        delay.begin();
        long startNs = System.nanoTime();
        call.run();
        long tookNs = System.nanoTime() - startNs;
        waitedNs.add(tookNs);
        chargedNs.add(Math.max(0, tookNs - delay.lostNs()));
    }

    void check() {
        delay.close();
        if (waitedNs.isEmpty()) {
            // One test of the class was run alone, and it measures nothing.
            return;
        }
        Collections.sort(waitedNs);
        Collections.sort(chargedNs);
        System.out.printf(
                "%s: count=%d p50Ns=%d p99Ns=%d p99.9Ns=%d, without the machine's other work p99Ns=%d p99.9Ns=%d%n",
                what,
                waitedNs.size(),
                percentile(waitedNs, 50),
                percentile(waitedNs, 99),
                percentile(waitedNs, 99.9),
                percentile(chargedNs, 99),
                percentile(chargedNs, 99.9));
        assertThat(percentile(waitedNs, 50)).as("median: %s", what).isLessThan(PROMISED_NS);
        assertThat(percentile(chargedNs, 99)).as("p99: %s", what).isLessThan(PROMISED_NS);
        assertThat(percentile(chargedNs, 99.9)).as("p99.9: %s", what).isLessThan(PROMISED_NS);
    }

    private static long percentile(List<Long> sorted, double percent) {
        int rank = (int) Math.ceil(sorted.size() * percent / 100);
        return sorted.get(Math.max(0, rank - 1));
    }
}
