package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.awaitility.Awaitility;

/**
 * The attach slot that a child JVM has.
 *
 * @param number      0 to 255
 * @param incarnation of the slot
 */
record AttachedSlot(int number, int incarnation) {
    /** The slot that a child names in its answer. */
    static AttachedSlot of(String answer) {
        assertThat(answer).matches("\\d+\t\\d+");
        String[] words = answer.split("\t", -1);
        return new AttachedSlot(Integer.parseInt(words[0]), Integer.parseInt(words[1]));
    }

    /** Waits until the kernel has released the killed child's lock, then sweeps once over the whole table. */
    void sweepUntilFree(SharedLru survivor) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(1))
                .until(() -> survivor.file().isDead(number, incarnation));
        survivor.sweep(0, survivor.bucketCount());
    }
}
