package org.globalsessions.transport.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.tier.ClientQuery;
import org.globalsessions.tier.FoundClients;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.PushMessage;
import org.globalsessions.tier.PushReach;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.ErrorCode;

/**
 * Turns frames into bytes and back, the same for TCP, Unix sockets and Aeron IPC; {@code transport/PROTOCOL.md} is the
 * specification.
 *
 * <p>Static and without state: any thread. Every length is checked against what is there before anything is allocated, and
 * {@link #decode} throws nothing but {@link FrameException}, whatever the bytes.
 */
public final class FrameCodec {
    /** Lowest protocol version that this code speaks. */
    public static final int MIN_VERSION = 1;

    /** Highest protocol version that this code speaks. */
    public static final int MAX_VERSION = 1;

    /** Bytes of the header: length i32, type u8, flags u8, version u16, correlation id i64, all little-endian. */
    public static final int HEADER_LENGTH = 16;

    /** Longest frame in bytes, header included. */
    public static final int MAX_FRAME = 1 << 20;

    /** Longest key in bytes. */
    public static final int MAX_KEY = 65_535;

    /** Longest name of a path in bytes of UTF-8. */
    public static final int MAX_PATH = 255;

    /** Longest shared secret in bytes of UTF-8. */
    public static final int MAX_SECRET = 255;

    /** Most weight of a relief node, in hundredths. */
    public static final int MAX_WEIGHT = 10_000;

    /** Longest name of a relief node's machine in bytes of UTF-8. */
    public static final int MAX_HOST_ID = 64;

    /** Longest text of an error in bytes of UTF-8. */
    public static final int MAX_TEXT = 1024;

    /** Most keys in one void. */
    public static final int MAX_VOIDED = 32_767;

    /** Most hosts that one answer to an operator names. */
    public static final int MAX_HOSTS_TOLD = 16_384;

    /** Bytes of an entry before its key and value: lengths 6, version 12, life 8, flags 1, times 12. */
    public static final int ENTRY_HEADER_LENGTH = 39;

    /** Most uses in one touch. */
    public static final int MAX_TOUCHES = 32_767;

    /** Most items in an inventory or comparison, and most digests in a fetch: what a node looks up in about a millisecond. */
    public static final int MAX_ITEMS = 1024;

    /** Bytes of an answer to a fetch before its entries: digests covered and count. */
    public static final int FETCHED_FIXED = 2 + 2;

    /** Longest address, role or method of a message to remote clients, in bytes of UTF-8. */
    public static final int MAX_PUSH_NAME = 128;

    /** Longest parameters of a message to remote clients, in bytes of UTF-8. */
    public static final int MAX_PUSH = 262_144;

    /** Longest name of a command in bytes of UTF-8. */
    public static final int MAX_COMMAND = 64;

    /** Most arguments of a command, each of at most {@link #MAX_TEXT} bytes. */
    public static final int MAX_ARGUMENTS = 64;

    /** Most lines that a command answers, each of at most {@link #MAX_TEXT} bytes: read within the memory that a longest frame takes. */
    public static final int MAX_LINES = 128;

    /** Most bits of a filter: 32 MiB, 16 bits for each of as many sessions as a segment can have. */
    public static final int MAX_FILTER_BITS = 1 << 28;

    /** Most bits that one key sets in a filter. */
    public static final int MAX_FILTER_HASHES = 32;

    /** Most words of 64 bits of a filter in one frame. */
    public static final int MAX_FILTER_WORDS = 8192;

    /** Bytes of one item of an inventory. */
    static final int ITEM_LENGTH = 37;

    /** Bytes of a digest. */
    static final int DIGEST_LENGTH = 16;

    /** Bytes of one element of a void. */
    static final int VOIDED_LENGTH = 28;

    /** Bytes of an identifier of a remote client. */
    static final int CLIENT_LENGTH = 16;

    /** Bytes of one element of a touch. */
    static final int TOUCH_LENGTH = 28;

