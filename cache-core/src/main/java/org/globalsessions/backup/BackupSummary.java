package org.globalsessions.backup;

/**
 * What a backup holds. Immutable.
 *
 * @param entries    entries written; one that changed while the backup was made may count twice
 * @param tombstones tombstones written
 * @param bytes      length of the file
 */
public record BackupSummary(long entries, long tombstones, long bytes) {}
