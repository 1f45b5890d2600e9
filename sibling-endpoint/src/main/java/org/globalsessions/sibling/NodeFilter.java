package org.globalsessions.sibling;

import java.util.function.Function;
import org.apache.commons.collections4.bloomfilter.BitMapExtractor;
import org.apache.commons.collections4.bloomfilter.EnhancedDoubleHasher;
import org.apache.commons.collections4.bloomfilter.Hasher;
import org.apache.commons.collections4.bloomfilter.Shape;
import org.apache.commons.collections4.bloomfilter.SimpleBloomFilter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;

/**
 * The keys that one relief node may have an entry of, as far as its connection goes: a Bloom filter (Bloom, Space/Time Trade-offs in Hash Coding with
 * Allowable Errors, CACM 1970) of what it had when it was asked and of all that was sent to it since. A key that the filter lacks is not there.
 *
 * <p>While the node is asked anew there are two: the present one, and one to be, which begins empty before the question leaves. Every key that is sent goes into
 * both. That one counts once all that the node had is in it as well, and takes with it what has left the node meanwhile.
 *
 * <p>Belongs to the sibling's event loop: all methods are called there.
 */
final class NodeFilter {
    /** Bits for each place of a node. */
    static final int BITS_A_PLACE = 16;

    /** Bits that a key sets: about the best number for as many keys as the filter may have before it is made anew. */
    static final int HASHES = 8;

    /** Share of unknown keys that the filter does not refuse, from which on it is to be made anew. */
    static final double MAX_PASSED = 0.002;

    /** At least this part of the places gets new keys before it is made anew: one that is too small for its keys would be all the time. */
    private static final int LEAST_NEW_PART = 8;

    private final Function<SessionEntry, KeyDigest> digests;

    /** Null: any key may be there. */
    private SimpleBloomFilter present;

    /** Null: none is being made. */
    private SimpleBloomFilter next;

    /** Words of the next one as the node gives them, from the first on; the others are still to come. */
    private long[] words;

    private int wordCount;

    /** Different keys in each, about. */
    private long presentKeys;

    private long nextKeys;

    /** How many of the present one's are of entries sent since it was begun. */
    private long newKeys;

    private int places;

    /**
     * A filter that refuses nothing yet.
     *
     * @param digests tells the digest of an entry's key
     */
    NodeFilter(Function<SessionEntry, KeyDigest> digests) {
        this.digests = digests;
    }

    /** Whether the node has no entry of a key for sure, and will have none by what was sent so far. */
    boolean refuses(KeyDigest digest) {
        return present != null && !present.contains(hasher(digest));
    }

    private static Hasher hasher(KeyDigest digest) {
        return new EnhancedDoubleHasher(digest.high(), digest.low());
    }

    /** To be told of every frame before it leaves: this is the one place that knows which frames bring the node an entry. */
    void sending(Frame frame) {
        if (present == null && next == null) {
            return;
        }
        if (frame instanceof SessionFrame session) {
            add(session.entry());
        } else if (frame instanceof SessionBackupFrame backup) {
            add(backup.entry());
        }
    }

    private void add(SessionEntry entry) {
        Hasher hasher = hasher(digests.apply(entry));
        if (present != null && !present.contains(hasher)) {
            present.merge(hasher);
            presentKeys++;
            newKeys++;
        }
        if (next != null && !next.contains(hasher)) {
            next.merge(hasher);
            nextKeys++;
        }
    }

    /**
     * Begins the next one, before the node is asked for it.
     *
     * @param placesOfNode entries that the node has places for, 1 or more
     * @param bits         size, a multiple of 64
     */
    void begin(int placesOfNode, int bits) {
        places = placesOfNode;
        next = new SimpleBloomFilter(Shape.fromKM(HASHES, bits));
        words = new long[bits / Long.SIZE];
        wordCount = 0;
        nextKeys = 0;
    }

    /** Whether a next one is being made: not after {@link #drop}. */
    boolean isBeingMade() {
        return next != null;
    }

    /**
     * Takes in what the node has said.
     *
     * @param firstWord where the piece belongs
     * @param piece     words of the node's filter
     * @return false where that is not the piece after the one before, or more than there should be
     */
    boolean take(int firstWord, long... piece) {
        if (piece.length == 0) {
            return true;
        }
        if (firstWord != wordCount || piece.length > words.length - wordCount) {
            return false;
        }
        System.arraycopy(piece, 0, words, wordCount, piece.length);
        wordCount += piece.length;
        return true;
    }

    /**
     * The node has given its last piece: the next one is the present one.
     *
     * @param keysOfNode keys that the node had when it was asked
     * @return false where pieces are lacking; all is as before then
     */
    boolean complete(int keysOfNode) {
        if (wordCount != words.length) {
            return false;
        }
        next.merge(BitMapExtractor.fromBitMapArray(words));
        present = next;
        presentKeys = nextKeys + keysOfNode;
        newKeys = nextKeys;
        abandon();
        return true;
    }

    /** Gives the next one up and keeps the present one. */
    void abandon() {
        next = null;
        words = null;
    }

    /** Entries may have come to the node by another way: any key may be there. */
    void drop() {
        present = null;
        abandon();
    }

    /** Whether there is a present one. */
    boolean isThere() {
        return present != null;
    }

    /** Whether the present one passes too many unknown keys and would pass fewer if it was made anew. */
    boolean isWorn() {
        return present != null
                && newKeys > places / LEAST_NEW_PART
                && present.getShape().getProbability((int) Math.min(presentKeys, Integer.MAX_VALUE)) > MAX_PASSED;
    }
}