    /** Bytes of one host in an answer to an operator. */
    static final int KNOWN_HOST_LENGTH = 28;

    /** Bytes of a text before its own: its length. */
    static final int TEXT_LENGTH = 2;

    private static final int BEGINS_LIFE = 1;

    private FrameCodec() {}

    /**
     * Appends one frame.
     *
     * @param frame  the frame
     * @param target written from its writer index on, grown as needed; untouched if the frame is refused
     * @throws IllegalArgumentException if a field is out of its range or the frame longer than {@link #MAX_FRAME}
     */
    public static void encode(Frame frame, ByteBuf target) {
        int length = encodedLength(frame);
        target.ensureWritable(length);
        int start = target.writerIndex();
        target.writeIntLE(length);
        target.writeByte(frame.type().code());
        target.writeByte(0);
        target.writeShortLE(MAX_VERSION);
        target.writeLongLE(frame.correlationId());
        try {
            FrameWriter.writePayload(frame, target);
        } catch (IllegalArgumentException e) {
            target.writerIndex(start);
            throw e;
        }
        if (target.writerIndex() - start != length) {
            throw new IllegalStateException("frame " + frame.type() + ": " + (target.writerIndex() - start)
                    + " bytes written, " + length + " announced");
        }
    }

    /**
     * Puts one frame into a byte buffer, for carriers other than TCP.
     *
     * @param frame  the frame
     * @param target written from its position on, which advances; {@link #encodedLength} bytes must remain
     * @throws IllegalArgumentException as {@link #encode(Frame, ByteBuf)}, or if the buffer is too small
     */
    public static void encode(Frame frame, ByteBuffer target) {
        int length = encodedLength(frame);
        if (target.remaining() < length) {
            throw new IllegalArgumentException(
                    "buffer too small for frame: remaining=" + target.remaining() + ", length=" + length);
        }
        ByteBuf wrapped = Unpooled.wrappedBuffer(target);
        wrapped.clear();
        encode(frame, wrapped);
        target.position(target.position() + length);
    }

    /**
     * Bytes of a frame, header included.
     *
     * @param frame the frame
     * @return {@link #HEADER_LENGTH} to {@link #MAX_FRAME}
     * @throws IllegalArgumentException if it is longer than {@link #MAX_FRAME}
     */
    public static int encodedLength(Frame frame) {
        long length = HEADER_LENGTH + FrameWriter.payloadLength(frame);
        if (length > MAX_FRAME) {
            throw new IllegalArgumentException(
                    "frame too long: type=" + frame.type() + ", length=" + length + ", limit=" + MAX_FRAME);
        }
        return (int) length;
    }

    /**
     * Whether an entry fits into every frame that may carry it.
     *
     * @param keyLength   bytes of its key
     * @param valueLength bytes of its value
     * @return false if it could not be sent
     */
    public static boolean entryFits(int keyLength, int valueLength) {
        return keyLength <= MAX_KEY
                && (long) HEADER_LENGTH
                                + FrameWriter.SESSION_FIXED
                                + FrameWriter.CONDITION_LENGTH
                                + ENTRY_HEADER_LENGTH
                                + keyLength
                                + valueLength
                        <= MAX_FRAME;
    }

    /**
     * Bytes of an entry within a frame.
     *
     * @param entry the entry
     * @return its header, key and value together
     */
    public static long entryLength(SessionEntry entry) {
        return (long) ENTRY_HEADER_LENGTH + entry.key().length + entry.value().length;
    }

    /**
     * Reads one frame from a byte buffer.
     *
     * @param source read from its position on, which advances by the frame's length if it is well-formed
     * @return the frame, which shares nothing with the buffer
     * @throws FrameException if the bytes are no frame
     */
    public static Frame decode(ByteBuffer source) throws FrameException {
        ByteBuf wrapped = Unpooled.wrappedBuffer(source);
        Frame frame = decode(wrapped);
        source.position(source.position() + wrapped.readerIndex());
        return frame;
    }

