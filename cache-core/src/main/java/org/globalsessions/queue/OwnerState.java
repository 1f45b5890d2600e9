package org.globalsessions.queue;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.globalsessions.queue.MessageQueue.Message;

/**
 * All that is kept of an owner, as its entry of the shared table has it: replaced as a whole, so that a transaction is there as a whole or not at all. One
 * thread.
 *
 * <p>The value's bytes, big-endian: format 1, number of the last message 8, application's bytes behind their length (-1 for none), count of names, and of
 * each in the order in which they came: name, limit 4, dropped 8, last use 8 (ms since 1970), ticket of the newest pull 8, nonce, memento, count of messages,
 * their bytes behind the length of these, as {@link MessageQueue} has them. Texts are bytes behind their length of 4, which is -1 where there is none.
 */
final class OwnerState {
    private static final byte FORMAT = 1;
    private static final int FIXED_BYTES = 1 + Long.BYTES + 2 * Integer.BYTES;
    private static final int FIXED_BYTES_A_NAME = 4 * Integer.BYTES + 3 * Long.BYTES;
    private static final int NONE = -1;

    /** What is kept under a name. */
    static final class Named {
        /** No limit of its own. */
        static final int DEFAULT_LIMIT = 0;

        /** A limit of its own, which is none. */
        static final int UNLIMITED = -1;

        final String name;
        private MessageQueue messages = new MessageQueue();
        int limit = DEFAULT_LIMIT;

        long dropped;
        long usedMs;

        /** The newest pull's, of whichever process. */
        long ticket = PullTicket.NONE;

        String nonce;
        String memento;

        Named(String name) {
            this.name = name;
        }

        /** Whether nothing would be missed if it went: it would be made anew when it is next used. */
        boolean isEmpty() {
            return messages.isEmpty() && nonce == null && memento == null && limit == DEFAULT_LIMIT;
        }

        /** What waits. Changed by the state alone. */
        MessageQueue messages() {
            return messages;
        }
    }

    private final Map<String, Named> names = new LinkedHashMap<>();
    private byte[] application;

    private long lastNumber;
    private int messageBytes;

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
        messageBytes -= named.messages.length();
        names.remove(named.name);
    }

    /** Has a message wait behind the others. */
    void add(Named named, byte[] text) {
        lastNumber++;
        int before = named.messages.length();
        named.messages.add(new Message(lastNumber, text));
        messageBytes += named.messages.length() - before;
    }

    /** Has a message that was taken away wait before the others. */
    void putBack(Named named, Message message) {
        int before = named.messages.length();
        named.messages.addFirst(message);
        messageBytes += named.messages.length() - before;
    }

    /** Takes the first message away. */
    void takeFirst(Named named) {
        int before = named.messages.length();
        named.messages.removeFirst();
        messageBytes += named.messages.length() - before;
    }

    /** Drops the oldest messages under a name until so many are left. */
    void trim(Named named, int most) {
        while (named.messages.size() > most) {
            drop(named);
        }
    }

    /** Drops the oldest message of the queue that takes most, until all take no more than so many bytes. */
    void trimAll(int mostBytes) {
        while (messageBytes > mostBytes) {
            Named largest = Collections.max(names.values(), Comparator.comparingInt(named -> named.messages.length()));
            drop(largest);
        }
    }

    private void drop(Named named) {
        takeFirst(named);
        named.dropped++;
        droppedSince++;
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
            length += named.messages.encodedLength();
        }
        ByteBuffer to = ByteBuffer.allocate(length);
        to.put(FORMAT).putLong(lastNumber);
        put(to, application);
        to.putInt(names.size());
        for (Named named : names.values()) {
            put(to, named.name.getBytes(UTF_8));
            to.putInt(named.limit).putLong(named.dropped).putLong(named.usedMs).putLong(named.ticket);
            put(to, bytes(named.nonce));
            put(to, bytes(named.memento));
            named.messages.encode(to);
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
            state.lastNumber = from.getLong();
            state.application = take(from);
            for (int left = from.getInt(); left > 0; left--) {
                String name = new String(required(take(from)), UTF_8);
                if (state.find(name) != null) {
                    throw damaged(value);
                }
                Named named = state.add(name);
                named.limit = from.getInt();
                named.dropped = from.getLong();
                named.usedMs = from.getLong();
                named.ticket = from.getLong();
                named.nonce = text(from);
                named.memento = text(from);
                named.messages = MessageQueue.decode(from);
                state.messageBytes += named.messages.length();
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
