package org.globalsessions.transport.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.tls.TlsFailure;

/**
 * Keeps one connection to one address: connects, says hello, and connects again after each loss, with jittered growing
 * pauses. Any thread may call any method.
 *
 * <p>The pauses grow until a peer has said welcome, not only until it has accepted: one that accepts and refuses is no reason
 * to hurry. After a refusal for what only a person changes, the policy may have them grow further.
 */
public final class Connector implements Network.Dial {
    private final EventLoops loops;
    private final EventLoop loop;
    private final PeerAddress peer;
    private final Supplier<Frame> hello;
    private final ReconnectPolicy policy;
    private final LinkSettings settings;
    private final PipelineSecurity security;
    private final FrameHandler handler;

    /** Written on the loop, read by any thread. */
    private volatile ChannelConnection connection;

    /** Written on the loop, read by any thread. */
    private volatile boolean connecting = true;

    private volatile boolean closed;

    /** Failed attempts in a row; on the loop only. */
    private int failed;

    /** Whether the last attempt that failed was refused by the peer; on the loop only. */
    private boolean refused;

    /** The pause under way, or null; on the loop only. */
    private Future<?> pause;

    private Connector(
            EventLoops loops,
            PeerAddress peer,
            Supplier<Frame> hello,
            ReconnectPolicy policy,
            LinkSettings settings,
            PipelineSecurity security,
            FrameHandler handler) {
        this.loops = loops;
        this.loop = loops.group().next();
        this.peer = peer;
        this.hello = hello;
        this.policy = policy;
        this.settings = settings;
        this.security = security;
        this.handler = new Watching(handler);
    }

    /**
     * Begins to connect.
     *
     * @param loops   threads; the connection's is one of them
     * @param address host name or address, resolved anew for each attempt
     * @param port    TCP port
     * @param hello   makes the first frame of each connection
     * @param policy  pauses between attempts
     * @param handler told of connections and failed attempts
     * @return the connector
     */
    public static Connector start(
            EventLoops loops,
            String address,
            int port,
            Supplier<Frame> hello,
            ReconnectPolicy policy,
            FrameHandler handler) {
        return start(
                loops,
                PeerAddress.tcp(address, port),
                hello,
                policy,
                LinkSettings.DEFAULTS,
                PipelineSecurity.plain(),
                handler);
    }

    /**
     * Begins to connect.
     *
     * @param loops    threads; the connection's is one of them
     * @param peer     where it is
     * @param hello    makes the first frame of each connection
     * @param policy   pauses between attempts
     * @param settings limits and time-outs
     * @param security what protects the connection
     * @param handler  told of connections and failed attempts
     * @return the connector
     */
    public static Connector start(
            EventLoops loops,
            PeerAddress peer,
            Supplier<Frame> hello,
            ReconnectPolicy policy,
            LinkSettings settings,
            PipelineSecurity security,
            FrameHandler handler) {
        Connector connector = new Connector(loops, peer, hello, policy, settings, security, handler);
        connector.loop.execute(loops.guarded(connector::attempt));
        return connector;
    }

    /**
     * The connection.
     *
     * @return the open connection, or null while there is none; it may still wait for its welcome
     */
    public Connection connection() {
        ChannelConnection current = connection;
        return current != null && current.isOpen() ? current : null;
    }

    /**
     * Whether an attempt is under way at this moment, as opposed to a pause before the next one.
     *
     * @return true between the begin of an attempt and its success or failure
     */
    public boolean isConnecting() {
        return connecting;
    }

    /** Closes the connection and connects no more. */
    @Override
    public void close() {
        closed = true;
        ChannelConnection current = connection;
        if (current != null) {
            current.close();
        }
        if (!loop.isShuttingDown()) {
            loop.execute(loops.guarded(() -> {
                if (pause != null) {
                    pause.cancel(false);
                }
                if (connection != null) {
                    connection.close();
                }
            }));
        }
    }

