package org.globalsessions.queue;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages that wait, first in, first out, as the bytes by which an owner's entry has them: to read, lengthen and store a queue costs a copy of bytes, however many
 * messages are in it. One thread.
 *
 * <p>Of each message, big-endian: number 8, length 4, text.
 */
final class MessageQueue {
    static final int HEADER_BYTES = Long.BYTES + Integer.BYTES;

    /** A message. Its number is used once for its owner, so that an acknowledgement means no other. */
    record Message(long number, byte[] text) {}

    /** Shared with the value that it was read from until it is lengthened. */
    private byte[] bytes = {};

    private int from;
    private int to;
    private int size;
    private boolean shared;

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** Bytes that all messages take, texts and what stands before each. */
    int length() {
        return to - from;
    }

    /** What is to be pulled next; null for nothing. */
    Message first() {
        return isEmpty() ? null : at(from);
    }

    private Message at(int offset) {
        ByteBuffer message = ByteBuffer.wrap(bytes, offset, to - offset);
        long number = message.getLong();
        byte[] text = new byte[message.getInt()];
        message.get(text);
        return new Message(number, text);
    }

    private int next(int offset) {
        return offset + HEADER_BYTES + ByteBuffer.wrap(bytes).getInt(offset + Long.BYTES);
    }

    /** All, in their order. */
    List<Message> all() {
        List<Message> all = new ArrayList<>(size);
        for (int offset = from; offset < to; offset = next(offset)) {
            all.add(at(offset));
        }
        return all;
    }

    void add(Message message) {
        int length = HEADER_BYTES + message.text.length;
        if (shared || to + length > bytes.length) {
            int waiting = to - from;
            byte[] longer = new byte[waiting + length];
            System.arraycopy(bytes, from, longer, 0, waiting);
            bytes = longer;
            from = 0;
            to = waiting;
            shared = false;
        }
        write(message, to);
        to += length;
        size++;
    }

    void addFirst(Message message) {
        int length = HEADER_BYTES + message.text.length;
        byte[] longer = new byte[length + to - from];
        System.arraycopy(bytes, from, longer, length, to - from);
        bytes = longer;
        from = 0;
        to = longer.length;
        shared = false;
        write(message, 0);
        size++;
    }

    private void write(Message message, int offset) {
        ByteBuffer.wrap(bytes, offset, bytes.length - offset)
                .putLong(message.number)
                .putInt(message.text.length)
                .put(message.text);
    }

    void removeFirst() {
        from = next(from);
        size--;
    }

    int encodedLength() {
        return Integer.BYTES + Integer.BYTES + to - from;
    }

    void encode(ByteBuffer into) {
        into.putInt(size).putInt(to - from).put(bytes, from, to - from);
    }

    /**
     * Reads a queue; keeps the array, which nobody changes.
     *
     * @throws BufferUnderflowException where the bytes are none of a queue
     */
    static MessageQueue decode(ByteBuffer value) {
        MessageQueue queue = new MessageQueue();
        queue.size = value.getInt();
        int length = value.getInt();
        if (length < 0 || length > value.remaining() || queue.size < 0) {
            throw new BufferUnderflowException();
        }
        queue.bytes = value.array();
        queue.from = value.arrayOffset() + value.position();
        queue.to = queue.from + length;
        queue.shared = true;
        value.position(value.position() + length);
        queue.check();
        return queue;
    }

    private void check() {
        int offset = from;
        for (int left = size; left > 0; left--) {
            if (to - offset < HEADER_BYTES) {
                throw new BufferUnderflowException();
            }
            int text = ByteBuffer.wrap(bytes).getInt(offset + Long.BYTES);
            if (text < 0 || text > to - offset - HEADER_BYTES) {
                throw new BufferUnderflowException();
            }
            offset += HEADER_BYTES + text;
        }
        if (offset != to) {
            throw new BufferUnderflowException();
        }
    }

    /** Names no message. */
    @Override
    public String toString() {
        return "MessageQueue[size=" + size + "]";
    }
}
