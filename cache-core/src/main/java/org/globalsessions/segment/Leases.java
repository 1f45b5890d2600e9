package org.globalsessions.segment;

import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Duties that one attached process holds at a time, each a word in the header: slot + 1 (9 bits, 0 is nobody), epoch (23 bits),
 * tick of the last renewal (32 bits). A lease that was not renewed for 0.6 s is anybody's; each new holder raises the epoch.
 *
 * <p>Any thread. What this process holds is remembered here and not only read from the word: the slot may have been another
 * process's a moment ago, and its lease is not ours.
 */
final class Leases {
    /**
     * Ticks that a lease lasts from its renewal. A duty has to move within a second of its holder's last sign of life: this, the
     * 0.2 s after which another process looks, and a tick are 0.81 s, which leaves the rest to a busy machine.
     */
    static final int DURATION_TICKS = 60;

    private static final int EPOCH_MASK = (1 << 23) - 1;
    private static final int ATTEMPTS = 3;

    private final ByteBuffer header;
    private final int slot;
    private final LongSupplier now;
    private final Map<SegmentFile.Duty, Integer> heldEpochs = new EnumMap<>(SegmentFile.Duty.class);

    Leases(ByteBuffer header, int slot, LongSupplier now) {
        this.header = header;
        this.slot = slot;
        this.now = now;
    }

    static int offset(SegmentFile.Duty duty) {
        return switch (duty) {
            case LINK_OWNER -> SegmentDescriptor.LINK_OWNER_OFFSET;
            case SWEEPER -> SegmentDescriptor.SWEEPER_OFFSET;
        };
    }

    /** Slot of the holder, -1 for nobody. */
    static int slot(long word) {
        return (int) (word >>> 55) - 1;
    }

    static int epoch(long word) {
        return (int) (word >>> 32) & EPOCH_MASK;
    }

    private static long word(int slot, int epoch, long tick) {
        return ((slot + 1L) << 55) | ((long) epoch << 32) | (tick & 0xFFFF_FFFFL);
    }

    /** Ticks since the renewal, modulo 2^32: somewhat negative where the holder's ticker is ahead of ours. */
    static int age(long word, long tick) {
        return (int) tick - (int) word;
    }

    static boolean isHeld(long word, long tick) {
        int age = age(word, tick);
        return slot(word) >= 0 && age < DURATION_TICKS && age > -DURATION_TICKS;
    }

    synchronized long acquireOrRenew(SegmentFile.Duty duty) {
        for (int i = 0; i < ATTEMPTS; i++) {
            long word = read(duty); // LAYOUT lease 1
            long tick = now.getAsLong();
            boolean renewal = isMine(duty, word);
            if (!renewal && isHeld(word, tick)) {
                return 0; // LAYOUT lease 3
            }
            int epoch = renewal ? epoch(word) : Math.max(1, (epoch(word) + 1) & EPOCH_MASK);
            // LAYOUT lease 1, lease 2
            if (Words.LONG.compareAndSet(header, offset(duty), word, word(slot, epoch, tick))) {
                heldEpochs.put(duty, epoch);
                return epoch;
            }
        }
        return 0;
    }

    synchronized boolean holds(SegmentFile.Duty duty, long epoch) {
        long word = read(duty);
        return isMine(duty, word) && epoch(word) == epoch && isHeld(word, now.getAsLong());
    }

    synchronized void release(SegmentFile.Duty duty) {
        long word = read(duty);
        if (isMine(duty, word)) {
            // Fails only if another process took it because it had run out: then there is nothing to give up.
            Words.LONG.compareAndSet(header, offset(duty), word, word(-1, epoch(word), now.getAsLong()));
        }
        heldEpochs.remove(duty);
    }

    private boolean isMine(SegmentFile.Duty duty, long word) {
        return slot(word) == slot && epoch(word) == heldEpochs.getOrDefault(duty, 0);
    }

    private long read(SegmentFile.Duty duty) {
        return (long) Words.LONG.getVolatile(header, offset(duty));
    }
}
