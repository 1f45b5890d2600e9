package org.globalsessions.transport.gateway;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;

/** Makes whole requests of their parts. One that is too large is refused and its connection closed: the rest of it would be read for nothing. */
final class RequestAggregator extends HttpObjectAggregator {
    private final GatewayCounters counters;

    RequestAggregator(int maxContentLength, GatewayCounters counters) {
        super(maxContentLength, true);
        this.counters = counters;
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // a close cannot fail
    protected void handleOversizedMessage(ChannelHandlerContext ctx, HttpMessage oversized) {
        counters.increment(GatewayCounter.REFUSED);
        FullHttpResponse refusal =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE);
        refusal.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, 0);
        refusal.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        ctx.writeAndFlush(refusal).addListener(ChannelFutureListener.CLOSE);
    }
}
