package org.globalsessions.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ClientRecordTest {
    private static final ClientRecord BOUND = ClientRecord.accepted(0x0102030405060708L, "änn")
            .bound(ClientAddress.parse("user.7"), new byte[] {1, 0, -1});

    @Test
    void shouldComeBackAsItWasWhenItIsEncoded() {
        ClientRecord[] records = {
            ClientRecord.accepted(-1, "ann"),
            BOUND,
            BOUND.unbound(),
            BOUND.bound(null, new byte[0]),
            BOUND.as(ClientRecord.Kind.NEXT, "AAAAAAAAAAAAAAAAAAAAAA"),
            BOUND.as(ClientRecord.Kind.RENAMED, "AAAAAAAAAAAAAAAAAAAAAA"),
            BOUND.endedBy(2)
        };
        for (ClientRecord record : records) {
            assertThat(ClientRecord.decode(record.encode())).isEqualTo(record);
        }
        assertThat(ClientRecord.decode(BOUND.encode()).authorisation()).isEqualTo(new byte[] {1, 0, -1});
        assertThat(ClientRecord.decode(BOUND.bound(null, new byte[0]).encode()).isBound())
                .isTrue();
    }

    @Test
    void shouldHaveTheBytesThatAreWrittenDown() {
        assertThat(BOUND.encode()).isEqualTo(new byte[] {
            1,
            1,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            8,
            0,
            4,
            (byte) 0xc3,
            (byte) 0xa4,
            'n',
            'n',
            6,
            'u',
            's',
            'e',
            'r',
            '.',
            '7',
            0,
            0,
            0,
            3,
            1,
            0,
            -1,
            0
        });
    }

    @Test
    void shouldBeNothingWhenBytesAreCutOffOrFollow() {
        byte[] bytes =
                BOUND.as(ClientRecord.Kind.NEXT, "AAAAAAAAAAAAAAAAAAAAAA").encode();
        for (int length = 0; length < bytes.length; length++) {
            assertThat(ClientRecord.decode(Arrays.copyOf(bytes, length)))
                    .as("length=" + length)
                    .isNull();
        }
        assertThat(ClientRecord.decode(Arrays.copyOf(bytes, bytes.length + 1))).isNull();
    }

    @Test
    void shouldNeverThrowWhateverTheBytesAre() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        byte[] good = BOUND.encode();
        for (int i = 0; i < 1_000_000; i++) {
            byte[] bytes = good.clone();
            for (int changes = random.nextInt(4); changes >= 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            ClientRecord decoded = ClientRecord.decode(bytes);
            if (decoded != null) {
                assertThat(ClientRecord.decode(decoded.encode()))
                        .as("seed=" + seed)
                        .isEqualTo(decoded);
            }
        }
    }

    @Test
    void shouldNameNobodyInItsText() {
        assertThat(BOUND.toString()).doesNotContain("nn").doesNotContain("user.7");
    }
}
