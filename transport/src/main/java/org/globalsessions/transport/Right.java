package org.globalsessions.transport;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** Something that a peer may do on a path. */
public enum Right {
    /** Store and delete sessions. */
    PUBLISH,
    /** Ask for sessions. */
    READ,
    /**
     * Be sent what other hosts store. That older copies are void, and what is deleted, every host is told: it would serve what
     * others have logged out.
     */
    SUBSCRIBE;

    /** Every right. */
    public static final Set<Right> ALL = Collections.unmodifiableSet(EnumSet.allOf(Right.class));
}
