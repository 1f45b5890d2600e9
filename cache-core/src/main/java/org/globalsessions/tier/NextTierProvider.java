package org.globalsessions.tier;

import com.typesafe.config.Config;

/** Makes the tier that a configuration's relay section names; found with {@link java.util.ServiceLoader}. */
public interface NextTierProvider {
    /**
     * Makes a tier; it connects when it is started.
     *
     * @param relaySection the validated relay section of a client's configuration
     * @param host         who asks
     * @return the tier, not started
     */
    NextTier open(Config relaySection, TierHost host);
}
