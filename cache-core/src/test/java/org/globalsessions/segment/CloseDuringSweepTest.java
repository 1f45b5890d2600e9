package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A close while a slice of the sweep is under way, held up where it tells of the first entry that has expired. */
class CloseDuringSweepTest {
    private static final int ENTRIES = 400;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch inSlice = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    @TempDir
    private Path folder;

    private SegmentSettings settings;
    private SharedLru lru;
    private Future<Integer> slice;

    @BeforeEach
    void beginSlice() throws Exception {
        settings = new SegmentSettings(folder.resolve("segment")).elCount(1_000);
        lru = SharedLru.open(settings);
        WriteOutcome outcome = new WriteOutcome();
        byte[] value = new byte[100];
        for (int i = 0; i < ENTRIES; i++) {
            lru.set(lru.encode("key-" + i), value, 0, value.length, 1, null, false, outcome);
        }
        WorkForSweep.awaitTicks(lru, 3);
        lru.departures(new DepartureListener() {
            @Override
            public void onExpired(EntrySnapshot entry) {
                inSlice.countDown();
                awaitQuietly(goOn);
            }

            @Override
            public void onEvicted(EntrySnapshot entry) {
                throw new IllegalStateException("nothing is evicted here");
            }
        });
        slice = threads.submit(() -> lru.sweep(0, lru.bucketCount()));
        assertThat(inSlice.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @AfterEach
    void end() {
        goOn.countDown();
        lru.close();
        threads.shutdownNow();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private int slotState() {
        return ProcessTable.state((long) Words.LONG.getVolatile(
                lru.file().header(), ProcessTable.base(lru.file().slot())));
    }

    private void awaitClosing() {
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(1))
                .untilAsserted(() -> assertThatThrownBy(() -> lru.delete(lru.encode("absent"), new WriteOutcome()))
                        .isInstanceOf(IllegalStateException.class));
    }

    private int sweepRest() throws IOException {
        try (SharedLru next = SharedLru.open(settings)) {
            int expired = next.sweep(0, next.bucketCount());
            assertThat(next.size()).isZero();
            SegmentWholeness.check(next);
            return expired;
        }
    }

    @Test
    void shouldKeepTheSlotUntilTheSliceHasEndedAtItsNextBucket() throws Exception {
        Future<?> close = threads.submit(lru::close);
        awaitClosing();
        assertThat(close.isDone()).isFalse();
        assertThat(slotState()).isEqualTo(ProcessTable.LIVE);
        goOn.countDown();
        close.get(20, TimeUnit.SECONDS);
        int expired = slice.get(20, TimeUnit.SECONDS);
        assertThat(expired).isBetween(1, SegmentDescriptor.WAYS);
        assertThat(slotState()).isEqualTo(ProcessTable.FREE);
        assertThat(sweepRest()).isEqualTo(ENTRIES - expired);
    }

    @Test
    void shouldKeepTheSlotWhenTheSliceDoesNotEndWithinTheTimeForClose() throws Exception {
        long startNs = System.nanoTime();
        lru.close();
        assertThat(Duration.ofNanos(System.nanoTime() - startNs)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
        assertThat(slotState()).as("what the slice holds is a living process's").isEqualTo(ProcessTable.LIVE);
        try (SharedLru next = SharedLru.open(settings)) {
            assertThat(next.file().slot()).isNotEqualTo(lru.file().slot());
        }
        goOn.countDown();
        assertThat(slice.get(20, TimeUnit.SECONDS)).isBetween(1, SegmentDescriptor.WAYS);
        lru.close();
        assertThat(slotState()).isEqualTo(ProcessTable.FREE);
        sweepRest();
    }
}
