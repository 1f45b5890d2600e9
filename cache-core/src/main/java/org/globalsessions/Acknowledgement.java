package org.globalsessions;

/** How far a change has to have gone before its future completes. */
public enum Acknowledgement {
    /** It is in this host's segment: it survives the death of every process of this host. */
    LOCAL,
    /** The relay has it: it also survives the loss of this host. */
    RELAY,
    /** Enough relief nodes have it: with two replicas it survives the loss of any one machine. */
    RELIEF,
    /**
     * Of deletes alone, and of one more than {@link #RELAY}: no host serves the session any more, and where there is a relief tier an owner
     * holds the tombstone. While a host is away this takes until its lease has run out, {@code max_stale} at most.
     */
    EVERYWHERE
}
