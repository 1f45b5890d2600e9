package org.globalsessions.tier;

/**
 * What a later tier says of one key.
 *
 * @param entry    the session, or null where every tier that could hold it said no
 * @param epoch    the answering relay's epoch
 * @param position the relay's position read before its segment was looked at: the answer is at least as new as that
 */
public record TierAnswer(SessionEntry entry, long epoch, long position) {}
