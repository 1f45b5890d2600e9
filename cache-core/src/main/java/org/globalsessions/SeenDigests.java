package org.globalsessions;

import org.globalsessions.tier.KeyDigest;

/** A growing set of key digests, 64 bits of each, in an open-addressed table at most half full. One thread. */
final class SeenDigests {
    private long[] table = new long[1024];
    private int count;

    /** Returns false where it was there. */
    boolean add(KeyDigest digest) {
        long folded = digest.high() ^ Long.rotateLeft(digest.low(), 32);
        if (!put(table, folded == 0 ? 1 : folded)) {
            return false;
        }
        count++;
        if (count > table.length / 2) {
            grow();
        }
        return true;
    }

    private void grow() {
        long[] larger = new long[table.length * 2];
        for (long folded : table) {
            if (folded != 0) {
                put(larger, folded);
            }
        }
        table = larger;
    }

    private static boolean put(long[] table, long folded) {
        int at = (int) (folded ^ (folded >>> 32)) & (table.length - 1);
        while (table[at] != 0) {
            if (table[at] == folded) {
                return false;
            }
            at = (at + 1) & (table.length - 1);
        }
        table[at] = folded;
        return true;
    }
}
