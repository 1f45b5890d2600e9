package org.globalsessions.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HexIdTest {
    @Test
    void shouldReadWhatItWroteWhenHalvesHaveLeadingZerosOrTheirHighestBit() {
        String text = HexId.text(0x0123456789abcdefL, 0xfedcba9876543210L);
        assertThat(text).isEqualTo("0123456789abcdeffedcba9876543210");
        assertThat(HexId.isId(text)).isTrue();
        assertThat(HexId.high(text)).isEqualTo(0x0123456789abcdefL);
        assertThat(HexId.low(text)).isEqualTo(0xfedcba9876543210L);
    }

    @Test
    void shouldReadUpperCase() {
        String text = HexId.text(0xabcL, 0xdefL).toUpperCase(java.util.Locale.ROOT);
        assertThat(HexId.isId(text)).isTrue();
        assertThat(HexId.high(text)).isEqualTo(0xabcL);
        assertThat(HexId.low(text)).isEqualTo(0xdefL);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0123456789abcdef",
                "0123456789abcdef0123456789abcdef0",
                "0123456789abcdef0123456789abcdeg",
                "+123456789abcdef0123456789abcdef"
            })
    void shouldTellWhatIsNoId(String text) {
        assertThat(HexId.isId(text)).isFalse();
    }

    @Test
    void shouldRefuseOtherLetters() {
        assertThatThrownBy(() -> HexId.high("x".repeat(HexId.DIGITS))).isInstanceOf(NumberFormatException.class);
        assertThatThrownBy(() -> HexId.low("x".repeat(HexId.DIGITS))).isInstanceOf(NumberFormatException.class);
    }
}
