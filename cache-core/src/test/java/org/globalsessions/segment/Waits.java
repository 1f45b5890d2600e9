package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How long calls took beside a dead or stopped process. The promise is 10 ms for 99.9 % of them; a test's machine has other
 * work too, so that one call may take ten times as long here, but most of them not.
 */
final class Waits {
    private static final long PROMISED_NS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final int MARGIN = 10;

    private final String what;
    private final List<Long> waitedNs = new ArrayList<>();

    Waits(String what) {
        this.what = what;
    }

    /** So that no call measured is the first of its kind in this JVM. */
    static void warmUp() throws Exception {
        Path folder = Files.createTempDirectory("warm");
        try (SharedLru lru = SharedLru.open(SteppedOperation.settings(folder.resolve("segment")))) {
            for (int i = 0; i < 3_000; i++) {
                SteppedOperation.set(lru, SteppedOperation.KEY, SteppedOperation.OLD);
                assertThat(SteppedOperation.get(lru)).isEqualTo(SteppedOperation.OLD);
            }
        } finally {
            FileTree.delete(folder);
        }
    }

    void timed(Runnable call) {
        long startNs = System.nanoTime();
        call.run();
        long tookNs = System.nanoTime() - startNs;
        waitedNs.add(tookNs);
        assertThat(tookNs).as(what).isLessThan(PROMISED_NS * MARGIN);
    }

    void check() {
        if (waitedNs.isEmpty()) {
            // One test of the class was run alone, and it measures nothing.
            return;
        }
        Collections.sort(waitedNs);
        long median = percentile(50);
        long high = percentile(99.9);
        System.out.printf("%s: count=%d p50Ns=%d p99.9Ns=%d%n", what, waitedNs.size(), median, high);
        assertThat(median).as("median: %s", what).isLessThan(PROMISED_NS);
        assertThat(high).as("p99.9: %s", what).isLessThan(PROMISED_NS * MARGIN);
    }

    private long percentile(double percent) {
        int rank = (int) Math.ceil(waitedNs.size() * percent / 100);
        return waitedNs.get(Math.max(0, rank - 1));
    }
}
