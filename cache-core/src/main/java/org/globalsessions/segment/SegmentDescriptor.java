package org.globalsessions.segment;

/**
 * Layout of a segment's file: regions, header fields, attach slots, bucket headers, tombstones. Static, no state;
 * {@code LAYOUT.md} is the specification, and a test holds the two against each other.
 *
 * <pre>
 * 0                  +------------------+
 *                    | header           |  4,096 bytes
 * PROCESSES          +------------------+
 *                    | process table    |  64 bytes an attach slot, 256 slots
 * COUNTERS           +------------------+
 *                    | counters         |  512 bytes an attach slot: 64 counters of 8 bytes
 * ERRORS             +------------------+
 *                    | distinct errors  |  64 places of 256 bytes
 * BUCKETS            +------------------+
 *                    | bucket headers   |  128 bytes a bucket
 * tombstones offset  +------------------+
 *                    | tombstones       |  56 bytes each, 8 a tombstone bucket
 * page words offset  +------------------+
 *                    | page words       |  16 bytes a page
 * page bitmap offset +------------------+
 *                    | page bitmap      |  a bit a page, then a bit each 64 pages
 * records offset     +------------------+
 *                    | records          |  record stride bytes a way, 16 ways a bucket
 * pages offset       +------------------+
 *                    | pages            |  4,096 bytes each
 *                    +------------------+
 * </pre>
 */
public final class SegmentDescriptor {
    /** Version of this layout: major in the upper 16 bits, minor in the lower. */
    public static final int LAYOUT_VERSION = 4 << 16;

    /** The eight bytes "GSESSION", read as a little-endian number. */
    public static final long MAGIC = 0x4E4F495353455347L;

    /** Length of the header. */
    public static final int HEADER_LENGTH = 4096;

    // Written once by the creator.

    /** Layout version; written last, 0 while the creator is at work. */
    public static final int VERSION_OFFSET = 0;

    /** The magic number, which also tells the byte order. */
    public static final int MAGIC_OFFSET = 8;

    /** Bytes of a record as configured, rounded up to 64. */
    public static final int RECORD_STRIDE_OFFSET = 16;

    /** Sessions held before the first eviction. */
    public static final int EL_COUNT_OFFSET = 20;

    /** Number of buckets. */
    public static final int BUCKET_COUNT_OFFSET = 24;

    /** Ways of a bucket: 16. */
    public static final int WAYS_OFFSET = 28;

    /** Seed of the choice of buckets. */
    public static final int SEED_OFFSET = 32;

    /** Upper half of the segment's random identity. */
    public static final int IDENTITY_HIGH_OFFSET = 40;

    /** Lower half of the segment's random identity. */
    public static final int IDENTITY_LOW_OFFSET = 48;

    /** Origin id of the writes made here; redrawn by compare-and-set where the relay refuses it. */
    public static final int ORIGIN_OFFSET = 56;

    /** Number of tombstone buckets. */
    public static final int TOMBSTONE_BUCKET_COUNT_OFFSET = 60;

    /** File offset of the tombstones. */
    public static final int TOMBSTONES_OFFSET_OFFSET = 72;

    /** File offset of the records. */
    public static final int RECORDS_OFFSET_OFFSET = 80;

    /** Length of the file. */
    public static final int FILE_LENGTH_OFFSET = 88;

    /** Upper half of the digest key, derived from the path's name. */
    public static final int PATH_KEY_HIGH_OFFSET = 96;

    /** Lower half of the digest key. */
    public static final int PATH_KEY_LOW_OFFSET = 104;

    /** Random key of the digests that logs show. */
    public static final int LOG_KEY_OFFSET = 112;

    /** What the creator's role was: 0 standalone, 1 host, 2 relay, 3 relief. */
    public static final int ROLE_OFFSET = 120;

    /** Number of overflow pages. */
    public static final int PAGE_COUNT_OFFSET = 124;

    /** File offset of the page words. */
    public static final int PAGE_WORDS_OFFSET_OFFSET = 128;

    /** File offset of the pages. */
    public static final int PAGES_OFFSET_OFFSET = 136;

    // Changing fields; each group on a cache line of its own, or on one of what does not change.

    /** Highest version clock that was seen or given here ahead of the wall clock; 0 for none. */
    public static final int HIGHEST_VERSION_OFFSET = 144;

