package org.globalsessions.transport.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.PushMessage;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.junit.jupiter.api.Test;

class FrameCodecTest {
    private static final String VECTORS = "golden-vectors.txt";

    @Test
    void shouldEncodeAndDecodeEveryGoldenVector() throws Exception {
        Map<String, byte[]> vectors = goldenVectors();
        Map<String, Frame> samples = FrameSamples.all();
        assertThat(vectors.keySet()).isEqualTo(samples.keySet());
        Set<FrameType> seen = EnumSet.noneOf(FrameType.class);
        for (Map.Entry<String, Frame> sample : samples.entrySet()) {
            byte[] expected = vectors.get(sample.getKey());
            assertThat(HexFormat.of().formatHex(encode(sample.getValue())))
                    .as(sample.getKey())
                    .isEqualTo(HexFormat.of().formatHex(expected));
            Frame decoded = FrameCodec.decode(ByteBuffer.wrap(expected));
            assertThat(decoded.type()).isEqualTo(sample.getValue().type());
            assertThat(decoded.correlationId()).isEqualTo(sample.getValue().correlationId());
            assertThat(encode(decoded)).as(sample.getKey()).isEqualTo(expected);
            assertThat(FrameCodec.encodedLength(decoded)).isEqualTo(expected.length);
            seen.add(decoded.type());
        }
        assertThat(seen).containsExactlyInAnyOrder(FrameType.values());
    }

    @Test
    void shouldShowNoSecretWhenAHelloIsPutIntoAMessage() {
        assertThat(FrameSamples.all().get("hello-host").toString())
                .contains("path=sessions")
                .doesNotContain("s\u00e9cret");
    }

    @Test
    void shouldKeepEveryFieldWhenDecoded() throws Exception {
        SessionEntry entry = ((SessionFrame)
                        FrameCodec.decode(ByteBuffer.wrap(goldenVectors().get("session"))))
                .entry();

        assertThat(new String(entry.key(), StandardCharsets.US_ASCII)).isEqualTo("key-1");
        assertThat(new String(entry.value(), StandardCharsets.US_ASCII)).isEqualTo("value");
        assertThat(entry.version()).isEqualTo(new Version(0x0102030405060708L, 0xa1a2a3a4));
        assertThat(entry.life()).isEqualTo(0x0102030405060000L);
        assertThat(entry.beginsLife()).isTrue();
        assertThat(entry.idleTicks()).isEqualTo(100);
        assertThat(entry.idleLimitTicks()).isEqualTo(180_000);
        assertThat(entry.lifetimeTicks()).isEqualTo(8_640_000);
        HelloFrame hello =
                (HelloFrame) FrameCodec.decode(ByteBuffer.wrap(goldenVectors().get("hello-host")));
        assertThat(hello).isEqualTo(FrameSamples.all().get("hello-host"));
    }

    @Test
    void shouldRefuseEveryGoldenVectorWhenTruncatedAtAnyByte() throws Exception {
        for (Map.Entry<String, byte[]> vector : goldenVectors().entrySet()) {
            byte[] whole = vector.getValue();
            for (int length = 0; length < whole.length; length++) {
                byte[] cut = Arrays.copyOf(whole, length);
                assertRefused(vector.getKey() + " cut at " + length, cut);
                if (length >= FrameCodec.HEADER_LENGTH) {
                    // The same with a length field that agrees, so that the fields themselves are cut.
                    ByteBuffer.wrap(cut).order(java.nio.ByteOrder.LITTLE_ENDIAN).putInt(0, length);
                    decodeAnything(cut);
                }
            }
        }
    }

