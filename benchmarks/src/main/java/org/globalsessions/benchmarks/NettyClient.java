package org.globalsessions.benchmarks;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.flush.FlushConsolidationHandler;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** One connection by Netty whose answers come in the order of the requests. Requests from any thread. */
final class NettyClient implements AutoCloseable {
    /** Cuts answers from the bytes that have arrived. */
    interface AnswerReader {
        /** Takes one answer, or nothing where it is not yet whole. False if so. */
        boolean read(ByteBuf in, CompletableFuture<byte[]> answer);
    }

    private static final int FLUSH_AFTER = 256;

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Channel channel;
    private final AnswerReader reader;

    /** In the order in which they were sent; bounded by what the load has in flight. On the event loop alone. */
    private final Queue<CompletableFuture<byte[]>> open = new ArrayDeque<>();

    NettyClient(Endpoint endpoint, AnswerReader reader) {
        this.reader = reader;
        Bootstrap bootstrap = endpoint.transport() == Endpoint.Transport.UNIX
                ? new Bootstrap().channel(NioDomainSocketChannel.class)
                : new Bootstrap().channel(NioSocketChannel.class).option(ChannelOption.TCP_NODELAY, true);
        channel = bootstrap
                .group(group)
                .handler(new Pipeline())
                .connect(endpoint.address())
                .syncUninterruptibly()
                .channel();
    }

    ByteBuf newBuffer(int capacity) {
        return channel.alloc().ioBuffer(capacity);
    }

    CompletableFuture<byte[]> send(ByteBuf request) {
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        if (channel.eventLoop().inEventLoop()) {
            send(request, answer);
        } else {
            // Else one sent by a callback could leave before this one, and get its answer.
            channel.eventLoop().execute(() -> send(request, answer));
        }
        return answer;
    }

    private void send(ByteBuf request, CompletableFuture<byte[]> answer) {
        open.add(answer);
        channel.writeAndFlush(request).addListener(done -> {
            if (!done.isSuccess()) {
                answer.completeExceptionally(done.cause());
            }
        });
    }

    @Override
    public void close() {
        channel.close().syncUninterruptibly();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private final class Pipeline extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel opened) {
            // As the relay's own link does it: requests of one moment leave together.
            opened.pipeline().addLast(new FlushConsolidationHandler(FLUSH_AFTER, true), new Answers());
        }
    }

    private final class Answers extends ByteToMessageDecoder {
        @Override
        protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
            while (in.isReadable() && reader.read(in, open.element())) {
                open.remove();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            CompletableFuture<byte[]> cut = open.poll();
            while (cut != null) {
                cut.completeExceptionally(new IOException("the server is gone"));
                cut = open.poll();
            }
        }
    }
}
