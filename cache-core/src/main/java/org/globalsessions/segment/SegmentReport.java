package org.globalsessions.segment;

import java.util.List;

/**
 * What a check of a whole segment came to. Immutable.
 *
 * @param findings      the first findings, damage before the rest; as many as were asked for at most
 * @param damage        all findings of damage, also those beyond the list
 * @param toBeReclaimed all findings that the next writer or sweep puts right
 * @param inFlux        all places at which a living process was at work for the whole time between two looks
 * @param visible       ways that show an entry
 * @param reserved      ways that a writer has reserved
 * @param aside         ways set aside
 * @param unpublished   entries that the next tier has not acknowledged
 * @param tombstones    places that show a tombstone
 * @param pagesInUse    overflow pages in use
 * @param live          whether any process had the segment open, or may have had
 */
public record SegmentReport(
        List<Finding> findings,
        long damage,
        long toBeReclaimed,
        long inFlux,
        long visible,
        long reserved,
        long aside,
        long unpublished,
        long tombstones,
        long pagesInUse,
        boolean live) {
    /**
     * Whether every invariant holds: leftovers of dead processes and work under way are no damage.
     *
     * @return true if no damage was found
     */
    public boolean isWhole() {
        return damage == 0;
    }

    /**
     * Whether the segment is whole and at rest: nothing is left to reclaim and nobody is at work.
     *
     * @return true if there is no finding at all
     */
    public boolean isClean() {
        return damage == 0 && toBeReclaimed == 0 && inFlux == 0;
    }

    /**
     * All of it, a line a finding: for messages of tests and for people.
     *
     * @return the text
     */
    public String describe() {
        StringBuilder text = new StringBuilder(256)
                .append("damage=")
                .append(damage)
                .append(", to be reclaimed=")
                .append(toBeReclaimed)
                .append(", in flux=")
                .append(inFlux)
                .append(", visible=")
                .append(visible)
                .append(", reserved=")
                .append(reserved)
                .append(", aside=")
                .append(aside)
                .append(", tombstones=")
                .append(tombstones);
        for (Finding finding : findings) {
            text.append('\n').append(finding);
        }
        return text.toString();
    }
}
