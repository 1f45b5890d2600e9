package org.globalsessions.tier;

import java.time.Duration;
import org.globalsessions.Version;

/**
 * What a tier tells the cache in front of it, in the order in which it happened there.
 *
 * <p>Called on the tier's own thread, one call at a time; must not block.
 */
public interface TierListener {
    /**
     * The connection stands.
     *
     * @param epoch       the relay's epoch
     * @param position    the relay's position at that moment
     * @param maxStale    how long the host may serve what it has after it last heard of the relay; zero for no limit
     * @param age         time since the host asked to be let in: the relay counts from then at the earliest
     * @param clockMicros the relay's clock when it answered that, in microseconds since 1970
     */
    void onConnected(long epoch, long position, Duration maxStale, Duration age, long clockMicros);

    /**
     * The subscription was refused: this host was away for so long that it cannot be told all it has missed. It has to drop what
     * it cannot confirm and to subscribe anew, with the position of the connection.
     */
    void onMustConfirm();

    /**
     * The tier does not let this host in because another segment of the path has its origin.
     *
     * @param origin the origin that was refused
     * @return the one to come back with
     */
    int onOriginRefused(int origin);

    /** The connection is gone; the tier tries again by itself. */
    void onDisconnected();

    /**
     * Another host has stored an entry.
     *
     * @param entry    the entry
     * @param epoch    relay epoch
     * @param position number of the change
     */
    void onAnnounced(SessionEntry entry, long epoch, long position);

    /**
     * Another host has stored an entry, which the relay does not send along: an older copy is void.
     *
     * @param digest   digest of its key
     * @param version  the version stored
     * @param epoch    relay epoch
     * @param position number of the change
     */
    void onInvalidated(KeyDigest digest, Version version, long epoch, long position);

    /**
     * Another process has sent a message to remote clients, and this one {@linkplain NextTier#attend attends}.
     *
     * @param message the message
     */
    default void onPush(PushMessage message) {}

    /**
     * Another host has deleted a session.
     *
     * @param digest    digest of its key
     * @param tombstone the delete's version
     * @param epoch     relay epoch
     * @param position  number of the change
     */
    void onDeleted(KeyDigest digest, Version tombstone, long epoch, long position);
}
