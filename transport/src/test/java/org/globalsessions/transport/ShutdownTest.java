package org.globalsessions.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ShutdownTest {
    private final Shutdown shutdown = new Shutdown();
    private final AtomicInteger runs = new AtomicInteger();

    @Test
    void shouldRunItsStepsOnceWhenManyClose() throws Exception {
        assertThat(shutdown.hasBegun()).isFalse();
        shutdown.run(() -> {
            assertThat(shutdown.hasBegun()).isTrue();
            runs.incrementAndGet();
            // From within, as a step that fails may close its node.
            shutdown.run(runs::incrementAndGet);
        });
        shutdown.run(runs::incrementAndGet);

        shutdown.await();
        assertThat(runs).hasValue(1);
    }

    @Test
    void shouldEndWhenAStepThrows() throws Exception {
        assertThatThrownBy(() -> shutdown.run(() -> {
                    throw new IllegalStateException("planted");
                }))
                .hasMessage("planted");

        shutdown.await();
    }
}
