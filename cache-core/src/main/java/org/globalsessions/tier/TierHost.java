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
public record TierHost(long identityHigh, long identityLow, int origin, int slot, int incarnation) {
    /**
     * The same process of the same segment, which writes under another origin from now on.
     *
     * @param value the segment's 32-bit origin id
     * @return a copy
     */
    public TierHost withOrigin(int value) {
        return new TierHost(identityHigh, identityLow, value, slot, incarnation);
    }
}
