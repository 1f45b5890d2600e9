package org.globalsessions.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.LongConsumer;
import org.globalsessions.status.Counters;
import org.globalsessions.status.DistinctErrors;
import org.globalsessions.tier.KeyDigest;

/**
 * A created or attached segment: the mapped file, this process's attach slot, the leases and the segment's time.
 *
 * <p>Any thread may use it.
 */
public final class SegmentFile implements AutoCloseable {
    private SegmentFile() {}

    static SegmentFile open(SegmentSettings settings) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * The file.
     *
     * @return its path
     */
    public Path path() {
        throw new UnsupportedOperationException();
    }

    /**
     * Segment time now: ticks of 10 ms, as this process's ticker last saw it; no system call.
     *
     * @return ticks, never going back
     */
    public long tick() {
        throw new UnsupportedOperationException();
    }

    /**
     * Upper half of the segment's identity.
     *
     * @return 64 random bits
     */
    public long identityHigh() {
        throw new UnsupportedOperationException();
    }

    /**
     * Lower half of the segment's identity.
     *
     * @return 64 random bits
     */
    public long identityLow() {
        throw new UnsupportedOperationException();
    }

    /**
     * The 32-bit origin id of writes made here.
     *
     * @return the origin
     */
    public int origin() {
        throw new UnsupportedOperationException();
    }

    /**
     * This process's attach slot.
     *
     * @return 0 to 255
     */
    public int slot() {
        throw new UnsupportedOperationException();
    }

    /**
     * Incarnation of this process's attach slot.
     *
     * @return 15 bits
     */
    public int incarnation() {
        throw new UnsupportedOperationException();
    }

    /** A duty of the host that one attached process holds at a time. */
    public enum Duty {
        /** Keeps the subscription to announcements. */
        LINK_OWNER,
        /** Sweeps the segment. */
        SWEEPER
    }

    /**
     * Takes a lease that is free or ran out, or renews one's own. To be called about four times a second.
     *
     * @param duty which
     * @return the lease's epoch, more than 0, if this process holds it now; 0 if another one does
     */
    public long acquireOrRenew(Duty duty) {
        throw new UnsupportedOperationException();
    }

    /**
     * Whether this process still holds a lease.
     *
     * @param duty  which
     * @param epoch the epoch that {@link #acquireOrRenew} gave
     * @return true if so at this moment
     */
    public boolean holds(Duty duty, long epoch) {
        throw new UnsupportedOperationException();
    }

    /**
     * Gives a lease up, so that another process takes it at once.
     *
     * @param duty which
     */
    public void release(Duty duty) {
        throw new UnsupportedOperationException();
    }

    /**
     * Epoch of the relay that {@link #position()} belongs to.
     *
     * @return epoch, 0 for none
     */
    public long relayEpoch() {
        throw new UnsupportedOperationException();
    }

    /**
     * A host's applied position, or the last number that a relay has given.
     *
     * @return position within {@link #relayEpoch()}
     */
    public long position() {
        throw new UnsupportedOperationException();
    }

    /**
     * Sets epoch and position, as the link owner or the relay.
     *
     * @param epoch    relay epoch
     * @param position position in it
     */
    public void position(long epoch, long position) {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes the next number, as the relay.
     *
     * @return the position of the change just made
     */
    public long nextPosition() {
        throw new UnsupportedOperationException();
    }

    /**
     * The note that a node left for those who attach.
     *
     * @return text, may be empty
     */
    public String note() {
        throw new UnsupportedOperationException();
    }

    /**
     * Leaves a note, as the only node that does so on this segment.
     *
     * @param text at most 508 bytes of UTF-8
     */
    public void note(String text) {
        throw new UnsupportedOperationException();
    }

    /**
     * A keyed digest of a key, for logs and messages: tells two keys apart, never the key.
     *
     * @param digest the key's digest
     * @return 16 hexadecimal digits
     */
    public String logDigest(KeyDigest digest) {
        throw new UnsupportedOperationException();
    }

    /**
     * Whether the segment was replaced: attached processes close it and attach anew.
     *
     * @return true once it was
     */
    public boolean retired() {
        throw new UnsupportedOperationException();
    }

    /**
     * The errors in the segment.
     *
     * @return the log, for any thread
     */
    public DistinctErrors errors() {
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

    /** File bytes from 0 to the end of the bucket headers; {@link SegmentDescriptor} has the offsets. */
    ByteBuffer header() {
        throw new UnsupportedOperationException();
    }

    /** The tombstones, beginning with the first. */
    ByteBuffer tombstones() {
        throw new UnsupportedOperationException();
    }

    /** The records: {@link #recordsPerBuffer()} whole ones in each, fewer in the last. */
    ByteBuffer[] recordBuffers() {
        throw new UnsupportedOperationException();
    }

    /** A power of two, so that buffer and place in it come by shift and mask. */
    int recordsPerBuffer() {
        throw new UnsupportedOperationException();
    }

    int bucketCount() {
        throw new UnsupportedOperationException();
    }

    int tombstoneBucketCount() {
        throw new UnsupportedOperationException();
    }

    int recordStride() {
        throw new UnsupportedOperationException();
    }

    long seed() {
        throw new UnsupportedOperationException();
    }

    long pathKeyHigh() {
        throw new UnsupportedOperationException();
    }

    long pathKeyLow() {
        throw new UnsupportedOperationException();
    }

    /** The kernel's word on the process that had a slot: true if it is gone, false while unknown. Makes system calls. */
    boolean isDead(int slot, int incarnation) {
        throw new UnsupportedOperationException();
    }

    /**
     * Incarnation of a slot whose process is dead and which nobody freed yet, 0 if there is nothing to free. To be asked for
     * every slot before a full pass that frees what they held; after it {@link #freeDeadSlot} with what was answered here.
     */
    int deadIncarnation(int slot) {
        throw new UnsupportedOperationException();
    }

    /** Gives a dead process's slot out again; everything that it had reserved or set aside must have been freed before. */
    void freeDeadSlot(int slot, int incarnation) {
        throw new UnsupportedOperationException();
    }

    /** Calls back once a tick with the new tick, on the ticker's thread: what it does must be short and must not wait. */
    void onTick(LongConsumer action) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