    /**
     * Reads one frame.
     *
     * @param source read from its reader index on, which advances by the frame's length if it is well-formed and stays
     *               otherwise
     * @return the frame, which shares nothing with the buffer
     * @throws FrameException if the bytes are no frame, also if fewer are there than the length says
     */
    public static Frame decode(ByteBuf source) throws FrameException {
        int start = source.readerIndex();
        if (source.readableBytes() < HEADER_LENGTH) {
            throw new FrameException(
                    ErrorCode.MALFORMED,
                    "shorter than a header: bytes=" + source.readableBytes() + ", header=" + HEADER_LENGTH);
        }
        int length = source.getIntLE(start);
        checkHeader(length, source.getUnsignedByte(start + 4));
        if (source.readableBytes() < length) {
            throw new FrameException(
                    ErrorCode.MALFORMED, "truncated: bytes=" + source.readableBytes() + ", length=" + length);
        }
        FrameType type = FrameType.of(source.getUnsignedByte(start + 4));
        int flags = source.getUnsignedByte(start + 5);
        if (flags != 0) {
            throw new FrameException(ErrorCode.MALFORMED, "flags of " + type + " unknown: flags=" + flags);
        }
        int version = source.getUnsignedShortLE(start + 6);
        if (version < MIN_VERSION || version > MAX_VERSION) {
            throw new FrameException(
                    ErrorCode.UNSUPPORTED_VERSION,
                    "protocol version not spoken: version=" + version + ", spoken=" + MIN_VERSION + ".." + MAX_VERSION);
        }
        FieldReader fields = new FieldReader(source, type, start + HEADER_LENGTH, start + length);
        Frame frame = readPayload(type, source.getLongLE(start + 8), fields);
        fields.finish();
        source.readerIndex(start + length);
        return frame;
    }

    /**
     * Checks what can be checked from the first five bytes, so that a stranger's bytes are refused before a buffer grows.
     *
     * @param length length field
     * @param type   type field
     * @throws FrameException if no frame begins so
     */
    public static void checkHeader(int length, int type) throws FrameException {
        if (length < HEADER_LENGTH) {
            throw new FrameException(
                    ErrorCode.MALFORMED, "length below the header's: length=" + length + ", limit=" + HEADER_LENGTH);
        }
        if (length > MAX_FRAME) {
            throw new FrameException(ErrorCode.TOO_LARGE, "frame too long: length=" + length + ", limit=" + MAX_FRAME);
        }
        if (FrameType.of(type) == null) {
            throw new FrameException(ErrorCode.MALFORMED, "type of frame unknown: type=" + type);
        }
    }

    private static ErrorFrame readError(long correlationId, FieldReader in) throws FrameException {
        ErrorFrame error = new ErrorFrame(correlationId, in.u16(), in.text("text", MAX_TEXT));
        return error.tellsClock()
                ? new ErrorFrame(
                        correlationId, error.code(), error.text(), in.clock("clockMicros"), in.clock("highest"))
                : error;
    }

