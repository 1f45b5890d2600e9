package org.globalsessions.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.status.DistinctErrors;
import org.globalsessions.tier.KeyDigest;

/**
 * A created or attached segment: the mapped file, this process's attach slot, the leases and the segment's time.
 *
 * <p>Any thread may use it.
 */
public final class SegmentFile implements AutoCloseable {
    private final Path file;
    private final Environment environment;
    private final SegmentMapping mapping;
    private final ByteBuffer header;
    private final SegmentTime time;
    private final ProcessTable processes;
    private final Leases leases;
    private final RelayPlaces relays;
    private final Counters counters;
    private final DistinctErrors errors;
    private final int slot;
    private final int incarnation;
    private final AtomicBoolean closed = new AtomicBoolean();

    private SegmentFile(Path file, SegmentMapping mapping, ProcessIdentity self, Environment environment)
            throws IOException {
        this.file = file;
        this.environment = environment;
        this.mapping = mapping;
        header = mapping.header();
        time = new SegmentTime(header, environment, e -> recordError("ticker", e));
        errors = new DistinctErrors(errorsOf(header), time::tick);
        processes = new ProcessTable(
                header, new LivenessLocks(file), self, file, e -> errors.record("liveness of a process", e));
        processes.claim(); // LAYOUT attach 7
        slot = processes.slot();
        incarnation = processes.incarnation();
        counters = new Counters(countersOf(header), slot);
        leases = new Leases(header, slot, time::now);
        relays = new RelayPlaces(header);
    }

    static SegmentFile open(SegmentSettings settings) throws IOException {
        Path file = SegmentOpener.realFile(settings);
        ProcessIdentity self = ProcessIdentity.current();
        Environment environment = Environment.system(self);
        SegmentFile segment = null;
        try {
            segment = new SegmentFile(file, new SegmentOpener(settings, environment, file).open(), self, environment);
            segment.time.start("global-sessions-ticker"); // LAYOUT attach 8
            return segment;
        } catch (Throwable e) {
            if (segment != null) {
                segment.close();
            }
            if (settings.unnamed()) {
                // Nobody else would know of it.
                SegmentFolder.removeNames(file);
            }
            throw e;
        }
    }

    /** In an environment of a test, which moves its clocks and calls {@link SegmentTime#advance} itself. */
    static SegmentFile open(SegmentSettings settings, Environment environment) throws IOException {
        Path file = SegmentOpener.realFile(settings);
        return new SegmentFile(
                file, new SegmentOpener(settings, environment, file).open(), ProcessIdentity.current(), environment);
    }

    Environment environment() {
        return environment;
    }

    SegmentTime time() {
        return time;
    }

    /**
     * The file.
     *
     * @return its path
     */
    public Path path() {
        return file;
    }

    /**
     * Segment time now: ticks of 10 ms, as this process's ticker last saw it; no system call.
     *
     * @return ticks, never going back
     */
    public long tick() {
        return time.tick();
    }

    /**
     * Segment time by the clock: also right in the moment after this process was stopped. Some 25 ns.
     *
     * @return ticks of 10 ms, never going back
     */
    public long now() {
        return time.now();
    }

    /**
     * The clock by which what lies around the segment measures pauses and time-outs, as {@link System#nanoTime}.
     *
     * @return nanoseconds from any origin
     */
    public long nanoTime() {
        return environment.nanoTime();
    }

    /**
     * The wall clock that versions are made of.
     *
     * @return microseconds since 1970
     */
    public long wallClockMicros() {
        return environment.wallClockMicros();
    }

    /**
     * Upper half of the segment's identity.
     *
     * @return 64 random bits
     */
    public long identityHigh() {
        return header.getLong(SegmentDescriptor.IDENTITY_HIGH_OFFSET);
    }

    /**
     * Lower half of the segment's identity.
     *
     * @return 64 random bits
     */
    public long identityLow() {
        return header.getLong(SegmentDescriptor.IDENTITY_LOW_OFFSET);
    }

