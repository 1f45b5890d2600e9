package org.globalsessions.transport.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;

/**
 * What a connection has still to write. Frames of one moment leave in one buffer by one system call: those that answer what is being
 * read at the end of the read, all others when the event loop gets to them, behind the task that it runs now. A buffer and a promise for each
 * frame, a system call for each, or a task for each frame of another thread, cost more than the frames.
 *
 * <p>{@link #add} is for any thread, and keeps the order of all calls of one thread, and of calls that one lock guards. The rest belongs to
 * the event loop. What may wait is bounded by the connection's byte budget, which is taken here and given back when the
 * operating system has the bytes.
 */
final class Outbox {
    /** A buffer that has so much is not made to wait for more. */
    private static final int FULL = 32 << 10;

    private static final int SMALLEST = 512;

    private final Channel channel;
    private final Runnable drain;

    /** Bytes taken and not yet left to the operating system; any thread. */
    private final AtomicLong pendingBytes = new AtomicLong();

    /** Frames of other threads, encoded. */
    private final Queue<ByteBuf> handedOver = new ConcurrentLinkedQueue<>();

    /** True from the first of them until the event loop has begun to take them. */
    private final AtomicBoolean drainAsked = new AtomicBoolean();

    private ByteBuf gathered;

    /** What the last buffer held: about what the next one will. */
    private int usualLength = SMALLEST;

    /** Frames are being read. */
    private boolean holding;

    /** A full buffer was written and waits for its flush. */
    private boolean unflushed;

    Outbox(Channel channel, EventLoops loops) {
        this.channel = channel;
        this.drain = loops.guarded(this::drain);
    }

    long pendingBytes() {
        return pendingBytes.get();
    }

    /**
     * Takes a frame, which is encoded before the call returns.
     *
     * @param length the frame's length
     * @param budget most bytes that may be pending, unless it is this frame alone
     * @return false where the budget is used up
     */
    boolean add(Frame frame, int length, long budget) {
        long pending = pendingBytes.addAndGet(length);
        if (pending > budget && pending != length) {
            pendingBytes.addAndGet(-length);
            return false;
        }
        boolean taken = false;
        try {
            if (channel.eventLoop().inEventLoop()) {
                takeHandedOver();
                append(frame, length);
                if (unflushed) {
                    send();
                } else if (!holding) {
                    askForDrain();
                }
            } else {
                handOver(frame, length);
            }
            taken = true;
        } finally {
            if (!taken) {
                pendingBytes.addAndGet(-length);
            }
        }
        return true;
    }

    private void append(Frame frame, int length) {
        ByteBuf bytes = gathered(length);
        int start = bytes.writerIndex();
        boolean encoded = false;
        try {
            FrameCodec.encode(frame, bytes);
            encoded = true;
        } finally {
            if (!encoded) {
                bytes.writerIndex(start);
            }
        }
    }

    private void handOver(Frame frame, int length) {
        ByteBuf bytes = channel.alloc().ioBuffer(length);
        boolean encoded = false;
        try {
            FrameCodec.encode(frame, bytes);
            encoded = true;
        } finally {
            if (!encoded) {
                bytes.release();
            }
        }
        handedOver.add(bytes);
        askForDrain();
    }

    private void askForDrain() {
        if (drainAsked.compareAndSet(false, true)) {
            try {
                channel.eventLoop().execute(drain);
            } catch (RejectedExecutionException e) {
                // The loop has ended, and the channel with it: as with every frame that a close overtakes, nobody gets
                // it.
                discardHandedOver();
            }
        }
    }

    private void discardHandedOver() {
        drainAsked.set(false);
        ByteBuf next = handedOver.poll();
        while (next != null) {
            pendingBytes.addAndGet(-next.readableBytes());
            next.release();
            next = handedOver.poll();
        }
    }

    private void drain() {
        // Cleared first: a frame handed over after the last poll asks again.
        drainAsked.set(false);
        takeHandedOver();
        if (!holding) {
            send();
        }
    }

    private void takeHandedOver() {
        ByteBuf next = handedOver.poll();
        while (next != null) {
            gathered(next.readableBytes()).writeBytes(next);
            next.release();
            next = handedOver.poll();
        }
    }

    /** The buffer for the next bytes. */
    private ByteBuf gathered(int length) {
        if (gathered != null && gathered.readableBytes() + length > FULL) {
            // Not flushed here: that may call the handler, whose frames would come before the one that this is for.
            unflushed = true;
            write();
        }
        if (gathered == null) {
            gathered = channel.alloc().ioBuffer(Math.max(length, usualLength));
        }
        return gathered;
    }

    /** Frames are being read: what answers them waits for the last one. */
    void hold() {
        holding = true;
    }

    /** The read is over. */
    void release() {
        holding = false;
        send();
    }

    /** Sends all that is there at this moment. */
    void flush() {
        takeHandedOver();
        send();
    }

    private void send() {
        if (gathered == null && !unflushed) {
            return;
        }
        unflushed = false;
        write();
        channel.flush();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel, which is told elsewhere
    private void write() {
        ByteBuf bytes = gathered;
        if (bytes == null) {
            return;
        }
        gathered = null;
        int length = bytes.readableBytes();
        usualLength = Math.max(SMALLEST, length);
        // A channel that is closed takes the buffer, too, and gives it back at once.
        channel.write(bytes).addListener(done -> pendingBytes.addAndGet(-length));
    }
}
