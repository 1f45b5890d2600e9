package org.globalsessions.transport.gateway;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.globalsessions.client.ClientDestroyHandler;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.ClientHandler;
import org.globalsessions.client.ClientRequestHandler;
import org.globalsessions.client.GatewayClients;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.ListenAddress;
import org.globalsessions.transport.tls.TlsCredentials;

/**
 * Serves remote clients over WebSocket and HTTP long polling, as {@code GATEWAY.md} defines. Their sessions lie in the directory's shared table, so
 * clients outlive this process: another gateway goes on with them, or tells the application that they are gone.
 *
 * <pre>{@code
 * ClientDirectory directory = new ClientDirectory(cache, "user");
 * Gateway gateway = Gateway.open(new GatewaySettings().listen("0.0.0.0", 8443), directory, logins, requests, goodbyes);
 * }</pre>
 *
 * <p>One thread owns all connections; the application is called on others. Any thread may call any method.
 */
public final class Gateway implements AutoCloseable {
    private static final long CLOSE_TIMEOUT_MS = 2_000;
    private static final int BACKLOG = 1024;
    private static final int FIRST_LINE = 4_096;
    private static final int HEADERS = 16_384;
    private static final int CHUNK = 8_192;

    /** How often bindings are compared with the table, and looked at for their age. */
    private static final Duration FOLLOW_PAUSE = Duration.ofMillis(500);

    /** How often this gateway tells the others that it is there: those may have a shorter time-out than its own. */
    private static final Duration BEAT_PAUSE = Duration.ofSeconds(1);

    /** Several beats: a pause of the other's JVM is no silence. */
    private static final Duration LEAST_SILENCE = Duration.ofSeconds(5);

    private static final int LOOKS_A_TIMEOUT = 4;

    private final ClientDirectory directory;
    private final GatewayClients table;
    private final GatewayCounters counters = new GatewayCounters();
    private final EventLoops loops;
    private final Callbacks callbacks;
    private final ServedClients clients;
    private final GatewayParts parts;
    private final TlsCredentials tls;
    /** A thread for each of the three that run again and again: one that waits for the relay holds up no other. */
    private final ScheduledThreadPoolExecutor clock =
            new ScheduledThreadPoolExecutor(3, new DefaultThreadFactory("gateway-clock", true));

    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();
    private Channel channel;
    private GatewayBean bean;

    private Gateway(
            GatewaySettings settings,
            ClientDirectory directory,
            ClientHandler handler,
            ClientRequestHandler requestHandler,
            ClientDestroyHandler destroyHandler) {
        this.directory = directory;
        DeclaredTokens tokens = DeclaredTokens.of(handler.getClass());
        tls = settings.tls() == null ? null : TlsCredentials.open(settings.tls());
        Duration silence =
                settings.clientTimeout().compareTo(LEAST_SILENCE) < 0 ? LEAST_SILENCE : settings.clientTimeout();
        table = new GatewayClients(directory, silence);
        callbacks = new Callbacks(settings.callbackThreads(), counters);
        loops = EventLoops.start("gateway", 1, callbacks::failed);
        clients = new ServedClients(settings, directory, table, destroyHandler, counters, callbacks, loops::execute);
        Reception reception = new Reception(settings, table, handler, clients, callbacks, counters, loops);
        Conversation conversation =
                new Conversation(directory, table, requestHandler, clients, callbacks, counters, loops::execute);
        parts = new GatewayParts(settings, tokens, reception, conversation, clients, counters);
    }

    /**
     * Begins to serve.
     *
     * @param settings       where to listen, and what clients may
     * @param directory      the application's own, by which it binds clients and sends to them
     * @param handler        lets clients in; its class declares what of a request it sees
     * @param requestHandler answers what they ask
     * @param destroyHandler hears of those who are gone
     * @return the gateway, to be closed before the directory's cache
     * @throws IOException if it cannot listen there; the message says what to do
     * @throws org.globalsessions.transport.tls.TlsException if keys or certificates cannot be used
     * @throws IllegalArgumentException if the handler declares a token twice
     */
    public static Gateway open(
            GatewaySettings settings,
            ClientDirectory directory,
            ClientHandler handler,
            ClientRequestHandler requestHandler,
            ClientDestroyHandler destroyHandler)
            throws IOException {
        Objects.requireNonNull(requestHandler, "requestHandler");
        Objects.requireNonNull(destroyHandler, "destroyHandler");
        Gateway gateway = new Gateway(settings, directory, handler, requestHandler, destroyHandler);
        try {
            gateway.start();
            return gateway;
        } catch (IOException | RuntimeException | Error e) {
            gateway.close();
            throw e;
        }
    }

