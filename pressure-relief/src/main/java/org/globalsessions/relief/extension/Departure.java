package org.globalsessions.relief.extension;

/** Why a session is no more at a relief node. */
public enum Departure {
    /** It was deleted. */
    DELETED,
    /** Its time has run out. */
    EXPIRED,
    /** Its place was needed; for the last tier it is lost. */
    EVICTED,
    /** Other relief nodes have it by now, which should. */
    MOVED,
    /** Elsewhere there is a newer version. */
    REPLACED
}
