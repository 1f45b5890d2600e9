package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KeyTextTest {
    private static final String PIECES = "aé鍵\uD83D\uDD11\uD800\uDBFF\uDC00\uDFFF\uFFFD\uD7FF\uE000\u0000";

    @Test
    void shouldGiveBackEveryStringWhenItWasEncoded() {
        long seed = System.nanoTime();
        System.out.println("KeyTextTest: seed=" + seed);
        Random random = new Random(seed);
        KeyEncoder encoder = new KeyEncoder();
        for (int i = 0; i < 100_000; i++) {
            StringBuilder key = new StringBuilder();
            for (int length = 1 + random.nextInt(8); length > 0; length--) {
                key.append(PIECES.charAt(random.nextInt(PIECES.length())));
            }
            int length = encoder.encode(key.toString());
            assertThat(KeyText.of(Arrays.copyOf(encoder.bytes(), length)))
                    .as("seed=%d", seed)
                    .isEqualTo(key.toString());
        }
    }

    @Test
    void shouldShowReplacementsWhenBytesAreOfNoString() {
        assertThat(KeyText.of(new byte[] {'a', (byte) 0xFF})).isEqualTo("a\uFFFD");
        assertThat(KeyText.of(new byte[] {(byte) 0xED, (byte) 0xA0})).contains("\uFFFD");
    }
}
