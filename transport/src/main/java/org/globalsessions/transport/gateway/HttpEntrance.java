package org.globalsessions.transport.gateway;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.Utf8FrameValidator;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker13;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.globalsessions.client.TokenData;

/**
 * A connection's HTTP requests, one at a time: those that become a WebSocket, and those that poll. Event loop alone.
 */
@SuppressWarnings("FutureReturnValueIgnored") // channelInactive tells of every failure, and a close cannot fail
final class HttpEntrance extends SimpleChannelInboundHandler<FullHttpRequest> {
    static final String WEB_SOCKET_PATH = "/ws";
    static final String POLL_PATH = "/poll";

    /** A header that no page of another site can send without being asked: a form cannot. */
    static final String CLIENT_HEADER = "x-client";

    private final GatewayParts parts;
    private Future<?> deadline;

    /** The request that is being answered. */
    private Exchange exchange;

    private boolean isAnswered;

    /** The last poll of this connection, and where it waits. */
    private PollLink.Poll parked;

    private PollLink parkedAt;

    HttpEntrance(GatewayParts parts) {
        this.parts = parts;
    }

    /** What of a request its answer needs. */
    private record Exchange(boolean keepAlive, String allowedOrigin) {}

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        expect(ctx, parts.settings().acceptTimeout());
    }

    /** The next whole request has to come by then, however its bytes drip. */
    private void expect(ChannelHandlerContext ctx, Duration within) {
        if (deadline != null) {
            deadline.cancel(false);
        }
        deadline = ctx.executor().schedule(() -> ctx.close(), within.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (exchange != null) {
            // The next one before the answer: no client of this protocol does that, and the answers would have to be
            // kept in order.
            parts.counters().increment(GatewayCounter.REFUSED);
            ctx.close();
            return;
        }
        deadline.cancel(false);
        String origin = request.headers().get(HttpHeaderNames.ORIGIN);
        String own = origin == null ? null : request.headers().get(HttpHeaderNames.HOST);
        exchange = new Exchange(
                HttpUtil.isKeepAlive(request),
                origin != null && parts.settings().origins().contains(origin) ? origin : null);
        if (request.decoderResult().isFailure()) {
            boolean tooLong = request.decoderResult().cause() instanceof TooLongFrameException;
            refuse(
                    ctx,
                    tooLong ? HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE : HttpResponseStatus.BAD_REQUEST,
                    "a request that is none");
        } else if (origin != null && exchange.allowedOrigin() == null && !isOwn(origin, own)) {
            refuse(ctx, HttpResponseStatus.FORBIDDEN, "pages of this origin may not connect");
        } else {
            route(ctx, request);
        }
    }

    /** A page that came without TLS may be anybody's, also where it names the host of a gateway that has TLS. */
    private boolean isOwn(String origin, String host) {
        try {
            URI uri = URI.create(origin);
            String authority = uri.getRawAuthority();
            boolean isSafe = parts.settings().tls() == null || "https".equalsIgnoreCase(uri.getScheme());
            return isSafe && authority != null && authority.equalsIgnoreCase(host);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private void route(ChannelHandlerContext ctx, FullHttpRequest request) {
        int query = request.uri().indexOf('?');
        String path = query < 0 ? request.uri() : request.uri().substring(0, query);
        HttpMethod method = request.method();
        if (path.equals(WEB_SOCKET_PATH)) {
            if (method.equals(HttpMethod.GET)) {
                upgrade(ctx, request);
            } else {
                refuse(ctx, HttpResponseStatus.METHOD_NOT_ALLOWED, "GET alone");
            }
        } else if (!path.equals(POLL_PATH)) {
            refuse(ctx, HttpResponseStatus.NOT_FOUND, "nothing is here but /ws and /poll");
        } else if (method.equals(HttpMethod.POST)) {
            post(ctx, request);
        } else if (method.equals(HttpMethod.GET)) {
            poll(ctx, request);
        } else if (method.equals(HttpMethod.OPTIONS) && exchange.allowedOrigin() != null) {
            respond(ctx, HttpResponseStatus.NO_CONTENT, "", null);
        } else {
            refuse(ctx, HttpResponseStatus.METHOD_NOT_ALLOWED, "GET and POST alone");
        }
    }

    private void upgrade(ChannelHandlerContext ctx, FullHttpRequest request) {
        int most = parts.settings().maxMessageSize();
        WebSocketDecoderConfig config = WebSocketDecoderConfig.newBuilder()
                .maxFramePayloadLength(most)
                .allowExtensions(false)
                .expectMaskedFrames(true)
                .closeOnProtocolViolation(true)
                .build();
        if (!request.headers().containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)) {
            refuse(ctx, HttpResponseStatus.UPGRADE_REQUIRED, "a WebSocket alone");
            return;
        }
        if (!WebSocketVersion.V13
                .toHttpHeaderValue()
                .equals(request.headers().get(HttpHeaderNames.SEC_WEBSOCKET_VERSION))) {
            refuse(ctx, HttpResponseStatus.UPGRADE_REQUIRED, "WebSocket version 13 alone");
            return;
        }
        WebSocketServerHandshaker handshaker = new WebSocketServerHandshaker13(null, null, config);
        Map<String, TokenData> tokens = parts.tokens().from(request);
        try {
            handshaker.handshake(ctx.channel(), request);
        } catch (RuntimeException e) {
            refuse(ctx, HttpResponseStatus.BAD_REQUEST, "a handshake that is none");
            return;
        }
        ctx.pipeline().addLast(new Utf8FrameValidator());
        ctx.pipeline().addLast(new WebSocketFrameAggregator(most));
        ctx.pipeline().addLast(new WebSocketLink(parts, tokens));
        ctx.pipeline().remove(this);
    }

    /** A message of a client, or a new one's hello. */
    private void post(ChannelHandlerContext ctx, FullHttpRequest request) {
        String identifier = request.headers().get(CLIENT_HEADER);
        String message = request.content().toString(StandardCharsets.UTF_8);
        if (!ByteBufUtil.isText(request.content(), StandardCharsets.UTF_8)) {
            refuse(ctx, HttpResponseStatus.BAD_REQUEST, "a message that is no text");
        } else if (identifier != null) {
            enter(ctx, identifier, client -> {
                if (client.rate().isTooHigh()) {
                    parts.counters().increment(GatewayCounter.SLOWED);
                    respond(ctx, HttpResponseStatus.TOO_MANY_REQUESTS, "", null);
                    return;
                }
                parts.conversation().onMessage(client, message);
                respond(ctx, HttpResponseStatus.NO_CONTENT, "", null);
            });
        } else if (message.equals(Messages.HELLO)) {
            Map<String, TokenData> tokens = parts.tokens().from(request);
            InetSocketAddress remote = (InetSocketAddress) ctx.channel().remoteAddress();
            parts.reception().admit(remote, tokens, new Visitor(ctx, client -> {
                client.attach(linkOf(ctx, client));
                respond(ctx, HttpResponseStatus.OK, Messages.welcome(client.identifier()), client::written);
            }));
        } else {
            refuse(ctx, HttpResponseStatus.FORBIDDEN, "hello is missing");
        }
    }

    private void poll(ChannelHandlerContext ctx, FullHttpRequest request) {
        String identifier = request.headers().get(CLIENT_HEADER);
        if (identifier == null) {
            refuse(ctx, HttpResponseStatus.FORBIDDEN, "hello is missing");
            return;
        }
        enter(ctx, identifier, client -> {
            client.heard();
            PollLink link = linkOf(ctx, client);
            client.attach(link);
            PollLink.Poll poll = (messages, written) -> respond(
                    ctx, messages.isEmpty() ? HttpResponseStatus.NO_CONTENT : HttpResponseStatus.OK, messages, written);
            parkedAt = link;
            parked = poll;
            link.park(poll);
        });
    }

    private PollLink linkOf(ChannelHandlerContext ctx, ServedClient client) {
        if (client.link() instanceof PollLink link) {
            return link;
        }
        // A poll that waited for as long as a client may be silent would make its client look so.
        Duration half = parts.settings().clientTimeout().dividedBy(2);
        Duration most = parts.settings().pollTimeout();
        return new PollLink(ctx.channel().eventLoop(), half.compareTo(most) < 0 ? half : most, client);
    }

    private void enter(ChannelHandlerContext ctx, String identifier, Consumer<ServedClient> then) {
        parts.reception().resume(identifier, new Visitor(ctx, then));
    }

    /** Waits for the reception's word. */
    private final class Visitor implements Reception.Visitor {
        private final ChannelHandlerContext ctx;
        private final Consumer<ServedClient> then;

        Visitor(ChannelHandlerContext ctx, Consumer<ServedClient> then) {
            this.ctx = ctx;
            this.then = then;
        }

        @Override
        public void welcome(ServedClient client) {
            if (ctx.channel().isActive()) {
                if (client.isClosed()) {
                    refuse(Reception.UNKNOWN);
                } else {
                    then.accept(client);
                }
            }
        }

        @Override
        public void refuse(String why) {
            respond(
                    ctx,
                    why.equals(Reception.UNAVAILABLE)
                            ? HttpResponseStatus.SERVICE_UNAVAILABLE
                            : HttpResponseStatus.FORBIDDEN,
                    Messages.denied(why),
                    null);
        }

        @Override
        public boolean isGone() {
            return !ctx.channel().isActive();
        }
    }

    private void refuse(ChannelHandlerContext ctx, HttpResponseStatus status, String why) {
        parts.counters().increment(GatewayCounter.REFUSED);
        // A page that may connect may read why not, too.
        exchange = new Exchange(false, exchange == null ? null : exchange.allowedOrigin());
        isAnswered = false;
        respond(ctx, status, Messages.denied(why), null);
    }

    private void respond(ChannelHandlerContext ctx, HttpResponseStatus status, String body, Runnable written) {
        Exchange answered = exchange;
        if (answered == null || isAnswered) {
            return;
        }
        isAnswered = true;
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, status, Unpooled.copiedBuffer(body, StandardCharsets.UTF_8));
        HttpHeaders headers = response.headers();
        headers.set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE);
        headers.set("x-content-type-options", "nosniff");
        if (!status.equals(HttpResponseStatus.NO_CONTENT)) {
            headers.set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8");
            headers.setInt(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
        }
        if (answered.allowedOrigin() != null) {
            headers.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, answered.allowedOrigin());
            headers.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
            headers.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, CLIENT_HEADER);
            headers.set(HttpHeaderNames.VARY, HttpHeaderNames.ORIGIN);
        }
        if (!answered.keepAlive()) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        // A peer that does not read has so long to do so; before that no further request of it is taken.
        expect(ctx, parts.settings().acceptTimeout());
        ctx.writeAndFlush(response).addListener((ChannelFutureListener) future -> {
            exchange = null;
            isAnswered = false;
            expect(ctx, parts.settings().clientTimeout());
            if (future.isSuccess() && written != null) {
                written.run();
            }
            if (!answered.keepAlive()) {
                future.channel().close();
            }
        });
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        deadline.cancel(false);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        deadline.cancel(false);
        if (parkedAt != null) {
            parkedAt.leave(parked);
        }
    }

    /** Cut off, or no HTTP at all. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        parts.counters().increment(GatewayCounter.REFUSED);
        ctx.close();
    }
}
