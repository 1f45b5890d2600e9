package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;

import org.globalsessions.tier.KeyDigest;
import org.junit.jupiter.api.Test;

/** What one iteration has shown: a session must not be taken for another one. */
class SeenDigestsTest {
    /** The table grows several times. */
    private static final int COUNT = 10_000;

    private final SeenDigests seen = new SeenDigests();

    @Test
    void shouldTellDigestsApartWhenTheyShareAHalfOrTheirFold() {
        KeyDigest digest = new KeyDigest(3, 5);
        assertThat(seen.add(digest)).isTrue();
        assertThat(seen.add(new KeyDigest(3, 6))).isTrue();
        assertThat(seen.add(new KeyDigest(4, 5))).isTrue();
        assertThat(seen.add(new KeyDigest(5L << 32 ^ 3 ^ 7L << 32, 7))).isTrue();
        assertThat(seen.add(new KeyDigest(0, 0))).isTrue();
        assertThat(seen.add(new KeyDigest(0, 1))).isTrue();
        assertThat(seen.add(new KeyDigest(1, 0))).isTrue();
        assertThat(seen.add(new KeyDigest(3, 5))).isFalse();
        assertThat(seen.add(new KeyDigest(0, 0))).isFalse();
    }

    @Test
    void shouldKnowAllWhenItHasGrown() {
        for (int i = 0; i < COUNT; i++) {
            assertThat(seen.add(new KeyDigest(i, ~i))).isTrue();
        }
        for (int i = 0; i < COUNT; i++) {
            assertThat(seen.add(new KeyDigest(i, ~i))).isFalse();
        }
    }
}
