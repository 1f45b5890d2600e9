package org.globalsessions.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * The attach slots of a segment: which processes have it open, in which incarnation of a slot, and which of them are dead.
 *
 * <p>A slot's word (pid 32 bits, incarnation 15, state 2) changes by compare-and-set alone:
 *
 * <pre>
 *            claim: a free slot's           the lock file is locked,
 *            word taken with our pid        start time and name space written
 *   FREE ------------------------> CLAIMED ------------------------> LIVE
 *    ^  ^                             |                               |  |
 *    |  |                             | anybody who gets its lock     |  |
 *    |  |                             v                               v  |
 *    |  +--- what it held is freed --DEAD <---------------------------+  |
 *    +------------------------------- close -----------------------------+
 * </pre>
 *
 * <p>Whoever finds the lock file of a claimed or live slot unlocked makes it DEAD, and that verdict stays: a claimer that had not
 * yet locked its file finds the word changed and takes another slot. Any thread.
 */
final class ProcessTable {
    static final int FREE = 0;
    static final int CLAIMED = 1;
    static final int LIVE = 2;
    static final int DEAD = 3;

    private static final int INCARNATION_MASK = 0x7FFF;
    private static final int LOCK_ATTEMPTS = 100;
    private static final int CLAIM_LOOKS = 3;
    private static final long LOCK_PARK_NS = 1_000_000;

    private final ByteBuffer header;
    private final LivenessLocks locks;
    private final ProcessIdentity self;
    private final Path file;
    private final Object mutex;
    private final Consumer<Exception> onError;
    private int slot = -1;
    private int incarnation;
    private FileLock lock;

    ProcessTable(ByteBuffer header, LivenessLocks locks, ProcessIdentity self, Path file, Consumer<Exception> onError) {
        this.header = header;
        this.locks = locks;
        this.self = self;
        this.file = file;
        this.mutex = CreationLock.mutex(file);
        this.onError = onError;
    }

    static int state(long word) {
        return (int) (word >>> 47) & 3;
    }

    static int incarnation(long word) {
        return (int) (word >>> 32) & INCARNATION_MASK;
    }

    static int pid(long word) {
        return (int) word;
    }

    static long word(int state, int incarnation, int pid) {
        return ((long) state << 47) | ((long) incarnation << 32) | (pid & 0xFFFF_FFFFL);
    }

    static int base(int slot) {
        return SegmentDescriptor.PROCESSES_OFFSET + slot * SegmentDescriptor.SLOT_LENGTH;
    }

    int slot() {
        return slot;
    }

    int incarnation() {
        return incarnation;
    }

    /** Takes a slot for this process: a free one if there is one. */
    void claim() throws IOException {
        synchronized (mutex) {
            // Again, as between two looks others free and take slots: those seen dead may all be free by the next.
            for (int look = 0; look < CLAIM_LOOKS; look++) {
                if (claimAny(FREE)) {
                    return;
                }
                for (int i = 0; i < SegmentDescriptor.SLOT_COUNT; i++) {
                    deadIncarnation(i);
                }
                // The last resort is a dead one whose places no sweep has freed yet. They are not lost by it: they name
                // the old incarnation, which counts as dead as soon as the slot has a newer one. Without this, a
                // process
                // that dies on each start before a sweep ends would lock everybody out after 256 starts.
                if (claimAny(FREE) || claimAny(DEAD)) {
                    return;
                }
            }
        }
        throw new SegmentException("no attach slot is free: slots=" + SegmentDescriptor.SLOT_COUNT
                + ", all of living processes, file=" + file + "; end some of these processes");
    }

    private boolean claimAny(int state) throws IOException {
        for (int i = 0; i < SegmentDescriptor.SLOT_COUNT; i++) {
            long word = read(i);
            if (state(word) == state && claimed(i, word)) { // LAYOUT claim 1
                return true;
            }
        }
        return false;
    }

    /** Claims one slot: word first, then the lock, then the word again. */
    private boolean claimed(int candidate, long word) throws IOException {
        locks.createFile(candidate); // LAYOUT claim 2
        int next = Math.max(1, (incarnation(word) + 1) & INCARNATION_MASK);
        long claim = word(CLAIMED, next, self.pid());
        if (!compareAndSet(candidate, word, claim)) { // LAYOUT claim 3
            return false;
        }
        FileLock taken = lockOf(candidate); // LAYOUT claim 4
        if (taken == null) {
            // Somebody keeps a file locked whose slot is not his: leave slot and file alone.
            compareAndSet(candidate, claim, word);
            return false;
        }
        header.putLong(base(candidate) + SegmentDescriptor.SLOT_START_TIME_OFFSET, self.startTime()); // LAYOUT claim 5
        header.putLong(base(candidate) + SegmentDescriptor.SLOT_PID_NAMESPACE_OFFSET, self.pidNamespace());
        header.putInt(base(candidate) + SegmentDescriptor.SLOT_AT_RELAYS_OFFSET, 0);
        header.putLong(base(candidate) + SegmentDescriptor.SLOT_BOOT_ID_OFFSET, self.bootIdLow()); // LAYOUT claim 5
        // Pairs with the volatile read of the word in isOwn: who sees LIVE sees whose it is. It fails if somebody found
        // the file
        // unlocked between our first step and our lock, and so took us for dead.
        if (!compareAndSet(candidate, claim, word(LIVE, next, self.pid()))) { // LAYOUT claim 6
            taken.acquiredBy().close();
            return false;
        }
        slot = candidate;
        incarnation = next;
        lock = taken;
        return true;
    }

