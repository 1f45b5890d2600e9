package org.globalsessions.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.status.Counters;
import org.globalsessions.status.DistinctErrors;
import org.globalsessions.tier.HexId;
import org.globalsessions.tier.KeyDigest;

/**
 * Reads a segment with nothing but its file: geometry, identity, counters, errors, processes, leases. It takes no attach slot
 * and has no right to write, so it changes nothing.
 *
 * <p>Any thread. Values are those of the moment of the call. Nothing needs closing: the mapping goes with the object.
 */
public final class SegmentInspector {
    /** What is known of an attach slot's process. */
    public enum ProcessState {
        /** It has the slot's lock, or is this process. */
        ALIVE,
        /** It is gone; what it held may not have been freed yet. */
        DEAD,
        /** The lock file is absent or may not be read. */
        UNKNOWN
    }

    /**
     * An attach slot that is not free.
     *
     * @param slot        0 to 255
     * @param incarnation how often the slot was given out, 15 bits
     * @param pid         process id, within its name space
     * @param state       whether it lives
     */
    public record AttachedProcess(int slot, int incarnation, int pid, ProcessState state) {}

    /**
     * A lease.
     *
     * @param duty  what for
     * @param slot  attach slot of the holder, -1 for nobody
     * @param epoch number of the holding
     * @param held  false where nobody holds it or it has run out
     */
    public record Lease(SegmentFile.Duty duty, int slot, long epoch, boolean held) {}

    /**
     * A relay that a host's segment knows.
     *
     * @param id       what its name stands for in the placement of keys
     * @param listed   whether it is one of the relays that the segment works with
     * @param epoch    the relay's epoch, 0 for none
     * @param position how far what it announced is applied here
     */
    public record KnownRelay(long id, boolean listed, long epoch, long position) {}

    private static final int DEFAULT_MAX_FINDINGS = 1_000;

    private final Path file;
    private final SegmentGeometry geometry;
    private final ByteBuffer header;
    private final FileView view;
    private final SlotHolders holders;

    private SegmentInspector(Path file, SegmentGeometry geometry, ByteBuffer header, FileView view) throws IOException {
        this.file = file;
        this.geometry = geometry;
        this.header = header;
        this.view = view;
        this.holders = new SlotHolders(file, header);
    }

