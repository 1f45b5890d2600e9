package org.globalsessions.tier;

/**
 * The 128-bit keyed digest of a session key: equal in every tier of one path, so that tombstones and placement need no key.
 *
 * @param high upper 64 bits
 * @param low  lower 64 bits; they choose bucket, tag and owners
 */
public record KeyDigest(long high, long low) {}
