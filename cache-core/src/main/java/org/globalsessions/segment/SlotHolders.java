package org.globalsessions.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.globalsessions.segment.SegmentInspector.ProcessState;

/**
 * Which processes the attach slots of a segment stand for and whether they live, by file alone.
 *
 * <p>One thread. What {@link #look} has seen counts until the next look, so that a check of millions of places asks the kernel
 * once a slot.
 */
final class SlotHolders {
    /** What a slot and an incarnation that a word names stand for. */
    enum Holder {
        /** A living process. */
        ALIVE,
        /** One that ended, or left. */
        DEAD,
        /** It cannot be told. */
        UNKNOWN,
        /** None: that slot was never given out so. */
        NEVER
    }

    private static final int INCARNATION_MASK = 0x7FFF;

    private final Path file;
    private final ByteBuffer header;
    private final ProcessIdentity self;
    private final long[] words = new long[SegmentDescriptor.SLOT_COUNT];
    private final ProcessState[] states = new ProcessState[SegmentDescriptor.SLOT_COUNT];
    private boolean anyDead;
    private boolean anyLive;

    /** @param file real path of the segment, beside which the lock files lie */
    SlotHolders(Path file, ByteBuffer header) throws IOException {
        this.file = file;
        this.header = header;
        this.self = ProcessIdentity.current();
    }

    /** Reads all slots and asks the kernel of each that is not free. */
    void look() throws IOException {
        anyDead = false;
        anyLive = false;
        for (int slot = 0; slot < SegmentDescriptor.SLOT_COUNT; slot++) {
            words[slot] = read(slot);
            boolean free = ProcessTable.state(words[slot]) == ProcessTable.FREE;
            states[slot] = free ? null : stateOf(slot, words[slot]);
            anyDead |= states[slot] == ProcessState.DEAD;
            anyLive |= !free && states[slot] != ProcessState.DEAD;
        }
    }

    long read(int slot) {
        return (long) Words.LONG.getAcquire(header, ProcessTable.base(slot) + SegmentDescriptor.SLOT_STATE_OFFSET);
    }

    /** Whether a process is dead whose slot nobody has freed: what it left may still be there. */
    boolean anyDead() {
        return anyDead;
    }

    /** Whether a process lives, or may live. */
    boolean anyLive() {
        return anyLive;
    }

    /** State of a slot's process at the last look, null for a free slot. */
    ProcessState state(int slot) {
        return states[slot];
    }

    /** The holder that a word names. */
    Holder holder(int slot, int incarnation) {
        if (slot < 0 || slot >= SegmentDescriptor.SLOT_COUNT || incarnation == 0) {
            return Holder.NEVER;
        }
        Holder seen = judge(words[slot], states[slot], incarnation);
        // Somebody may have attached since the look.
        long now = seen == Holder.NEVER ? read(slot) : words[slot];
        return now == words[slot] ? seen : Holder.UNKNOWN;
    }

    private static Holder judge(long word, ProcessState state, int incarnation) {
        int known = ProcessTable.incarnation(word);
        if (known != incarnation) {
            boolean older = known != 0 && ((known - incarnation) & INCARNATION_MASK) <= INCARNATION_MASK / 2;
            return older ? Holder.DEAD : Holder.NEVER;
        }
        if (state == null || state == ProcessState.DEAD) {
            return Holder.DEAD;
        }
        return state == ProcessState.ALIVE ? Holder.ALIVE : Holder.UNKNOWN;
    }

    /** Whether the process of a slot lives, asked now. */
    ProcessState stateOf(int slot, long word) throws IOException {
        if (ProcessTable.state(word) == ProcessTable.DEAD) {
            return ProcessState.DEAD;
        }
        // Never open the lock file of a slot of this process: closing it again would drop the lock.
        if (ProcessTable.pid(word) == self.pid()
                && (ProcessTable.state(word) == ProcessTable.CLAIMED || ProcessTable.isOf(self, header, slot, word))) {
            return ProcessState.ALIVE;
        }
        Path lockFile = LivenessLocks.fileOf(file, slot);
        if (!Files.isReadable(lockFile)) {
            return ProcessState.UNKNOWN;
        }
        // A shared lock, which a read-only descriptor may take and which an owner's exclusive lock excludes.
        try (FileChannel channel =
                        FileChannel.open(lockFile, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
                FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
            return lock == null ? ProcessState.ALIVE : ProcessState.DEAD;
        } catch (OverlappingFileLockException e) {
            return ProcessState.ALIVE;
        } catch (NoSuchFileException e) {
            return ProcessState.UNKNOWN;
        }
    }
}
