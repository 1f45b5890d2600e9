package org.globalsessions;

import org.globalsessions.tier.KeyDigest;

/** A growing set of key digests, whole, in an open-addressed table at most half full. One thread. */
final class SeenDigests {
    /** Two longs a place: upper and lower half; both 0 where it is free. */
    private long[] table = new long[2048];

    private int count;

    /** The digest that cannot lie in the table. */
    private boolean seenZero;

    /** Returns false where it was there. */
    boolean add(KeyDigest digest) {
        if ((digest.high() | digest.low()) == 0) {
            boolean isNew = !seenZero;
            seenZero = true;
            return isNew;
        }
        if (!put(table, digest.high(), digest.low())) {
            return false;
        }
        count++;
        if (count > table.length / 4) {
            grow();
        }
        return true;
    }

    private void grow() {
        long[] larger = new long[table.length * 2];
        for (int at = 0; at < table.length; at += 2) {
            if ((table[at] | table[at + 1]) != 0) {
                put(larger, table[at], table[at + 1]);
            }
        }
        table = larger;
    }

    private static boolean put(long[] table, long high, long low) {
        int at = (int) (high ^ (low >>> 32)) * 2 & (table.length - 1);
        while ((table[at] | table[at + 1]) != 0) {
            if (table[at] == high && table[at + 1] == low) {
                return false;
            }
            at = (at + 2) & (table.length - 1);
        }
        table[at] = high;
        table[at + 1] = low;
        return true;
    }
}
