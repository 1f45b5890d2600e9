package org.globalsessions.benchmarks;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A process with many connections to one server, which counts the bytes that come. To a gateway each says hello over a WebSocket first. Ends where its
 * standard input does.
 */
public final class AudienceProcess {
    /** Connections that are being made at a time, fewer than servers let wait. */
    private static final int AT_A_TIME = 128;

    private static final long CONNECT_LIMIT_S = 120;
    private static final int END_OF_HEADERS = 0x0D0A0D0A;

    /** A frame's two bytes, {@code welcome}, a blank and an identifier of 22 characters. */
    private static final int WELCOME_LENGTH = 2 + 8 + 22;

    /** Masked with zeros, which leaves the text as it is. */
    private static final byte[] HELLO = {(byte) 0x81, (byte) 0x85, 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o'};

    private final boolean saysHello;
    private final Semaphore places = new Semaphore(AT_A_TIME);

    // The event loop's alone.
    private long received;
    private long expected = Long.MAX_VALUE;

    private AudienceProcess(boolean saysHello) {
        this.saysHello = saysHello;
    }

    /**
     * Runs; a line tells how many bytes to wait for, the answer is when the last one had come, as {@link System#nanoTime} tells it.
     *
     * @param args who is connected to, the port, and how many connections
     * @throws IOException where the orders cannot be read, or a connection not made in time
     * @throws InterruptedException never
     */
    public static void main(String... args) throws IOException, InterruptedException {
        new AudienceProcess(GatewaySubject.valueOf(args[0]) == GatewaySubject.GATEWAY)
                .run(Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    }

    private void run(int port, int connections) throws IOException, InterruptedException {
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        Bootstrap bootstrap = new Bootstrap()
                .channel(NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .group(group)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Listener());
                    }
                });
        for (int i = 0; i < connections; i++) {
            acquire(1);
            bootstrap
                    .connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                    .addListener(done -> {
                        if (!done.isSuccess()) {
                            System.err.println("a connection was refused: " + done.cause());
                        }
                    });
        }
        acquire(AT_A_TIME);
        ChildJvm.tellReady();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            long bytes = Long.parseLong(line);
            group.next()
                    .submit(() -> {
                        received = 0;
                        expected = bytes;
                    })
                    .syncUninterruptibly();
            ChildJvm.tellReady();
        }
        System.exit(0);
    }

    private void acquire(int count) throws IOException, InterruptedException {
        if (!places.tryAcquire(count, CONNECT_LIMIT_S, TimeUnit.SECONDS)) {
            throw new IOException("not all connections were made within " + CONNECT_LIMIT_S + " s");
        }
    }

    private void count(int bytes) {
        received += bytes;
        if (received == expected) {
            ChildJvm.tell(Long.toString(System.nanoTime()));
            ChildJvm.tellDone();
        }
    }

    private final class Listener extends ChannelInboundHandlerAdapter {
        private int lastFour;
        private boolean isUpgraded = !saysHello;
        private int ofWelcome = saysHello ? WELCOME_LENGTH : 0;

        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // a write that fails ends the connection, and the wait for it
        public void channelActive(ChannelHandlerContext ctx) {
            if (saysHello) {
                ctx.writeAndFlush(Unpooled.copiedBuffer("""
                        GET /ws HTTP/1.1\r
                        Host: localhost\r
                        Connection: Upgrade\r
                        Upgrade: websocket\r
                        Sec-WebSocket-Version: 13\r
                        Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r
                        \r
                        """, StandardCharsets.US_ASCII));
            } else {
                places.release();
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            if (ofWelcome == 0) {
                count(bytes.readableBytes());
            } else {
                enter(ctx, bytes);
            }
            bytes.release();
        }

        @SuppressWarnings("FutureReturnValueIgnored") // as above
        private void enter(ChannelHandlerContext ctx, ByteBuf bytes) {
            while (bytes.isReadable() && !isUpgraded) {
                lastFour = lastFour << 8 | bytes.readUnsignedByte();
                if (lastFour == END_OF_HEADERS) {
                    isUpgraded = true;
                    ctx.writeAndFlush(Unpooled.wrappedBuffer(HELLO));
                }
            }
            if (bytes.isReadable()) {
                ofWelcome -= bytes.readableBytes();
                if (ofWelcome == 0) {
                    places.release();
                }
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            System.err.println("a connection has failed: " + cause);
        }
    }
}
