package org.globalsessions.transport.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.globalsessions.Version;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameSamples;
import org.globalsessions.transport.frame.FrameType;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.PingFrame;
import org.globalsessions.transport.frame.PongFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes as a network may cut them, through the handlers of a real connection. */
class FrameDecoderTest {
    /** What a buffer may have before anything claims to be long: the first one, and the answer. */
    private static final int SMALL_BUFFERS = 2_048;

    private static final int LONGEST_FIRST_FRAME = 2_048;

    static Stream<String> samples() {
        return FrameSamples.all().keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("samples")
    void shouldDeliverTheFrameOnceWhenItIsSplitAtAnyByte(String name) {
        Frame frame = FrameSamples.all().get(name);
        byte[] bytes = EmbeddedSide.encoded(frame);
        for (int split = 1; split < bytes.length; split++) {
            try (EmbeddedSide side = EmbeddedSide.greeted()) {
                side.receive(bytes, 0, split);
                assertThat(side.handler.frames).as("split at %d", split).hasSize(1);
                assertThat(side.sent()).as("split at %d", split).isEmpty();

                side.receive(bytes, split, bytes.length);
                assertDelivered(side, frame);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hello-host",
                "hello-aging",
                "hello-expansion",
                "hello-sibling",
                "hello-client",
                "welcome",
                "error",
                "error-of-connection"
            })
    void shouldDeliverTheFirstFrameOnceWhenItIsSplitAtAnyByte(String name) {
        Frame frame = FrameSamples.all().get(name);
        byte[] bytes = EmbeddedSide.encoded(frame);
        for (int split = 1; split < bytes.length; split++) {
            try (EmbeddedSide side =
                    frame.type() == FrameType.HELLO ? EmbeddedSide.accepting() : EmbeddedSide.connecting()) {
                side.receive(bytes, 0, split);
                assertThat(side.handler.frames).as("split at %d", split).isEmpty();

                side.receive(bytes, split, bytes.length);
                assertThat(hex(side.handler.frames)).containsExactly(hex(frame));
                assertUnharmed(side);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("samples")
    void shouldDeliverNothingAndKeepNoBufferWhenTheConnectionEndsWithinTheFrame(String name) {
        byte[] bytes = EmbeddedSide.encoded(FrameSamples.all().get(name));
        for (int length = 0; length < bytes.length; length++) {
            EmbeddedSide side = EmbeddedSide.greeted();
            side.receive(bytes, 0, length);
            side.close();

            assertThat(side.handler.frames).as("cut at %d", length).hasSize(1);
            assertThat(side.sent()).as("cut at %d", length).isEmpty();
            assertThat(side.handler.closed).hasSize(1);
            // The peer was cut off, it did nothing wrong.
            assertThat(side.handler.badFrames).isEmpty();
            assertThat(side.handler.failures).isEmpty();
            assertThat(side.bufferBytes()).as("cut at %d", length).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 16, 17, 64, 1_000_000})
    void shouldDeliverAllInOrderWhenFramesArriveInBuffersOfAnySize(int size) {
        List<Frame> all = List.copyOf(FrameSamples.all().values());
        byte[] bytes = joined(all);
        try (EmbeddedSide side = EmbeddedSide.greeted()) {
            for (int from = 0; from < bytes.length; from += size) {
                side.receive(bytes, from, Math.min(bytes.length, from + size));
            }

            // Pings and pongs stay beneath the handler.
            assertThat(hex(side.handler.frames.subList(1, side.handler.frames.size())))
                    .containsExactlyElementsOf(hex(all.stream()
                            .filter(frame -> !(frame instanceof PingFrame) && !(frame instanceof PongFrame))
                            .toList()));
            assertThat(side.sent()).singleElement().isInstanceOf(PongFrame.class);
            assertUnharmed(side);
        }
    }

    @Test
    void shouldDeliverWhatCameBeforeAndNothingAfterWhenOneOfSeveralFramesIsNone() {
        byte[] good = EmbeddedSide.encoded(new NeedSessionFrame(7, new byte[3]));
        byte[] bad = good.clone();
        bad[5] = 1;
        try (EmbeddedSide side = EmbeddedSide.greeted()) {
            side.receive(joined(good, good, bad, good, bad));

            assertThat(hex(side.handler.frames.subList(1, side.handler.frames.size())))
                    .containsExactly(
                            HexFormat.of().formatHex(good), HexFormat.of().formatHex(good));
            assertRefused(side, ErrorCode.MALFORMED, "flags of NEED_SESSION unknown: flags=1");
            assertThat(side.handler.closed).hasSize(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 10, 1, 'length below the header''s: length=0, limit=16'",
        "1, 10, 1, 'length below the header''s: length=1, limit=16'",
        "15, 10, 1, 'length below the header''s: length=15, limit=16'",
        "-1, 10, 1, 'length below the header''s: length=-1, limit=16'",
        "-2147483648, 10, 1, 'length below the header''s: length=-2147483648, limit=16'",
        "1048577, 10, 3, 'frame too long: length=1048577, limit=1048576'",
        "2147483647, 10, 3, 'frame too long: length=2147483647, limit=1048576'",
        "16, 0, 1, 'type of frame unknown: type=0'",
        "16, 255, 1, 'type of frame unknown: type=255'"
    })
    void shouldRefuseAfterFiveBytesAndMakeNoRoomWhenLengthOrTypeIsOutOfRange(
            int length, int type, int code, String text) {
        byte[] bytes = beginning(length, type);
        try (EmbeddedSide side = EmbeddedSide.greeted()) {
            for (int i = 0; i < 4; i++) {
                side.receive(bytes, i, i + 1);
                assertThat(side.isOpen()).isTrue();
                assertThat(side.bufferBytes()).isLessThanOrEqualTo(SMALL_BUFFERS);
            }

            side.receive(bytes, 4, 5);

            assertThat(side.bufferBytes()).isLessThanOrEqualTo(SMALL_BUFFERS);
            assertRefused(side, code, text);
        }
    }

    @Test
    void shouldRefuseAfterTheHeaderWhenAFrameIsNothingElse() {
        for (FrameType type : FrameType.values()) {
            byte[] bytes = beginning(FrameCodec.HEADER_LENGTH, type.code());
            bytes[6] = 1;
            try (EmbeddedSide side = EmbeddedSide.greeted()) {
                side.receive(bytes, 0, bytes.length - 1);
                assertThat(side.isOpen()).isTrue();

                side.receive(bytes, bytes.length - 1, bytes.length);

                assertRefused(side, ErrorCode.MALFORMED, type + ": too short for a field: bytes=0, needed=");
            }
        }
    }

    @Test
    void shouldMakeRoomForWhatIsThereAloneWhenAFrameIsOfTheGreatestLength() {
        Frame longest = longest();
        byte[] bytes = EmbeddedSide.encoded(longest);
        assertThat(bytes).hasSize(FrameCodec.MAX_FRAME);
        int step = 40_000;
        try (EmbeddedSide side = EmbeddedSide.greeted()) {
            side.receive(bytes, 0, 5);
            assertThat(side.bufferBytes()).isLessThanOrEqualTo(SMALL_BUFFERS);
            for (int from = 5; from < bytes.length; from += step) {
                assertThat(side.handler.frames).hasSize(1);
                int to = Math.min(bytes.length, from + step);
                side.receive(bytes, from, to);
                assertThat(side.bufferBytes()).isLessThanOrEqualTo(2L * to + SMALL_BUFFERS);
            }

            assertDelivered(side, longest);
            assertThat(side.bufferBytes()).isLessThanOrEqualTo(SMALL_BUFFERS);
        }
    }

    @Test
    void shouldRefuseAfterFiveBytesWhenTheFirstFrameIsLongerThanAFirstOneMayBe() {
        try (EmbeddedSide side = EmbeddedSide.accepting()) {
            side.receive(beginning(LONGEST_FIRST_FRAME, FrameType.HELLO.code()), 0, 5);
            assertThat(side.isOpen()).isTrue();
        }
        try (EmbeddedSide side = EmbeddedSide.accepting()) {
            side.receive(beginning(LONGEST_FIRST_FRAME + 1, FrameType.HELLO.code()), 0, 5);
            assertRefused(side, ErrorCode.TOO_LARGE, "first frame too long: length=2049, limit=2048");
        }
    }

    private static void assertDelivered(EmbeddedSide side, Frame frame) {
        if (frame instanceof PingFrame ping) {
            assertThat(side.sent()).containsExactly(new PongFrame(ping.correlationId(), ping.nanos()));
        } else {
            List<Frame> received = side.handler.frames;
            // Pongs stay beneath the handler.
            assertThat(hex(received.subList(1, received.size())))
                    .isEqualTo(frame instanceof PongFrame ? List.of() : List.of(hex(frame)));
        }
        assertUnharmed(side);
    }

    private static void assertUnharmed(EmbeddedSide side) {
        assertThat(side.sent()).isEmpty();
        assertThat(side.isOpen()).isTrue();
        assertThat(side.handler.badFrames).isEmpty();
        assertThat(side.handler.failures).isEmpty();
    }

    private static void assertRefused(EmbeddedSide side, int code, String text) {
        assertThat(side.sent()).singleElement().isInstanceOfSatisfying(ErrorFrame.class, error -> {
            assertThat(error.correlationId()).isZero();
            assertThat(error.code()).isEqualTo(code);
            assertThat(error.text()).startsWith(text);
        });
        assertThat(side.isOpen()).isFalse();
        assertThat(side.handler.badFrames).singleElement().asString().startsWith(text);
        assertThat(side.handler.failures).isEmpty();
        assertThat(side.bufferBytes()).isZero();
    }

    private static Frame longest() {
        byte[] key = new byte[16];
        int other = FrameCodec.encodedLength(new SessionBackupFrame(1, entry(key, new byte[0])));
        return new SessionBackupFrame(1, entry(key, new byte[FrameCodec.MAX_FRAME - other]));
    }

    private static SessionEntry entry(byte[] key, byte[] value) {
        return new SessionEntry(key, value, new Version(1, 1), 1, false, 0, 0, 0);
    }

    /** A header of that length and type, and nothing else. */
    private static byte[] beginning(int length, int type) {
        return ByteBuffer.allocate(FrameCodec.HEADER_LENGTH)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(length)
                .put((byte) type)
                .array();
    }

    private static byte[] joined(List<Frame> frames) {
        return joined(frames.stream().map(EmbeddedSide::encoded).toArray(byte[][]::new));
    }

    private static byte[] joined(byte[]... parts) {
        ByteBuf all = Unpooled.buffer();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        byte[] bytes = new byte[all.readableBytes()];
        all.readBytes(bytes);
        return bytes;
    }

    private static String hex(Frame frame) {
        return HexFormat.of().formatHex(EmbeddedSide.encoded(frame));
    }

    private static List<String> hex(List<Frame> frames) {
        return frames.stream().map(FrameDecoderTest::hex).toList();
    }
}