    /** The one who had the slot gives the lock up just after the word, and whoever looks has it for a moment: a short wait. */
    private FileLock lockOf(int candidate) throws IOException {
        FileLock taken = locks.tryLock(candidate);
        for (int i = 0; taken == null && i < LOCK_ATTEMPTS; i++) {
            LockSupport.parkNanos(LOCK_PARK_NS);
            taken = locks.tryLock(candidate);
        }
        return taken;
    }

    /**
     * Whether the process that had a slot in an incarnation is gone. False where that cannot be told.
     *
     * @param asked         as a word in the segment names it: beyond 255 only a damaged one does, and it names nobody
     * @param askedIncarnation as a word in the segment names it
     */
    boolean isDead(int asked, int askedIncarnation) {
        if (asked >= SegmentDescriptor.SLOT_COUNT) {
            return true;
        }
        long word = read(asked); // LAYOUT dead 1
        if (incarnation(word) != askedIncarnation || state(word) == FREE || state(word) == DEAD) {
            return true;
        }
        if (asked == slot) {
            return false;
        }
        synchronized (mutex) {
            // Under the mutex no claim of this JVM is under way, so no lock file of ours is without its identity in the
            // slot.
            word = read(asked);
            if (incarnation(word) != askedIncarnation || state(word) == FREE || state(word) == DEAD) {
                return true;
            }
            return !isOwn(asked, word) && isUnlocked(asked) && buried(asked, word); // LAYOUT dead 2
        }
    }

    private boolean isUnlocked(int asked) {
        try {
            return locks.isUnlocked(asked); // LAYOUT dead 3
        } catch (IOException e) {
            onError.accept(e);
            return false;
        }
    }

    private boolean buried(int asked, long word) {
        // LAYOUT dead 4
        return compareAndSet(asked, word, word(DEAD, incarnation(word), pid(word))) || state(read(asked)) == DEAD;
    }

    private boolean isOwn(int asked, long word) {
        return isOf(self, header, asked, word);
    }

    /** Whether a slot is recorded as a process's: its lock file must then not be opened by it again. */
    static boolean isOf(ProcessIdentity process, ByteBuffer header, int slot, long word) {
        int base = base(slot);
        return pid(word) == process.pid()
                && header.getLong(base + SegmentDescriptor.SLOT_START_TIME_OFFSET) == process.startTime()
                && header.getLong(base + SegmentDescriptor.SLOT_PID_NAMESPACE_OFFSET) == process.pidNamespace()
                && header.getLong(base + SegmentDescriptor.SLOT_BOOT_ID_OFFSET) == process.bootIdLow();
    }

    /** From now on this process works with the segment's list of relays. */
    void atRelays() {
        Words.INT.setRelease(header, base(slot) + SegmentDescriptor.SLOT_AT_RELAYS_OFFSET, 1);
    }

    /** Whether another attached process that is not known to be dead works with the list of relays. */
    boolean isAnotherAtRelays() {
        for (int i = 0; i < SegmentDescriptor.SLOT_COUNT; i++) {
            long word = read(i);
            if (i != slot
                    && state(word) == LIVE
                    && (int) Words.INT.getAcquire(header, base(i) + SegmentDescriptor.SLOT_AT_RELAYS_OFFSET) != 0
                    && !isDead(i, incarnation(word))) {
                return true;
            }
        }
        return false;
    }

    /**
     * A number that changes whenever another process attaches, or -1 while one is attached that is not known to be dead. An attach slot counts by its
     * incarnations, which only a claim changes.
     */
    long otherAttachments() {
        long sum = 0;
        for (int i = 0; i < SegmentDescriptor.SLOT_COUNT; i++) {
            long word = read(i);
            int state = state(word);
            if (i != slot && (state == LIVE || state == CLAIMED) && !isDead(i, incarnation(word))) {
                return -1;
            }
            sum += i == slot ? 0 : incarnation(word);
        }
        return sum;
    }

    /** Incarnation of a slot whose process is dead and that nobody has freed, else 0. */
    int deadIncarnation(int asked) {
        long word = read(asked);
        if (state(word) == FREE || !isDead(asked, incarnation(word))) {
            return 0;
        }
        long now = read(asked);
        return state(now) == DEAD ? incarnation(now) : 0;
    }

    /** Gives a dead slot out again, after everything that it had held was freed. */
    void freeDead(int dead, int deadIncarnation) {
        long word = read(dead);
        if (state(word) == DEAD && incarnation(word) == deadIncarnation) {
            compareAndSet(dead, word, word(FREE, deadIncarnation, 0));
        }
    }

    /** Gives this process's slot up: the word first, so that nobody takes us for dead. */
    void close() {
        synchronized (mutex) {
            compareAndSet(slot, word(LIVE, incarnation, self.pid()), word(FREE, incarnation, 0));
            try {
                lock.acquiredBy().close();
            } catch (IOException e) {
                onError.accept(e);
            }
        }
    }

    private long read(int any) {
        return (long) Words.LONG.getVolatile(header, base(any) + SegmentDescriptor.SLOT_STATE_OFFSET);
    }

    private boolean compareAndSet(int any, long expected, long value) {
        return Words.LONG.compareAndSet(header, base(any) + SegmentDescriptor.SLOT_STATE_OFFSET, expected, value);
    }
}
