package org.globalsessions.sibling;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.globalsessions.tier.KeyDigest;

/**
 * Keys of which an entry has passed through here a moment ago: whoever gave it may have let it go before whoever gets it has it. Keys that share a
 * place are taken for one another, so that one may seem to have passed which has not.
 *
 * <p>Belongs to the sibling's event loop.
 */
final class PassingEntries {
    /** Longer than a request has, and than the relay takes to note its answer. */
    static final long WAY_NS = TimeUnit.SECONDS.toNanos(3);

    private static final int PLACES = 1 << 16;

    private final long[] handedOffNs = new long[PLACES];
    private final long[] givenNs = new long[PLACES];
    private final long[] changedNs = new long[PLACES];

    /**
     * Nothing has passed.
     *
     * @param nowNs the time
     */
    PassingEntries(long nowNs) {
        Arrays.fill(handedOffNs, nowNs - WAY_NS);
        Arrays.fill(givenNs, nowNs - WAY_NS);
        Arrays.fill(changedNs, nowNs - WAY_NS);
    }

    /** The relay hands an entry off: it may still have it marked once its owners have taken it. */
    void handedOff(KeyDigest digest, long nowNs) {
        handedOffNs[place(digest)] = nowNs;
        changedNs[place(digest)] = nowNs;
    }

    /** The relay publishes an entry: what nodes have of its key is void. */
    void published(KeyDigest digest, long nowNs) {
        changedNs[place(digest)] = nowNs;
    }

    /** A relief node has given an entry for the relay or for another node. */
    void given(KeyDigest digest, long nowNs) {
        givenNs[place(digest)] = nowNs;
    }

    /** Whether the relay's mark may be one that is about to go. */
    boolean isJustHandedOff(KeyDigest digest, long nowNs) {
        return nowNs - handedOffNs[place(digest)] < WAY_NS;
    }

    /** Whether an entry may be on its way to the relay or a node. */
    boolean isOnItsWay(KeyDigest digest, long nowNs) {
        return nowNs - givenNs[place(digest)] < WAY_NS;
    }

    /** Whether a newer version of an entry that was read at a time may have passed since. */
    boolean isChangedSince(KeyDigest digest, long readNs) {
        return changedNs[place(digest)] - readNs >= 0;
    }

    private static int place(KeyDigest digest) {
        return (int) digest.high() & (PLACES - 1);
    }
}
