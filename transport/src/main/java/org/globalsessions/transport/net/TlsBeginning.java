package org.globalsessions.transport.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FrameCodec;

/**
 * Looks at the first bytes that a peer sends where TLS is expected: what is none is told so in the clear, instead of by an
 * alert that it does not understand, and what it sent goes nowhere, least of all into a message. Steps aside after that.
 */
final class TlsBeginning extends ByteToMessageDecoder {
    private final ChannelConnection connection;
    private final boolean accepted;

    TlsBeginning(ChannelConnection connection, boolean accepted) {
        this.connection = connection;
        this.accepted = accepted;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        if (in.readableBytes() < Strangers.BYTES_TO_RECOGNISE) {
            return;
        }
        int firstBytes = in.getIntLE(in.readerIndex());
        if (Strangers.isTls(firstBytes)) {
            ctx.pipeline().remove(this);
            return;
        }
        int fifthByte = in.getUnsignedByte(in.readerIndex() + Strangers.BYTES_TO_RECOGNISE - 1);
        in.skipBytes(in.readableBytes());
        if (connection.isClosing()) {
            return;
        }
        if (accepted) {
            connection.refused(Strangers.atTlsPort(firstBytes, fifthByte));
            ErrorFrame error = new ErrorFrame(
                    0, ErrorCode.MALFORMED, "this port speaks TLS 1.3 alone: give the connection a tls section");
            ByteBuf bytes = ctx.alloc().ioBuffer(FrameCodec.encodedLength(error));
            FrameCodec.encode(error, bytes);
            // From here, not from the end of the pipeline: neither frame nor close may pass the handler that would
            // encrypt.
            ctx.writeAndFlush(bytes).addListener(written -> ChannelSetup.closeNow(ctx));
        } else {
            connection.refused(
                    "the other side does not speak TLS: it has no tls section, or another service listens there");
            ChannelSetup.closeNow(ctx);
        }
    }
}
