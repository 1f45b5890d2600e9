package org.globalsessions.transport.frame;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.globalsessions.Version;
import org.globalsessions.transport.ErrorCode;

/** Reads the fields of one payload in order, each checked against the frame's end and its range. One thread, one frame. */
final class FieldReader {
    private final ByteBuf source;
    private final FrameType type;
    private final int end;
    private int index;

    FieldReader(ByteBuf source, FrameType type, int index, int end) {
        this.source = source;
        this.type = type;
        this.index = index;
        this.end = end;
    }

    FrameException bad(String what) {
        return new FrameException(ErrorCode.MALFORMED, type + ": " + what);
    }

    void require(String what, long bytes) throws FrameException {
        if (bytes > end - index) {
            throw bad("too short for " + what + ": bytes=" + (end - index) + ", needed=" + bytes);
        }
    }

    private int advance(int bytes) throws FrameException {
        require("a field", bytes);
        int at = index;
        index += bytes;
        return at;
    }

    void finish() throws FrameException {
        if (index != end) {
            throw bad("bytes after the last field: bytes=" + (end - index));
        }
    }

    int u8() throws FrameException {
        return source.getUnsignedByte(advance(1));
    }

    int u16() throws FrameException {
        return source.getUnsignedShortLE(advance(2));
    }

    int u16InRange(String name, int lowest, int limit) throws FrameException {
        int value = u16();
        if (value < lowest || value > limit) {
            throw bad(name + " out of range: " + name + "=" + value + ", allowed=" + lowest + ".." + limit);
        }
        return value;
    }

    int i32() throws FrameException {
        return source.getIntLE(advance(4));
    }

    long i64() throws FrameException {
        return source.getLongLE(advance(8));
    }

    int i32InRange(String name, int lowest) throws FrameException {
        int value = i32();
        if (value < lowest) {
            throw bad(name + " out of range: " + name + "=" + value + ", lowest=" + lowest);
        }
        return value;
    }

    long clock(String name) throws FrameException {
        long value = i64();
        if (value < 0) {
            throw bad(name + " out of range: " + name + "=" + value + ", lowest=0");
        }
        return value;
    }

    long position() throws FrameException {
        return clock("position");
    }

    Version version() throws FrameException {
        long clock = clock("clock");
        int origin = i32();
        return clock == 0 && origin == 0 ? Version.NONE : new Version(clock, origin);
    }

    int protocolVersion(String name, int lowest) throws FrameException {
        int value = u16();
        if (value < lowest) {
            throw bad(name + " out of range: " + name + "=" + value + ", lowest=" + lowest);
        }
        return value;
    }

    boolean flag(String name) throws FrameException {
        int value = u8();
        if (value > 1) {
            throw bad(name + " out of range: " + name + "=" + value + ", limit=1");
        }
        return value == 1;
    }

    int keyLength() throws FrameException {
        int length = u16();
        if (length == 0) {
            throw bad("key is empty: keyLength=0, lowest=1");
        }
        return length;
    }

    byte[] bytes(int length) throws FrameException {
        require("a field", length);
        byte[] bytes = new byte[length];
        source.getBytes(advance(length), bytes);
        return bytes;
    }

    String text(String name, int limit) throws FrameException {
        return text(name, u16(), limit);
    }

    /** A text whose length takes 4 bytes. */
    String longText(String name, int limit) throws FrameException {
        return text(name, i32InRange("length of " + name, 0), limit);
    }

    private String text(String name, int length, int limit) throws FrameException {
        if (length > limit) {
            throw bad(name + " too long: bytes=" + length + ", limit=" + limit);
        }
        byte[] bytes = bytes(length);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw bad(name + " is not UTF-8");
        }
    }

    void noCorrelation(long correlationId) throws FrameException {
        if (correlationId != 0) {
            throw bad("carries a correlation id but answers nothing: correlationId=" + correlationId);
        }
    }
}
