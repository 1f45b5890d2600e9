package org.globalsessions.transport.frame;

/** What a connecting peer is. */
public enum PeerKind {
    /** A process of a host, for its segment. */
    HOST,
    /** A relief node that takes hand-offs and keeps them until they expire. */
    AGING,
    /** A relief node that takes every new entry and lets the oldest go. */
    EXPANSION,
    /** The sibling of a relay, in its hello over Aeron IPC. */
    SIBLING,
    /** A client that keeps no table: it serves nothing that a delete could concern. */
    CLIENT;

    /**
     * Whether it is a relief node, of either kind.
     *
     * @return true for an aging or expansion node
     */
    public boolean isRelief() {
        return this == AGING || this == EXPANSION;
    }
}
