package org.globalsessions.benchmarks;

import org.ehcache.Cache;
import org.ehcache.CacheManager;
import org.ehcache.config.builders.CacheConfigurationBuilder;
import org.ehcache.config.builders.CacheManagerBuilder;
import org.ehcache.config.builders.ResourcePoolsBuilder;
import org.ehcache.config.units.MemoryUnit;

/** Ehcache with its off-heap tier alone, so that every get reaches it. */
final class EhcacheTable implements Table, Table.Client {
    /** More than an entry takes, as nothing shall be evicted here. */
    private static final int ENTRY_BYTES = 600;

    private final CacheManager manager;
    private final Cache<String, byte[]> cache;

    EhcacheTable(int capacity) {
        long megabytes = Math.max(64, ((long) capacity * ENTRY_BYTES) >> 20);
        manager = CacheManagerBuilder.newCacheManagerBuilder()
                .withCache(
                        "benchmark",
                        CacheConfigurationBuilder.newCacheConfigurationBuilder(
                                String.class,
                                byte[].class,
                                ResourcePoolsBuilder.newResourcePoolsBuilder().offheap(megabytes, MemoryUnit.MB)))
                .build(true);
        cache = manager.getCache("benchmark", String.class, byte[].class);
    }

    @Override
    public Client client() {
        return this;
    }

    @Override
    public int get(String key, int entry, byte[] target) {
        byte[] value = cache.get(key);
        if (value == null) {
            return -1;
        }
        System.arraycopy(value, 0, target, 0, value.length);
        return value.length;
    }

    @Override
    public byte[] getCopy(String key) {
        return cache.get(key);
    }

    @Override
    public void set(String key, byte[] value) {
        cache.put(key, value);
    }

    @Override
    public void close() {
        manager.close();
    }
}