    /**
     * The 32-bit origin id of writes made here.
     *
     * @return the origin
     */
    public int origin() {
        return (int) Words.INT.getAcquire(header, SegmentDescriptor.ORIGIN_OFFSET);
    }

    /**
     * Draws another origin after the relay refused this one because another segment of the path has it.
     *
     * @param refused the origin that was refused
     * @return the origin now: a new one, or the one that another process has drawn meanwhile
     */
    public int redrawOrigin(int refused) {
        Words.INT.compareAndSet(
                header,
                SegmentDescriptor.ORIGIN_OFFSET,
                refused,
                environment.random().nextInt(1, Integer.MAX_VALUE));
        return origin();
    }

    /**
     * This process's attach slot.
     *
     * @return 0 to 255
     */
    public int slot() {
        return slot;
    }

    /**
     * Incarnation of this process's attach slot.
     *
     * @return 15 bits
     */
    public int incarnation() {
        return incarnation;
    }

    /** A duty of the host that one attached process holds at a time. */
    public enum Duty {
        /** Keeps the subscription to announcements. */
        LINK_OWNER,
        /** Sweeps the segment. */
        SWEEPER
    }

    /**
     * Takes a lease that is free or ran out, or renews one's own. To be called about five times a second.
     *
     * @param duty which
     * @return the lease's epoch, more than 0, if this process holds it now; 0 if another one does
     */
    public long acquireOrRenew(Duty duty) {
        return leases.acquireOrRenew(duty);
    }

    /**
     * Whether this process still holds a lease.
     *
     * @param duty  which
     * @param epoch the epoch that {@link #acquireOrRenew} gave
     * @return true if so at this moment
     */
    public boolean holds(Duty duty, long epoch) {
        return leases.holds(duty, epoch);
    }

    /**
     * Gives a lease up, so that another process takes it at once.
     *
     * @param duty which
     */
    public void release(Duty duty) {
        leases.release(duty);
    }

    /**
     * The host's relays; without any until the segment is opened with some.
     *
     * @return the relays, for any thread
     */
    public RelayPlaces relays() {
        return relays;
    }

    /**
     * Takes the list of relays in: as it is where it is the one that counts, and else, once no other process works with that one, in its
     * place.
     *
     * @param ids     ids of the relays
     * @param timeout longest wait for the other processes
     * @param mover   marks what moves
     */
    void adoptRelays(long[] ids, Duration timeout, RelayPlaces.Mover mover) throws IOException {
        long deadlineNs = System.nanoTime() + timeout.toNanos();
        boolean[] adopted = new boolean[1];
        while (true) {
            CreationLock.locked(file, deadlineNs, () -> {
                adopted[0] = relays.adopt(ids, !processes.isAnotherAtRelays(), mover);
                if (adopted[0]) {
                    processes.atRelays();
                }
            });
            if (adopted[0]) {
                return;
            }
            CreationLock.park(
                    deadlineNs,
                    "other processes work on this segment with another list of relays (message_relay): attach_timeout="
                            + timeout.toMillis() + " ms, file=" + file
                            + "; end every process of this segment that has the earlier list");
        }
    }

    /** Takes the name of the file away, and the files beside it: nobody can attach any more, and what is open works on. */
    void removeName() throws IOException {
        SegmentFolder.removeNames(file);
    }

    /**
     * A relay that had no next tier has one from now on, or the other way round.
     *
     * @param role   the relay's, as which it has opened the file
     * @param marker marks all entries as owed to the next tier, before the role changes: where the process dies meanwhile, the next one does it
     *               again
     */
    void adoptRole(SegmentSettings.Role role, Runnable marker) {
        int number = SegmentHeader.roleNumber(role);
        if ((int) Words.INT.getAcquire(header, SegmentDescriptor.ROLE_OFFSET) == number) {
            return;
        }
        if (role == SegmentSettings.Role.RELAY) {
            marker.run();
        }
        Words.INT.setRelease(header, SegmentDescriptor.ROLE_OFFSET, number);
    }

