package org.globalsessions.segment;

import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import org.globalsessions.ValueTooLargeException;
import org.globalsessions.Version;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.tier.ClockAheadException;
import org.globalsessions.tier.InventoryItem;
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

    /** Longest key in bytes. */
    public static final int MAX_KEY_LENGTH = 1024;

    private static final long CLOSE_TIMEOUT_NS = 1_000_000_000L;

    /** Instead of {@link #announced}, for an entry that nobody has asked for. */
    public static final long UNASKED = -1;

    /** Instead of {@link #announced}, for what the next tier tells of its own accord: it may have been on its way while something newer came here and went. */
    public static final long ANNOUNCED = -2;

    private final SegmentFile file;
    private final Segment segment;
    private final ReadOperations reads;
    private final WriteOperations writes;
    private final DeleteOperations deletes;
    private final Sweeper sweeper;
    private final Evictor evictor;
    private final InventoryScan inventory;
    private final LoadOperations loads;
    private final int maxValueSize;
    private final SegmentSettings.Role role;
    private final ThreadKeys keys;

    SharedLru(SegmentFile file, SegmentSettings settings) {
        this.file = file;
        this.role = settings.role();
        this.segment = new Segment(file, settings);
        this.keys = new ThreadKeys(file);
        this.sweeper = new Sweeper(segment, keys.newKey(), keys.newKey());
        this.evictor = new Evictor(segment, keys.newKey(), settings.evictions());
        this.inventory = new InventoryScan(segment);
        this.reads = new ReadOperations(segment, evictor);
        this.writes = new WriteOperations(segment, settings);
        this.deletes = new DeleteOperations(segment, writes);
        this.loads = new LoadOperations(segment, settings);
        this.maxValueSize = settings.maxValueSize();
        file.onTick(tick -> keys.flushLookups());
    }

    /**
     * Creates the segment, or attaches to it.
     *
     * @param settings what is wanted; an existing segment has to be equal in geometry, version, byte order, seed and path
     * @return the table
     * @throws IOException      where the file cannot be made, has no room, or is not a segment
     * @throws SegmentException where the segment there is another one: both values named
     * @throws IllegalArgumentException where a setting is out of its range; nothing is created or attached to then
     */
    public static SharedLru open(SegmentSettings settings) throws IOException {
        settings.check();
        return over(SegmentFile.open(settings), settings);
    }

    /** In an environment of a test, which moves its clocks and turns the ticker itself. */
    static SharedLru open(SegmentSettings settings, Environment environment) throws IOException {
        settings.check();
        return over(SegmentFile.open(settings, environment), settings);
    }

    private static SharedLru over(SegmentFile file, SegmentSettings settings) throws IOException {
        try {
            SharedLru lru = new SharedLru(file, settings);
            if (settings.relays().length > 0) {
                file.adoptRelays(settings.relays(), settings.attachTimeout(), lru::mark);
            }
            if (settings.unnamed()) {
                file.removeName();
            }
            return lru;
        } catch (Throwable e) {
            // Nobody else could give the slot up, its lock and its ticker, as long as this process lives.
            file.close();
            if (settings.unnamed()) {
                file.removeName();
            }
            throw e;
        }
    }

    /**
     * As the relay whose table this is, before it serves anybody: where it had no sibling when it was last open and has one now, all that is here is
     * owed to the relief nodes. Not for its sibling, which opens the table in the same role.
     */
    public void adoptRole() {
        file.adoptRole(role, () -> mark(low -> true, RecordDescriptor.UNPUBLISHED | RecordDescriptor.NOT_HANDED_OFF));
    }

    /**
     * As a host whose relay has lost its segment: what is live here is to be published anew. A part at a time; what is written meanwhile is unpublished in any case.
     *
     * @param owned chooses the keys of that relay, by the lower halves of their digests
     * @param first number of the first bucket of this part
     * @param count buckets of this part
     */
    public void publishAgain(LongPredicate owned, int first, int count) {
        int end = (int) Math.min(bucketCount(), (long) first + count);
        mark(owned, RecordDescriptor.UNPUBLISHED, first * SegmentDescriptor.WAYS, end * SegmentDescriptor.WAYS);
    }

    /** Marks the entries that the next tier lacks from now on, chosen by the lower halves of their keys' digests. */
    private void mark(LongPredicate chosen, int marks) {
        mark(chosen, marks, 0, bucketCount() * SegmentDescriptor.WAYS);
    }

    private void mark(LongPredicate chosen, int marks, int firstWay, int endWay) {
        EntrySnapshot entry = new EntrySnapshot();
        for (int way = firstWay; way < endWay; way++) {
            // Again where its word has changed under the look: each time somebody else has made progress.
            while (segment.buckets().tagAt(way / SegmentDescriptor.WAYS, way % SegmentDescriptor.WAYS) != 0
                    && read(way, entry)
                    && (entry.marks() & marks) != marks
                    && chosen.test(digestLow(entry))
                    && !segment.writer().addMarks(way, entry.stateWord, marks)) {
                Thread.onSpinWait();
            }
        }
    }

    /**
     * Encodes a key for the calls below: bytes and digest.
     *
     * @param key 1 or more characters, at most what a record holds
     * @return this thread's key, valid until its next encode
     */
    public EncodedKey encode(String key) {
        if (key.length() > MAX_KEY_LENGTH) {
            throw new ValueTooLargeException(
                    "key too long: characters=" + key.length() + ", limit=" + MAX_KEY_LENGTH + " bytes of UTF-8");
        }
        EncodedKey encoded = keys.ofThread();
        encoded.encode(key);
        return checked(encoded);
    }

    /**
     * Takes a key as bytes.
     *
     * @param key UTF-8 bytes as {@link SessionEntry#key()} has them
     * @return this thread's key, valid until its next encode
     */
    public EncodedKey encode(byte[] key) {
        EncodedKey encoded = keys.ofThread();
        encoded.encode(key, key.length);
        return checked(encoded);
    }

    /**
     * Lower half of the digest of an entry's key, beside the key that this thread has encoded.
     *
     * @param entry a copy of the entry
     * @return 64 bits, as {@link EncodedKey#digestLow}
     */
    public long digestLow(EntrySnapshot entry) {
        EncodedKey key = keys.ofThread().other();
        key.encode(entry.key, entry.keyLength);
        return key.low;
    }

    /**
     * Digest of an entry's key, beside the key that this thread has encoded. Looks at nothing of the table: a {@link DepartureListener} may call it.
     *
     * @param entry a copy of the entry
     * @return the digest
     */
    public KeyDigest digest(EntrySnapshot entry) {
        EncodedKey key = keys.ofThread().other();
        key.encode(entry.key, entry.keyLength);
        return key.digest();
    }

    private EncodedKey checked(EncodedKey key) {
        if (key.length == 0) {
            throw new IllegalArgumentException("a session key has at least 1 character: length=0");
        }
        if (key.length > Math.min(segment.records().bodyCapacity(), MAX_KEY_LENGTH)) {
            throw new ValueTooLargeException("key too long: digest=" + file.logDigest(key.digest()) + ", bytes="
                    + key.length + ", limit=" + Math.min(segment.records().bodyCapacity(), MAX_KEY_LENGTH));
        }
        return key;
    }

    private void checkSize(EncodedKey key, int length) {
        int limit = maxValueLength(key.length);
        if (length > limit) {
            throw new ValueTooLargeException("value too large, nothing stored: key digest="
                    + file.logDigest(key.digest()) + ", bytes=" + length + ", limit=" + limit
                    + "; raise max_value_size, and overflow_share where it is 0");
        }
    }

    private EncodedKey digestKey(KeyDigest digest) {
        EncodedKey key = keys.ofThread();
        key.digestOnly(digest.high(), digest.low());
        return key;
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
        return reads.getInto(key, target, offset);
    }

    /**
     * The value, in an array of its own; renews recency and idle time.
     *
     * @param key the key
     * @return the value, or null where the key has no live entry here
     */
    public byte[] get(EncodedKey key) {
        return reads.get(key);
    }

    /**
     * Copies a whole live entry, for another tier or with its version. Does not renew anything.
     *
     * @param key  the key
     * @param into where it goes
     * @return false where the key has no live entry here
     */
    public boolean find(EncodedKey key, EntrySnapshot into) {
        return reads.find(key, into);
    }

    /**
     * Copies a whole live entry by its key's digest, as {@link #find(EncodedKey, EntrySnapshot)}. The key itself is in the copy: whoever is given the
     * value compares it.
     *
     * @param digest digest of the key
     * @param into   where it goes
     * @return false where the key has no live entry here
     */
    public boolean find(KeyDigest digest, EntrySnapshot into) {
        return reads.find(digestKey(digest), into);
    }

    /**
     * Lists live entries and tombstones, a part at a time. What is here in the same version from the first part to the last is listed once at
     * least, whatever else is written meanwhile. A part takes a bounded look at the table, and may list nothing although there is more.
     *
     * @param cursor 0 for the first part, then what the call before returned
     * @param most   most items of this part, 1 or more
     * @param into   gets them
     * @return where to go on; 0 after the last part
     */
    public long inventory(long cursor, int most, Consumer<InventoryItem> into) {
        return inventory.part(keys.ofThread().other(), cursor, most, false, into);
    }

    /**
     * As {@link #inventory}, tombstones alone, and not those of deletes that the next tier has not acknowledged: what it may have to raise them to, it
     * decides by the delete.
     *
     * @param cursor 0 for the first part, then what the call before returned
     * @param most   most items of this part, 1 or more
     * @param into   gets them
     * @return where to go on; 0 after the last part
     */
    public long deletesInventory(long cursor, int most, Consumer<InventoryItem> into) {
        return inventory.part(keys.ofThread().other(), cursor, most, true, into);
    }

    /**
     * Whether there is neither an entry nor a tombstone here.
     *
     * @return true if so
     */
    public boolean knowsNothing() {
        boolean[] any = {size() > 0};
        if (!any[0]) {
            scanTombstones((digest, version, position) -> {
                any[0] = true;
                return false;
            });
        }
        return !any[0];
    }

    /**
     * Whether all deletes of the last minutes are among those that {@link #deletesInventory} lists: none had to make room for others.
     *
     * @return false where one has gone before its time
     */
    public boolean knowsRecentDeletes() {
        return !segment.tombstones().hasDroppedSince(Math.max(1, file.tick() - TombstoneTable.RETENTION_TICKS));
    }

    /**
     * Whether what another node holds of a key is more than what is here, as {@link #fill} and {@link #applyDelete} would judge it: the
     * entry would be stored, the tombstone is higher. As of now: a write may change it at any time.
     *
     * @param item entry or tombstone of the other node
     * @return true where this table lacks it
     */
    public boolean lacks(InventoryItem item) {
        EncodedKey key = digestKey(item.digest());
        segment.tombstones().look(key.high, key.low, key.tombstone);
        if (item.tombstone()) {
            return key.tombstone.comparedTo(item.version()) < 0;
        }
        return !WriteOperations.isBeaten(item.life(), key.tombstone)
                && (!reads.lookAt(key) || WriteOperations.isNewer(item.version(), item.life(), key.found));
    }

    /**
     * Copies the live entry of one way.
     *
     * @param way  number of the way within the segment
     * @param into where it goes
     * @return false where the way shows no live entry
     */
    public boolean read(int way, EntrySnapshot into) {
        return reads.read(way, into);
    }

    /**
     * Copies an entry that the next tier has to get: as {@link #read}, and also one whose lifetime has ended before that tier had it. Such a one
     * has its last tick left, and is for that tier alone.
     *
     * @param way  number of the way within the segment
     * @param into where it goes
     * @return false where the way shows neither
     */
    public boolean readUnsent(int way, EntrySnapshot into) {
        return reads.readUnsent(way, into);
    }

    /**
     * As {@link #readUnsent}, of a key.
     *
     * @param key  the key
     * @param into where it goes
     * @return false where the key has no such entry here
     */
    public boolean findUnsent(EncodedKey key, EntrySnapshot into) {
        return reads.findUnsent(key, into);
    }

    /**
     * Renews an entry's recency and idle time.
     *
     * @param key the key
     * @return false where the key has no live entry here
     */
    public boolean touch(EncodedKey key) {
        return reads.touch(key);
    }

    /**
     * As {@link #touch(EncodedKey)}, of an entry that was just read: it is looked for again only where it has moved since.
     *
     * @param key  the key
     * @param read what {@link #find} has read of it
     * @return false where the key has no live entry here
     */
    public boolean touch(EncodedKey key, EntrySnapshot read) {
        return reads.touch(key, read);
    }

    /**
     * Takes in that an entry was used elsewhere: renews recency, and idle time where that use is later than the last one known here. Changes
     * neither version nor life, and brings nothing back.
     *
     * @param digest    digest of its key
     * @param life      the life that was used
     * @param idleTicks ticks since then, 0 or more
     * @return false where no live entry of that life is here
     */
    public boolean renew(KeyDigest digest, long life, int idleTicks) {
        return reads.renew(digestKey(digest), life, idleTicks);
    }

    /**
     * How long an entry was not used here, also one that has expired for that.
     *
     * @param key  the key
     * @param life its life
     * @return ticks since the last use; {@link #ABSENT} where no such life is here any more
     */
    public int idleTicks(EncodedKey key, long life) {
        return reads.idleTicks(key, life);
    }

    /**
     * Finds the uses that the next tier has not been told of.
     *
     * @param unsent marks of entries that the next tier gets anyway, with the time of their last use
     * @param parts  how often in its idle limit the uses of an entry are shown at most, 1 or more
     * @return for one thread, which begins with all uses
     */
    public UseScan useScan(int unsent, int parts) {
        return new UseScan(segment, keys.newKey(), unsent, parts);
    }

    /**
     * The idle time-out of what is written here.
     *
     * @return ticks of 10 ms, 0 for none
     */
    public int idleLimitTicks() {
        return writes.idleLimitTicks();
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
     * @throws org.globalsessions.ValueTooLargeException where the value is larger than {@link #maxValueLength}
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
        outcome.reset();
        checkSize(key, length);
        key.body.value = value;
        key.body.offset = offset;
        key.body.length = length;
        writes.set(key, lifetimeTicks, expected, takeHeld, outcome);
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
        outcome.reset();
        checkSize(key, entry.value().length);
        writes.accept(key, entry, appliedPosition, seenTombstone, outcome);
    }

    /**
     * An entry for a conditional save that the relay decides: nothing of it is stored here. Its version is above the expected one and given
     * once on this host, so that two saves over one version are never taken for one sent twice.
     *
     * @param key           the key
     * @param value         the value, copied
     * @param lifetimeTicks lifetime in ticks of 10 ms from now, 0 for the segment's own
     * @param expected      the version that has to be there
     * @return an entry that begins a life
     * @throws org.globalsessions.ValueTooLargeException where the value is larger than {@link #maxValueLength}
     */
    public SessionEntry propose(EncodedKey key, byte[] value, int lifetimeTicks, Version expected) {
        checkSize(key, value.length);
        return writes.propose(key.copy(), value.clone(), lifetimeTicks, expected);
    }

    /**
     * An entry for a conditional save in the place of one that the relay has refused as too far ahead of its clock.
     *
     * @param refused       the entry refused
     * @param lifetimeTicks lifetime in ticks of 10 ms from now, 0 for the segment's own
     * @param relay         the place of the relay that has refused it
     * @param refusal       what that said
     * @return an entry that begins a life
     */
    public SessionEntry proposeAgain(
            SessionEntry refused, int lifetimeTicks, RelayPosition relay, ClockAheadException refusal) {
        return writes.proposeAgain(refused.key(), refused.value(), lifetimeTicks, relay, refusal.above());
    }

    /**
     * Takes in a conditional save that a host has published, as the path's relay: stores the entry only over the version expected, in one
     * step with the comparison. The claims are held against a tombstone as {@link #accept} does. Where it is refused nothing is changed.
     *
     * @param key             the entry's key
     * @param entry           the entry; of the life of the expected version where the writer's host holds that one
     * @param appliedPosition the position that the writer's host had applied, 0 where it is of another epoch
     * @param seenTombstone   the tombstone that the writer saw
     * @param expected        version that has to be there; {@link Version#NONE}: nothing live
     * @param behind          what a later tier holds of the key and this segment had no place for, or null
     * @param outcome         STORED with version and life that count now, also where this very entry is there already; OTHER_VERSION with the
     *                        one there; ABSENT; BEATEN_BY_TOMBSTONE with the tombstone; NO_ROOM
     */
    public void acceptIf(
            EncodedKey key,
            SessionEntry entry,
            long appliedPosition,
            Version seenTombstone,
            Version expected,
            SessionEntry behind,
            WriteOutcome outcome) {
        outcome.reset();
        checkSize(key, entry.value().length);
        writes.acceptIf(key, entry, appliedPosition, seenTombstone, expected, behind, outcome);
    }

    /**
     * Stores an entry that another tier has sent: an answer, an announcement, a hand-off. Stored only where it is newer than
     * what is here and no tombstone beats it.
     *
     * @param key      the entry's key
     * @param entry    the entry
     * @param position the segment's own relay position as of which it is true; older than the horizon ends STALE; Long.MAX_VALUE to skip
     *                 that
     * @param marks    marks that it gets: 0, or RecordDescriptor.NOT_HANDED_OFF
     * @param evict    false to use only free or expired places (announcements)
     * @param outcome  STORED, SUPERSEDED, BEATEN_BY_TOMBSTONE, STALE or NO_ROOM
     */
    public void fill(
            EncodedKey key, SessionEntry entry, long position, int marks, boolean evict, WriteOutcome outcome) {
        fill(key, entry, file.relays().own(), position, marks, evict, UNASKED, outcome);
    }

    /**
     * Stores an entry that the next tier has announced, where there is a free place and nothing newer of its key may have left this host.
     *
     * @param key     the entry's key
     * @param entry   the entry
     * @param outcome as of {@link #fill(EncodedKey, SessionEntry, long, int, boolean, WriteOutcome)}
     */
    public void fillAnnounced(EncodedKey key, SessionEntry entry, WriteOutcome outcome) {
        fill(key, entry, file.relays().own(), Long.MAX_VALUE, 0, false, ANNOUNCED, outcome);
    }

    /**
     * Stores an entry that one of the host's relays has sent, as {@link #fill(EncodedKey, SessionEntry, long, int, boolean, WriteOutcome)}.
     *
     * @param key      the entry's key
     * @param entry    the entry
     * @param relay    whose position is meant
     * @param position that relay's position as of which it is true; older than its horizon here ends STALE
     * @param marks     marks that it gets
     * @param evict     false to use only free or expired places
     * @param announced {@link #announced} before it was asked for: where it is another one by now the entry is not stored, NO_ROOM, as it may
     *                  be older than what was announced; {@link #ANNOUNCED} for what is announced itself, which may be older than what has left this host, NO_ROOM
     *                  then, too; {@link #UNASKED} to store it all the same
     * @param outcome   STORED, SUPERSEDED, BEATEN_BY_TOMBSTONE, STALE or NO_ROOM
     */
    public void fill(
            EncodedKey key,
            SessionEntry entry,
            RelayPosition relay,
            long position,
            int marks,
            boolean evict,
            long announced,
            WriteOutcome outcome) {
        outcome.reset();
        checkSize(key, entry.value().length);
        writes.fill(key, entry, relay, position, marks, evict, announced, outcome);
    }

    /**
     * Counts a change that another tier has announced, before it is applied: an answer on its way may be older.
     *
     * @param digest digest of the key
     */
    public void noteAnnounced(KeyDigest digest) {
        segment.buckets().addAnnounced(firstBucket(digest));
    }

    /**
     * What to read before a key is asked for, and to fill in the answer with.
     *
     * @param digest digest of the key
     * @return number of changes announced so far, of this key and some others
     */
    public long announced(KeyDigest digest) {
        return segment.buckets().announced(firstBucket(digest));
    }

    /**
     * Deletes a session as a request of this host: tombstone first, then the entry goes.
     *
     * @param key     the key
     * @param outcome STORED with the tombstone's version and {@link WriteOutcome#held()}; NO_TOMBSTONE_ROOM
     */
    public void delete(EncodedKey key, WriteOutcome outcome) {
        outcome.reset();
        deletes.delete(key, outcome);
    }

    /**
     * Takes in a delete that a host has published, as the path's relay: raises its version above every one of that key that is
     * here, or may be elsewhere, then applies it.
     *
     * @param digest          digest of the key
     * @param version         the delete's version
     * @param appliedPosition position up to which its host has applied announcements of this relay's epoch
     * @param ownIsMore       whether the tombstone that stands, where it is of its host, also stands for another host's delete
     * @param elsewhere       highest version clock that the key may have behind this relay where nothing of it is here; 0 for none above
     *                        the delete
     * @param outcome         STORED with the tombstone's version as it counts now, and held; SUPERSEDED with that of a tombstone which also
     *                        stands for another host's delete that the host did not know of; both with its {@linkplain WriteOutcome#position
     *                        number}, unless it was there; NO_TOMBSTONE_ROOM, and nothing has changed
     */
    public void acceptDelete(
            KeyDigest digest,
            Version version,
            long appliedPosition,
            boolean ownIsMore,
            long elsewhere,
            WriteOutcome outcome) {
        outcome.reset();
        deletes.accept(digestKey(digest), version, appliedPosition, ownIsMore, elsewhere, outcome);
    }

    /**
     * Notes the number that a delete has got whose tombstone stands without one, as a write that followed it has brought it along.
     *
     * @param digest   digest of the key
     * @param version  the delete's version as it counts here
     * @param position its number
     */
    public void numberDelete(KeyDigest digest, Version version, long position) {
        deletes.number(digestKey(digest), version, position);
    }

    /**
     * Applies a delete that another tier has announced. Takes away every entry whose life is not newer, and one whose life
     * the relay has not confirmed.
     *
     * @param digest   digest of the key
     * @param version  the delete's version
     * @param position the segment's own relay position of the delete, 0 for none
     * @param outcome  STORED and held; NO_TOMBSTONE_ROOM (the entry is gone all the same)
     */
    public void applyDelete(KeyDigest digest, Version version, long position, WriteOutcome outcome) {
        outcome.reset();
        deletes.apply(digestKey(digest), version, position, true, outcome);
    }

    /**
     * Applies a delete that a tier in front knows of and the next tier may not: as {@link #applyDelete(KeyDigest, Version, long, WriteOutcome)}, and it waits for
     * {@link #confirmDelete}.
     *
     * @param digest   digest of the key
     * @param version  the delete's version
     * @param position the segment's own relay position of the delete
     * @param outcome  STORED and held; NO_TOMBSTONE_ROOM (the entry is gone all the same)
     */
    public void applyUnconfirmedDelete(KeyDigest digest, Version version, long position, WriteOutcome outcome) {
        outcome.reset();
        deletes.apply(digestKey(digest), version, position, false, outcome);
    }

    /**
     * Applies a delete that one of the host's relays has announced, as {@link #applyDelete(KeyDigest, Version, long, WriteOutcome)}.
     *
     * @param digest   digest of the key
     * @param version  the delete's version
     * @param relay    whose position is meant
     * @param epoch    that relay's epoch
     * @param position that relay's position of the delete
     * @param outcome  STORED and held; NO_TOMBSTONE_ROOM (the entry is gone all the same)
     */
    public void applyDelete(
            KeyDigest digest, Version version, RelayPosition relay, long epoch, long position, WriteOutcome outcome) {
        applyDelete(digest, version, relay.inTombstone(epoch, position), outcome);
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
        return segment.writer().clearMarks(way, stateWord, marks);
    }

    /**
     * Takes in the relay's receipt of an entry published from here: clears the marks, lifts the entry's life and version where
     * the relay raised them, or applies the tombstone that beat it.
     *
     * @param published the entry as it was read and sent
     * @param receipt   the receipt
     * @param from      position of the relay that gave it
     */
    public void confirm(EntrySnapshot published, Receipt receipt, RelayPosition from) {
        Version told = receipt.version();
        boolean asPublished = told.clock() == published.versionClock
                && told.origin() == published.versionOrigin
                && receipt.life() == published.life;
        switch (receipt.outcome()) {
            case STORED -> {
                int marks = RecordDescriptor.UNPUBLISHED | RecordDescriptor.LIFE_UNCONFIRMED;
                if (segment.records().isOwed(published.way, published.stateWord)) {
                    // It is about to go, and an answer on its way may hold what it has overwritten.
                    from.raiseHorizon(receipt.epoch(), receipt.position());
                }
                if (asPublished) {
                    clearMarks(published.way, published.stateWord, marks);
                } else {
                    writes.lift(encode(published.keyCopy()), published, receipt);
                }
            }
            case BEATEN_BY_TOMBSTONE ->
                applyDelete(
                        encode(published.keyCopy()).digest(),
                        told,
                        from,
                        receipt.epoch(),
                        receipt.position(),
                        new WriteOutcome());
            // The relay has a newer version: the next get asks for it.
            case SUPERSEDED, CONDITION_FAILED -> {
                segment.see(told);
                // An answer on its way may hold what this one had overwritten here.
                from.raiseHorizon(receipt.epoch(), receipt.position());
                segment.retire(keys.ofThread(), published.way, published.stateWord);
            }
        }
    }

    /**
     * Takes in the next tier's receipt of a delete published from here: the tombstone takes on the version and position that
     * count, and is no longer unacknowledged.
     *
     * @param digest  digest of the key
     * @param version the version that was published
     * @param receipt the receipt; its position is one of the segment's own
     */
    public void confirmDelete(KeyDigest digest, Version version, Receipt receipt) {
        confirmDelete(digest, version, receipt, file.relays().own());
    }

    /**
     * As {@link #confirmDelete(KeyDigest, Version, Receipt)}, by the receipt of one of the host's relays.
     *
     * @param digest  digest of the key
     * @param version the version that was published
     * @param receipt the receipt
     * @param from    position of the relay that gave it
     */
    public void confirmDelete(KeyDigest digest, Version version, Receipt receipt, RelayPosition from) {
        if (receipt.outcome() == Receipt.Outcome.SUPERSEDED) {
            deletes.supersede(digestKey(digest), version, receipt, from);
        } else {
            deletes.confirm(digestKey(digest), version, receipt, from);
        }
    }

    /**
     * Takes in a relay's wall clock: what is written here from now on, by any process, is not behind it.
     *
     * @param relay             the relay
     * @param clockMicros       its clock in microseconds since 1970
     * @param uncertaintyMicros how long ago at most it said so
     */
    public void tellClock(RelayPosition relay, long clockMicros, long uncertaintyMicros) {
        segment.clock().tell(relay.place(), clockMicros, uncertaintyMicros, false);
    }

    /**
     * Takes in that a relay has refused a version of this host as too far ahead of its clock: what is written here from now on, by any
     * process, has that relay's clock.
     *
     * @param relay   the relay
     * @param refusal what it said
     */
    public void tellClock(RelayPosition relay, ClockAheadException refusal) {
        file.counters().increment(Counter.CLOCK_AHEAD);
        segment.clock().tell(relay.place(), refusal.clockMicros(), 0, true);
    }

    /**
     * Stores an unpublished entry again that the relay has refused as too far ahead of its clock, as of a version that is above all that the relay
     * has taken of the key: the relay never had the higher one. The life goes with it where the entry has begun it. One whose lifetime has
     * ended meanwhile gets the version that it would have had by the relay's clock.
     *
     * @param refused the entry as it was read and sent
     * @param refusal what the relay said
     * @param outcome STORED; OTHER_VERSION where that version is not here any more, or published; SUPERSEDED where no lower one will do;
     *                NO_ROOM where the entry is as it was
     */
    public void lower(EntrySnapshot refused, ClockAheadException refusal, WriteOutcome outcome) {
        outcome.reset();
        writes.lower(encode(refused.keyCopy()), refused, refusal, outcome);
    }

    /**
     * Gives a delete that the relay has refused as too far ahead of its clock a lower version, above all that the relay has taken of the key.
     *
     * @param digest  digest of the key
     * @param refused the delete's version
     * @param refusal what the relay said
     * @param outcome STORED; OTHER_VERSION where that delete waits for no receipt any more; SUPERSEDED where no lower one will do;
     *                NO_TOMBSTONE_ROOM where it is as it was
     */
    public void lowerDelete(KeyDigest digest, Version refused, ClockAheadException refusal, WriteOutcome outcome) {
        outcome.reset();
        deletes.lower(digestKey(digest), refused, refusal.above(), outcome);
    }

    /**
     * As a relay: whether a version of a host may be too far ahead of the clock here to be taken. Looks at no key.
     *
     * @param clock      the version's clock
     * @param skewMicros how far ahead it may be
     * @return true where it is neither within that nor just above the highest that was seen ahead of the clock
     */
    public boolean isAhead(long clock, long skewMicros) {
        return segment.clock().isTooFarAhead(clock, skewMicros);
    }

    /**
     * Whether a version is more than a microsecond above the highest that is known of its key.
     *
     * @param clock   the version's clock
     * @param highest the other's
     * @return true if so
     */
    public static boolean isFarAbove(long clock, long highest) {
        return VersionClock.isAbove(clock, highest);
    }

    /**
     * The highest version clock of a key, or that was ahead of the clock here when it was seen.
     *
     * @param digest digest of the key
     * @return the clock, 0 where there is none
     */
    public long highest(KeyDigest digest) {
        long[] ofKey = new long[1];
        EncodedKey key = digestKey(digest);
        segment.underLock(key, lock -> {
            ofKey[0] = Math.max(key.found.way < 0 ? 0 : key.found.versionClock, key.tombstone.versionClock);
            return segment.holds(key, lock);
        });
        return Math.max(ofKey[0], segment.clock().highestAhead());
    }

    /**
     * The clock that versions are made of, for those who ask how old one is.
     *
     * @return microseconds since 1970: the wall clock, corrected by what relays have told of theirs
     */
    public long versionMicros() {
        return segment.clock().micros();
    }

    /**
     * The tombstone of a key.
     *
     * @param digest digest of the key
     * @return its version, or {@link Version#NONE}
     */
    public Version tombstone(KeyDigest digest) {
        TombstoneTable.Found found = new TombstoneTable.Found();
        segment.tombstones().look(digest.high(), digest.low(), found);
        return found.exists() ? new Version(found.versionClock, found.versionOrigin) : Version.NONE;
    }

    /**
     * The delete of a key that still waits for the next tier's receipt. Until then its version is not final, so a life that begins over it
     * is published after the receipt.
     *
     * @param digest digest of the key
     * @return its version, or {@link Version#NONE} where none waits
     */
    public Version awaitedDelete(KeyDigest digest) {
        TombstoneTable.Found found = new TombstoneTable.Found();
        segment.tombstones().lookForUnacknowledged(digest.high(), digest.low(), found);
        return found.exists() ? new Version(found.versionClock, found.versionOrigin) : Version.NONE;
    }

    /**
     * Whether a delete of a key waits for the next tier's receipt, as {@link #awaitedDelete}.
     *
     * @param digest digest of the key
     * @return true if one does
     */
    public boolean awaitsDeleteReceipt(KeyDigest digest) {
        return !awaitedDelete(digest).equals(Version.NONE);
    }

    /**
     * Notes that a process of this host has lost its connection to a relay, or is there only now: what began up to now the relay may know.
     *
     * @param lease the lease of the relay
     */
    public void noteCut(RelayLease lease) {
        segment.noteCut(lease);
    }

    /**
     * Most tombstones at a time.
     *
     * @return how many have a place
     */
    public long tombstoneCapacity() {
        return (long) file.tombstoneBucketCount() * SegmentDescriptor.TOMBSTONES_PER_BUCKET;
    }

    /**
     * Where the clock that versions are made of stands.
     *
     * @return a clock that no version is above which was given or seen here up to now, unless the wall clock was set back since
     */
    public long versionClock() {
        return segment.versionClock();
    }

    /**
     * Whether an entry needs no confirmation by its relay: it began here, was never acknowledged, and after every process of this host
     * had lost its connection.
     *
     * @param entry a copy of it
     * @param lease the lease of the relay that has its key
     * @return true if so
     */
    public boolean isOfThisHostAlone(EntrySnapshot entry, RelayLease lease) {
        return (entry.marks() & RecordDescriptor.LIFE_UNCONFIRMED) != 0 && entry.life() > lease.cut();
    }

    /**
     * Takes an entry away that was seen, if it is still the same. Leaves no tombstone.
     *
     * @param seen a copy of it
     * @return false where it has changed or gone
     */
    public boolean discard(EntrySnapshot seen) {
        return segment.retire(keys.ofThread(), seen.way, seen.stateWord);
    }

    /**
     * Position of the youngest tombstone that is gone from this relay's segment: a host that has applied less cannot be told all it has
     * missed.
     *
     * @return the position, 0 where none is gone
     */
    public long horizon() {
        // Never beyond what was given: a damaged one would send every host away for ever.
        return Math.min(file.relays().own().horizon(), file.position());
    }

    /**
     * Takes an entry away if its version is lower than one that counts elsewhere, and it is published. Leaves no tombstone.
     *
     * @param digest  digest of the key
     * @param version the version that counts
     * @return true if an entry went
     */
    public boolean removeOlder(KeyDigest digest, Version version) {
        return writes.removeOlder(digestKey(digest), version);
    }

    /**
     * Shows the live entries of some buckets; where what is unpublished is asked for, as {@link #readUnsent} does.
     *
     * @param firstBucket first bucket
     * @param count       number of buckets; the scan ends at the last bucket of the segment
     * @param marks       only entries with at least one of these marks, 0 for all
     * @param visitor     sees them
     */
    public void scan(int firstBucket, int count, int marks, EntryVisitor visitor) {
        scan(firstBucket, count, marks, (marks & RecordDescriptor.UNPUBLISHED) != 0, visitor);
    }

    /**
     * Shows the live entries of some buckets, and also those that {@link #readUnsent} shows.
     *
     * @param firstBucket first bucket
     * @param count       number of buckets; the scan ends at the last bucket of the segment
     * @param visitor     sees them
     */
    public void scanUnsentToo(int firstBucket, int count, EntryVisitor visitor) {
        scan(firstBucket, count, 0, true, visitor);
    }

    private void scan(int firstBucket, int count, int marks, boolean unsentToo, EntryVisitor visitor) {
        EntrySnapshot entry = new EntrySnapshot();
        BucketTable buckets = segment.buckets();
        int end = (int) Math.min(buckets.bucketCount(), (long) firstBucket + count);
        for (int bucket = firstBucket; bucket < end; bucket++) {
            for (int lane = 0; lane < SegmentDescriptor.WAYS; lane++) {
                boolean wanted =
                        marks == 0 ? buckets.tagAt(bucket, lane) != 0 : (buckets.hints(bucket, lane) & marks) != 0;
                if (wanted
                        && read(bucket * SegmentDescriptor.WAYS + lane, unsentToo, entry)
                        && (marks == 0 || (entry.marks() & marks) != 0)
                        && !visitor.visit(entry)) {
                    return;
                }
            }
        }
    }

    private boolean read(int way, boolean unsentToo, EntrySnapshot into) {
        return unsentToo ? readUnsent(way, into) : read(way, into);
    }

    /**
     * Says how often all buckets have to be scanned so that no entry is missed that writers move meanwhile.
     *
     * @return for one walk by one thread, which begins now
     */
    public ScanPasses scanPasses() {
        return new ScanPasses(bucketCount(), segment.buckets()::lockWord);
    }

    /**
     * Shows the tombstones that the next tier has not acknowledged.
     *
     * @param visitor sees them
     */
    public void scanUnacknowledgedTombstones(TombstoneVisitor visitor) {
        scanTombstones(true, visitor);
    }

    /**
     * Shows all tombstones that are still here: for a tier in front that may have missed some.
     *
     * @param visitor sees them
     */
    public void scanTombstones(TombstoneVisitor visitor) {
        scanTombstones(false, visitor);
    }

    private void scanTombstones(boolean onlyUnacknowledged, TombstoneVisitor visitor) {
        TombstoneTable tombstones = segment.tombstones();
        TombstoneTable.Found found = new TombstoneTable.Found();
        for (int place = 0; place < tombstones.count(); place++) {
            boolean skipped = onlyUnacknowledged && RecordDescriptor.marks(tombstones.state(place)) == 0;
            if (skipped || !tombstones.read(place, found)) {
                continue;
            }
            KeyDigest digest = new KeyDigest(tombstones.digestHigh(place), tombstones.digestLow(place));
            Version version = new Version(found.versionClock, found.versionOrigin);
            boolean wanted = !onlyUnacknowledged || (found.flags() & TombstoneTable.UNACKNOWLEDGED) != 0;
            if (wanted
                    && tombstones.stillShows(place, found.state)
                    && !visitor.visit(digest, version, found.position)) {
                return;
            }
        }
    }

    /**
     * One slice of the sweep: removes expired entries, lifts old stamps, frees what dead processes had reserved or set aside,
     * finishes tombstones not yet applied and drops those whose retention is over; then a slice of the eviction run, where one is
     * under way. For the holder of the sweeper's lease.
     *
     * @param firstBucket first bucket
     * @param count       number of buckets
     * @return entries expired
     */
    public int sweep(int firstBucket, int count) {
        int expired = sweeper.sweep(firstBucket, count);
        evictor.slice();
        return expired;
    }

    /**
     * Copies the entry that would have to go if the key were stored now and nothing were held: the oldest of its two buckets but its own, beside
     * which the new one is written.
     *
     * @param key  the key
     * @param into where it goes
     * @return false where there is a free place
     */
    public boolean oldestFor(EncodedKey key, EntrySnapshot into) {
        int first = segment.buckets().firstBucket(key.low);
        int second = segment.buckets().secondBucket(key.low);
        if (segment.victims().findFree(first, second, -1) >= 0) {
            return false;
        }
        int[] own = new int[1];
        segment.underLock(key, lock -> {
            own[0] = key.found.way;
            return segment.holds(key, lock);
        });
        int way = segment.victims().oldest(first, second, own[0], 0);
        return way >= 0 && read(way, into);
    }

    /**
     * How many ways of a bucket could be taken at once: free, expired, or without a mark that holds them.
     *
     * @param bucket number of the bucket
     * @return 0 to 16
     */
    public int takeable(int bucket) {
        return segment.victims().takeable(bucket);
    }

    /**
     * Copies the oldest held entry of a bucket: the next to hand off.
     *
     * @param bucket number of the bucket
     * @param into   where it goes
     * @return false where the bucket has none
     */
    public boolean oldestHeld(int bucket, EntrySnapshot into) {
        int way = segment.victims().oldestHeld(bucket);
        return way >= 0 && read(way, into) && (into.marks() & segment.victims().holdMask()) != 0;
    }

    /**
     * A key's first bucket.
     *
     * @param digest digest of the key
     * @return its number
     */
    public int firstBucket(KeyDigest digest) {
        return segment.buckets().firstBucket(digest.low());
    }

    /**
     * A key's second bucket, never its first.
     *
     * @param digest digest of the key
     * @return its number
     */
    public int secondBucket(KeyDigest digest) {
        return segment.buckets().secondBucket(digest.low());
    }

    /**
     * Number of buckets; each has 16 ways, way numbers are {@code bucket * 16 + 0..15}.
     *
     * @return buckets of the segment
     */
    public int bucketCount() {
        return segment.buckets().bucketCount();
    }

    /**
     * Live entries at this moment, by a walk over the bucket headers.
     *
     * @return count, approximate while others write
     */
    public int size() {
        return segment.buckets().usedCount();
    }

    /**
     * Largest value for a key of some length.
     *
     * @param keyLength bytes of the key
     * @return bytes
     */
    public int maxValueLength(int keyLength) {
        return Math.min(maxValueSize, segment.records().valueCapacity(keyLength));
    }

    /**
     * The segment behind this table: header fields, attach slot, leases, time.
     *
     * @return the segment's file
     */
    public SegmentFile file() {
        return file;
    }

    /**
     * The counters in the segment.
     *
     * @return counters that this process's slot writes; hits and misses of other processes may be a tick old
     */
    public Counters counters() {
        keys.flushLookups();
        return file.counters();
    }

    /**
     * Gives up the attach slot, after the writes under way. The segment stays for the others and for the next start; a write
     * that comes later gets an {@link IllegalStateException}. Where a write does not end within a second (its thread is
     * stopped), the slot stays this process's until the process ends.
     */
    @Override
    public void close() {
        keys.flushLookups();
        if (segment.closeForWrites(keys, CLOSE_TIMEOUT_NS)) {
            file.close();
        }
    }

    /**
     * Evicts the oldest entries that are due: unused for longer than the settings say, and held by no mark. Looks through the whole
     * table, on the calling thread.
     *
     * @param count most entries to take, up to 65,536 at a time
     * @param into  gets each entry after it went; its object is used again
     * @return entries evicted
     */
    public int evict(int count, Consumer<EntrySnapshot> into) {
        return evictor.evict(keys.ofThread(), count, into);
    }

    /**
     * Evicts the oldest due entries of a key's two buckets, to make room near it.
     *
     * @param key   the key, which need not be here
     * @param count most entries to take
     * @param into  gets each entry after it went; its object is used again
     * @return entries evicted
     */
    public int evictNear(EncodedKey key, int count, Consumer<EntrySnapshot> into) {
        return evictor.evictNear(key, count, into);
    }

    /**
     * A limit of live entries below what the table has places for.
     *
     * @param limit most live entries, 1 or more
     * @return what keeps it, a slice at a time, on the sweeper's thread
     */
    public SessionLimit limit(int limit) {
        return new SessionLimit(segment, evictor, keys.newKey(), limit);
    }

    /**
     * Sets who is told of entries that this process takes away for age or space.
     *
     * @param listener the listener, null for none
     */
    public void departures(DepartureListener listener) {
        segment.departures().listener(listener);
        evictor.listener(listener);
    }

    /**
     * Begins to load a key that is not here: claims it for this process, or finds who has.
     *
     * @param key    the key
     * @param beyond word of another process's claim that was waited for long enough and is taken over, 0 for none
     * @return the claim, and what {@link #finishLoad} wants to know
     */
    public LoadStart beginLoad(EncodedKey key, long beyond) {
        return loads.begin(key, beyond);
    }

    /**
     * Stores what a loader brought as a write of this host, unless the session was stored or deleted since the load began.
     *
     * @param key     the key
     * @param value   the value
     * @param start   what the load began with
     * @param outcome STORED, SUPERSEDED by what is here, BEATEN_BY_TOMBSTONE, STALE where a tombstone has gone that may have been the
     *                key's and younger than the load, or NO_ROOM
     * @throws org.globalsessions.ValueTooLargeException where key and value exceed the record
     */
    public void finishLoad(EncodedKey key, byte[] value, LoadStart start, WriteOutcome outcome) {
        outcome.reset();
        checkSize(key, value.length);
        key.body.value = value;
        key.body.offset = 0;
        key.body.length = value.length;
        loads.store(key, start, outcome);
    }

    /**
     * The claims of keys that are being loaded.
     *
     * @return the claims, for any thread
     */
    public LoadClaims claims() {
        return loads.claims();
    }

    /**
     * Entries whose time has not run out, by a look at each way.
     *
     * @return count, approximate while others write
     */
    public int liveCount() {
        return reads.liveCount();
    }
}