    private static Frame readPayload(FrameType type, long correlationId, FieldReader in) throws FrameException {
        return switch (type) {
            case HELLO -> readHello(correlationId, in);
            case WELCOME ->
                new WelcomeFrame(
                        correlationId,
                        in.protocolVersion("version", 1),
                        in.i64(),
                        in.position(),
                        in.i64(),
                        in.i32InRange("maxFrame", HEADER_LENGTH),
                        WireCodes.rights(in),
                        in.clock("maxStale"));
            case ERROR -> readError(correlationId, in);
            case PING -> new PingFrame(correlationId, in.i64());
            case PONG -> new PongFrame(correlationId, in.i64());
            case GOODBYE -> {
                in.noCorrelation(correlationId);
                yield new GoodbyeFrame(in.u8());
            }
            case SUBSCRIBE -> new SubscribeFrame(correlationId, in.i64(), in.i64(), in.position());
            case SESSION ->
                new SessionFrame(
                        correlationId,
                        WireCodes.level(in),
                        in.i64(),
                        in.position(),
                        in.version(),
                        in.flag("conditional") ? in.version() : null,
                        readEntry(in));
            case ANNOUNCE_SESSION -> {
                in.noCorrelation(correlationId);
                yield new AnnounceSessionFrame(in.i64(), in.position(), readEntry(in));
            }
            case SESSION_RECEIVED -> readReceived(correlationId, in);
            case NEED_SESSION -> {
                int keyLength = in.keyLength();
                yield new NeedSessionFrame(correlationId, in.bytes(keyLength));
            }
            case SESSION_KNOWN -> readKnown(correlationId, in);
            case SESSION_BACKUP -> {
                boolean freeOnly = in.flag("freeOnly");
                yield new SessionBackupFrame(correlationId, readEntry(in), freeOnly);
            }
            case DELETE ->
                new DeleteFrame(
                        correlationId, WireCodes.level(in), in.i64(), in.position(), readDigest(in), in.version());
            case ANNOUNCE_DELETE -> {
                in.noCorrelation(correlationId);
                yield new AnnounceDeleteFrame(in.i64(), in.position(), readDigest(in), in.version());
            }
            case VOID -> readVoid(correlationId, in);
            case RENEW -> new RenewFrame(correlationId, in.i64(), in.i64(), in.position());
            case RENEWED -> new RenewedFrame(correlationId, in.i64(), in.position());
            case NEED_EVERYWHERE -> new NeedEverywhereFrame(correlationId, readDigest(in), in.i64(), in.position());
            case EVERYWHERE -> new EverywhereFrame(correlationId, in.position());
            case TOUCH -> readTouch(correlationId, in);
            case ATTEND -> new AttendFrame(correlationId, in.flag("wanted"));
            case NOTIFY -> new NotifyFrame(correlationId, readPush(in));
            case NOTIFIED ->
                new NotifiedFrame(
                        correlationId,
                        new PushReach(in.i32InRange("processes", 0), in.i32InRange("clients", PushReach.UNKNOWN)));
            case PUSH -> {
                in.noCorrelation(correlationId);
                yield new PushFrame(readPush(in));
            }
            case FIND_CLIENTS -> new FindClientsFrame(correlationId, readQuery(in));
            case CLIENTS_FOUND -> new ClientsFoundFrame(correlationId, readFound(in));
            case CLIENTS_CHECKED ->
                new ClientsCheckedFrame(
                        correlationId,
                        in.i32InRange("clients", 0),
                        in.i32InRange("addresses", 0),
                        in.clock("refused"),
                        in.i32InRange("entries", 0),
                        in.i32InRange("differing", 0));
            case INVENTORY -> {
                long cursor = in.clock("cursor");
                int maxItems = in.u16InRange("maxItems", 1, MAX_ITEMS);
                yield new InventoryFrame(correlationId, cursor, maxItems, in.flag("deletesOnly"));
            }
            case INVENTORIED -> new InventoriedFrame(correlationId, in.clock("nextCursor"), readItems(in));
            case COMPARE -> new CompareFrame(correlationId, readItems(in));
            case COMPARED -> readCompared(correlationId, in);
            case FETCH -> readFetch(correlationId, in);
            case FETCHED -> readFetched(correlationId, in);
            case MOVED -> new MovedFrame(correlationId, readItems(in));
            case WHEREABOUTS -> readWhereabouts(correlationId, in);
            case FILTER -> readFilter(correlationId, in);
            case FILTERED -> readFiltered(correlationId, in);
            case CALL -> readCall(correlationId, in);
            case CALLED -> new CalledFrame(correlationId, WireCodes.called(in), readTexts(in, "lines", MAX_LINES));
            case ADMINISTER -> new AdministerFrame(correlationId, WireCodes.action(in), readDigest(in));
            case ADMINISTERED -> readAdministered(correlationId, in);
            case ANNOUNCE_INVALIDATION -> {
                in.noCorrelation(correlationId);
                yield new AnnounceInvalidationFrame(in.i64(), in.position(), readDigest(in), in.version());
            }
        };
    }

