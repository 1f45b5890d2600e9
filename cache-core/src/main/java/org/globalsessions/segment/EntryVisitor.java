package org.globalsessions.segment;

/** Sees the live entries of a scan, one at a time. */
@FunctionalInterface
public interface EntryVisitor {
    /**
     * One live entry.
     *
     * @param entry a validated copy, used again for the next entry
     * @return true to go on, false to end the scan
     */
    boolean visit(EntrySnapshot entry);
}
