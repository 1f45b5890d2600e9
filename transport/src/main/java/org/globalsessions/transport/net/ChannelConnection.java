package org.globalsessions.transport.net;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.PeerIdentity;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameException;
import org.globalsessions.transport.frame.FrameType;
import org.globalsessions.transport.frame.PingFrame;
import org.globalsessions.transport.frame.PongFrame;
import org.globalsessions.transport.tls.TlsFailure;

/**
 * One connection: last handler of its pipeline, and what the other modules see of it. Keeps the peer alive by pings, closes
 * what is silent, and refuses a conversation that does not begin as it must.
 *
 * <p>Fields without further comment belong to the event loop.
 */
final class ChannelConnection extends ChannelInboundHandlerAdapter implements Connection {
    /** A longer first frame is a stranger's: no hello, welcome or error comes near. */
    private static final int LONGEST_FIRST_FRAME = 2048;

    /** Longest time for which a close waits for what was sent before. */
    static final long CLOSE_DELAY_MS = 1_000;

    private static final AtomicLong NEXT_ID = new AtomicLong(1);

    private final long id = NEXT_ID.getAndIncrement();
    private final Channel channel;
    private final LinkSettings settings;
    private final FrameHandler handler;
    private final EventLoops loops;
    private final boolean accepted;

    /** Makes the first frame of a connecting side; null on the accepting one. */
    private final Supplier<Frame> hello;

    /** Whether the connection stands only after a handshake. */
    private final boolean handshakeFirst;

    private final String remoteAddress;

    /** Written once, before the handler hears of the connection. */
    private volatile PeerIdentity peer = PeerIdentity.UNKNOWN;

    private final FrameDecoder decoder = new FrameDecoder(this);

    private final Outbox outbox;
    private final Probes probes = new Probes();

    /** Written on any thread by close, read by all: frames after a close are neither sent nor delivered. */
    private volatile boolean closing;

    private Frame firstFrame;

    /** Written on the event loop, read by all: whether the conversation has begun, which a handshake may delay. */
    private volatile boolean begun;

    private boolean opened;

    /** Why TLS came to nothing, or null. */
    private String refusal;

    /** Why the peer is sent away as soon as it can be told, or null. */
    private String turnedAway;

    private boolean paused;
    private boolean badFrameTold;
    private Object attachment;
    private Future<?> aliveTimer;
    private Future<?> helloTimer;
    private final long checkIntervalNs;
    private long lastReceivedNs;
    private long lastCheckNs;
    private long pings;

    /** Set by senders on any thread, taken by the timer: racing ones cost one needless ping at most. */
    private volatile boolean sentSinceCheck;

    private long lastSentNs;

    ChannelConnection(
            Channel channel,
            LinkSettings settings,
            FrameHandler handler,
            EventLoops loops,
            Supplier<Frame> hello,
            boolean handshakeFirst) {
        this.channel = channel;
        this.settings = settings;
        this.handler = handler;
        this.loops = loops;
        this.outbox = new Outbox(channel, loops);
        this.accepted = hello == null;
        this.hello = hello;
        this.handshakeFirst = handshakeFirst;
        this.checkIntervalNs = Math.max(1_000_000, settings.pingInterval().toNanos() / 4);
        this.remoteAddress = ChannelSetup.describePeer(channel);
    }

    FrameDecoder decoder() {
        return decoder;
    }

    /** The first frame received: a connector knows by it whether it was welcome. */
    Frame firstFrame() {
        return firstFrame;
    }

    /** Why TLS came to nothing, or null. */
    String refusal() {
        return refusal;
    }

    boolean wasOpened() {
        return begun;
    }

    /** A handshake takes no longer than a stranger may wait with its hello. */
    Duration handshakeTimeout() {
        return settings.helloTimeout();
    }

    /** Before the connection stands: the peer is told why and closed once it does, and the handler hears of no connection. */
    void turnAway(String why) {
        turnedAway = why;
    }