    /** 1 once the segment was replaced: attached processes attach anew. */
    public static final int RETIRED_OFFSET = 192;

    /** Highest segment tick that anybody has published. */
    public static final int TICK_OFFSET = 256;

    /** Ticks to add to boot time. */
    public static final int BOOT_OFFSET_OFFSET = 264;

    /** Upper half of the boot id that the offset belongs to. */
    public static final int BOOT_ID_HIGH_OFFSET = 272;

    /** Lower half of the boot id. */
    public static final int BOOT_ID_LOW_OFFSET = 280;

    /** Wall clock in milliseconds when the tick was last published: what a new boot advances the offset by. */
    public static final int WALL_CLOCK_MS_OFFSET = 288;

    /** Lease word of the link owner. */
    public static final int LINK_OWNER_OFFSET = 320;

    /** Lease word of the sweeper. */
    public static final int SWEEPER_OFFSET = 384;

    /** Recency step: advances once every capacity/64 insertions. */
    public static final int STEP_OFFSET = 448;

    /** A relay's own epoch. */
    public static final int RELAY_EPOCH_OFFSET = 512;

    /** The last number that a relay has given. */
    public static final int POSITION_OFFSET = 520;

    /** The bits of a position word that hold the position; above them a fold of the relay epoch. */
    public static final long POSITION_MASK = 0x0000_FFFF_FFFF_FFFFL;

    /** At a relay, position of the youngest tombstone that was dropped early. */
    public static final int HORIZON_OFFSET = 528;

    /** Highest tick at which a tombstone was written that has been dropped since, or that found no place. */
    public static final int YOUNGEST_DROPPED_OFFSET = 536;

    /** A host's list of relays: a bit for each place below that belongs to it. */
    public static final int RELAY_LIST_OFFSET = 544;

    /** At a relay, whether it knows the deletes from before its epoch. */
    public static final int DELETES_KNOWN_OFFSET = 548;

    /** At a host, up to which version clock lives and deletes that a relay has not judged claim nothing; 0 for none. */
    public static final int UNJUDGED_OFFSET = 552;

    /** A relay's own clock. */
    public static final int RELAY_CLOCK_OFFSET = 560;

    /** Page at which the next search for a head to evict begins. */
    public static final int PAGE_CURSOR_OFFSET = 576;

    /** Leases of a host towards its relays, one a place. */
    public static final int LEASES_OFFSET = 640;

    /** Bytes of a lease. */
    public static final int LEASE_LENGTH = 16;

    /** First tick at which the host may no longer serve what the relay has told or confirmed; 0 where there is none. */
    public static final int LEASE_END_OFFSET = 0;

    /** Clock of versions when a process of this host last lost its connection to the relay. */
    public static final int LEASE_CUT_OFFSET = 8;

    /** Clocks of a host's relays, one a place. */
    public static final int RELAY_CLOCKS_OFFSET = 896;

    /** Bytes of a relay's clock. */
    public static final int RELAY_CLOCK_LENGTH = 8;

    /** Length and number of changes (4 bytes), then UTF-8 bytes, of a note that a node leaves for those who attach. */
    public static final int NOTE_OFFSET = 1024;

    /** Longest note in bytes. */
    public static final int NOTE_MAX_LENGTH = 508;

    // The relays of a host.

    /** Where the places of relays lie: in the header. */
    public static final int RELAYS_OFFSET = 1536;

    /** Places for relays: twice as many as a list may have. */
    public static final int PLACE_COUNT = 16;

    /** Bytes of a relay's place. */
    public static final int PLACE_LENGTH = 32;

    /** The relay's id, 0 for a place never used. */
    public static final int PLACE_ID_OFFSET = 0;

    /** Epoch of the relay that the position belongs to. */
    public static final int PLACE_EPOCH_OFFSET = 8;

    /** Position up to which this host has applied what the relay announced. */
    public static final int PLACE_POSITION_OFFSET = 16;

    /** Position of the youngest of the relay's tombstones that was dropped early here. */
    public static final int PLACE_HORIZON_OFFSET = 24;

    // Claims of keys that are being loaded.

    /** Where the claims lie: in the header. */
    public static final int CLAIMS_OFFSET = 2048;

