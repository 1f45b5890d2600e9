package org.globalsessions.segment;

import java.util.Locale;

/**
 * One thing that a check of a segment has found. Immutable. Names no key and no value.
 *
 * @param severity   how bad it is
 * @param region     part of the file
 * @param index      number of the place within the region: a way, a bucket, a tombstone, an attach slot, a page; 0 for the header
 * @param fileOffset first byte of the word or field that shows it
 * @param word       the number found there
 * @param what       what is wrong, in a sentence
 * @param remedy     what to do, or who does it
 */
public record Finding(
        Severity severity, Region region, long index, long fileOffset, long word, String what, String remedy) {
    /** How bad a finding is. */
    public enum Severity {
        /** No order of steps, kills and stops leaves the segment so: somebody else wrote into the file, or the code is wrong. */
        DAMAGE,
        /** A dead process left it so, as it may; the next writer or the next sweep puts it right. */
        TO_BE_RECLAIMED,
        /** A living process is at work there, or was stopped there. */
        IN_FLUX
    }

    /** Part of the file. */
    public enum Region {
        /** Header fields, leases included. */
        HEADER,
        /** Attach slots. */
        PROCESSES,
        /** Rows of counters. */
        COUNTERS,
        /** Distinct errors. */
        ERRORS,
        /** Bucket headers. */
        BUCKETS,
        /** Tombstones. */
        TOMBSTONES,
        /** Records, their tags, stamps and hints. */
        RECORDS,
        /** Overflow pages and their words. */
        PAGES
    }

    /**
     * The finding in one line.
     *
     * @return severity, place, sentence and remedy
     */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%s: %s %d, file offset %d, word %016x: %s; %s",
                severity.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                region.name().toLowerCase(Locale.ROOT),
                index,
                fileOffset,
                word,
                what,
                remedy);
    }
}
