package org.globalsessions;

/** Sees sessions one after the other; called on the thread that iterates. */
@FunctionalInterface
public interface SessionVisitor {
    /**
     * One live session.
     *
     * @param key   its key
     * @param value its value and version; the array is the visitor's
     * @return true to go on, false to end the iteration
     */
    boolean visit(String key, VersionedValue value);
}
