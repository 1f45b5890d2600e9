package org.globalsessions.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.globalsessions.status.DistinctErrors.DistinctError;
import org.junit.jupiter.api.Test;

/** Distinct errors and counters in a piece of memory. */
class DistinctErrorsTest {
    private final ByteBuffer places = ByteBuffer.allocateDirect(64 * 256).order(ByteOrder.LITTLE_ENDIAN);
    private final AtomicLong tick = new AtomicLong(10);
    private final DistinctErrors errors = new DistinctErrors(places, tick::get);

    @Test
    void shouldAddCountAndKeepFirstTickWhenErrorRepeats() {
        errors.record("one");
        tick.set(20);
        errors.record("two");
        errors.record("one");
        assertThat(errors.read())
                .containsExactly(new DistinctError(2, 10, 20, "one"), new DistinctError(1, 20, 20, "two"));
    }

    @Test
    void shouldCountFurtherErrorsInLastPlaceWhenAllOthersAreTaken() {
        for (int i = 0; i < 100; i++) {
            errors.record("error " + i);
        }
        List<DistinctError> read = errors.read();
        assertThat(read).hasSize(64);
        assertThat(read.get(63))
                .isEqualTo(new DistinctError(37, 10, 10, "further errors, for whose texts there was no place"));
    }

    @Test
    void shouldCutTextAtWholeCharacterWhenItIsTooLong() {
        errors.record("ä".repeat(300));
        assertThat(errors.read()).extracting(DistinctError::text).containsExactly("ä".repeat(110));
    }

    @Test
    void shouldFinishTextWhenItsFirstWriterDiedOverIt() {
        errors.record("one");
        places.putInt(DistinctErrors.ERROR_TEXT_LENGTH_OFFSET, 0);
        assertThat(errors.read()).isEmpty();
        errors.record("one");
        assertThat(errors.read()).extracting(DistinctError::text).containsExactly("one");
    }

    @Test
    void shouldLoseNoCountWhenThreadsRecordAtTheSameTime() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Thread thread = new Thread(() -> {
                for (int repeat = 0; repeat < 1_000; repeat++) {
                    errors.record("error " + repeat % 10);
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(errors.read())
                .hasSize(10)
                .allSatisfy(error -> assertThat(error.count()).isEqualTo(400));
    }

    @Test
    void shouldGiveEachCounterItsOwnIdWithinRow() {
        Set<Integer> ids = new HashSet<>();
        for (Counter counter : Counter.values()) {
            assertThat(ids.add(counter.id())).as("%s", counter).isTrue();
            assertThat(counter.id()).isBetween(0, Counters.COUNTER_COUNT - 1);
        }
        ByteBuffer rows = ByteBuffer.allocateDirect(4 * 512);
        new Counters(rows, 0).add(Counter.HITS, 5);
        new Counters(rows, 3).increment(Counter.HITS);
        new Counters(rows, 3).increment(Counter.PLAIN_TCP_LISTENERS);
        assertThat(new Counters(rows, 1).get(Counter.HITS)).isEqualTo(6);
        assertThat(new Counters(rows, 1).get(Counter.PLAIN_TCP_LISTENERS)).isEqualTo(1);
    }
}