    private static HelloFrame readHello(long correlationId, FieldReader in) throws FrameException {
        int minVersion = in.protocolVersion("minVersion", 1);
        int maxVersion = in.protocolVersion("maxVersion", minVersion);
        PeerKind kind = WireCodes.kind(in);
        return new HelloFrame(
                correlationId,
                minVersion,
                maxVersion,
                kind,
                in.i64(),
                in.i64(),
                in.i32(),
                in.i32(),
                in.i32(),
                in.text("path", MAX_PATH),
                in.text("secret", MAX_SECRET),
                kind.isRelief() ? readWeight(in) : 0,
                kind.isRelief() ? in.text("hostId", MAX_HOST_ID) : "",
                kind.isRelief() && in.flag("holdsSessions"));
    }

    private static int readWeight(FieldReader in) throws FrameException {
        int weight = in.u16();
        if (weight < 1 || weight > MAX_WEIGHT) {
            throw in.bad("weight out of range: weight=" + weight + ", limit=1.." + MAX_WEIGHT);
        }
        return weight;
    }

    private static SessionReceivedFrame readReceived(long correlationId, FieldReader in) throws FrameException {
        Receipt.Outcome outcome = WireCodes.outcome(in);
        Version version = in.version();
        long life = in.clock("life");
        boolean held = in.flag("held");
        return new SessionReceivedFrame(
                correlationId, new Receipt(outcome, version, life, held, in.i64(), in.position()));
    }

    private static SessionKnownFrame readKnown(long correlationId, FieldReader in) throws FrameException {
        SessionKnownFrame.Status status = WireCodes.status(in);
        long epoch = in.i64();
        long position = in.position();
        SessionEntry entry = status.isFound() ? readEntry(in) : null;
        return new SessionKnownFrame(correlationId, status, epoch, position, entry);
    }

    private static VoidFrame readVoid(long correlationId, FieldReader in) throws FrameException {
        int count = in.u16();
        if (count > MAX_VOIDED) {
            throw in.bad("too many keys: count=" + count + ", limit=" + MAX_VOIDED);
        }
        in.require("voided keys", (long) count * VOIDED_LENGTH);
        VoidFrame.Voided[] voided = new VoidFrame.Voided[count];
        for (int i = 0; i < count; i++) {
            voided[i] = new VoidFrame.Voided(readDigest(in), in.version());
        }
        return new VoidFrame(correlationId, List.of(voided));
    }

    private static TouchFrame readTouch(long correlationId, FieldReader in) throws FrameException {
        int count = in.u16();
        if (count > MAX_TOUCHES) {
            throw in.bad("too many uses: count=" + count + ", limit=" + MAX_TOUCHES);
        }
        in.require("uses", (long) count * TOUCH_LENGTH);
        Touch[] touches = new Touch[count];
        for (int i = 0; i < count; i++) {
            touches[i] = new Touch(readDigest(in), in.clock("life"), in.i32InRange("idleTicks", 0));
        }
        return new TouchFrame(correlationId, List.of(touches));
    }

    private static AdministeredFrame readAdministered(long correlationId, FieldReader in) throws FrameException {
        AdministeredFrame.Outcome outcome = WireCodes.administered(in);
        int total = in.i32InRange("total", 0);
        int count = in.u16();
        if (count > MAX_HOSTS_TOLD) {
            throw in.bad("too many hosts: count=" + count + ", limit=" + MAX_HOSTS_TOLD);
        }
        in.require("hosts", (long) count * KNOWN_HOST_LENGTH);
        AdministeredFrame.KnownHost[] hosts = new AdministeredFrame.KnownHost[count];
        for (int i = 0; i < count; i++) {
            hosts[i] =
                    new AdministeredFrame.KnownHost(readDigest(in), in.i32InRange("connections", 0), in.clock("away"));
        }
        return new AdministeredFrame(correlationId, outcome, total, List.of(hosts));
    }

