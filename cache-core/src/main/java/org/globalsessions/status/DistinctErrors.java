package org.globalsessions.status;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.LongSupplier;

/**
 * The distinct errors of a segment, in its file: a repeat adds a count, not a line (after Agrona's DistinctErrorLog, with places
 * of fixed length instead of an append-only log, so that any process may write without a lock).
 *
 * <p>Any thread of any attached process may record; a process with a read-only mapping may only read. A text never holds a
 * session's key or value.
 */
public final class DistinctErrors {
    /** Bytes of a place. */
    static final int ERROR_LENGTH = 256;

    /** Hash of the text, 0 for a free place: compare-and-set by whoever records a text first. */
    static final int ERROR_HASH_OFFSET = 0;

    /** How often it happened. */
    static final int ERROR_COUNT_OFFSET = 8;

    /** Segment tick of the first time. */
    static final int ERROR_FIRST_TICK_OFFSET = 16;

    /** Segment tick of the last time. */
    static final int ERROR_LAST_TICK_OFFSET = 24;

    /** Length of the text in bytes; written after the text, 0 until then. */
    static final int ERROR_TEXT_LENGTH_OFFSET = 32;

    /** First byte of the text. */
    static final int ERROR_TEXT_OFFSET = 36;

    private static final int MAX_TEXT_LENGTH = ERROR_LENGTH - ERROR_TEXT_OFFSET;
    private static final String FURTHER = "further errors, for whose texts there was no place";

    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    /**
     * One error.
     *
     * @param count     how often it happened
     * @param firstTick segment tick of the first time
     * @param lastTick  segment tick of the last time
     * @param text      what it was
     */
    public record DistinctError(long count, long firstTick, long lastTick, String text) {}

    private final ByteBuffer places;
    private final int count;
    private final LongSupplier tick;

    /**
     * A view of the places.
     *
     * @param places the region, 256 bytes a place, at an address that is a multiple of 8; kept
     * @param tick   segment time now
     */
    public DistinctErrors(ByteBuffer places, LongSupplier tick) {
        this.places = Objects.requireNonNull(places, "places");
        this.tick = Objects.requireNonNull(tick, "tick");
        count = places.capacity() / ERROR_LENGTH;
    }

    /**
     * Records that something failed.
     *
     * @param what what was tried, a constant text: neither key nor value
     */
    public void record(String what) {
        byte[] text = utf8(what);
        long hash = hash(text);
        long now = tick.getAsLong();
        // The last place is kept for what finds no other, so that a loss of texts is itself visible.
        for (int i = 0; i < count - 1; i++) {
            if (recordedAt(i * ERROR_LENGTH, hash, text, now)) {
                return;
            }
        }
        byte[] further = utf8(FURTHER);
        recordedAt((count - 1) * ERROR_LENGTH, hash(further), further, now);
    }

    /**
     * Records that something failed with an exception: its class and the place of ours where it was thrown. Its message is left
     * out, since a message may quote what it was given. Throws nothing, so that whoever met the exception can go on.
     *
     * @param what  what was tried, a constant text: neither key nor value
     * @param cause the exception
     */
    public void record(String what, Throwable cause) {
        try {
            record(textOf(what, cause));
        } catch (Throwable e) {
            // A want of memory in the middle of another: it is lost here, and counted by whoever recorded it.
        }
    }

    private static String textOf(String what, Throwable cause) {
        StringBuilder text =
                new StringBuilder(what).append(": ").append(cause.getClass().getName());
        for (StackTraceElement frame : cause.getStackTrace()) {
            if (frame.getClassName().startsWith("org.globalsessions.")) {
                text.append(" at ").append(frame.getFileName()).append(':').append(frame.getLineNumber());
                break;
            }
        }
        return text.toString();
    }

