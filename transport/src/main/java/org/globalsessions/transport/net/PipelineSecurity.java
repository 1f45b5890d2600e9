package org.globalsessions.transport.net;

import com.typesafe.config.Config;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPipeline;
import java.util.function.Supplier;

/** What protects connections: the handler that stands first in every pipeline. Immutable, any thread. */
public final class PipelineSecurity {
    private static final PipelineSecurity PLAIN = new PipelineSecurity(null);

    /** Makes the protecting handler of one connection; null for none. */
    private final Supplier<ChannelHandler> protection;

    private PipelineSecurity(Supplier<ChannelHandler> protection) {
        this.protection = protection;
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
     * What a section of a configuration asks for.
     *
     * @param section a node's or relay's section, with or without {@code tls}
     * @return the protection
     * @throws IllegalArgumentException if it has a {@code tls} section, which this version does not serve: starting without
     *                                  the protection asked for would be worse
     */
    public static PipelineSecurity from(Config section) {
        if (section.hasPath("tls")) {
            throw new IllegalArgumentException("tls is not served yet, it comes with TLS support: "
                    + section.getValue("tls").origin().description()
                    + "; without the section the connection is plain TCP");
        }
        return PLAIN;
    }

    /** Adds the handler that protects as the pipeline's first, named {@code tls}; plain connections have none. */
    void install(ChannelPipeline pipeline) {
        if (protection != null) {
            pipeline.addFirst("tls", protection.get());
        }
    }
}