    private static List<InventoryItem> readItems(FieldReader in) throws FrameException {
        int count = in.u16InRange("count", 0, MAX_ITEMS);
        in.require("items", (long) count * ITEM_LENGTH);
        InventoryItem[] items = new InventoryItem[count];
        for (int i = 0; i < count; i++) {
            KeyDigest digest = readDigest(in);
            Version version = in.version();
            long life = in.clock("life");
            boolean tombstone = in.flag("kind");
            if (tombstone && life != 0) {
                throw in.bad("a tombstone has no life: life=" + life + ", limit=0");
            }
            items[i] = new InventoryItem(digest, version, life, tombstone);
        }
        return List.of(items);
    }

    private static ComparedFrame readCompared(long correlationId, FieldReader in) throws FrameException {
        int count = in.u16InRange("count", 0, MAX_ITEMS);
        BitSet lacking = BitSet.valueOf(in.bytes((count + 7) / 8));
        if (lacking.length() > count) {
            throw in.bad("bits beyond the last item: bits=" + lacking.length() + ", limit=" + count);
        }
        return new ComparedFrame(correlationId, count, lacking);
    }

    private static WhereaboutsFrame readWhereabouts(long correlationId, FieldReader in) throws FrameException {
        int count = in.u16InRange("count", 0, MAX_ITEMS);
        in.require("fates", count);
        WhereaboutsFrame.Fate[] fates = new WhereaboutsFrame.Fate[count];
        for (int i = 0; i < count; i++) {
            fates[i] = WireCodes.fate(in);
        }
        return new WhereaboutsFrame(correlationId, List.of(fates));
    }

    private static FetchFrame readFetch(long correlationId, FieldReader in) throws FrameException {
        int count = in.u16InRange("count", 0, MAX_ITEMS);
        in.require("digests", (long) count * DIGEST_LENGTH);
        KeyDigest[] digests = new KeyDigest[count];
        for (int i = 0; i < count; i++) {
            digests[i] = readDigest(in);
        }
        return new FetchFrame(correlationId, List.of(digests));
    }

    private static FetchedFrame readFetched(long correlationId, FieldReader in) throws FrameException {
        int covered = in.u16InRange("covered", 0, MAX_ITEMS);
        int count = in.u16InRange("count", 0, covered);
        in.require("entries", (long) count * ENTRY_HEADER_LENGTH);
        SessionEntry[] entries = new SessionEntry[count];
        for (int i = 0; i < count; i++) {
            entries[i] = readEntry(in);
        }
        return new FetchedFrame(correlationId, covered, List.of(entries));
    }

    private static FilterFrame readFilter(long correlationId, FieldReader in) throws FrameException {
        long cursor = in.clock("cursor");
        int bits = in.i32InRange("bits", cursor == 0 ? 0 : Long.SIZE);
        if (bits > MAX_FILTER_BITS || bits % Long.SIZE != 0) {
            throw in.bad(
                    "bits out of range: bits=" + bits + ", limit=" + MAX_FILTER_BITS + ", in steps of " + Long.SIZE);
        }
        int hashes = in.u8();
        if (hashes < 1 || hashes > MAX_FILTER_HASHES) {
            throw in.bad("hashes out of range: hashes=" + hashes + ", allowed=1.." + MAX_FILTER_HASHES);
        }
        return new FilterFrame(correlationId, cursor, bits, hashes);
    }

