package org.globalsessions.transport.net;

import com.typesafe.config.Config;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.SslHandler;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.transport.tls.TlsCredentials;
import org.globalsessions.transport.tls.TlsSettings;

/** What protects connections: the handlers that stand first in every pipeline. Any thread. */
public final class PipelineSecurity {
    private static final PipelineSecurity PLAIN = new PipelineSecurity(null);

    /** A peer that does not read keeps a connection open for so long after its end was decided. */
    private static final long CLOSE_NOTIFY_MS = 500;

    private final TlsCredentials credentials;

    private PipelineSecurity(TlsCredentials credentials) {
        this.credentials = credentials;
    }

    /**
     * No protection: the peer is not known and the bytes can be read on the way.
     *
     * @return the setting
     */
    public static PipelineSecurity plain() {
        return PLAIN;
    }

    /**
     * What a node that listens asks for.
     *
     * @param config its configuration, with or without {@code tls}
     * @return the protection
     * @throws org.globalsessions.transport.tls.TlsException if its keys or certificates cannot be used: starting without the
     *                                                       protection asked for would be worse
     */
    public static PipelineSecurity forListener(NodeConfig config) {
        return of(TlsSettings.ofListener(config));
    }

    /**
     * What a connection to a relay or sibling asks for; one over a Unix socket stays within this machine and user.
     *
     * @param section the section of the configuration, with or without {@code tls}
     * @return the protection
     * @throws org.globalsessions.transport.tls.TlsException if its keys or certificates cannot be used
     */
    public static PipelineSecurity forConnector(Config section) {
        return of(section.hasPath("tls") ? TlsSettings.ofConnector(section.getConfig("tls")) : null);
    }

    /**
     * TLS, or none.
     *
     * @param settings where keys and certificates are; null for a plain connection
     * @return the protection
     * @throws org.globalsessions.transport.tls.TlsException if they cannot be used
     */
    public static PipelineSecurity of(TlsSettings settings) {
        return settings == null ? PLAIN : of(TlsCredentials.open(settings));
    }

    static PipelineSecurity of(TlsCredentials credentials) {
        return new PipelineSecurity(credentials);
    }

    /**
     * Whether peers show who they are, and bytes cannot be read on the way.
     *
     * @return false for plain connections
     */
    public boolean isProtected() {
        return credentials != null;
    }

    /**
     * Adds the handlers that protect as the pipeline's first; plain connections have none.
     *
     * @param host the name or address that the peer's certificate has to be for; null on the accepting side
     */
    void install(ChannelPipeline pipeline, ChannelConnection connection, String host, int port) {
        if (credentials == null) {
            return;
        }
        TlsCredentials.Reload reload = credentials.refresh();
        if (reload != null) {
            connection.keysReloaded(reload.succeeded(), reload.what());
        }
        SslHandler tls = new SslHandler(credentials.newEngine(host, port));
        tls.setHandshakeTimeoutMillis(connection.handshakeTimeout().toMillis());
        tls.setCloseNotifyFlushTimeoutMillis(CLOSE_NOTIFY_MS);
        pipeline.addFirst("tls", tls);
        pipeline.addFirst("beginning", new TlsBeginning(connection, host == null));
    }
}
