package org.globalsessions.tier;

/**
 * Who connects: the identity of a segment as the next tier knows it.
 *
 * @param identityHigh upper half of the segment's random 128-bit identity
 * @param identityLow  lower half
 * @param origin       the segment's 32-bit origin id
 * @param slot         attach slot of the process
 * @param incarnation  incarnation of that slot
 */
public record TierHost(long identityHigh, long identityLow, int origin, int slot, int incarnation) {}
