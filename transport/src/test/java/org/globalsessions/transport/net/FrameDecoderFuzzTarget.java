package org.globalsessions.transport.net;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameException;
import org.globalsessions.transport.frame.PingFrame;
import org.globalsessions.transport.frame.PongFrame;

/**
 * Any bytes, cut in any way, through the handlers of a connection: what arrives is what the codec reads from the whole of them, up to
 * the first that it refuses; nothing else is thrown, and no room is made but for what is there.
 *
 * <p>The first byte says which side reads: 0 one that waits for a hello, 2 one that waits for a welcome, odd one that has had its hello. The
 * second one says how the rest is cut.
 */
public final class FrameDecoderFuzzTarget {
    private static final int BEGINNING = 2;
    private static final int SMALL_BUFFERS = 4_096;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private FrameDecoderFuzzTarget() {}

    /**
     * One input; anything thrown is a finding.
     *
     * @param input side, cuts, then what it receives
     */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length < BEGINNING) {
            return;
        }
        boolean greeted = (input[0] & 1) != 0;
        byte[] received = Arrays.copyOfRange(input, BEGINNING, input.length);
        Expected expected = Expected.of(received);
        EmbeddedSide side = side(input[0]);
        int before = side.handler.frames.size();
        List<ErrorFrame> refusals = receive(side, received, input[1]);
        List<Frame> frames = side.handler.frames.subList(before, side.handler.frames.size());
        check(side.handler.failures.isEmpty(), "it failed: " + side.handler.failures);
        check(
                refusals.size() == side.handler.badFrames.size(),
                "refusals that are not told, or told that are not sent");
        if (side.isOpen()) {
            check(refusals.isEmpty() && expected.refusal == null, "refused, and open all the same");
            check(frames.size() == expected.frames.size(), "not all delivered");
        } else {
            check(refusals.size() == 1, "closed without a word, or with two");
            check(!greeted || frames.size() == expected.frames.size(), "not all delivered that came before");
            check(
                    !greeted || (expected.refusal != null && refusals.get(0).code() == expected.refusal.code()),
                    "refused for another reason");
        }
        check(frames.size() <= expected.frames.size(), "more delivered than received");
        for (int i = 0; i < frames.size(); i++) {
            check(
                    Arrays.equals(EmbeddedSide.encoded(frames.get(i)), expected.frames.get(i)),
                    "another frame delivered than received");
        }
        side.close();
        check(side.bufferBytes() == 0, "a buffer was not given back");
    }

    private static EmbeddedSide side(byte which) {
        if ((which & 1) != 0) {
            return EmbeddedSide.greeted();
        }
        return (which & 2) != 0 ? EmbeddedSide.connecting() : EmbeddedSide.accepting();
    }

    /** Puts the bytes in, in pieces of two lengths by turns; returns the errors that come out. */
    private static List<ErrorFrame> receive(EmbeddedSide side, byte[] bytes, byte cuts) {
        List<ErrorFrame> errors = new ArrayList<>();
        int one = cuts == 0 ? bytes.length : 1 + (cuts & 15);
        int other = 1 + ((cuts & 0xf0) >>> 2);
        int next = one;
        for (int from = 0; from < bytes.length; ) {
            int to = Math.min(bytes.length, from + next);
            side.receive(bytes, from, to);
            for (Frame sent : side.sent()) {
                if (sent instanceof ErrorFrame error) {
                    errors.add(error);
                }
            }
            check(side.bufferBytes() <= 2L * to + SMALL_BUFFERS, "room made for what is not there");
            from = to;
            next = next == one ? other : one;
        }
        return errors;
    }

    /** What the codec reads from all bytes together, but for pings and pongs, which stay beneath the handler. */
    private static final class Expected {
        private final List<byte[]> frames = new ArrayList<>();
        private FrameException refusal;

        static Expected of(byte[] bytes) {
            Expected expected = new Expected();
            ByteBuf in = Unpooled.wrappedBuffer(bytes);
            try {
                while (in.readableBytes() > 4) {
                    int start = in.readerIndex();
                    int length = in.getIntLE(start);
                    FrameCodec.checkHeader(length, in.getUnsignedByte(start + 4));
                    if (in.readableBytes() < length) {
                        return expected;
                    }
                    expected.read(in, Arrays.copyOfRange(bytes, start, start + length));
                }
            } catch (FrameException e) {
                expected.refusal = e;
            }
            return expected;
        }

        private void read(ByteBuf in, byte[] bytes) throws FrameException {
            long allocated = allocatedFor(bytes);
            if (allocated > FrameCodec.MAX_FRAME) {
                // The first time classes are loaded, and instrumented.
                allocated = allocatedFor(bytes);
            }
            check(allocated <= FrameCodec.MAX_FRAME, "more allocated than the longest frame has: " + allocated);
            Frame frame = FrameCodec.decode(in);
            check(Arrays.equals(EmbeddedSide.encoded(frame), bytes), "other bytes than decoded");
            if (!(frame instanceof PingFrame) && !(frame instanceof PongFrame)) {
                frames.add(bytes);
            }
        }
    }

    private static long allocatedFor(byte[] bytes) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            FrameCodec.decode(Unpooled.wrappedBuffer(bytes));
        } catch (FrameException e) {
            // Refused: what it has allocated until then counts as well.
            return THREADS.getCurrentThreadAllocatedBytes() - before;
        }
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