    /** Places for claims. */
    public static final int CLAIM_COUNT = 64;

    /** Bytes of a claim. */
    public static final int CLAIM_LENGTH = 32;

    /** Claim word: attach slot + 1, incarnation, epoch. */
    public static final int CLAIM_WORD_OFFSET = 0;

    /** Upper half of the key's digest. */
    public static final int CLAIM_HIGH_OFFSET = 8;

    /** Lower half of the key's digest. */
    public static final int CLAIM_LOW_OFFSET = 16;

    /** Tick of the last renewal, and once it is given up whether the loader found nothing. */
    public static final int CLAIM_TICK_OFFSET = 24;

    // Process table.

    /** Attach slots of a segment. */
    public static final int SLOT_COUNT = 256;

    /** File offset of the process table. */
    public static final int PROCESSES_OFFSET = HEADER_LENGTH;

    /** Bytes of an attach slot. */
    public static final int SLOT_LENGTH = 64;

    /** State, incarnation and pid of a slot; compare-and-set. */
    public static final int SLOT_STATE_OFFSET = 0;

    /** Start time of the process, in clock ticks since boot. */
    public static final int SLOT_START_TIME_OFFSET = 8;

    /** Pid name space of the process. */
    public static final int SLOT_PID_NAMESPACE_OFFSET = 16;

    /** Lower half of the boot id under which it attached. */
    public static final int SLOT_BOOT_ID_OFFSET = 24;

    /** Insertions made through this slot. */
    public static final int SLOT_INSERTIONS_OFFSET = 32;

    /** 1 where the process of the slot works with the list of relays. */
    public static final int SLOT_AT_RELAYS_OFFSET = 40;

    // Counters and errors.

    /** File offset of the counters. */
    public static final int COUNTERS_OFFSET = PROCESSES_OFFSET + SLOT_COUNT * SLOT_LENGTH;

    /** Counters of a slot. */
    public static final int COUNTER_COUNT = 64;

    /** File offset of the distinct errors. */
    public static final int ERRORS_OFFSET = COUNTERS_OFFSET + SLOT_COUNT * COUNTER_COUNT * Long.BYTES;

    /** Places for distinct errors. */
    public static final int ERROR_COUNT = 64;

    /** Bytes of a distinct error. */
    public static final int ERROR_LENGTH = 256;

    /** File offset of the bucket headers. */
    public static final int BUCKETS_OFFSET = ERRORS_OFFSET + ERROR_COUNT * ERROR_LENGTH;

    // Bucket headers.

    /** Ways of a bucket. */
    public static final int WAYS = 16;

    /** Bytes of a bucket's header: two cache lines. */
    public static final int BUCKET_LENGTH = 128;

    /** 16 tags of 16 bits; 0 is empty. */
    public static final int TAGS_OFFSET = 0;

    /** 16 stamps of 16 bits: the recency step of the last touch, and in the lowest bit whether there was none. */
    public static final int STAMPS_OFFSET = 32;

    /** 16 hints of 8 bits for the choice of a victim. */
    public static final int HINTS_OFFSET = 64;

    /** The writers' lock word. */
    public static final int LOCK_OFFSET = 80;

    /** The way that the lock's holder has reserved. */
    public static final int NOTE_WORD_OFFSET = 88;

    /** Tombstones of keys whose first bucket this is; after a kill it may be too high, never too low. */
    public static final int BUCKET_TOMBSTONES_OFFSET = 96;

    /** Tick before which, as far as known, no entry of the bucket runs out; 0 where none has a limit. */
    public static final int NEXT_EXPIRY_OFFSET = 100;

    /** Changes announced of keys whose first bucket this is: wraps around. */
    public static final int ANNOUNCED_OFFSET = 104;

    /** Highest clock of an entry that has left the bucket at a host while nothing newer of its key stayed there; 0 for none. */
    public static final int DEPARTED_OFFSET = 112;

    // Tombstones.

    /** Tombstones of a tombstone bucket. */
    public static final int TOMBSTONES_PER_BUCKET = 8;

    /** Bytes of a tombstone. */
    public static final int TOMBSTONE_LENGTH = 56;

    /** Kind, flags, holder and generation; compare-and-set. */
    public static final int TOMBSTONE_STATE_OFFSET = 0;

