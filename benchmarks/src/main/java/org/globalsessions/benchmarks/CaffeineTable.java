package org.globalsessions.benchmarks;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

/** Caffeine as its users have it: bounded by a number of entries, values as arrays on the heap of one process. */
final class CaffeineTable implements Table, Table.Client {
    private final Cache<String, byte[]> cache;

    CaffeineTable(int capacity) {
        cache = Caffeine.newBuilder()
                .maximumSize(capacity)
                .initialCapacity(capacity)
                .build();
    }

    @Override
    public Client client() {
        return this;
    }

    @Override
    public int get(String key, int entry, byte[] target) {
        byte[] value = cache.getIfPresent(key);
        if (value == null) {
            return -1;
        }
        System.arraycopy(value, 0, target, 0, value.length);
        return value.length;
    }

    @Override
    public byte[] getCopy(String key) {
        byte[] value = cache.getIfPresent(key);
        return value == null ? null : value.clone();
    }

    @Override
    public void set(String key, byte[] value) {
        cache.put(key, value.clone());
    }

    @Override
    public void close() {
        cache.invalidateAll();
    }
}
