package org.globalsessions.transport.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameException;

/** One side of a plain connection, with the production handlers and without a network: bytes are put in, what it sends is taken out. */
final class EmbeddedSide implements AutoCloseable {
    /** Its thread is never started: the channels have a loop of their own. */
    private static final EventLoops LOOPS = EventLoops.start("embedded", 1);

    final RecordingHandler handler = new RecordingHandler();
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
    private final EmbeddedChannel channel;

    private EmbeddedSide(boolean accepting) {
        channel = new EmbeddedChannel(false, false);
        channel.config().setAllocator(allocator);
        ChannelConnection connection = new ChannelConnection(
                channel, LinkSettings.DEFAULTS, handler, LOOPS, accepting ? null : SocketFixture::hello, false);
        ChannelSetup.fill(channel, connection, LinkSettings.DEFAULTS, PipelineSecurity.plain(), null, 0);
        try {
            channel.register();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        if (!accepting) {
            connection.begin();
        }
    }

    /** The side that waits for a hello. */
    static EmbeddedSide accepting() {
        return new EmbeddedSide(true);
    }

    /** The side that has sent its hello, which is already taken out. */
    static EmbeddedSide connecting() {
        EmbeddedSide side = new EmbeddedSide(false);
        side.sent();
        return side;
    }

    /** The accepting side after a hello. */
    static EmbeddedSide greeted() {
        EmbeddedSide side = accepting();
        side.receive(encoded(SocketFixture.hello()));
        return side;
    }

    static byte[] encoded(Frame frame) {
        ByteBuffer buffer = ByteBuffer.allocate(FrameCodec.encodedLength(frame));
        FrameCodec.encode(frame, buffer);
        return buffer.array();
    }

    void receive(byte[] bytes) {
        receive(bytes, 0, bytes.length);
    }

    /** Bytes arrive together; those that arrive after the end go nowhere. */
    void receive(byte[] bytes, int from, int to) {
        if (channel.isOpen()) {
            channel.writeInbound(Unpooled.wrappedBuffer(bytes, from, to - from));
        }
    }

    /** What it has sent since the last call. */
    List<Frame> sent() {
        List<Frame> frames = new ArrayList<>();
        // What is not the answer to a read leaves behind the task that has sent it.
        channel.runPendingTasks();
        for (ByteBuf bytes = channel.readOutbound(); bytes != null; bytes = channel.readOutbound()) {
            try {
                while (bytes.isReadable()) {
                    frames.add(FrameCodec.decode(bytes));
                }
            } catch (FrameException e) {
                throw new AssertionError(e);
            } finally {
                bytes.release();
            }
        }
        return frames;
    }

    /** How many buffers it has written that {@link #sent} has not taken out. */
    int buffers() {
        channel.runPendingTasks();
        return channel.outboundMessages().size();
    }

    boolean isOpen() {
        return channel.isOpen();
    }

    /** Bytes of its buffers at this moment, without those in which bytes arrived. */
    long bufferBytes() {
        return allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory();
    }

    /** The peer goes away. */
    @Override
    public void close() {
        channel.finish();
    }
}