    /**
     * Opens a segment for reading.
     *
     * @param file the segment's file, readable
     * @return its inspector
     * @throws IOException      where the file is absent or may not be read
     * @throws SegmentException where it is no segment, or one of another layout version: what was found and expected
     */
    public static SegmentInspector open(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new SegmentException("not a segment: it is a directory, expected a plain file, file=" + file);
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            // Opening a pipe would wait for somebody who writes to it.
            throw new SegmentException(
                    "not a segment: it is neither a file nor a folder, expected a plain file, file=" + file);
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            SegmentGeometry geometry = SegmentGeometry.of(SegmentHeader.read(channel, file));
            long pageLength = HugePages.pageLength(file, channel.size());
            // The lock files lie beside the file itself, whatever links lead to it.
            return new SegmentInspector(
                    file.toRealPath(),
                    geometry,
                    SegmentMapping.piece(channel, MapMode.READ_ONLY, 0, geometry.tombstonesOffset(), pageLength),
                    FileView.map(channel, geometry.fileLength(), pageLength));
        }
    }

    /**
     * Checks every invariant of the segment, with at most 1,000 findings in the list.
     *
     * @return what was found
     * @throws IOException      as {@link #processes()}
     * @throws SegmentException where the file was cut short while it was read
     */
    public SegmentReport check() throws IOException {
        return check(DEFAULT_MAX_FINDINGS);
    }

    /**
     * Checks every invariant of the segment. On a live segment a finding counts only if two looks, 20 ms apart, have shown the
     * same words: others write meanwhile.
     *
     * <p>One thread at a time.
     *
     * @param maxFindings longest list of findings, 0 or more; all are counted
     * @return what was found
     * @throws IOException      as {@link #processes()}
     * @throws SegmentException where the file was cut short while it was read
     */
    public SegmentReport check(int maxFindings) throws IOException {
        try {
            return new SegmentCheck(parts(), header, maxFindings).run();
        } catch (InternalError e) {
            throw cutShort(e);
        }
    }

    private CheckedSegment parts() {
        return new CheckedSegment(view, geometry, KeyPlaces.of(geometry), holders);
    }

    /** What the JVM throws where a mapped file has no bytes any more is an error of its own kind. */
    private SegmentException cutShort(InternalError e) {
        SegmentException cut = new SegmentException("the file was cut short while it was read: file=" + file);
        cut.initCause(e);
        return cut;
    }

    /**
     * Shows every live entry, each whole. What is written meanwhile may or may not be among them; an entry that changes
     * meanwhile may be shown more than once.
     *
     * @param visitor sees them, on this thread
     * @throws SegmentException where the file was cut short while it was read
     */
    public void scan(EntryVisitor visitor) {
        scan(false, visitor);
    }

    /**
     * As {@link #scan}, and also entries whose lifetime has ended before the next tier had them, with their last tick left: for a copy of the
     * segment that is to be as good.
     *
     * @param visitor sees them, on this thread
     * @throws SegmentException where the file was cut short while it was read
     */
    public void scanUnsentToo(EntryVisitor visitor) {
        scan(true, visitor);
    }

    private void scan(boolean unsentToo, EntryVisitor visitor) {
        try {
            new EntryScan(parts(), unsentToo).entries(visitor);
        } catch (InternalError e) {
            throw cutShort(e);
        }
    }

    /**
     * Shows every tombstone.
     *
     * @param visitor sees them, on this thread
     * @throws SegmentException where the file was cut short while it was read
     */
    public void scanTombstones(TombstoneVisitor visitor) {
        try {
            new EntryScan(parts(), false).tombstones(visitor);
        } catch (InternalError e) {
            throw cutShort(e);
        }
    }

    /**
     * The digest by which logs name an entry's key.
     *
     * @param entry an entry of this segment
     * @return 16 hexadecimal digits
     */
    public String logDigest(EntrySnapshot entry) {
        EncodedKey key = new EncodedKey(geometry.pathKeyHigh(), geometry.pathKeyLow());
        key.encode(entry.key, entry.keyLength);
        return LogDigest.of(header.getLong(SegmentDescriptor.LOG_KEY_OFFSET), key.digest());
    }

    /**
     * Key of the digests, derived from the path's name: all segments of a path have the same.
     *
     * @return both halves
     */
    public KeyDigest pathKey() {
        return new KeyDigest(geometry.pathKeyHigh(), geometry.pathKeyLow());
    }

    /**
     * Settings to attach to this segment with, without its configuration. Time-outs of new entries are none: for tools that
     * store entries with times of their own.
     *
     * @param pathName name of the segment's path, which the file has only a key of
     * @return settings that never create the segment
     * @throws SegmentException where the segment is of another path
     */
    public SegmentSettings settings(String pathName) {
        if (KeyHash.pathKeyHigh(pathName) != geometry.pathKeyHigh()
                || KeyHash.pathKeyLow(pathName) != geometry.pathKeyLow()) {
            throw new SegmentException("segment refused: it is not of the path \"" + pathName + "\", file=" + file
                    + "; give the auth_path of its configuration");
        }
        int pages = geometry.pageCount();
        long limit = (long) pages / 2 * SegmentDescriptor.PAGE_LENGTH;
        boolean byLimit = pages % 2 == 0 && limit <= SegmentSettings.MAX_VALUE_SIZE;
        SegmentSettings settings = new SegmentSettings(file).overflowShare(0);
        if (pages > 0 && byLimit) {
            // So many pages follow from two of the largest values alone.
            settings.maxValueSize((int) limit).overflowShare(Double.MIN_NORMAL);
        } else if (pages > 0) {
            // Half a page less than there are, so that rounding up leads to their number.
            double pageBytes = (pages - 0.5) * SegmentDescriptor.PAGE_LENGTH;
            double recordBytes = (double) geometry.recordCount() * geometry.recordStride();
            settings.maxValueSize((int) Math.min(limit, SegmentSettings.MAX_VALUE_SIZE))
                    .overflowShare(pageBytes / (recordBytes + pageBytes));
        }
        return settings.initializer(false)
                .recordSize(geometry.recordStride())
                .elCount(geometry.elCount())
                .seed(geometry.seed())
                .pathName(pathName)
                .role(role());
    }

    /**
     * The permanent number of the role in the header.
     *
     * @return 0 standalone, 1 host, 2 relay, 3 relief
     */
    public int roleNumber() {
        return header.getInt(SegmentDescriptor.ROLE_OFFSET);
    }

    /**
     * The file.
     *
     * @return its real path
     */
    public Path path() {
        return file;
    }

    /**
     * Version of the file's layout.
     *
     * @return major and minor, with a point between
     */
    public String layoutVersion() {
        return SegmentHeader.versionText(header.getInt(SegmentDescriptor.VERSION_OFFSET));
    }

    /**
     * What its creator made it for; of one that was created before there was a relay, and has worked with relays since, that of a host.
     *
     * @return the role
     */
    public SegmentSettings.Role role() {
        int number = header.getInt(SegmentDescriptor.ROLE_OFFSET);
        boolean hasRelays = (int) Words.INT.getAcquire(header, SegmentDescriptor.RELAY_LIST_OFFSET) != 0;
        if (number == SegmentHeader.roleNumber(SegmentSettings.Role.STANDALONE) && hasRelays) {
            return SegmentSettings.Role.HOST;
        }
        for (SegmentSettings.Role role : SegmentSettings.Role.values()) {
            if (SegmentHeader.roleNumber(role) == number) {
                return role;
            }
        }
        throw new SegmentException(
                "unknown role in the header: role=" + number + ", file=" + file
                        + "; it was changed from outside: end every process of this segment and remove the file, so that it is created anew");
    }

    /**
     * Length of the file.
     *
     * @return bytes
     */
    public long fileLength() {
        return geometry.fileLength();
    }

    /**
     * Bytes of a whole record.
     *
     * @return a multiple of 64
     */
    public int recordSize() {
        return geometry.recordStride();
    }

    /**
     * Sessions held before the first eviction.
     *
     * @return count
     */
    public int elCount() {
        return geometry.elCount();
    }

    /**
     * Number of buckets; each has 16 ways.
     *
     * @return count
     */
    public int bucketCount() {
        return geometry.bucketCount();
    }

    /**
     * Number of ways.
     *
     * @return count
     */
    public long wayCount() {
        return geometry.recordCount();
    }

    /**
     * Most tombstones at a time.
     *
     * @return count
     */
    public long tombstoneCapacity() {
        return (long) geometry.tombstoneBucketCount() * SegmentDescriptor.TOMBSTONES_PER_BUCKET;
    }

    /**
     * Seed of the choice of buckets.
     *
     * @return any number
     */
    public long seed() {
        return geometry.seed();
    }

    /**
     * What the relay of a host calls this host in front of people.
     *
     * @return 32 hexadecimal digits
     */
    public String hostDigest() {
        return HostDigest.text(HostDigest.of(
                pathKey(),
                header.getLong(SegmentDescriptor.IDENTITY_HIGH_OFFSET),
                header.getLong(SegmentDescriptor.IDENTITY_LOW_OFFSET)));
    }

    /**
     * The segment's random identity.
     *
     * @return 32 hexadecimal digits
     */
    public String identity() {
        return HexId.text(
                header.getLong(SegmentDescriptor.IDENTITY_HIGH_OFFSET),
                header.getLong(SegmentDescriptor.IDENTITY_LOW_OFFSET));
    }

    /**
     * Origin of the versions written here.
     *
     * @return more than 0
     */
    public int origin() {
        return (int) Words.INT.getAcquire(header, SegmentDescriptor.ORIGIN_OFFSET);
    }

    /**
     * Segment time as last published: it stands still while nobody is attached.
     *
     * @return ticks of 10 ms
     */
    public long tick() {
        return getLong(SegmentDescriptor.TICK_OFFSET);
    }

    /**
     * A relay's own epoch.
     *
     * @return epoch, 0 for none
     */
    public long relayEpoch() {
        return getLong(SegmentDescriptor.RELAY_EPOCH_OFFSET);
    }

    /**
     * The relays that a host's segment works with, or remembers from an earlier list.
     *
     * @return one for each, in the order of their places
     */
    public List<KnownRelay> relays() {
        List<KnownRelay> relays = new ArrayList<>();
        int list = (int) Words.INT.getAcquire(header, SegmentDescriptor.RELAY_LIST_OFFSET);
        for (int place = 0; place < SegmentDescriptor.PLACE_COUNT; place++) {
            long id = getLong(RelayPlaces.offset(place) + SegmentDescriptor.PLACE_ID_OFFSET);
            if (id != 0) {
                RelayPosition at = new RelayPosition(header, place);
                relays.add(new KnownRelay(id, (list & 1 << place) != 0, at.epoch(), at.position()));
            }
        }
        return relays;
    }

    /**
     * The last number that a relay has given.
     *
     * @return position
     */
    public long position() {
        return RelayPosition.of(getLong(SegmentDescriptor.POSITION_OFFSET));
    }

    /**
     * Whether the segment is marked as replaced, which no version does yet.
     *
     * @return true where it is
     */
    public boolean retired() {
        return SegmentFile.isRetired(header);
    }

    /**
     * The note that a node left for those who attach.
     *
     * @return text, may be empty
     */
    public String note() {
        return SegmentNote.read(header);
    }

    /**
     * The counters.
     *
     * @return counters for reading
     */
    public Counters counters() {
        return new Counters(SegmentFile.countersOf(header), 0);
    }

    /**
     * The distinct errors.
     *
     * @return one element a distinct text
     */
    public List<DistinctErrors.DistinctError> errors() {
        return new DistinctErrors(SegmentFile.errorsOf(header), this::tick).read();
    }

    /**
     * The processes that have or had the segment open: every attach slot that is not free.
     *
     * @return in order of slots
     * @throws IOException where lock files cannot be read for another reason than absence or rights
     */
    public List<AttachedProcess> processes() throws IOException {
        List<AttachedProcess> processes = new ArrayList<>();
        for (int slot = 0; slot < SegmentDescriptor.SLOT_COUNT; slot++) {
            long word = getLong(ProcessTable.base(slot) + SegmentDescriptor.SLOT_STATE_OFFSET);
            if (ProcessTable.state(word) != ProcessTable.FREE) {
                processes.add(new AttachedProcess(
                        slot, ProcessTable.incarnation(word), ProcessTable.pid(word), holders.stateOf(slot, word)));
            }
        }
        return processes;
    }

    /**
     * The leases.
     *
     * @return one for each duty; none is held by a dead process, although time stands still after the last one died
     * @throws IOException as {@link #processes()}
     */
    public List<Lease> leases() throws IOException {
        List<Lease> leases = new ArrayList<>();
        for (SegmentFile.Duty duty : SegmentFile.Duty.values()) {
            long word = getLong(Leases.offset(duty));
            boolean held = Leases.isHeld(word, tick()) && mayLive(Leases.slot(word));
            leases.add(new Lease(duty, Leases.slot(word), Leases.epoch(word), held));
        }
        return leases;
    }

    private boolean mayLive(int slot) throws IOException {
        long word = getLong(ProcessTable.base(slot) + SegmentDescriptor.SLOT_STATE_OFFSET);
        return ProcessTable.state(word) != ProcessTable.FREE && holders.stateOf(slot, word) != ProcessState.DEAD;
    }

    private long getLong(int offset) {
        return (long) Words.LONG.getAcquire(header, offset);
    }
}
