package org.globalsessions;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets threads wait for the next acknowledgement of the next tier.
 *
 * <p>Any thread may call any method. Without a waiter an acknowledgement costs one atomic addition and no lock.
 */
final class ReceiptSignal {
    private final AtomicLong receipts = new AtomicLong();
    private final AtomicInteger waiters = new AtomicInteger();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();

    /** How many acknowledgements have come so far: read it before looking at what an acknowledgement may change. */
    long count() {
        return receipts.get();
    }

    /** Notes an acknowledgement, or the loss of the connection: waiters look again. */
    void signal() {
        receipts.incrementAndGet();
        // Pairs with awaitAfter, which announces itself before it compares the count: one of the two sees the other.
        if (waiters.get() != 0) {
            lock.lock();
            try {
                arrived.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Waits until more acknowledgements have come. An interrupt does not end the wait, which is short; it is kept for the caller.
     *
     * @param seen      what {@link #count} gave
     * @param timeoutNs longest wait in nanoseconds
     * @return false where none came in that time
     */
    boolean awaitAfter(long seen, long timeoutNs) {
        long deadlineNs = System.nanoTime() + timeoutNs;
        boolean interrupted = false;
        waiters.incrementAndGet();
        lock.lock();
        try {
            while (receipts.get() == seen) {
                long leftNs = deadlineNs - System.nanoTime();
                if (leftNs <= 0) {
                    return false;
                }
                try {
                    // Either way the loop looks at the count and the deadline.
                    boolean inTime = arrived.await(leftNs, TimeUnit.NANOSECONDS);
                    if (!inTime && receipts.get() == seen) {
                        return false;
                    }
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return true;
        } finally {
            lock.unlock();
            waiters.decrementAndGet();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