    /** Begins the conversation; the handler hears of the connection before anything is received. */
    void begin() {
        begun = true;
        if (turnedAway != null) {
            send(new ErrorFrame(0, ErrorCode.BUSY, turnedAway));
            close();
            return;
        }
        peer = ChannelSetup.identifyPeer(channel);
        lastReceivedNs = System.nanoTime();
        lastSentNs = lastReceivedNs;
        lastCheckNs = lastReceivedNs;
        aliveTimer = channel.eventLoop()
                .scheduleAtFixedRate(
                        loops.guarded(this::checkAlive), checkIntervalNs, checkIntervalNs, TimeUnit.NANOSECONDS);
        helloTimer = channel.eventLoop()
                .schedule(
                        loops.guarded(this::checkFirstFrame),
                        settings.helloTimeout().toNanos(),
                        TimeUnit.NANOSECONDS);
        opened = true;
        if (hello != null) {
            send(hello.get());
        }
        guard(() -> handler.onOpen(this));
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public PeerIdentity peer() {
        return peer;
    }

    @Override
    public String remoteAddress() {
        return remoteAddress;
    }

    @Override
    public boolean isOpen() {
        return begun && !closing && channel.isActive();
    }

    @Override
    public boolean send(Frame frame) {
        int length = FrameCodec.encodedLength(frame);
        if (!isOpen()) {
            return false;
        }
        if (!outbox.add(frame, length, settings.byteBudget())) {
            return false;
        }
        sentSinceCheck = true;
        return true;
    }

    @Override
    public boolean isWritable() {
        return isOpen() && channel.isWritable() && outbox.pendingBytes() < settings.slowBytes();
    }

    @Override
    public long pendingBytes() {
        return outbox.pendingBytes();
    }

    @Override
    public void pauseReads() {
        inLoop(() -> {
            paused = true;
            channel.config().setAutoRead(false);
        });
    }

    @Override
    public void resumeReads() {
        inLoop(() -> {
            if (paused) {
                paused = false;
                // Nothing could arrive meanwhile, so the silence is not the peer's.
                lastReceivedNs = System.nanoTime();
                channel.config().setAutoRead(true);
                guard(decoder::resume);
            }
        });
    }

    @Override
    public void execute(Runnable task) {
        channel.eventLoop().execute(loops.guarded(task));
    }

    @Override
    public boolean inEventLoop() {
        return channel.eventLoop().inEventLoop();
    }

    @Override
    public void probe(Duration limit, Consumer<Boolean> heard) {
        if (!opened) {
            heard.accept(false);
            return;
        }
        probes.add(channel.eventLoop(), loops, limit, heard);
        ping(System.nanoTime());
    }

    @Override
    public void close() {
        if (closing) {
            return;
        }
        closing = true;
        loops.closing(channel);
        inLoop(() -> {
            if (!begun) {
                // Nothing was sent that could be waited for.
                ChannelSetup.closeNow(channel);
                return;
            }
            outbox.flush();
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            Future<?> forced = channel.eventLoop()
                    .schedule(() -> ChannelSetup.closeNow(channel), CLOSE_DELAY_MS, TimeUnit.MILLISECONDS);
            channel.closeFuture().addListener(closed -> forced.cancel(false));
        });
    }

    @Override
    public <T> T attachment(Class<T> type) {
        return type.cast(attachment);
    }

    @Override
    public void attachment(Object newAttachment) {
        attachment = newAttachment;
    }

    boolean isClosing() {
        return closing;
    }

    boolean isPaused() {
        return paused;
    }

    /** Bytes have arrived: what answers them leaves together, by {@link #readComplete}. */
    void receivedBytes() {
        lastReceivedNs = System.nanoTime();
        outbox.hold();
        guard(() -> probes.end(true));
    }

    /** All that has arrived was looked at. */
    void readComplete() {
        outbox.release();
    }

    /** Refuses a first frame that cannot be one, before its length makes a buffer grow. */
    void checkBeginning(int length, int type) throws FrameException {
        if (firstFrame != null) {
            return;
        }
        String stranger = Strangers.recognise(length);
        if (stranger != null) {
            throw new FrameException(ErrorCode.MALFORMED, stranger);
        }
        FrameType known = FrameType.of(type);
        boolean allowed = accepted
                ? known == FrameType.HELLO
                : known == FrameType.WELCOME || known == FrameType.ERROR || known == FrameType.PING;
        if (known != null && !allowed) {
            throw new FrameException(
                    ErrorCode.UNEXPECTED,
                    "the first frame must be " + (accepted ? "HELLO" : "WELCOME or ERROR") + ": type=" + known);
        }
        if (known != null && length > LONGEST_FIRST_FRAME) {
            throw new FrameException(
                    ErrorCode.TOO_LARGE, "first frame too long: length=" + length + ", limit=" + LONGEST_FIRST_FRAME);
        }
    }

    /** Tells peer and handler what was wrong, once, and closes. */
    void refuse(int code, String what) {
        if (badFrameTold || closing) {
            return;
        }
        badFrameTold = true;
        send(new ErrorFrame(0, code, what));
        close();
        guard(() -> handler.onBadFrame(this, what));
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        // A connector begins by itself, a moment before its channel tells so.
        if (accepted && !handshakeFirst) {
            begin();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake) {
            if (!handshake.isSuccess()) {
                tlsFailed(handshake.cause());
            } else if (!begun && !closing) {
                begin();
            }
        }
    }

    /** TLS came to nothing, or was broken later. Its own handler tells the peer and closes. */
    private void tlsFailed(Throwable cause) {
        // Whoever connects and goes away again without a word, as health checks do, was refused nothing.
        if (cause instanceof ClosedChannelException) {
            return;
        }
        if (firstFrame == null) {
            refused(TlsFailure.describe(cause));
        } else if (!badFrameTold && !closing) {
            badFrameTold = true;
            guard(() -> handler.onBadFrame(this, TlsFailure.describe(cause)));
        }
    }

    /** The peer is none that this side speaks with, or does not want this side; whoever calls closes. */
    void refused(String reason) {
        if (refusal == null && !closing) {
            refusal = reason;
            closing = true;
            guard(() -> handler.onRefused(remoteAddress, reason));
        }
    }

    void keysReloaded(boolean succeeded, String what) {
        guard(() -> handler.onKeysReloaded(succeeded, what));
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        Frame frame = (Frame) message;
        if (closing) {
            return;
        }
        if (frame instanceof PingFrame ping) {
            // Over the byte budget the pong is dropped: the peer does not read, so it would not see it either.
            send(new PongFrame(ping.correlationId(), ping.nanos()));
        } else if (!(frame instanceof PongFrame)) {
            if (firstFrame == null) {
                firstFrame = frame;
                helloTimer.cancel(false);
            }
            guard(() -> handler.onFrame(this, frame));
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (channel.isWritable() && isOpen()) {
            guard(() -> handler.onWritable(this));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (!opened) {
            return;
        }
        opened = false;
        closing = true;
        outbox.release();
        aliveTimer.cancel(false);
        helloTimer.cancel(false);
        guard(() -> handler.onClose(this));
        guard(() -> probes.end(false));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        Throwable thrown = cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
        if (thrown instanceof SSLException) {
            tlsFailed(thrown);
        } else if (!(thrown instanceof IOException)) {
            // A reset or a broken pipe is how connections end; everything else is a fault of ours.
            handler.onFailure(this, cause);
        }
        closing = true;
        ChannelSetup.closeNow(channel);
    }

    private void checkAlive() {
        long now = System.nanoTime();
        // While this process was stopped nothing could be received: that time is not the peer's silence.
        long stoppedNs = Math.max(0, now - lastCheckNs - checkIntervalNs);
        lastCheckNs = now;
        lastReceivedNs = Math.min(now, lastReceivedNs + stoppedNs);
        if (sentSinceCheck) {
            sentSinceCheck = false;
            lastSentNs = now;
        }
        if (now - lastSentNs >= settings.pingInterval().toNanos() && isOpen()) {
            ping(now);
        }
        if (!paused && now - lastReceivedNs >= settings.silenceLimit().toNanos()) {
            // What waits to be sent would keep the connection open for a second more, to a peer that is not there.
            closing = true;
            ChannelSetup.closeNow(channel);
        }
    }

    private void ping(long nowNs) {
        pings++;
        send(new PingFrame(pings, nowNs));
    }

    private void checkFirstFrame() {
        if (firstFrame == null && !paused) {
            refuse(
                    ErrorCode.UNEXPECTED,
                    "no first frame within " + settings.helloTimeout().toMillis() + " ms");
        }
    }

    private void inLoop(Runnable task) {
        if (inEventLoop()) {
            task.run();
        } else {
            execute(task);
        }
    }

    private void guard(HandlerCall call) {
        try {
            call.run();
        } catch (Exception | Error e) {
            closing = true;
            ChannelSetup.closeNow(channel);
            handler.onFailure(this, e);
        }
    }

    private interface HandlerCall {
        void run() throws Exception;
    }

    @Override
    public String toString() {
        return "Connection[id=" + id + ", remote=" + remoteAddress + "]";
    }
}
