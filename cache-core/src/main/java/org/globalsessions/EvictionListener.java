package org.globalsessions;

/**
 * Hears of live sessions that this process has evicted, with their values: to hand them on.
 *
 * <p>What holds for every {@link SessionListener} holds here too: at most {@link Notifier#CAPACITY} notifications wait, and nothing may
 * depend on one. Who must have each evicted session calls {@link SessionCacheManager#evictMapped} instead.
 */
@FunctionalInterface
public interface EvictionListener extends SessionListener {
    @Override
    void onEviction(String key, byte[] value);
}
