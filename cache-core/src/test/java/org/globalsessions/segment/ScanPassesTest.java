package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ScanPassesTest {
    private static final long FREE = 7L << 24;
    private static final long HELD = FREE | 1;
    private static final long NEXT_HELD = 8L << 24 | 1;

    private final long[] words = {FREE, FREE, FREE};
    private final ScanPasses passes = new ScanPasses(words.length, bucket -> words[bucket]);

    @Test
    void shouldEndAfterOnePassWhenNobodyWrites() {
        assertThat(passes.next()).isTrue();
        assertThat(passes.next()).isFalse();
    }

    @Test
    void shouldRepeatUntilEachBucketWasAtRestOverOnePassWhenSomeChange() {
        assertThat(passes.next()).isTrue();
        words[2] = NEXT_HELD - 1;
        assertThat(passes.next()).isTrue();
        // At rest over the first pass: what its keys do now, the scan need not see.
        words[0] = NEXT_HELD;
        assertThat(passes.next()).isFalse();
    }

    @Test
    void shouldRepeatOnceWhenADeadProcessLeftItsLockHeld() {
        words[1] = HELD;
        ScanPasses held = new ScanPasses(words.length, bucket -> words[bucket]);
        assertThat(held.next()).isTrue();
        assertThat(held.next())
                .as("its holder may have moved an entry over the first pass")
                .isTrue();
        assertThat(held.next()).as("but not over both").isFalse();
    }

    @Test
    void shouldNotTakeTwoHoldersForOneWhenEachHeldTheLockOverAPass() {
        words[1] = HELD;
        ScanPasses held = new ScanPasses(words.length, bucket -> words[bucket]);
        assertThat(held.next()).isTrue();
        words[1] = NEXT_HELD;
        assertThat(held.next()).isTrue();
        assertThat(held.next())
                .as("changed over the first, held over the second")
                .isTrue();
        assertThat(held.next()).isFalse();
    }

    @Test
    void shouldEndWhenABucketIsNeverAtRest() {
        int count = 0;
        while (passes.next()) {
            words[0] += 1L << 24;
            count++;
        }
        assertThat(count).isEqualTo(ScanPasses.MAX);
    }
}
