package org.globalsessions.transport.client;

import com.typesafe.config.Config;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.NextTierProvider;
import org.globalsessions.tier.TierHost;

/** Makes links to relays; found by {@link java.util.ServiceLoader}. */
public final class RelayLinkProvider implements NextTierProvider {
    /** For the service loader. */
    public RelayLinkProvider() {}

    @Override
    public NextTier open(Config relaySection, TierHost host) {
        return new RelayLink(RelayLinkSettings.from(relaySection), host);
    }
}
