package org.globalsessions;

/**
 * Hears what becomes of sessions beyond this process's own sets. All methods do nothing unless overridden.
 *
 * <p>What other hosts did is told once a host: in the process that holds the host's link to the relay at that moment, in the order in
 * which the relay numbered the changes. What leaves this host's segment for age or space, and what is deleted on this host, is told in
 * the process that took it away and in no other: expiry mostly in the host's sweeper, eviction by runs in the sweeper too, eviction
 * for space where the write happened that needed the place.
 *
 * <p>One call at a time, on the executor that the cache was opened with, never on a thread of the link or of a caller; at most
 * {@value Notifier#CAPACITY} notifications wait, further ones are dropped and counted
 * ({@link org.globalsessions.status.Counter#NOTIFICATIONS_DROPPED}). What happened while the link was down, or while nobody
 * listened, is not told. So a listener may save time, and nothing may depend on it: ask the cache for
 * what counts. What a listener throws is counted ({@link org.globalsessions.status.Counter#LISTENER_FAILURES}) and harms nothing.
 */
public interface SessionListener {
    /**
     * Another host has stored a session: a new one, or a new value of one that is known here.
     *
     * @param key the session's key
     */
    default void onArrival(String key) {}

    /**
     * A session that this host's segment held was deleted: by another host, or by this process.
     *
     * @param key the session's key
     */
    default void onDeletion(String key) {}

    /**
     * A session's lifetime or idle time has run out, and this process has removed it from the segment: up to a few seconds after the
     * session was last to be read. Where there is a relay, another host may use the session on when its idle time has run out here: then it is
     * told a quarter of {@code idle_timeout} later.
     *
     * @param key the session's key
     */
    default void onExpiry(String key) {}

    /**
     * This process has evicted a live session from the segment: its place was needed, or it was unused for longer than
     * {@code aged_out_secs}. Where there is a relay, it has the session.
     *
     * @param key   the session's key
     * @param value its value; the array is the listener's own
     */
    default void onEviction(String key, byte[] value) {}
}
