package org.globalsessions.tier;

/**
 * A session was used: changes neither its version nor its life.
 *
 * @param digest    digest of its key
 * @param life      the life that was used
 * @param idleTicks ticks of 10 ms since then, 0 or more
 */
public record Touch(KeyDigest digest, long life, int idleTicks) {}
