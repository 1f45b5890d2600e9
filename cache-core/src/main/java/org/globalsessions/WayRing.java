package org.globalsessions;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A bounded queue of way numbers from many threads to one: dirty marks, not messages, so a full ring drops and the sweep finds the
 * mark in the segment.
 *
 * <p>Any thread may offer, one thread polls. After the bounded queue of D. Vyukov (1024cores, "Bounded MPMC queue"), with 0 as the
 * empty slot instead of a sequence number a slot, since there is one consumer.
 */
final class WayRing {
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(int[].class);

    private final int[] slots;
    private final int mask;
    private final AtomicLong tail = new AtomicLong();
    private final AtomicLong head = new AtomicLong();

    /**
     * An empty ring.
     *
     * @param capacity a power of two
     */
    WayRing(int capacity) {
        if (Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("capacity is not a power of two: capacity=" + capacity);
        }
        slots = new int[capacity];
        mask = capacity - 1;
    }

    /**
     * Adds a way, unless the ring is full.
     *
     * @param way 0 or more
     * @return false where it was full
     */
    boolean offer(int way) {
        long at;
        do {
            at = tail.get();
            // Pairs with the consumer's release of head: it has emptied the slot before.
            if (at - head.get() >= slots.length) {
                return false;
            }
        } while (!tail.compareAndSet(at, at + 1));
        // Volatile, not release: whoever offers looks next whether the consumer has parked, and must not look too
        // early.
        SLOT.setVolatile(slots, (int) at & mask, way + 1);
        return true;
    }

    /**
     * Takes the oldest way.
     *
     * @return the way, or -1 where there is none, or where its producer is between claiming the slot and filling it
     */
    int poll() {
        long at = head.getPlain();
        int index = (int) at & mask;
        int found = (int) SLOT.getVolatile(slots, index);
        if (found == 0) {
            return -1;
        }
        SLOT.set(slots, index, 0);
        head.setRelease(at + 1);
        return found - 1;
    }

    boolean isEmpty() {
        return head.get() == tail.get();
    }

    /** Whether at least half of the places are taken. */
    boolean isHalfFull() {
        return tail.get() - head.get() >= slots.length / 2;
    }
}
