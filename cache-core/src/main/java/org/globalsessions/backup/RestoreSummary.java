package org.globalsessions.backup;

/**
 * What became of a backup's entries. Immutable. The counts of entries add up to those in the file.
 *
 * @param stored     entries stored
 * @param superseded entries of which the segment has an equal or newer version
 * @param deleted    entries that a tombstone beats, of the segment or of the backup
 * @param expired    entries whose time has run out since the backup
 * @param noRoom     entries for which there is no place that may be taken
 * @param tooLarge   entries larger than the segment's records hold
 * @param evicted    live entries that lost their place to restored ones
 * @param tombstones tombstones taken in
 */
public record RestoreSummary(
        long stored,
        long superseded,
        long deleted,
        long expired,
        long noRoom,
        long tooLarge,
        long evicted,
        long tombstones) {}
