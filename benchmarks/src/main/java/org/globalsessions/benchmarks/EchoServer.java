package org.globalsessions.benchmarks;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/**
 * A process that sends back what it gets: by Netty on a port and a Unix socket, by a blocking socket on another port. Tells both
 * ports, and ends where its standard input does.
 */
public final class EchoServer {
    /** Bytes of a message: about what the answer to a question is. */
    static final int MESSAGE_LENGTH = 384;

    private EchoServer() {}

    /**
     * Runs.
     *
     * @param args path of the Unix socket
     * @throws IOException where a port or socket cannot be had
     */
    public static void main(String... args) throws IOException {
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        Channel tcp = new ServerBootstrap()
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .group(group)
                .childHandler(new Pipeline())
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
        new ServerBootstrap()
                .channel(NioServerDomainSocketChannel.class)
                .group(group)
                .childHandler(new Pipeline())
                .bind(UnixDomainSocketAddress.of(Path.of(args[0])))
                .syncUninterruptibly();
        ServerSocketChannel blocking =
                ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        Thread acceptor = new Thread(() -> accept(blocking), "blocking echo");
        acceptor.setDaemon(true);
        acceptor.start();
        ChildJvm.tellReady();
        ChildJvm.tell(Integer.toString(((InetSocketAddress) tcp.localAddress()).getPort()));
        ChildJvm.tell(Integer.toString(((InetSocketAddress) blocking.getLocalAddress()).getPort()));
        while (System.in.read() >= 0) {
            // Only its end counts.
        }
        System.exit(0);
    }

    /** One connection after the other. */
    private static void accept(ServerSocketChannel listening) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(8 * MESSAGE_LENGTH);
        while (true) {
            try (SocketChannel channel = listening.accept()) {
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                while (channel.read(bytes.clear()) >= 0) {
                    bytes.flip();
                    while (bytes.hasRemaining()) {
                        channel.write(bytes);
                    }
                }
            } catch (IOException e) {
                System.err.println("a connection to the blocking echo ended: " + e);
            }
        }
    }

    private static final class Pipeline extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline().addLast(new Echo());
        }
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // a write that fails ends the connection, which the client sees
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.write(message, ctx.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }
    }
}
