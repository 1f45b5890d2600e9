package org.globalsessions.transport.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameException;

/**
 * Cuts the stream of bytes into frames. On the connection's event loop only.
 *
 * <p>Differs from a length-field decoder in three points: length and type are checked as soon as five bytes are there, so a
 * stranger cannot make a buffer grow; while reads are paused nothing more is decoded, also of what has arrived; after the first
 * bad frame everything is thrown away.
 */
final class FrameDecoder extends ByteToMessageDecoder {
    private static final int BYTES_TO_CHECK = 5;

    private final ChannelConnection connection;
    private ChannelHandlerContext context;
    private boolean decoding;

    FrameDecoder(ChannelConnection connection) {
        this.connection = connection;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
        connection.receivedBytes();
        if (connection.isClosing()) {
            ReferenceCountUtil.release(message);
            return;
        }
        decoding = true;
        try {
            super.channelRead(ctx, message);
        } finally {
            decoding = false;
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
        connection.readComplete();
        if (connection.isPaused()) {
            // The superclass would ask for more bytes where it has decoded nothing, and that is what a pause forbids.
            ctx.fireChannelReadComplete();
        } else {
            super.channelReadComplete(ctx);
        }
    }

    /** Decodes what had arrived when reads were paused. */
    void resume() throws Exception {
        if (!decoding && !context.isRemoved()) {
            channelRead(context, Unpooled.EMPTY_BUFFER);
            connection.readComplete();
        }
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        if (connection.isClosing()) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (connection.isPaused() || in.readableBytes() < BYTES_TO_CHECK) {
            return;
        }
        int start = in.readerIndex();
        int length = in.getIntLE(start);
        try {
            connection.checkBeginning(length, in.getUnsignedByte(start + 4));
            FrameCodec.checkHeader(length, in.getUnsignedByte(start + 4));
            if (in.readableBytes() >= length) {
                out.add(FrameCodec.decode(in));
            }
        } catch (FrameException e) {
            connection.refuse(e.code(), e.getMessage());
            in.skipBytes(in.readableBytes());
        }
    }
}