    private void attempt() {
        if (closed) {
            return;
        }
        connecting = true;
        handler.onConnecting();
        String host = peer.host();
        if (host == null) {
            connect(UnixDomainSocketAddress.of(peer.unixSocket()));
        } else if (NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)) {
            connect(new InetSocketAddress(host, peer.port()));
        } else {
            // A name server that does not answer would hold up the loop, and with it every time-out that it keeps.
            Thread resolver = new Thread(this::resolve, Thread.currentThread().getName() + "-resolve");
            resolver.setDaemon(true);
            resolver.start();
        }
    }

    private void resolve() {
        InetSocketAddress resolved;
        try {
            resolved = new InetSocketAddress(InetAddress.getByName(peer.host()), peer.port());
        } catch (UnknownHostException e) {
            resolved = null;
        }
        InetSocketAddress result = resolved;
        if (!loop.isShuttingDown()) {
            loop.execute(loops.guarded(() -> {
                if (result == null) {
                    attemptFailed("the host name is not known");
                } else {
                    connect(result);
                }
            }));
        }
    }

    private void connect(SocketAddress target) {
        if (closed) {
            return;
        }
        Bootstrap bootstrap = peer.host() == null
                ? new Bootstrap().channel(NioDomainSocketChannel.class)
                : new Bootstrap().channel(NioSocketChannel.class).option(ChannelOption.TCP_NODELAY, true);
        bootstrap
                .group(loop)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        Math.min(Integer.MAX_VALUE, settings.connectTimeout().toMillis()))
                // Read only once the handlers stand: they are added after the connection does.
                .option(ChannelOption.AUTO_READ, false)
                .handler(new NothingYet());
        ChannelFuture attempt = bootstrap.connect(target);
        attempt.addListener(done -> loops.guarded(() -> {
                    if (done.isSuccess()) {
                        connected(attempt.channel());
                    } else {
                        attemptFailed(String.valueOf(done.cause().getMessage()));
                    }
                })
                .run());
    }

    private void connected(Channel channel) {
        if (closed) {
            ChannelSetup.closeNow(channel);
            return;
        }
        ChannelConnection opened =
                new ChannelConnection(channel, settings, handler, loops, hello, security.isProtected());
        connection = opened;
        channel.closeFuture()
                .addListener(gone -> loops.guarded(() -> {
                            if (!opened.wasOpened()) {
                                connection = null;
                                attemptFailed(opened);
                            }
                        })
                        .run());
        try {
            ChannelSetup.fill(channel, opened, settings, security, peer.host(), peer.port());
        } catch (RuntimeException e) {
            opened.refused(TlsFailure.describe(e));
            ChannelSetup.closeNow(channel);
            return;
        }
        if (!security.isProtected()) {
            opened.begin();
        }
        channel.config().setAutoRead(!opened.isPaused());
    }

    /** The peer has answered the hello by what the next hello will be answered by as well, unless somebody changes a setting. */
    private static boolean isRefusal(ChannelConnection was) {
        return was != null
                && was.firstFrame() instanceof ErrorFrame error
                && (error.code() == ErrorCode.REFUSED || error.code() == ErrorCode.UNSUPPORTED_VERSION);
    }

    private static String reasonOf(ChannelConnection was) {
        if (was == null) {
            return "closed before it was welcome";
        }
        if (was.refusal() != null) {
            return was.refusal();
        }
        if (was.firstFrame() instanceof ErrorFrame error) {
            return "refused, code=" + error.code() + ": " + error.text();
        }
        return was.wasOpened()
                ? "closed before it was welcome"
                : "closed during the TLS handshake; the other side's log may say why";
    }

    private void attemptFailed(ChannelConnection was) {
        attemptFailed(reasonOf(was), isRefusal(was));
    }

    private void attemptFailed(String reason) {
        attemptFailed(reason, false);
    }

    private void attemptFailed(String reason, boolean wasRefused) {
        connecting = false;
        refused = wasRefused;
        if (closed) {
            return;
        }
        failed++;
        boolean again = policy.mayTryAgain(failed);
        handler.onConnectFailed(failed, "cannot connect to " + peer + ": " + reason, !again);
        if (again) {
            pauseThenAttempt();
        }
    }

    private void pauseThenAttempt() {
        Duration length = policy.pause(failed, refused, ThreadLocalRandom.current());
        pause = loop.schedule(loops.guarded(this::attempt), length.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Placeholder until the connection stands. */
    private static final class NothingYet extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            // The handlers are added by connected(), on the same loop, before the first byte is read.
        }
    }

    /** Sees what the owner's handler sees, to know when a connection is welcome and when it is gone. */
    private final class Watching implements FrameHandler {
        private final FrameHandler owner;

        Watching(FrameHandler owner) {
            this.owner = owner;
        }

        @Override
        public void onConnecting() {
            owner.onConnecting();
        }

        @Override
        public void onOpen(Connection opened) {
            owner.onOpen(opened);
        }

        @Override
        public void onFrame(Connection from, Frame frame) {
            if (connecting && frame instanceof WelcomeFrame) {
                connecting = false;
                failed = 0;
                refused = false;
            }
            owner.onFrame(from, frame);
        }

        @Override
        public void onWritable(Connection of) {
            owner.onWritable(of);
        }

        @Override
        public void onBadFrame(Connection from, String what) {
            owner.onBadFrame(from, what);
        }

        @Override
        public void onFailure(Connection of, Throwable failure) {
            owner.onFailure(of, failure);
        }

        @Override
        public void onRefused(String remoteAddress, String reason) {
            owner.onRefused(remoteAddress, reason);
        }

        @Override
        public void onKeysReloaded(boolean succeeded, String what) {
            owner.onKeysReloaded(succeeded, what);
        }

        @Override
        public void onConnectFailed(int attempts, String reason, boolean gaveUp) {
            owner.onConnectFailed(attempts, reason, gaveUp);
        }

        @Override
        public void onClose(Connection gone) {
            ChannelConnection was = connection;
            connection = null;
            try {
                owner.onClose(gone);
            } finally {
                if (connecting) {
                    attemptFailed(was);
                } else if (!closed) {
                    pauseThenAttempt();
                }
            }
        }
    }
}
