package org.globalsessions.transport.client;

import java.time.Duration;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.TierHost;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.Network;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.globalsessions.transport.net.ReconnectPolicy;

/** The link that applications have, over a simulated network. */
public final class SimulatedLink {
    private SimulatedLink() {}

    /** A link that is not started. */
    public static NextTier open(Network network, PeerAddress relay, String path, TierHost host) {
        RelayLinkSettings settings = new RelayLinkSettings(
                path,
                "",
                relay,
                Duration.ofSeconds(2),
                RelayLinkSettings.DEFAULT_WINDOW,
                RelayLinkSettings.DEFAULT_WINDOW_BYTES,
                new ReconnectPolicy(Duration.ofMillis(200), Duration.ofSeconds(2), 0),
                LinkSettings.DEFAULTS,
                PipelineSecurity.plain());
        return new RelayLink(settings, host, () -> network);
    }
}
