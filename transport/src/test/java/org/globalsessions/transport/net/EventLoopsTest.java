package org.globalsessions.transport.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EventLoopsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final List<Throwable> failures = new CopyOnWriteArrayList<>();
    private final EventLoops loops = EventLoops.start("loops-test", 1, failures::add);

    @AfterEach
    void close() {
        loops.close();
    }

    @Test
    void shouldWaitForATaskOnTheLoop() {
        boolean[] inLoop = new boolean[1];

        assertThat(loops.executeAndWait(() -> inLoop[0] = loops.inFirstLoop(), PATIENCE))
                .isTrue();
        assertThat(inLoop[0]).isTrue();
    }

    @Test
    void shouldWaitNoLongerWhenATaskThrows() {
        assertThat(loops.executeAndWait(
                        () -> {
                            throw new IllegalStateException("planted");
                        },
                        PATIENCE))
                .isTrue();
        loops.executeAndWait(() -> {}, PATIENCE);
        assertThat(failures).singleElement().asString().contains("planted");
    }

    @Test
    void shouldSayWhenATaskDoesNotEndInTimeOrTheWaitIsInterrupted() {
        CountDownLatch blocked = new CountDownLatch(1);
        loops.execute(() -> {
            try {
                blocked.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });

        assertThat(loops.executeAndWait(() -> {}, Duration.ofMillis(1))).isFalse();
        Thread.currentThread().interrupt();
        assertThat(loops.executeAndWait(() -> {}, PATIENCE)).isFalse();
        assertThat(Thread.interrupted()).isTrue();
        blocked.countDown();
    }
}