    private boolean recordedAt(int base, long hash, byte[] text, long now) {
        long seen = (long) LONG.getAcquire(places, base + ERROR_HASH_OFFSET);
        if (seen == 0) {
            seen = (long) LONG.compareAndExchange(places, base + ERROR_HASH_OFFSET, 0L, hash);
            if (seen == 0) {
                seen = hash;
            }
        }
        if (seen != hash) {
            return false;
        }
        if ((int) INT.getAcquire(places, base + ERROR_TEXT_LENGTH_OFFSET) == 0) {
            // Also when it was not we who took the place: whoever did may have died. Both write the same bytes.
            places.put(base + ERROR_TEXT_OFFSET, text);
            LONG.compareAndSet(places, base + ERROR_FIRST_TICK_OFFSET, 0L, now);
            // Pairs with the acquire in read(): a reader that sees the length sees the text.
            INT.setRelease(places, base + ERROR_TEXT_LENGTH_OFFSET, text.length);
        }
        LONG.setOpaque(places, base + ERROR_LAST_TICK_OFFSET, now);
        LONG.getAndAdd(places, base + ERROR_COUNT_OFFSET, 1L);
        return true;
    }

    /**
     * The errors so far.
     *
     * @return one element a distinct text, in order of first occurrence
     */
    public List<DistinctError> read() {
        List<DistinctError> errors = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int base = i * ERROR_LENGTH;
            int length = Math.min((int) INT.getAcquire(places, base + ERROR_TEXT_LENGTH_OFFSET), MAX_TEXT_LENGTH);
            if (length > 0) {
                byte[] text = new byte[length];
                places.get(base + ERROR_TEXT_OFFSET, text);
                errors.add(new DistinctError(
                        (long) LONG.getAcquire(places, base + ERROR_COUNT_OFFSET),
                        (long) LONG.getOpaque(places, base + ERROR_FIRST_TICK_OFFSET),
                        (long) LONG.getOpaque(places, base + ERROR_LAST_TICK_OFFSET),
                        new String(text, StandardCharsets.UTF_8)));
            }
        }
        return errors;
    }

    /**
     * Places whose fields contradict each other: what no order of steps and kills leaves. For a check by file alone.
     *
     * @return their numbers, in rising order
     */
    public List<Integer> mangledPlaces() {
        List<Integer> mangled = new ArrayList<>();
        boolean freeBefore = false;
        for (int i = 0; i < count; i++) {
            int base = i * ERROR_LENGTH;
            // The hash is written first, so it is read last.
            int length = (int) INT.getAcquire(places, base + ERROR_TEXT_LENGTH_OFFSET);
            long times = (long) LONG.getAcquire(places, base + ERROR_COUNT_OFFSET)
                    | (long) LONG.getAcquire(places, base + ERROR_FIRST_TICK_OFFSET)
                    | (long) LONG.getAcquire(places, base + ERROR_LAST_TICK_OFFSET);
            long hash = (long) LONG.getAcquire(places, base + ERROR_HASH_OFFSET);
            boolean gap = hash != 0 && freeBefore && i < count - 1;
            boolean whole = hash == 0 ? length == 0 && times == 0 : times >= 0 && isTextOf(base, length, hash);
            if (gap || !whole) {
                mangled.add(i);
            }
            freeBefore |= hash == 0;
        }
        return mangled;
    }

    private boolean isTextOf(int base, int length, long hash) {
        if (length < 0 || length > MAX_TEXT_LENGTH) {
            return false;
        }
        byte[] text = new byte[length];
        places.get(base + ERROR_TEXT_OFFSET, text);
        return length == 0 || hash(text) == hash;
    }

    private static byte[] utf8(String text) {
        String cut = text;
        byte[] bytes = cut.getBytes(StandardCharsets.UTF_8);
        while (bytes.length > MAX_TEXT_LENGTH) {
            cut = cut.substring(0, Math.min(cut.length() - 1, MAX_TEXT_LENGTH));
            bytes = cut.getBytes(StandardCharsets.UTF_8);
        }
        return bytes.length == 0 ? new byte[] {'?'} : bytes;
    }

    /** FNV-1a over 64 bits, never 0. */
    private static long hash(byte[] text) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : text) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        return hash == 0 ? 1 : hash;
    }
}
