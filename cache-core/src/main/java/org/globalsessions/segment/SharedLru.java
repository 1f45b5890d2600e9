package org.globalsessions.segment;

import java.io.IOException;
import org.globalsessions.Version;
import org.globalsessions.status.Counters;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;

/**
 * A bounded table of sessions in a file that several processes have mapped: the only class that composes the parts of a
 * segment into get, set, delete and evict.
 *
 * <p>Any thread of any attached process may call any method. Reads take no lock and never wait; writes of one key are put in
 * order by the lock word of its first bucket and wait for another writer at most {@code lock_wait} at a time. Nothing here
 * waits for a network.
 */
public final class SharedLru implements AutoCloseable {
    /** Returned by {@link #getInto} where the key has no live entry here. */
    public static final int ABSENT = -1;

    private SharedLru() {}

    /**
     * Creates the segment, or attaches to it.
     *
     * @param settings what is wanted; an existing segment has to be equal in geometry, version, byte order, seed and path
     * @return the table
     * @throws IOException      where the file cannot be made, has no room, or is not a segment
     * @throws SegmentException where the segment there is another one: both values named
     */
    public static SharedLru open(SegmentSettings settings) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Encodes a key for the calls below: bytes and digest.
     *
     * @param key 1 or more characters, at most what a record holds
     * @return this thread's key, valid until its next encode
     */
    public EncodedKey encode(String key) {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes a key as bytes.
     *
     * @param key UTF-8 bytes as {@link SessionEntry#key()} has them
     * @return this thread's key, valid until its next encode
     */
    public EncodedKey encode(byte[] key) {
        throw new UnsupportedOperationException();
    }

    /**
     * Copies a value into the caller's buffer and renews the entry's recency and idle time. Allocates nothing.
     *
     * @param key    the key
     * @param target where the value goes
     * @param offset first byte of the target to write
     * @return the value's length; {@link #ABSENT}; or -2 - length where the target is too small (nothing is copied)
     */
    public int getInto(EncodedKey key, byte[] target, int offset) {
        throw new UnsupportedOperationException();
    }

    /**
     * The value, in an array of its own; renews recency and idle time.
     *
     * @param key the key
     * @return the value, or null where the key has no live entry here
     */
    public byte[] get(EncodedKey key) {
        throw new UnsupportedOperationException();
    }

    /**
     * Copies a whole live entry, for another tier or with its version. Does not renew anything.
     *
     * @param key  the key
     * @param into where it goes
     * @return false where the key has no live entry here
     */
    public boolean find(EncodedKey key, EntrySnapshot into) {
        throw new UnsupportedOperationException();
    }

    /**
     * Copies the live entry of one way.
     *
     * @param way  number of the way within the segment
     * @param into where it goes
     * @return false where the way shows no live entry
     */
    public boolean read(int way, EntrySnapshot into) {
        throw new UnsupportedOperationException();
    }

    /**
     * Renews an entry's recency and idle time.
     *
     * @param key the key
     * @return false where the key has no live entry here
     */
    public boolean touch(EncodedKey key) {
        throw new UnsupportedOperationException();
    }

    /**
     * Stores a value as a write of this host.
     *
     * @param key           the key
     * @param value         array with the value
     * @param offset        first byte of the value
     * @param length        bytes of the value
     * @param lifetimeTicks lifetime of the entry in ticks of 10 ms from now, 0 for the segment's own
     * @param expected      version that has to be there ({@link Version#NONE}: nothing may be there), or null for a plain set
     * @param takeHeld      true to take the oldest held entry's place where nothing else is free (counted as lost), false to
     *                      end with NO_ROOM then
     * @param outcome       STORED, NO_ROOM; with expected also ABSENT, OTHER_VERSION, BEATEN_BY_TOMBSTONE (deleted)
     * @throws org.globalsessions.ValueTooLargeException where key and value exceed the record
     */
    public void set(
            EncodedKey key,
            byte[] value,
            int offset,
            int length,
            int lifetimeTicks,
            Version expected,
            boolean takeHeld,
            WriteOutcome outcome) {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes in an entry that a host has published, as the path's relay: joins it to the life that is there, lets it begin one,
     * or lets it lose to a tombstone that its writer had not seen. The entry is marked as the role says.
     *
     * @param key             the entry's key
     * @param entry           the entry
     * @param appliedPosition the position that the writer's host had applied, 0 where it is of another epoch
     * @param seenTombstone   the tombstone that the writer saw
     * @param outcome         STORED with version and life that count now; SUPERSEDED with the newer version; NO_ROOM;
     *                        BEATEN_BY_TOMBSTONE with the tombstone raised above the entry
     */
    public void accept(
            EncodedKey key, SessionEntry entry, long appliedPosition, Version seenTombstone, WriteOutcome outcome) {
        throw new UnsupportedOperationException();
    }

    /**
     * Stores an entry that another tier has sent: an answer, an announcement, a hand-off. Stored only where it is newer than
     * what is here and no tombstone beats it.
     *
     * @param key      the entry's key
     * @param entry    the entry
     * @param position relay position as of which it is true; older than the horizon ends STALE; Long.MAX_VALUE to skip that
     * @param marks    marks that it gets: 0, or RecordDescriptor.NOT_HANDED_OFF
     * @param evict    false to use only free or expired places (announcements)
     * @param outcome  STORED, SUPERSEDED, BEATEN_BY_TOMBSTONE, STALE or NO_ROOM
     */
    public void fill(
            EncodedKey key, SessionEntry entry, long position, int marks, boolean evict, WriteOutcome outcome) {
        throw new UnsupportedOperationException();
    }

    /**
     * Deletes a session as a request of this host: tombstone first, then the entry goes.
     *
     * @param key     the key
     * @param outcome STORED with the tombstone's version and {@link WriteOutcome#held()}; NO_TOMBSTONE_ROOM
     */
    public void delete(EncodedKey key, WriteOutcome outcome) {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes in a delete that a host has published, as the path's relay: raises its version above every one of that key that is
     * here, then applies it.
     *
     * @param digest  digest of the key
     * @param version the delete's version
     * @param outcome STORED with the tombstone's version as it counts now, and held; NO_TOMBSTONE_ROOM
     */
    public void acceptDelete(KeyDigest digest, Version version, WriteOutcome outcome) {
        throw new UnsupportedOperationException();
    }

    /**
     * Applies a delete that another tier has announced. Takes away every entry whose life is not newer, and one whose life
     * the relay has not confirmed.
     *
     * @param digest   digest of the key
     * @param version  the delete's version
     * @param position relay position of the delete, 0 for none
     * @param outcome  STORED and held; NO_TOMBSTONE_ROOM (the entry is gone all the same)
     */
    public void applyDelete(KeyDigest digest, Version version, long position, WriteOutcome outcome) {
        throw new UnsupportedOperationException();
    }

    /**
     * Clears marks of a way, if its state word is still the one given: an acknowledgement of an older version clears nothing.
     *
     * @param way       number of the way
     * @param stateWord word under which the acknowledged version was read
     * @param marks     marks to clear
     * @return false where the word has changed
     */
    public boolean clearMarks(int way, long stateWord, int marks) {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes in the relay's receipt of an entry published from here: clears the marks, lifts the entry's life and version where
     * the relay raised them, or applies the tombstone that beat it.
     *
     * @param published the entry as it was read and sent
     * @param receipt   the receipt
     */
    public void confirm(EntrySnapshot published, Receipt receipt) {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes in the next tier's receipt of a delete published from here: the tombstone takes on the version and position that
     * count, and is no longer unacknowledged.
     *
     * @param digest  digest of the key
     * @param version the version that was published
     * @param receipt the receipt
     */
    public void confirmDelete(KeyDigest digest, Version version, Receipt receipt) {
        throw new UnsupportedOperationException();
    }

    /**
     * The tombstone of a key.
     *
     * @param digest digest of the key
     * @return its version, or {@link Version#NONE}
     */
    public Version tombstone(KeyDigest digest) {
        throw new UnsupportedOperationException();
    }

    /**
     * Shows the live entries of some buckets.
     *
     * @param firstBucket first bucket
     * @param count       number of buckets; the scan ends at the last bucket of the segment
     * @param marks       only entries with at least one of these marks, 0 for all
     * @param visitor     sees them
     */
    public void scan(int firstBucket, int count, int marks, EntryVisitor visitor) {
        throw new UnsupportedOperationException();
    }

    /**
     * Shows the tombstones that the next tier has not acknowledged.
     *
     * @param visitor sees them
     */
    public void scanUnacknowledgedTombstones(TombstoneVisitor visitor) {
        throw new UnsupportedOperationException();
    }

    /**
     * One slice of the sweep: removes expired entries, lifts old stamps, frees what dead processes had reserved or set aside,
     * finishes tombstones not yet applied and drops those whose retention is over.
     *
     * @param firstBucket first bucket
     * @param count       number of buckets
     * @return entries expired
     */
    public int sweep(int firstBucket, int count) {
        throw new UnsupportedOperationException();
    }

    /**
     * Copies the entry that would have to go if the key were stored now and nothing were held: the oldest of its two buckets.
     *
     * @param key  the key
     * @param into where it goes
     * @return false where there is a free place
     */
    public boolean oldestFor(EncodedKey key, EntrySnapshot into) {
        throw new UnsupportedOperationException();
    }

    /**
     * How many ways of a bucket could be taken at once: free, expired, or without a mark that holds them.
     *
     * @param bucket number of the bucket
     * @return 0 to 16
     */
    public int takeable(int bucket) {
        throw new UnsupportedOperationException();
    }

    /**
     * Copies the oldest held entry of a bucket: the next to hand off.
     *
     * @param bucket number of the bucket
     * @param into   where it goes
     * @return false where the bucket has none
     */
    public boolean oldestHeld(int bucket, EntrySnapshot into) {
        throw new UnsupportedOperationException();
    }

    /**
     * A key's first bucket.
     *
     * @param digest digest of the key
     * @return its number
     */
    public int firstBucket(KeyDigest digest) {
        throw new UnsupportedOperationException();
    }

    /**
     * A key's second bucket, never its first.
     *
     * @param digest digest of the key
     * @return its number
     */
    public int secondBucket(KeyDigest digest) {
        throw new UnsupportedOperationException();
    }

    /**
     * Number of buckets; each has 16 ways, way numbers are {@code bucket * 16 + 0..15}.
     *
     * @return buckets of the segment
     */
    public int bucketCount() {
        throw new UnsupportedOperationException();
    }

    /**
     * Live entries at this moment, by a walk over the bucket headers.
     *
     * @return count, approximate while others write
     */
    public int size() {
        throw new UnsupportedOperationException();
    }

    /**
     * Largest value for a key of some length.
     *
     * @param keyLength bytes of the key
     * @return bytes
     */
    public int maxValueLength(int keyLength) {
        throw new UnsupportedOperationException();
    }

    /**
     * The segment behind this table: header fields, attach slot, leases, time.
     *
     * @return the segment's file
     */
    public SegmentFile file() {
        throw new UnsupportedOperationException();
    }

    /**
     * The counters in the segment.
     *
     * @return counters that this process's slot writes
     */
    public Counters counters() {
        throw new UnsupportedOperationException();
    }

    /** Gives up the attach slot. The segment stays for the others and for the next start. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
