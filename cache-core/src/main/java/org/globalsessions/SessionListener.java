package org.globalsessions;

/**
 * Hears what other hosts did to sessions. Both methods do nothing unless overridden.
 *
 * <p>Each change is told once a host: in the process that holds the host's link to the relay at that moment, in the order in which
 * the relay numbered the changes, one call at a time. Calls run on the executor that the cache was opened with, never on a thread of the
 * link; at most {@value Notifier#CAPACITY} changes wait, further ones are dropped and counted
 * ({@link org.globalsessions.status.Counter#NOTIFICATIONS_DROPPED}). Changes made while the link was down are not told. So a listener may
 * save time, and nothing may depend on it: ask the cache for what counts.
 */
public interface SessionListener {
    /**
     * Another host has stored a session: a new one, or a new value of one that is known here.
     *
     * @param key the session's key
     */
    default void onArrival(String key) {}

    /**
     * Another host has deleted a session that this host's segment held until then.
     *
     * @param key the session's key
     */
    default void onDeletion(String key) {}
}
