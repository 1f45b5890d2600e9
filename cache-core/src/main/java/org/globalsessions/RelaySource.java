package org.globalsessions;

import java.util.function.Function;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.TierHost;

/**
 * A relay to work with.
 *
 * @param name what it goes by wherever keys are spread over it and others; the same on every host
 * @param tier makes the link to it
 */
record RelaySource(String name, Function<TierHost, NextTier> tier) {}