    /**
     * A relay's own epoch.
     *
     * @return epoch, 0 for none
     */
    public long relayEpoch() {
        return relays.own().epoch();
    }

    /**
     * The last number that a relay has given.
     *
     * @return position within {@link #relayEpoch()}; 0 while the epoch changes
     */
    public long position() {
        return relays.own().position();
    }

    /**
     * Sets a relay's own epoch and position, as that relay.
     *
     * @param epoch    relay epoch
     * @param position position in it, below 2^48
     */
    public void position(long epoch, long position) {
        relays.own().set(epoch, position);
    }

    /**
     * What the relay has last kept of its clock, which goes on with segment time: also while no process has the segment open.
     *
     * @return microseconds since 1970, 0 where it has kept none
     */
    public long relayClockMicros() {
        return RelayClocks.own(header, now());
    }

    /**
     * Keeps the relay's clock, as the relay.
     *
     * @param micros microseconds since 1970
     */
    public void relayClockMicros(long micros) {
        RelayClocks.keepOwn(header, micros, now());
    }

    /** Draws a relay epoch of its own, with no number given yet, as a relay whose segment is new. */
    public void beginRelayEpoch() {
        position(environment.random().nextLong() >>> 1 | 1, 0);
    }

    /**
     * Whether the relay whose segment this is knows the deletes from before its epoch, as far as its relief nodes do.
     *
     * @return false from {@link #beginRelayEpoch} to {@link #noteEarlierDeletesKnown}
     */
    public boolean areEarlierDeletesKnown() {
        return (int) Words.INT.getAcquire(header, SegmentDescriptor.DELETES_KNOWN_OFFSET) != 0;
    }

    /** As the relay: it has taken in the deletes from before its epoch, or there is nobody who knows any. */
    public void noteEarlierDeletesKnown() {
        Words.INT.setRelease(header, SegmentDescriptor.DELETES_KNOWN_OFFSET, 1);
    }

