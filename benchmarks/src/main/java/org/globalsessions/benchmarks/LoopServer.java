package org.globalsessions.benchmarks;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A process that writes one buffer to all of its connections, by Netty, in a loop on the thread that has them. Ends where its standard input does. */
public final class LoopServer {
    private static final int BACKLOG = 1024;
    private static final int FIN_AND_TEXT = 0x81;
    private static final int LONGEST_SHORT_FRAME = 125;

    private LoopServer() {}

    /** A message as a gateway sends it over a WebSocket. */
    static byte[] frameOf(String params) {
        byte[] text = ("push " + GatewayServer.METHOD + " " + params).getBytes(StandardCharsets.UTF_8);
        if (text.length > LONGEST_SHORT_FRAME) {
            throw new IllegalArgumentException("too long for a frame of one length byte: bytes=" + text.length);
        }
        return Unpooled.buffer()
                .writeByte(FIN_AND_TEXT)
                .writeByte(text.length)
                .writeBytes(text)
                .capacity(2 + text.length)
                .array();
    }

    /**
     * Runs; for each line it writes to all, and tells when that began.
     *
     * @param args what is sent
     * @throws IOException where the orders cannot be read
     */
    public static void main(String... args) throws IOException {
        List<Channel> connections = new ArrayList<>();
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        Channel listening = new ServerBootstrap()
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .group(group)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        connections.add(channel);
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
        ChildJvm.tellReady();
        ChildJvm.tell(Integer.toString(((InetSocketAddress) listening.localAddress()).getPort()));
        byte[] bytes = frameOf(args[0]);
        ByteBuf frame = Unpooled.unreleasableBuffer(
                listening.alloc().directBuffer(bytes.length).writeBytes(bytes));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            ChildJvm.tell(Long.toString(System.nanoTime()));
            listening.eventLoop().submit(() -> writeToAll(connections, frame)).syncUninterruptibly();
            ChildJvm.tellDone();
        }
        System.exit(0);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a write that fails ends the connection, which the client sees
    private static void writeToAll(List<Channel> connections, ByteBuf frame) {
        for (Channel connection : connections) {
            connection.writeAndFlush(frame.duplicate(), connection.voidPromise());
        }
    }
}