    private void start() throws IOException {
        GatewaySettings settings = parts.settings();
        InetSocketAddress address = ListenAddress.resolve(settings.address(), settings.port());
        table.beat();
        directory.attach(clients);
        ChannelFuture bound = new ServerBootstrap()
                .group(loops.group())
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(settings.maxPendingSize() / 2, settings.maxPendingSize()))
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel accepted) {
                        accept(accepted);
                    }
                })
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw ListenAddress.explained(settings.address(), settings.port(), bound.cause());
        }
        channel = bound.channel();
        every(settings.timeoutCheck(), clients::sweepSilent);
        every(least(BEAT_PAUSE, settings.clientTimeout().dividedBy(LOOKS_A_TIMEOUT)), table::beat);
        every(least(FOLLOW_PAUSE, settings.sessionTimeout().dividedBy(LOOKS_A_TIMEOUT)), clients::followTable);
        bean = GatewayBean.register(this, clients);
    }

    private static Duration least(Duration one, Duration other) {
        Duration least = one.compareTo(other) < 0 ? one : other;
        return least.compareTo(Duration.ofMillis(1)) < 0 ? Duration.ofMillis(1) : least;
    }

    /** Runs something again and again, each time after it has ended; not where the application is called, whose callbacks may all be busy. */
    private void every(Duration pause, Runnable task) {
        var unused = clock.scheduleWithFixedDelay(
                () -> {
                    try {
                        task.run();
                    } catch (RuntimeException | Error e) {
                        callbacks.failed(e);
                    }
                },
                pause.toNanos(),
                pause.toNanos(),
                TimeUnit.NANOSECONDS);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a close cannot fail
    private void accept(Channel accepted) {
        GatewaySettings settings = parts.settings();
        accepted.closeFuture().addListener(future -> connections.decrementAndGet());
        if (connections.incrementAndGet() > 2L * settings.maxClients()) {
            counters.increment(GatewayCounter.REFUSED);
            accepted.close();
            return;
        }
        if (tls != null) {
            tls.refresh();
            SslHandler handler = new SslHandler(tls.newEngine(null, 0));
            handler.setHandshakeTimeoutMillis(settings.acceptTimeout().toMillis());
            accepted.pipeline().addLast(handler);
        }
        accepted.pipeline()
                .addLast(new HttpServerCodec(FIRST_LINE, HEADERS, CHUNK))
                .addLast(new RequestAggregator(settings.maxMessageSize(), counters))
                .addLast(new HttpEntrance(parts));
    }

    /**
     * The port that it listens on.
     *
     * @return the port, also where 0 was asked for
     */
    public int port() {
        return ((InetSocketAddress) channel.localAddress()).getPort();
    }

    /**
     * How many clients it serves now, connected or not.
     *
     * @return the count
     */
    public int clients() {
        return clients.count();
    }

    /**
     * One of its counters.
     *
     * @param counter which
     * @return its value since the start
     */
    public long counter(GatewayCounter counter) {
        return counters.get(counter);
    }

    /**
     * Stops serving, and closes connections as soon as relays know all that stands of its clients, or after 2 s. Clients stay in the table: they go
     * on at another gateway, or at this one's next start.
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        if (bean != null) {
            bean.unregister();
        }
        if (channel != null) {
            channel.close().awaitUninterruptibly(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        }
        clock.shutdownNow();
        // Before a client can turn to another gateway: that would find it unknown, or decide over what this host has
        // changed last.
        table.awaitPublished(Duration.ofMillis(CLOSE_TIMEOUT_MS));
        directory.detach(clients);
        clients.closeAll();
        callbacks.close();
        loops.close();
    }
}
