package org.globalsessions.segment;

import java.util.Arrays;
import org.globalsessions.tier.KeyDigest;

/**
 * A session key as the segment wants it: UTF-8 bytes and digest, with room for what a look-up finds. Belongs to the thread
 * that encoded it, until that thread's next encode on the same table.
 */
public final class EncodedKey {
    private final long pathKeyHigh;
    private final long pathKeyLow;

    private final KeyEncoder encoder = new KeyEncoder();

    byte[] bytes = encoder.bytes();
    int length;
    long high;
    long low;

    int firstBucket;
    int secondBucket;

    /** Whether this thread is inside a write: a close waits for that. Volatile, as it is one half of a Dekker handshake. */
    volatile boolean writing;

    /** The victim that a write proposes before it has the lock, or -1. */
    int candidate = -1;

    /** The state word under which it was proposed. */
    long candidateState;

    /** State word under which the last look-up found its way. */
    long foundState;

    /** Whether the write under way has taken a live entry of the key away for a tombstone: of all who want to, one does. */
    boolean taken;

    /** How often in a row the write under way has been robbed of its lock after it had chosen its way. */
    int robbed;

    /** What the last look saw of tags and state words, folded into one number. */
    long signature;

    /** Whether a record changed under the last look. */
    boolean moved;

    /** The entry that a write found under the lock. */
    final EntryWriter.Found found = new EntryWriter.Found();

    /** The tombstone that a write found under the lock. */
    final TombstoneTable.Found tombstone = new TombstoneTable.Found();

    /** The entry that a write is about to store. */
    final EntryWriter.Body body = new EntryWriter.Body();

    /** What has gone for the write under way; told when it has ended. */
    Departures.Gone firstGone;

    Departures.Gone lastGone;

    /** For copies of whole entries within one operation. */
    final EntrySnapshot scratch = new EntrySnapshot();

    /** Hits and misses that this thread has counted; the ticker reads them. */
    long hits;

    long misses;

    private long flushedHits;
    private long flushedMisses;
    private EncodedKey other;

    EncodedKey(long pathKeyHigh, long pathKeyLow) {
        this.pathKeyHigh = pathKeyHigh;
        this.pathKeyLow = pathKeyLow;
    }

    /** Encodes a string of at most {@link SharedLru#MAX_KEY_LENGTH} characters. */
    void encode(String key) {
        bytes = encoder.bytes();
        length = encoder.encode(key);
        KeyHash.digest(this, pathKeyHigh, pathKeyLow);
    }

    void encode(byte[] key, int keyLength) {
        ensure(keyLength);
        System.arraycopy(key, 0, bytes, 0, keyLength);
        length = keyLength;
        KeyHash.digest(this, pathKeyHigh, pathKeyLow);
    }

    /** Takes over a digest without a key: for deletes, which name no key. */
    void digestOnly(long digestHigh, long digestLow) {
        length = 0;
        high = digestHigh;
        low = digestLow;
    }

    /** Whether a way lies in one of the key's buckets, as the last write has noted them. */
    boolean isInItsBuckets(int way) {
        int bucket = way / SegmentDescriptor.WAYS;
        return way >= 0 && (bucket == firstBucket || bucket == secondBucket);
    }

    /** Hits since the last call; one thread at a time, any thread. A count that the owner is about to store comes next time. */
    long newHits() {
        long now = hits;
        long added = now - flushedHits;
        flushedHits = now;
        return added;
    }

    /** Misses since the last call, as {@link #newHits}. */
    long newMisses() {
        long now = misses;
        long added = now - flushedMisses;
        flushedMisses = now;
        return added;
    }

    /** A second key of the same path and thread, for the digest of a key read from a record. */
    EncodedKey other() {
        if (other == null) {
            other = new EncodedKey(pathKeyHigh, pathKeyLow);
        }
        return other;
    }

    private void ensure(int capacity) {
        if (bytes.length < capacity) {
            bytes = new byte[Integer.highestOneBit(capacity) * 2];
        }
    }

    /**
     * Digest of the key.
     *
     * @return the digest
     */
    public KeyDigest digest() {
        return new KeyDigest(high, low);
    }

    /**
     * Lower half of the digest: what buckets, tag and owners are chosen by. Allocates nothing.
     *
     * @return 64 bits
     */
    public long digestLow() {
        return low;
    }

    /**
     * The key's bytes.
     *
     * @return a copy
     */
    public byte[] copy() {
        return Arrays.copyOf(bytes, length);
    }
}
