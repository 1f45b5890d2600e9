package org.globalsessions.config;

/** What a key brings about in this version. */
public enum Effect {
    /** It does what its description says. */
    FULL,
    /** It is accepted, because files of the earlier system have it, and changes nothing yet; {@code check} says so. */
    NONE_YET,
    /** It passes {@code check}; whoever starts a node with it is told that it is missing. */
    MISSING
}
