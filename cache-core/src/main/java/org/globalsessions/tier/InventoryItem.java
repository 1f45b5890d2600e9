package org.globalsessions.tier;

import org.globalsessions.Version;

/**
 * What a node holds of one key: an entry, told without key and value, or a tombstone.
 *
 * @param digest    digest of the key
 * @param version   the entry's version, or the tombstone's, which beats every entry whose life is not newer
 * @param life      the entry's life, 0 or more; 0 for a tombstone
 * @param tombstone whether it is a tombstone
 */
public record InventoryItem(KeyDigest digest, Version version, long life, boolean tombstone) {
    /**
     * An entry.
     *
     * @param digest  digest of its key
     * @param version its version
     * @param life    its life, 0 or more
     * @return the item
     */
    public static InventoryItem entry(KeyDigest digest, Version version, long life) {
        return new InventoryItem(digest, version, life, false);
    }

    /**
     * A tombstone.
     *
     * @param digest  digest of the deleted key
     * @param version its version
     * @return the item
     */
    public static InventoryItem tombstone(KeyDigest digest, Version version) {
        return new InventoryItem(digest, version, 0, true);
    }
}
