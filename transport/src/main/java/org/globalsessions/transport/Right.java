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
    SUBSCRIBE,
    /** See which hosts the relay remembers, and have it forget one. No host needs it. */
    ADMINISTER;

    /** Every right. */
    public static final Set<Right> ALL = Collections.unmodifiableSet(EnumSet.allOf(Right.class));

    /** All that a host can make use of. */
    public static final Set<Right> OF_HOSTS = Collections.unmodifiableSet(EnumSet.complementOf(EnumSet.of(ADMINISTER)));
}