    private static FilteredFrame readFiltered(long correlationId, FieldReader in) throws FrameException {
        long nextCursor = in.clock("nextCursor");
        int places = in.i32InRange("places", 0);
        int keys = in.i32InRange("keys", 0);
        int firstWord = in.i32InRange("firstWord", 0);
        int count = in.u16InRange("count", 0, MAX_FILTER_WORDS);
        if (firstWord > MAX_FILTER_BITS / Long.SIZE - count) {
            throw in.bad("words beyond the largest filter: firstWord=" + firstWord + ", count=" + count + ", limit="
                    + MAX_FILTER_BITS / Long.SIZE);
        }
        in.require("words", (long) count * Long.BYTES);
        long[] words = new long[count];
        for (int i = 0; i < count; i++) {
            words[i] = in.i64();
        }
        return new FilteredFrame(correlationId, nextCursor, places, keys, firstWord, words);
    }

    private static Frame readCall(long correlationId, FieldReader in) throws FrameException {
        int what = in.u8();
        if (what == WireCodes.VALIDATION) {
            int keyLength = in.keyLength();
            return new ValidateFrame(correlationId, in.bytes(keyLength));
        }
        if (what != WireCodes.COMMAND) {
            throw in.bad("what unknown: what=" + what + ", limit=" + WireCodes.VALIDATION);
        }
        return new CommandFrame(
                correlationId, readDigest(in), in.text("name", MAX_COMMAND), readTexts(in, "arguments", MAX_ARGUMENTS));
    }

    private static List<String> readTexts(FieldReader in, String name, int limit) throws FrameException {
        int count = in.u16InRange("count of " + name, 0, limit);
        in.require(name, (long) count * TEXT_LENGTH);
        String[] texts = new String[count];
        for (int i = 0; i < count; i++) {
            texts[i] = in.text(name, MAX_TEXT);
        }
        return List.of(texts);
    }

    private static ClientQuery readQuery(FieldReader in) throws FrameException {
        ClientQuery.By by = in.flag("by") ? ClientQuery.By.USER : ClientQuery.By.ADDRESS;
        return new ClientQuery(
                by, in.text("name", MAX_TEXT), in.clock("after"), in.u16InRange("most", 0, ClientQuery.MOST));
    }

    private static FoundClients readFound(FieldReader in) throws FrameException {
        int total = in.i32InRange("total", 0);
        boolean complete = in.flag("complete");
        long next = in.clock("next");
        int count = in.u16InRange("count", 0, ClientQuery.MOST);
        ByteBuffer bytes = ByteBuffer.wrap(in.bytes(count * CLIENT_LENGTH));
        long[] identifiers = new long[count * 2];
        bytes.asLongBuffer().get(identifiers);
        return new FoundClients(total, complete, next, identifiers);
    }

    private static PushMessage readPush(FieldReader in) throws FrameException {
        return new PushMessage(
                in.flag("toRole"),
                in.text("to", MAX_PUSH_NAME),
                in.text("method", MAX_PUSH_NAME),
                in.longText("params", MAX_PUSH));
    }

    private static KeyDigest readDigest(FieldReader in) throws FrameException {
        return new KeyDigest(in.i64(), in.i64());
    }

    private static SessionEntry readEntry(FieldReader in) throws FrameException {
        int keyLength = in.keyLength();
        int valueLength = in.i32InRange("valueLength", 0);
        Version version = in.version();
        long life = in.clock("life");
        int flags = in.u8();
        if ((flags & ~BEGINS_LIFE) != 0) {
            throw in.bad("flags of the entry unknown: flags=" + flags);
        }
        int idleTicks = in.i32InRange("idleTicks", 0);
        int idleLimitTicks = in.i32InRange("idleLimitTicks", 0);
        int lifetimeTicks = in.i32InRange("lifetimeTicks", 0);
        in.require("key and value", (long) keyLength + valueLength);
        byte[] key = in.bytes(keyLength);
        byte[] value = in.bytes(valueLength);
        return new SessionEntry(
                key, value, version, life, (flags & BEGINS_LIFE) != 0, idleTicks, idleLimitTicks, lifetimeTicks);
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
