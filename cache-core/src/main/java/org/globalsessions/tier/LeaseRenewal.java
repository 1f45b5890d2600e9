package org.globalsessions.tier;

/**
 * The next tier has renewed this host's lease, counted from when it was asked.
 *
 * @param epoch    the relay's epoch
 * @param position all that this host has to be told up to this number has been told before
 */
public record LeaseRenewal(long epoch, long position) {}
