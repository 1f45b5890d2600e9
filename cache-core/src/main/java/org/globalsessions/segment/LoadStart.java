package org.globalsessions.segment;

import org.globalsessions.Version;

/**
 * What a load began with.
 *
 * @param claim     the key's claim: one's own, another process's, or none where all places are taken
 * @param tombstone version of the key's tombstone when the load began, {@link Version#NONE} for none
 * @param tick      the segment's tick when the load began
 */
public record LoadStart(LoadClaims.Claim claim, Version tombstone, long tick) {}