    /** Upper half of the key's digest. */
    public static final int TOMBSTONE_DIGEST_HIGH_OFFSET = 8;

    /** Lower half of the key's digest. */
    public static final int TOMBSTONE_DIGEST_LOW_OFFSET = 16;

    /** Clock of the delete's version. */
    public static final int TOMBSTONE_VERSION_OFFSET = 24;

    /** Origin of the delete's version. */
    public static final int TOMBSTONE_ORIGIN_OFFSET = 32;

    /** Segment tick at which it was written. */
    public static final int TOMBSTONE_TICK_OFFSET = 36;

    /** Relay position of the delete, 0 while unknown; at a host also which relay's and epoch's. */
    public static final int TOMBSTONE_POSITION_OFFSET = 40;

    /** Clock of the youngest life that it took away and that a relay has confirmed: 8 bytes. */
    public static final int TOMBSTONE_LIFE_OFFSET = 48;

    // Overflow pages.

    /** Bytes of a page word's place. */
    public static final int PAGE_WORD_LENGTH = 16;

    /** Head that the page belongs to: way + 1 in the lower half, its generation in the upper; 0 is free. */
    public static final int PAGE_OWNER_OFFSET = 0;

    /** Number of the chain's next page + 1; 0 at its end. */
    public static final int PAGE_NEXT_OFFSET = 8;

    /** Bytes of a page. */
    public static final int PAGE_LENGTH = 4096;

    private SegmentDescriptor() {}

    static int recordStride(int recordSize) {
        return (recordSize + 63) & -64;
    }

    /**
     * 1.2 ways a session, and one bucket that small tables need: with fewer, two full buckets of 16 come before {@code el_count} keys
     * are in; docs/performance.md has how often.
     */
    static int bucketCount(int elCount) {
        long ways = (elCount * 6L + 4) / 5;
        return (int) ((ways + WAYS - 1) / WAYS) + 1;
    }

    static int tombstoneBucketCount(int elCount) {
        return Math.max(128, (elCount / 4 + TOMBSTONES_PER_BUCKET - 1) / TOMBSTONES_PER_BUCKET);
    }

    static long tombstonesOffset(int bucketCount) {
        return BUCKETS_OFFSET + (long) bucketCount * BUCKET_LENGTH;
    }

    /** Pages that a value takes. */
    static int pagesOf(int valueLength) {
        return (valueLength + PAGE_LENGTH - 1) / PAGE_LENGTH;
    }

    /** A share of records and pages together, but room for two of the largest values: an old one and the one that follows it. */
    static int pageCount(int bucketCount, int recordStride, double overflowShare, int maxValueSize) {
        if (overflowShare == 0) {
            return 0;
        }
        double records = (double) bucketCount * WAYS * recordStride;
        long pages = (long) Math.ceil(records * overflowShare / (1 - overflowShare) / PAGE_LENGTH);
        return (int) Math.min(Integer.MAX_VALUE, Math.max(2L * pagesOf(maxValueSize), pages));
    }

    static long pageWordsOffset(int bucketCount, int tombstoneBucketCount) {
        return tombstonesOffset(bucketCount) + (long) tombstoneBucketCount * TOMBSTONES_PER_BUCKET * TOMBSTONE_LENGTH;
    }

    static long pageBitmapOffset(int bucketCount, int tombstoneBucketCount, int pageCount) {
        return pageWordsOffset(bucketCount, tombstoneBucketCount) + (long) pageCount * PAGE_WORD_LENGTH;
    }

    static long recordsOffset(int bucketCount, int tombstoneBucketCount, int pageCount) {
        long end = pageBitmapOffset(bucketCount, tombstoneBucketCount, pageCount) + PageBitmap.length(pageCount);
        return (end + 4095) & -4096L;
    }

    static long pagesOffset(int bucketCount, int tombstoneBucketCount, int pageCount, int recordStride) {
        long end =
                recordsOffset(bucketCount, tombstoneBucketCount, pageCount) + (long) bucketCount * WAYS * recordStride;
        return (end + 4095) & -4096L;
    }

    static long fileLength(int bucketCount, int tombstoneBucketCount, int pageCount, int recordStride) {
        return pagesOffset(bucketCount, tombstoneBucketCount, pageCount, recordStride) + (long) pageCount * PAGE_LENGTH;
    }
}
