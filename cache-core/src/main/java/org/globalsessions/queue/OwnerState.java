package org.globalsessions.queue;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * All that is kept of an owner, as its entry of the shared table has it: replaced as a whole, so that a transaction is there as a whole or not at all. One
 * thread.
 *
 * <p>The value's bytes, big-endian: format 1, application's bytes behind their length (-1 for none), number of names, and of each in the order in which
 * they came: name, limit 4, number of the first message 8, dropped 8, last use 8 (ms since 1970), nonce, memento, number of messages, messages. Texts and
 * messages are bytes behind their length of 4, which is -1 where there is none.
 */
final class OwnerState {
    private static final byte FORMAT = 1;
    private static final int FIXED_BYTES = 1 + Integer.BYTES + Integer.BYTES;
    private static final int FIXED_BYTES_A_NAME = 5 * Integer.BYTES + 3 * Long.BYTES;
    private static final int NONE = -1;

    /** What is kept under a name. */
    static final class Named {
        /** No limit of its own. */
        static final int DEFAULT_LIMIT = 0;

        /** A limit of its own, which is none. */
        static final int UNLIMITED = -1;

        final String name;
        final ArrayDeque<byte[]> messages = new ArrayDeque<>();
        int limit = DEFAULT_LIMIT;

        /** Number of the first message that waits, or of the next one that comes. */
        long first = 1;

        long dropped;
        long usedMs;
        String nonce;
        String memento;

        Named(String name) {
            this.name = name;
        }

        /** Whether nothing would be missed if it went: it would be made anew when it is next used. */
        boolean isEmpty() {
            return messages.isEmpty() && nonce == null && memento == null && limit == DEFAULT_LIMIT;
        }

        /** Takes the first message away. */
        void takeFirst() {
            messages.remove();
            first++;
        }
    }

    private final Map<String, Named> names = new LinkedHashMap<>();
    private byte[] application;

    /** Messages dropped since it was read. */
    private long droppedSince;

    /** What the application keeps; null for nothing. Not to be changed. */
    byte[] application() {
        return application;
    }

    void application(byte[] value) {
        application = value;
    }

    /** What is kept under a name; null where it is unknown. */
    Named find(String name) {
        return names.get(name);
    }

    /** All names, in the order in which they came. */
    Collection<Named> all() {
        return names.values();
    }

    Named add(String name) {
        Named added = new Named(name);
        names.put(name, added);
        return added;
    }

    /** Takes a name away, and what waits under it. */
    void remove(Named named) {
        droppedSince += named.messages.size();
        names.remove(named.name);
    }

    /** Drops the oldest messages under a name until so many are left. */
    void trim(Named named, int most) {
        while (named.messages.size() > most) {
            named.takeFirst();
            named.dropped++;
            droppedSince++;
        }
    }

    long droppedSince() {
        return droppedSince;
    }

    byte[] encode() {
        int length = FIXED_BYTES + (application == null ? 0 : application.length);
        for (Named named : names.values()) {
            length += FIXED_BYTES_A_NAME
                    + named.name.getBytes(UTF_8).length
                    + lengthOf(named.nonce)
                    + lengthOf(named.memento);
            for (byte[] message : named.messages) {
                length += Integer.BYTES + message.length;
            }
        }
        ByteBuffer to = ByteBuffer.allocate(length);
        to.put(FORMAT);
        put(to, application);
        to.putInt(names.size());
        for (Named named : names.values()) {
            put(to, named.name.getBytes(UTF_8));
            to.putInt(named.limit).putLong(named.first).putLong(named.dropped).putLong(named.usedMs);
            put(to, bytes(named.nonce));
            put(to, bytes(named.memento));
            to.putInt(named.messages.size());
            named.messages.forEach(message -> put(to, message));
        }
        return to.array();
    }

    private static int lengthOf(String text) {
        return text == null ? 0 : text.getBytes(UTF_8).length;
    }

    private static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(UTF_8);
    }

    private static void put(ByteBuffer to, byte[] bytes) {
        to.putInt(bytes == null ? NONE : bytes.length);
        if (bytes != null) {
            to.put(bytes);
        }
    }

    /**
     * Reads an owner's entry.
     *
     * @throws IllegalStateException where the bytes are none
     */
    static OwnerState decode(byte[] value) {
        OwnerState state = new OwnerState();
        ByteBuffer from = ByteBuffer.wrap(value);
        try {
            if (from.get() != FORMAT) {
                throw damaged(value);
            }
            state.application = take(from);
            for (int left = from.getInt(); left > 0; left--) {
                Named named = state.add(new String(required(take(from)), UTF_8));
                named.limit = from.getInt();
                named.first = from.getLong();
                named.dropped = from.getLong();
                named.usedMs = from.getLong();
                named.nonce = text(from);
                named.memento = text(from);
                for (int messages = from.getInt(); messages > 0; messages--) {
                    named.messages.add(required(take(from)));
                }
            }
        } catch (BufferUnderflowException e) {
            throw damaged(value);
        }
        if (from.hasRemaining()) {
            throw damaged(value);
        }
        return state;
    }

    private static IllegalStateException damaged(byte[] value) {
        return new IllegalStateException("no entry of an owner, or of a later version: bytes=" + value.length);
    }

    private static byte[] take(ByteBuffer from) {
        int length = from.getInt();
        if (length == NONE) {
            return null;
        }
        if (length < 0 || length > from.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[length];
        from.get(bytes);
        return bytes;
    }

    private static byte[] required(byte[] bytes) {
        if (bytes == null) {
            throw new BufferUnderflowException();
        }
        return bytes;
    }

    private static String text(ByteBuffer from) {
        byte[] bytes = take(from);
        return bytes == null ? null : new String(bytes, UTF_8);
    }
}
