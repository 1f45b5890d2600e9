package org.globalsessions.transport.gateway;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.globalsessions.client.TokenData;

/** A client's WebSocket, from the end of its handshake. Event loop alone. */
@SuppressWarnings("FutureReturnValueIgnored") // channelInactive tells of every failure, and a close cannot fail
final class WebSocketLink extends SimpleChannelInboundHandler<WebSocketFrame> implements ClientLink, Reception.Visitor {
    private final GatewayParts parts;
    private final Map<String, TokenData> tokens;
    private final MessageRate rate;
    private final ChannelFutureListener written = future -> {
        if (future.isSuccess() && this.client != null) {
            this.client.written();
        }
    };

    private ChannelHandlerContext context;
    private ServedClient client;
    private boolean greeted;
    private boolean closing;
    private Future<?> greetingTimeout;

    /**
     * A link whose client has not said yet who it is.
     *
     * @param tokens what of the handshake's request the application has declared
     */
    WebSocketLink(GatewayParts parts, Map<String, TokenData> tokens) {
        this.parts = parts;
        this.tokens = tokens;
        this.rate = new MessageRate(parts.settings().maxMessageRate());
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        greetingTimeout = ctx.executor()
                .schedule(
                        () -> {
                            if (!greeted) {
                                refuse("hello is missing");
                            }
                        },
                        parts.settings().acceptTimeout().toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
        if (closing) {
            return;
        }
        if (frame instanceof TextWebSocketFrame text) {
            slowDown();
            onText(text.text());
        } else if (frame instanceof PingWebSocketFrame) {
            slowDown();
            if (client != null) {
                client.heard();
            }
            if (ctx.channel().isWritable()) {
                // One that does not read is not answered: pongs alone would fill the memory.
                ctx.writeAndFlush(new PongWebSocketFrame(frame.content().retain()));
            }
        } else if (frame instanceof PongWebSocketFrame) {
            if (client != null) {
                client.heard();
            }
        } else if (frame instanceof CloseWebSocketFrame) {
            end(null, WebSocketCloseStatus.NORMAL_CLOSURE);
        } else {
            parts.counters().increment(GatewayCounter.REFUSED);
            end(null, WebSocketCloseStatus.INVALID_MESSAGE_TYPE);
        }
    }

    private void onText(String message) {
        if (client != null) {
            parts.conversation().onMessage(client, message);
            return;
        }
        if (greeted || !Messages.wordOf(message).equals(Messages.HELLO)) {
            parts.counters().increment(GatewayCounter.REFUSED);
            refuse("hello is missing");
            return;
        }
        greeted = true;
        String identifier = Messages.restOf(message);
        if (identifier.isEmpty()) {
            parts.reception().admit((InetSocketAddress) context.channel().remoteAddress(), tokens, this);
        } else {
            parts.reception().resume(identifier, this);
        }
    }

    /** One that sends faster than allowed is not read for the rest of the second. */
    private void slowDown() {
        if (rate.isTooHigh() && context.channel().config().isAutoRead()) {
            parts.counters().increment(GatewayCounter.SLOWED);
            context.channel().config().setAutoRead(false);
            context.executor()
                    .schedule(
                            () -> context.channel().config().setAutoRead(true),
                            rate.nanosToNextSecond(),
                            TimeUnit.NANOSECONDS);
        }
    }

    @Override
    public void welcome(ServedClient welcomed) {
        greetingTimeout.cancel(false);
        if (closing || !context.channel().isActive()) {
            return;
        }
        client = welcomed;
        String identifier = welcomed.identifier();
        if (identifier == null) {
            refuse(Reception.UNKNOWN);
            return;
        }
        write(new Outgoing(Messages.welcome(identifier)));
        context.flush();
        welcomed.attach(this);
    }

    @Override
    public void refuse(String why) {
        end(new Outgoing(Messages.denied(why)), WebSocketCloseStatus.POLICY_VIOLATION);
    }

    @Override
    public boolean isGone() {
        return !context.channel().isActive();
    }

    @Override
    public void drain(Deque<Outgoing> waiting) {
        boolean any = false;
        while (!waiting.isEmpty() && context.channel().isWritable()) {
            write(waiting.poll());
            any = true;
        }
        if (any) {
            context.flush();
        }
    }

    /** Past the encoder, which leaves bytes alone: the frame is the same for all clients. */
    private void write(Outgoing message) {
        context.write(Unpooled.wrappedBuffer(message.frame())).addListener(written);
    }

    @Override
    public void close(Outgoing last) {
        end(last, WebSocketCloseStatus.NORMAL_CLOSURE);
    }

    private void end(Outgoing last, WebSocketCloseStatus status) {
        if (closing) {
            return;
        }
        closing = true;
        greetingTimeout.cancel(false);
        if (client != null) {
            // What comes from now on waits for the client's next connection.
            client.detach(this);
        }
        if (last != null) {
            write(last);
        }
        context.writeAndFlush(new CloseWebSocketFrame(status)).addListener(ChannelFutureListener.CLOSE);
        // One that does not read would keep the connection open.
        context.executor()
                .schedule(
                        () -> context.close(), parts.settings().acceptTimeout().toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (client != null && ctx.channel().isWritable()) {
            client.drain();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        greetingTimeout.cancel(false);
        if (client != null) {
            client.detach(this);
        }
    }

    /** Not of this protocol, too large, or cut off: the connection ends, its client may come back. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        parts.counters().increment(GatewayCounter.REFUSED);
        if (cause instanceof TooLongFrameException) {
            // Parts that are too large together: of one frame that is, the decoder itself tells the peer.
            end(null, WebSocketCloseStatus.MESSAGE_TOO_BIG);
        } else {
            closing = true;
            ctx.close();
        }
    }
}
