package org.globalsessions.config;

import java.util.Locale;

/** What a configuration file describes. */
public enum NodeKind {
    /** A midway relay: {@code edge_supported_relay : true}. */
    RELAY,
    /** A sibling endpoint: {@code half_edge : true}. */
    SIBLING,
    /** A relief node that keeps old sessions: {@code age_or_replica : "age-out"}. */
    RELIEF_AGING,
    /** A relief node that takes the newest sessions: {@code age_or_replica : "replicating"}, or nothing said. */
    RELIEF_EXPANSION,
    /** An application's cache, or a tool that works like one. */
    CLIENT;

    /**
     * Whether it is one of the two kinds of relief node.
     *
     * @return true for aging and expansion
     */
    public boolean isRelief() {
        return this == RELIEF_AGING || this == RELIEF_EXPANSION;
    }

    /**
     * The kind in words, for messages.
     *
     * @return such as "relay" or "aging node"
     */
    public String words() {
        return switch (this) {
            case RELIEF_AGING -> "aging node";
            case RELIEF_EXPANSION -> "expansion node";
            default -> name().toLowerCase(Locale.ROOT);
        };
    }

    /** The word that stands for the kind in a default {@code token_path}: both relief kinds share one. */
    String tokenWord() {
        return isRelief() ? "relief" : name().toLowerCase(Locale.ROOT);
    }
}