    /**
     * Takes the next number, as the relay.
     *
     * @return the position of the change just made
     */
    public long nextPosition() {
        return relays.own().next();
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
     * Leaves a note, as the only node that does so on this segment.
     *
     * @param text at most 508 bytes of UTF-8
     */
    public void note(String text) {
        SegmentNote.write(header, text);
    }

    /**
     * A keyed digest of a key, for logs and messages: tells two keys apart, never the key.
     *
     * @param digest the key's digest
     * @return 16 hexadecimal digits
     */
    public String logDigest(KeyDigest digest) {
        return LogDigest.of(header.getLong(SegmentDescriptor.LOG_KEY_OFFSET), digest);
    }

    /**
     * Whether the segment is marked as replaced. No version marks one yet, and attached processes do not look: a live segment
     * cannot be replaced.
     *
     * @return true where it is
     */
    public boolean retired() {
        return isRetired(header);
    }

    /**
     * The errors in the segment.
     *
     * @return the log, for any thread
     */
    public DistinctErrors errors() {
        return errors;
    }

    /**
     * The counters in the segment.
     *
     * @return counters that this process's slot writes
     */
    public Counters counters() {
        return counters;
    }

    /**
     * Counts an error and records it among the distinct ones.
     *
     * @param what  what was tried, a constant text: neither key nor value
     * @param cause what was thrown; its class and place are recorded, not its message
     */
    public void recordError(String what, Throwable cause) {
        counters.increment(Counter.ERRORS);
        errors.record(what, cause);
    }

    /**
     * As {@link #recordError(String, Throwable)}, of what nothing was thrown for.
     *
     * @param what what has happened, a constant text: neither key nor value
     */
    public void recordError(String what) {
        counters.increment(Counter.ERRORS);
        errors.record(what);
    }

    static boolean isRetired(ByteBuffer header) {
        return (int) Words.INT.getAcquire(header, SegmentDescriptor.RETIRED_OFFSET) != 0;
    }

    static ByteBuffer countersOf(ByteBuffer header) {
        return header.slice(
                SegmentDescriptor.COUNTERS_OFFSET, SegmentDescriptor.ERRORS_OFFSET - SegmentDescriptor.COUNTERS_OFFSET);
    }

    static ByteBuffer errorsOf(ByteBuffer header) {
        return header.slice(
                SegmentDescriptor.ERRORS_OFFSET, SegmentDescriptor.BUCKETS_OFFSET - SegmentDescriptor.ERRORS_OFFSET);
    }

    /** File bytes from 0 to the end of the bucket headers; {@link SegmentDescriptor} has the offsets. */
    ByteBuffer header() {
        return header;
    }

    /** The tombstones, beginning with the first. */
    ByteBuffer tombstones() {
        return mapping.tombstones();
    }

    /** The records: {@link #recordsPerBuffer()} whole ones in each, fewer in the last. */
    ByteBuffer[] recordBuffers() {
        return mapping.records();
    }

    /** The page words, beginning with the first page's. */
    ByteBuffer pageWords() {
        return mapping.pageWords();
    }

    /** The page bitmap, beginning with the first group's bits. */
    ByteBuffer pageBitmap() {
        return mapping.pageBitmap();
    }

    /** The overflow pages: {@link SegmentMapping#PAGES_PER_BUFFER} in each, fewer in the last. */
    ByteBuffer[] pageBuffers() {
        return mapping.pages();
    }

    int pageCount() {
        return mapping.geometry().pageCount();
    }

    /** A power of two, so that buffer and place in it come by shift and mask. */
    int recordsPerBuffer() {
        return mapping.geometry().recordsPerBuffer();
    }

    int bucketCount() {
        return mapping.geometry().bucketCount();
    }

    int tombstoneBucketCount() {
        return mapping.geometry().tombstoneBucketCount();
    }

    int recordStride() {
        return mapping.geometry().recordStride();
    }

    long seed() {
        return mapping.geometry().seed();
    }

    /**
     * Key of the digests, derived from the path's name.
     *
     * @return both halves
     */
    public KeyDigest pathKey() {
        return new KeyDigest(pathKeyHigh(), pathKeyLow());
    }

    /**
     * Tells whether this process alone has written to the segment between two calls, as far as attached processes go: both have returned the same, and not
     * -1. Makes a system call for each other process that is attached.
     *
     * @return a number that changes whenever another process attaches, 0 or more; -1 while one is attached
     */
    public long otherAttachments() {
        return processes.otherAttachments();
    }

    long pathKeyHigh() {
        return mapping.geometry().pathKeyHigh();
    }

    long pathKeyLow() {
        return mapping.geometry().pathKeyLow();
    }

    /** The kernel's word on the process that had a slot: true if it is gone, false while unknown. Makes system calls. */
    boolean isDead(int slot, int incarnation) {
        return processes.isDead(slot, incarnation);
    }

    /**
     * Incarnation of a slot whose process is dead and which nobody freed yet, 0 if there is nothing to free. To be asked for
     * every slot before a full pass that frees what they held; after it {@link #freeDeadSlot} with what was answered here.
     */
    int deadIncarnation(int slot) {
        return processes.deadIncarnation(slot);
    }

    /** Gives a dead process's slot out again; everything that it had reserved or set aside must have been freed before. */
    void freeDeadSlot(int slot, int incarnation) {
        processes.freeDead(slot, incarnation);
    }

    /** Calls back once a tick with the new tick, on the ticker's thread: what it does must be short and must not wait. */
    void onTick(LongConsumer action) {
        time.onTick(action);
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            for (Duty duty : Duty.values()) {
                leases.release(duty);
            }
            time.close();
            processes.close();
        }
    }
}