    @Test
    void shouldThrowNothingButFrameExceptionWhenGoldenVectorsAreMutated() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("FrameCodecTest mutated vectors, -Dseed=" + seed);
        Random random = new Random(seed);
        List<byte[]> vectors = List.copyOf(goldenVectors().values());
        int decoded = 0;
        int rounds = 100_000;
        for (int round = 0; round < rounds; round++) {
            byte[] bytes = vectors.get(random.nextInt(vectors.size())).clone();
            for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = interesting(random);
            }
            decoded += decodeAnything(bytes) ? 1 : 0;
        }
        assertThat(decoded).isBetween(1, rounds - 1);
    }

    @Test
    void shouldThrowNothingButFrameExceptionWhenBytesAreRandom() {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("FrameCodecTest random bytes, -Dseed=" + seed);
        Random random = new Random(seed);
        FrameType[] types = FrameType.values();
        for (int round = 0; round < 100_000; round++) {
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            if (bytes.length >= FrameCodec.HEADER_LENGTH && random.nextBoolean()) {
                // A header that passes, so that the fields are reached.
                ByteBuffer header = ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN);
                header.putInt(0, bytes.length);
                header.put(4, (byte) types[random.nextInt(types.length)].code());
                header.put(5, (byte) 0);
                header.putShort(6, (short) 1);
            }
            decodeAnything(bytes);
        }
    }

    @Test
    void shouldAllocateNothingOfClaimedSizeWhenLengthsLie() throws Exception {
        byte[] bytes = goldenVectors().get("session").clone();
        ByteBuffer fields = ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        int valueLength = FrameCodec.HEADER_LENGTH + FrameWriter.SESSION_FIXED + 2;
        for (int lie : new int[] {6, 1 << 20, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
            fields.putInt(valueLength, lie);
            assertRefused("value length " + lie, bytes);
        }
    }

    @Test
    void shouldRefuseHeaderWhenLengthTypeVersionOrFlagsAreUnknown() {
        assertThatThrownBy(() -> FrameCodec.checkHeader(15, 4)).isInstanceOf(FrameException.class);
        assertThatThrownBy(() -> FrameCodec.checkHeader(0, 4)).isInstanceOf(FrameException.class);
        assertThatThrownBy(() -> FrameCodec.checkHeader(-1, 4)).isInstanceOf(FrameException.class);
        assertThatThrownBy(() -> FrameCodec.checkHeader(Integer.MAX_VALUE, 4))
                .isInstanceOfSatisfying(
                        FrameException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TOO_LARGE));
        assertThatThrownBy(() -> FrameCodec.checkHeader(FrameCodec.MAX_FRAME + 1, 4))
                .hasMessageContaining("length=1048577, limit=1048576");
        assertThatThrownBy(() -> FrameCodec.checkHeader(16, 0)).hasMessageContaining("type=0");
        assertThatThrownBy(() -> FrameCodec.checkHeader(16, 255)).hasMessageContaining("type=255");
        byte[] ping = encode(new PingFrame(1, 2));
        assertRefusedWith(ErrorCode.MALFORMED, with(ping, 5, 1));
        assertRefusedWith(ErrorCode.UNSUPPORTED_VERSION, with(ping, 6, 2));
        assertRefusedWith(ErrorCode.UNSUPPORTED_VERSION, with(ping, 6, 0));
    }

    @Test
    void shouldEncodeUpToLimitAndRefuseBeyondIt() throws Exception {
        int fixed = FrameCodec.HEADER_LENGTH + FrameWriter.SESSION_FIXED + FrameCodec.ENTRY_HEADER_LENGTH;
        int longest = FrameCodec.MAX_FRAME - fixed - 1;
        byte[] bytes = encode(session(new byte[1], new byte[longest]));
        assertThat(bytes).hasSize(FrameCodec.MAX_FRAME);
        assertThat(((SessionFrame) FrameCodec.decode(ByteBuffer.wrap(bytes)))
                        .entry()
                        .value())
                .hasSize(longest);
        // An entry that fits may also be saved on a condition.
        int longestOnCondition = longest - FrameWriter.CONDITION_LENGTH;
        assertThat(FrameCodec.entryFits(1, longestOnCondition)).isTrue();
        assertThat(FrameCodec.entryFits(1, longestOnCondition + 1)).isFalse();
        assertThatThrownBy(() -> encode(session(new byte[1], new byte[longest + 1])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("length=1048577, limit=1048576");
    }

    @Test
    void shouldRefuseToEncodeAndLeaveBufferWhenFieldIsOutOfRange() {
        KeyDigest digest = new KeyDigest(1, 2);
        ByteBuf buffer = Unpooled.buffer();
        buffer.writeByte(1);
        for (Frame frame : List.of(
                session(new byte[0], new byte[0]),
                session(new byte[65_536], new byte[0]),
                new DeleteFrame(1, Acknowledgement.LOCAL, digest, Version.NONE),
                new DeleteFrame(1, Acknowledgement.RELAY, digest, new Version(-1, 0)),
                new NeedSessionFrame(1, new byte[0]),
                new ValidateFrame(1, new byte[0]),
                new SubscribeFrame(1, 1, 1, -1),
                new InventoryFrame(1, -1, 1, false),
                new InventoryFrame(1, 0, FrameCodec.MAX_ITEMS + 1, false),
                new CompareFrame(
                        1,
                        Collections.nCopies(FrameCodec.MAX_ITEMS + 1, InventoryItem.tombstone(digest, Version.NONE))),
                new CompareFrame(1, List.of(new InventoryItem(digest, Version.NONE, 1, true))),
                new ComparedFrame(1, 1, BitSet.valueOf(new byte[] {2})),
                new FetchFrame(1, Collections.nCopies(FrameCodec.MAX_ITEMS + 1, digest)),
                new MovedFrame(
                        1,
                        Collections.nCopies(
                                FrameCodec.MAX_ITEMS + 1, InventoryItem.entry(digest, new Version(1, 0), 0))),
                new WhereaboutsFrame(1, Collections.nCopies(FrameCodec.MAX_ITEMS + 1, WhereaboutsFrame.Fate.KEPT)),
                new FetchedFrame(1, 0, List.of(session(new byte[1], new byte[0]).entry())),
                new FilterFrame(1, 5, 0, 8),
                new FilterFrame(1, 0, 65, 8),
                new FilterFrame(1, 0, FrameCodec.MAX_FILTER_BITS + 64, 8),
                new FilterFrame(1, 0, 64, 33),
                new FilteredFrame(1, -1, 1, 0, 0),
                new FilteredFrame(1, 0, 1, 0, 0, new long[FrameCodec.MAX_FILTER_WORDS + 1]),
                new FilteredFrame(1, 0, 1, 0, FrameCodec.MAX_FILTER_BITS / Long.SIZE, 1),
                new SessionKnownFrame(1, SessionKnownFrame.Status.FOUND, 1, 1, null),
                new ErrorFrame(1, 65_536, ""),
                new ErrorFrame(1, 1, "x".repeat(1025)),
                new HelloFrame(1, 2, 1, PeerKind.HOST, 1, 2, 3, 4, 5, "", ""),
                HelloFrame.ofReliefNode(1, PeerKind.AGING, 1, 2, "", 0, "", false),
                HelloFrame.ofReliefNode(1, PeerKind.AGING, 1, 2, "", 10_001, "", false),
                HelloFrame.ofReliefNode(1, PeerKind.EXPANSION, 1, 2, "", 1, "x".repeat(65), false))) {
            assertThatThrownBy(() -> FrameCodec.encode(frame, buffer))
                    .as(frame.toString())
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(buffer.writerIndex()).isEqualTo(1);
        }
    }

    @Test
    void shouldKeepEveryFieldOfATransferWhenDecoded() throws Exception {
        for (String name : List.of("inventory-on", "inventoried", "compare", "compared", "fetch", "whereabouts")) {
            assertThat(FrameCodec.decode(ByteBuffer.wrap(goldenVectors().get(name))))
                    .isEqualTo(FrameSamples.all().get(name));
        }
        FetchedFrame fetched =
                (FetchedFrame) FrameCodec.decode(ByteBuffer.wrap(goldenVectors().get("fetched")));
        assertThat(fetched.covered()).isEqualTo(3);
        assertThat(fetched.entries()).hasSize(2);
        assertThat(fetched.entries().get(0).lifetimeTicks()).isEqualTo(8_640_000);
        assertThat(fetched.entries().get(1).key()).containsExactly(0xff);
    }

    @Test
    void shouldRefuseATransferWhenItSaysWhatCannotBe() throws Exception {
        int payload = FrameCodec.HEADER_LENGTH;
        assertRefused("no items wanted", with(goldenVectors().get("inventory-on"), payload + 8, 0));
        assertRefused("too many items wanted", with(goldenVectors().get("inventory"), payload + 8, 1));
        assertRefused("a cursor below 0", with(goldenVectors().get("inventory"), payload + 7, 0x80));
        byte[] compare = goldenVectors().get("compare");
        assertRefused("a tombstone with a life", with(compare, compare.length - 2, 1));
        assertRefused("an unknown kind", with(compare, compare.length - 1, 2));
        assertRefused("a bit beyond the last item", with(goldenVectors().get("compared"), payload + 3, 4));
        assertRefused("an unknown fate", with(goldenVectors().get("whereabouts"), payload + 4, 3));
        assertRefused("more entries than digests", with(goldenVectors().get("fetched"), payload, 1));
    }

    @Test
    void shouldFitIntoAFrameWhenATransferIsOfAsManyItemsAsAllowed() {
        List<InventoryItem> most = Collections.nCopies(
                FrameCodec.MAX_ITEMS, InventoryItem.tombstone(new KeyDigest(1, 2), new Version(3, 4)));
        encode(new InventoriedFrame(1, 2, most));
        encode(new CompareFrame(1, most));
        SessionEntry longest =
                session(new byte[1], new byte[longestOnCondition()]).entry();
        encode(new FetchedFrame(1, 1, List.of(longest)));
    }

    /** The longest value that the tiers take with a key of one byte. */
    private static int longestOnCondition() {
        int length = FrameCodec.MAX_FRAME;
        while (!FrameCodec.entryFits(1, length)) {
            length--;
        }
        return length;
    }

    @Test
    void shouldKeepEveryFieldOfAFilterWhenDecoded() throws Exception {
        for (String name : List.of("filter", "filter-places", "filter-on")) {
            assertThat(FrameCodec.decode(ByteBuffer.wrap(goldenVectors().get(name))))
                    .isEqualTo(FrameSamples.all().get(name));
        }
        FilteredFrame filtered = (FilteredFrame)
                FrameCodec.decode(ByteBuffer.wrap(goldenVectors().get("filtered")));
        assertThat(filtered.nextCursor()).isZero();
        assertThat(filtered.places()).isEqualTo(320_000);
        assertThat(filtered.keys()).isEqualTo(200_000);
        assertThat(filtered.firstWord()).isEqualTo(4_194_302);
        assertThat(filtered.words()).containsExactly(0x8000000000000001L, 0x0123456789abcdefL);
        encode(new FilteredFrame(1, 0, 1, 1, 0, new long[FrameCodec.MAX_FILTER_WORDS]));
    }

    @Test
    void shouldNameWhatIsWrongWhenAMessageToClientsSaysWhatCannotBe() throws Exception {
        int payload = FrameCodec.HEADER_LENGTH;
        byte[] notify = goldenVectors().get("notify");
        assertRefusedAs("NOTIFY: toRole out of range", with(notify, payload, 2));
        assertRefusedAs("NOTIFY: to too long", with(notify, payload + 2, 1));
        assertRefusedAs("NOTIFY: to is not UTF-8", with(notify, payload + 3, 0xff));
        assertRefusedAs("NOTIFY: length of params out of range", with(notify, payload + 18, 0x80));
        assertRefusedAs("NOTIFY: params too long", with(notify, payload + 18, 1));
        assertRefusedAs("NOTIFY: too short for a field", with(notify, payload + 15, 3));
        assertRefusedAs("NOTIFY: bytes after the last field", with(notify, payload + 15, 1));
        assertRefusedAs("NOTIFIED: processes out of range", with(goldenVectors().get("notified"), payload + 3, 0x80));
        assertRefusedAs("ATTEND: wanted out of range", with(goldenVectors().get("attend"), payload, 2));
        encode(new PushFrame(new PushMessage(true, "r", "m", "x".repeat(FrameCodec.MAX_PUSH))));
    }

    @Test
    void shouldNameWhatIsWrongWhenAFilterSaysWhatCannotBe() throws Exception {
        int payload = FrameCodec.HEADER_LENGTH;
        byte[] filter = goldenVectors().get("filter-on");
        assertRefusedAs("FILTER: cursor out of range", with(filter, payload + 7, 0x80));
        assertRefusedAs("FILTER: bits out of range: bits=65", with(filter, payload + 8, 65));
        assertRefusedAs("FILTER: bits out of range: bits=285212736", with(filter, payload + 11, 0x11));
        assertRefusedAs("FILTER: bits out of range: bits=0", with(filter, payload + 8, 0));
        assertRefusedAs("FILTER: hashes out of range: hashes=0", with(filter, payload + 12, 0));
        assertRefusedAs("FILTER: hashes out of range: hashes=33", with(filter, payload + 12, 33));
        byte[] filtered = goldenVectors().get("filtered");
        assertRefusedAs("FILTERED: nextCursor out of range", with(filtered, payload + 7, 0x80));
        assertRefusedAs("FILTERED: places out of range", with(filtered, payload + 11, 0x80));
        assertRefusedAs("FILTERED: keys out of range", with(filtered, payload + 15, 0x80));
        assertRefusedAs("FILTERED: firstWord out of range", with(filtered, payload + 19, 0x80));
        assertRefusedAs("FILTERED: words beyond the largest filter", with(filtered, payload + 16, 0xff));
        assertRefusedAs("FILTERED: count out of range", with(filtered, payload + 21, 0xff));
        assertRefusedAs("FILTERED: too short for words", with(with(filtered, payload + 20, 3), payload + 16, 0));
        assertRefusedAs("FILTERED: bytes after the last field", with(filtered, payload + 20, 1));
    }

    @Test
    void shouldRefuseACallWhenItSaysWhatCannotBe() throws Exception {
        int payload = FrameCodec.HEADER_LENGTH;
        assertRefused("an unknown call", with(goldenVectors().get("call-list"), payload, 9));
        assertRefused("a name beyond the limit", with(goldenVectors().get("call-list"), payload + 17, 65));
        assertRefused("arguments that are not there", with(goldenVectors().get("call-list"), payload + 19, 64));
        assertRefused("too many arguments", with(goldenVectors().get("call-list"), payload + 19, 65));
        assertRefused("an unknown outcome", with(goldenVectors().get("called-none"), payload, 7));
        assertRefused("too many lines", with(goldenVectors().get("called-none"), payload + 2, 1));
        assertThatThrownBy(() -> encode(new CalledFrame(
                        1, CalledFrame.Outcome.DONE, Collections.nCopies(FrameCodec.MAX_LINES + 1, ""))))
                .hasMessageContaining("count of lines");
    }

    @Test
    void shouldFitIntoAFrameWhenACallHasAsMuchAsAllowed() {
        String longest = "x".repeat(FrameCodec.MAX_TEXT);
        encode(new CommandFrame(
                1,
                new KeyDigest(1, 2),
                "x".repeat(FrameCodec.MAX_COMMAND),
                Collections.nCopies(FrameCodec.MAX_ARGUMENTS, longest)));
        encode(new CalledFrame(1, CalledFrame.Outcome.DONE, Collections.nCopies(FrameCodec.MAX_LINES, longest)));
    }

    @Test
    void shouldShowNoKeyAndNoValueInTexts() {
        byte[] key = "secret-key".getBytes(StandardCharsets.US_ASCII);
        for (Frame frame : List.of(
                session(key, key),
                new NeedSessionFrame(1, key),
                new CommandFrame(1, new KeyDigest(1, 2), "secret", List.of("secret")),
                new CalledFrame(1, CalledFrame.Outcome.DONE, List.of("secret")),
                new SessionBackupFrame(1, session(key, key).entry()),
                new FetchedFrame(1, 1, List.of(session(key, key).entry())))) {
            assertThat(frame.toString()).doesNotContain("secret");
        }
    }

    @Test
    void shouldLeaveReaderIndexAndRestOfBytes() throws Exception {
        ByteBuf two = Unpooled.buffer();
        FrameCodec.encode(new PingFrame(1, 5), two);
        FrameCodec.encode(new PongFrame(2, 6), two);

        assertThat(FrameCodec.decode(two)).isEqualTo(new PingFrame(1, 5));
        assertThat(FrameCodec.decode(two)).isEqualTo(new PongFrame(2, 6));
        assertThat(two.isReadable()).isFalse();
    }

    private static SessionFrame session(byte[] key, byte[] value) {
        return new SessionFrame(
                1,
                Acknowledgement.RELAY,
                0,
                0,
                Version.NONE,
                new SessionEntry(key, value, new Version(1, 1), 1, false, 0, 0, 0));
    }

    private static byte interesting(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> (byte) 0xff;
            case 2 -> (byte) 0x80;
            default -> (byte) random.nextInt(256);
        };
    }

    private static byte[] with(byte[] bytes, int index, int value) {
        byte[] changed = bytes.clone();
        changed[index] = (byte) value;
        return changed;
    }

    private static void assertRefused(String what, byte[] bytes) {
        assertThatThrownBy(() -> FrameCodec.decode(ByteBuffer.wrap(bytes)))
                .as(what)
                .isInstanceOf(FrameException.class);
    }

    private static void assertRefusedAs(String message, byte[] bytes) {
        assertThatThrownBy(() -> FrameCodec.decode(ByteBuffer.wrap(bytes)))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining(message);
    }

    private static void assertRefusedWith(int code, byte[] bytes) {
        assertThatThrownBy(() -> FrameCodec.decode(ByteBuffer.wrap(bytes)))
                .isInstanceOfSatisfying(
                        FrameException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    /** Decodes; what is accepted must be encodable to the same bytes. Any exception but FrameException fails the test. */
    private static boolean decodeAnything(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        Frame frame;
        try {
            frame = FrameCodec.decode(buffer);
        } catch (FrameException e) {
            return false;
        }
        if (!Arrays.equals(encode(frame), Arrays.copyOf(bytes, buffer.position()))) {
            throw new AssertionError(
                    "other bytes than decoded: " + HexFormat.of().formatHex(bytes));
        }
        return true;
    }

    private static byte[] encode(Frame frame) {
        ByteBuf buffer = Unpooled.buffer();
        FrameCodec.encode(frame, buffer);
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        return bytes;
    }

    private static Map<String, byte[]> goldenVectors() throws IOException {
        Map<String, byte[]> vectors = new LinkedHashMap<>();
        try (InputStream in = FrameCodecTest.class.getResourceAsStream(VECTORS)) {
            BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    String[] nameAndBytes = line.split(" ", 2);
                    vectors.put(nameAndBytes[0], HexFormat.of().parseHex(nameAndBytes[1].replace(" ", "")));
                }
            }
        }
        return vectors;
    }
}
