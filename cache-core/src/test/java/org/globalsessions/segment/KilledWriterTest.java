package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A process killed with SIGKILL at a step of a write: what others see then, and what the sweep makes of it. */
class KilledWriterTest {
    @TempDir
    Path folder;

    private Path file;
    private final WriteOutcome outcome = new WriteOutcome();

    @BeforeEach
    void chooseFile() {
        file = folder.resolve("segment");
    }

    private void set(SharedLru lru, String value) {
        byte[] bytes = value.getBytes(UTF_8);
        lru.set(lru.encode(StoppingWriter.KEY), bytes, 0, bytes.length, 0, null, false, outcome);
    }

    private static String get(SharedLru lru) {
        byte[] value = lru.get(lru.encode(StoppingWriter.KEY));
        return value == null ? null : new String(value, UTF_8);
    }

    private void killAt(StoppingWriter.Step step) throws Exception {
        try (ChildJvm child = ChildJvm.start(StoppingWriter.class, file.toString(), step.name())) {
            child.kill();
        }
    }

    /** Sweeps until the kernel has released the dead process's slot and a pass has freed what it held. */
    private static void sweepUntilReclaimed(SharedLru lru, int slot) {
        Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> {
            boolean dead = lru.file().deadIncarnation(slot) != 0;
            lru.sweep(0, lru.bucketCount());
            return dead;
        });
    }

    @ParameterizedTest
    @EnumSource(StoppingWriter.Step.class)
    void shouldShowAWholeEntryAndTakeTheNextWriteWhenTheWriterWasKilled(StoppingWriter.Step step) throws Exception {
        try (SharedLru lru = SharedLru.open(StoppingWriter.settings(file))) {
            set(lru, StoppingWriter.OLD);
            killAt(step);
            assertThat(get(lru)).isIn(StoppingWriter.OLD, StoppingWriter.NEW);
            if (step == StoppingWriter.Step.LOCKED || step == StoppingWriter.Step.RESERVED) {
                assertThat(get(lru)).isEqualTo(StoppingWriter.OLD);
            }
            long startNs = System.nanoTime();
            set(lru, "next");
            assertThat(System.nanoTime() - startNs).isLessThan(TimeUnit.MILLISECONDS.toNanos(100));
            assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
            assertThat(get(lru)).isEqualTo("next");
            sweepUntilReclaimed(lru, lru.file().slot() + 1);
            assertThat(get(lru)).isEqualTo("next");
            assertThat(lru.size()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(StoppingWriter.Step.class)
    void shouldLeaveOneWholeEntryWhenOnlyTheSweepFollows(StoppingWriter.Step step) throws Exception {
        try (SharedLru lru = SharedLru.open(StoppingWriter.settings(file))) {
            set(lru, StoppingWriter.OLD);
            killAt(step);
            sweepUntilReclaimed(lru, lru.file().slot() + 1);
            String expected = switch (step) {
                case LOCKED, RESERVED -> StoppingWriter.OLD;
                case VISIBLE, OLD_RESERVED -> StoppingWriter.NEW;
                case TOMBSTONE -> null;
            };
            assertThat(get(lru)).isEqualTo(expected);
            assertThat(lru.size()).isEqualTo(expected == null ? 0 : 1);
        }
    }

    @Test
    void shouldGiveTheSlotOutAgainWhenItsProcessWasKilled() throws Exception {
        try (SharedLru lru = SharedLru.open(StoppingWriter.settings(file))) {
            int slot = lru.file().slot() + 1;
            killAt(StoppingWriter.Step.LOCKED);
            sweepUntilReclaimed(lru, slot);
            try (SharedLru next = SharedLru.open(StoppingWriter.settings(file))) {
                assertThat(next.file().slot()).isEqualTo(slot);
            }
        }
    }
}
