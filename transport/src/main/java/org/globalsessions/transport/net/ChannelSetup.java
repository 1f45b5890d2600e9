package org.globalsessions.transport.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundInvoker;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.handler.ssl.SslHandler;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.security.auth.x500.X500Principal;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.globalsessions.transport.PeerIdentity;

/** Puts the handlers of a connection in their order, the same for both ends. */
final class ChannelSetup {
    private static final ChannelOption<UnixDomainPrincipal> PEER_CREDENTIALS =
            NioChannelOption.of(ExtendedSocketOptions.SO_PEERCRED);

    private ChannelSetup() {}

    /**
     * The pipeline, from the network inwards: security, frames, connection.
     *
     * @param host what the peer's certificate has to be for; null on the accepting side
     */
    static void fill(
            Channel channel,
            ChannelConnection connection,
            LinkSettings settings,
            PipelineSecurity security,
            String host,
            int port) {
        channel.config()
                .setWriteBufferWaterMark(new WriteBufferWaterMark(settings.slowBytes() / 2, settings.slowBytes()));
        ChannelPipeline pipeline = channel.pipeline();
        pipeline.addLast("frames", connection.decoder());
        pipeline.addLast("connection", connection);
        // Last, as it may begin and fail at once, which the connection has to hear of.
        security.install(pipeline, connection, host, port);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // channelInactive tells when it is done, and a close cannot fail
    static void closeNow(ChannelOutboundInvoker channel) {
        channel.close();
    }

    /** The peer's address for messages; a process that connects to a Unix socket has none but that socket's. */
    static String describePeer(Channel channel) {
        SocketAddress remote = channel.remoteAddress();
        if (remote instanceof UnixDomainSocketAddress unix
                && unix.getPath().toString().isEmpty()) {
            return describe(channel.localAddress());
        }
        return describe(remote);
    }

    /** Who the peer is: by its certificate, or by what the operating system says of a Unix socket's other end. */
    static PeerIdentity identifyPeer(Channel channel) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        if (tls != null) {
            return new PeerIdentity(subject(tls.engine().getSession()), null);
        }
        if (channel instanceof NioDomainSocketChannel) {
            UnixDomainPrincipal principal = channel.config().getOption(PEER_CREDENTIALS);
            return new PeerIdentity(
                    null, principal == null ? null : principal.user().getName());
        }
        return PeerIdentity.UNKNOWN;
    }

    private static X500Principal subject(SSLSession session) {
        try {
            return session.getPeerPrincipal() instanceof X500Principal subject ? subject : null;
        } catch (SSLPeerUnverifiedException e) {
            return null;
        }
    }

    private static String describe(SocketAddress address) {
        if (address instanceof InetSocketAddress inet) {
            return inet.getHostString() + ":" + inet.getPort();
        }
        return address instanceof UnixDomainSocketAddress unix ? "unix:" + unix.getPath() : String.valueOf(address);
    }
}
