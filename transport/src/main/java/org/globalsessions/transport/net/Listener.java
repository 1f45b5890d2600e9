package org.globalsessions.transport.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.globalsessions.transport.FrameHandler;

/** Accepts connections on one TCP port, or on one Unix socket. Any thread may call any method, but no event loop's may open or close one. */
public final class Listener implements AutoCloseable {
    private static final int BACKLOG = 1024;

    private static final long CLOSE_TIMEOUT_MS = 2_000;

    private final Channel channel;

    /** Null for TCP. */
    private final UnixSocketFile socketFile;

    private Listener(Channel channel, UnixSocketFile socketFile) {
        this.channel = channel;
        this.socketFile = socketFile;
    }

    /**
     * Begins to accept.
     *
     * @param loops   threads that will own the connections
     * @param address host name or address to listen on
     * @param port    TCP port, 0 for a free one
     * @param handler told of every connection
     * @return the listener
     * @throws IOException if the port is in use, the address not ours, or not allowed; the message names both and says what
     *                     to do
     */
    public static Listener bind(EventLoops loops, String address, int port, FrameHandler handler) throws IOException {
        return bind(loops, address, port, LinkSettings.DEFAULTS, PipelineSecurity.plain(), handler);
    }

    /**
     * Begins to accept as many as come.
     *
     * @param loops    threads that will own the connections
     * @param address  host name or address to listen on
     * @param port     TCP port, 0 for a free one
     * @param settings limits and time-outs
     * @param security what protects the connections
     * @param handler  told of every connection
     * @return the listener
     * @throws IOException if the port is in use, the address not ours, or not allowed; the message names both and says what
     *                     to do
     */
    public static Listener bind(
            EventLoops loops,
            String address,
            int port,
            LinkSettings settings,
            PipelineSecurity security,
            FrameHandler handler)
            throws IOException {
        return bind(loops, address, port, settings, security, ConnectionLimit.none(), handler);
    }

    /**
     * Begins to accept.
     *
     * @param loops    threads that will own the connections
     * @param address  host name or address to listen on
     * @param port     TCP port, 0 for a free one
     * @param settings limits and time-outs
     * @param security what protects the connections
     * @param limit    most connections, which the node's other listeners share
     * @param handler  told of every connection
     * @return the listener
     * @throws IOException if the port is in use, the address not ours, or not allowed; the message names both and says what
     *                     to do
     */
    public static Listener bind(
            EventLoops loops,
            String address,
            int port,
            LinkSettings settings,
            PipelineSecurity security,
            ConnectionLimit limit,
            FrameHandler handler)
            throws IOException {
        InetSocketAddress socketAddress = ListenAddress.resolve(address, port);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops.group())
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .handler(new AcceptFailures(loops, handler))
                .childHandler(new Accepted(loops, settings, security, limit, handler));
        ChannelFuture bound = bootstrap.bind(socketAddress).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw ListenAddress.explained(address, port, bound.cause());
        }
        return new Listener(bound.channel(), null);
    }

    /**
     * Begins to accept as many as come on a Unix socket. Whoever may open its folder, which is this user, may connect.
     *
     * @param loops    threads that will own the connections
     * @param path     the socket's file; its folder is made where it is absent
     * @param settings limits and time-outs
     * @param handler  told of every connection
     * @return the listener; closing it removes the file
     * @throws IOException if another process listens there, the folder is open to others or the path too long; the message
     *                     says what to do
     */
    public static Listener bindUnix(EventLoops loops, Path path, LinkSettings settings, FrameHandler handler)
            throws IOException {
        return bindUnix(loops, path, settings, ConnectionLimit.none(), handler);
    }

    /**
     * Begins to accept on a Unix socket. Whoever may open its folder, which is this user, may connect.
     *
     * @param loops    threads that will own the connections
     * @param path     the socket's file; its folder is made where it is absent
     * @param settings limits and time-outs
     * @param limit    most connections, which the node's other listeners share
     * @param handler  told of every connection
     * @return the listener; closing it removes the file
     * @throws IOException if another process listens there, the folder is open to others or the path too long; the message
     *                     says what to do
     */
    public static Listener bindUnix(
            EventLoops loops, Path path, LinkSettings settings, ConnectionLimit limit, FrameHandler handler)
            throws IOException {
        UnixSocketFile file = new UnixSocketFile(path);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops.group())
                .channel(NioServerDomainSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .handler(new AcceptFailures(loops, handler))
                .childHandler(new Accepted(loops, settings, PipelineSecurity.plain(), limit, handler));
        AtomicReference<Channel> channel = new AtomicReference<>();
        file.bind(() -> {
            ChannelFuture bound =
                    bootstrap.bind(UnixDomainSocketAddress.of(file.path())).awaitUninterruptibly();
            if (!bound.isSuccess()) {
                throw new IOException(
                        "cannot listen on unix:" + file.path() + ": "
                                + bound.cause().getMessage(),
                        bound.cause());
            }
            channel.set(bound.channel());
        });
        return new Listener(channel.get(), file);
    }

    /**
     * The port listened on; for TCP alone.
     *
     * @return the port, also where 0 was asked for
     */
    public int port() {
        return ((InetSocketAddress) channel.localAddress()).getPort();
    }

    /** Stops accepting. Connections accepted before stay; their owner closes them. */
    @Override
    public void close() {
        if (socketFile == null || !channel.isOpen()) {
            closeChannel();
            return;
        }
        try {
            // The network library removes the file after the socket is closed: in between somebody else could have
            // bound it.
            socketFile.locked(this::closeChannel);
        } catch (IOException e) {
            // The folder is gone or the lock is kept from us; what matters is that nobody is accepted any more.
            closeChannel();
        }
    }

    private void closeChannel() {
        ChannelFuture closed = channel.close();
        if (!channel.eventLoop().inEventLoop()) {
            closed.awaitUninterruptibly(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        }
    }

    /** Makes the connection of each accepted channel. */
    private static final class Accepted extends ChannelInitializer<Channel> {
        private final EventLoops loops;
        private final LinkSettings settings;
        private final PipelineSecurity security;
        private final ConnectionLimit limit;
        private final FrameHandler handler;

        Accepted(
                EventLoops loops,
                LinkSettings settings,
                PipelineSecurity security,
                ConnectionLimit limit,
                FrameHandler handler) {
            this.loops = loops;
            this.settings = settings;
            this.security = security;
            this.limit = limit;
            this.handler = handler;
        }

        @Override
        protected void initChannel(Channel channel) {
            ConnectionLimit.Place place = limit.take(channel);
            if (place != ConnectionLimit.Place.SERVED) {
                handler.onTooMany(ChannelSetup.describePeer(channel));
            }
            if (place == ConnectionLimit.Place.CLOSED) {
                ChannelSetup.closeNow(channel);
                return;
            }
            ChannelConnection connection =
                    new ChannelConnection(channel, settings, handler, loops, null, security.isProtected());
            if (place == ConnectionLimit.Place.TOLD) {
                connection.turnAway(limit.refusal());
            }
            ChannelSetup.fill(channel, connection, settings, security, null, 0);
        }
    }
}
