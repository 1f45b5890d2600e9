package org.globalsessions.transport.net;

import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;
import org.globalsessions.transport.FrameHandler;

/**
 * Shows a listener's failures to accept to its owner; the network library would log each. They come for want of file descriptors mostly,
 * and the next attempt would fail at once: without the pause it is all that the event loop does.
 */
final class AcceptFailures extends ChannelInboundHandlerAdapter {
    static final long PAUSE_MS = 1_000;

    private final EventLoops loops;
    private final FrameHandler handler;

    AcceptFailures(EventLoops loops, FrameHandler handler) {
        this.loops = loops;
        this.handler = handler;
    }

    @Override
    @SuppressWarnings(
            "FutureReturnValueIgnored") // the end of the loop ends the pause, too, and there is nothing else to cancel
    // it
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ChannelConfig config = ctx.channel().config();
        if (config.isAutoRead()) {
            config.setAutoRead(false);
            ctx.channel()
                    .eventLoop()
                    .schedule(loops.guarded(() -> config.setAutoRead(true)), PAUSE_MS, TimeUnit.MILLISECONDS);
        }
        handler.onAcceptFailed(cause);
    }
}
