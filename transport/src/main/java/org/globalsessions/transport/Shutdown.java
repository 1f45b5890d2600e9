package org.globalsessions.transport;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The end of a node: begun once, by whoever closes it first, and awaited by whoever runs it.
 *
 * <p>Any thread may call any method.
 */
public final class Shutdown {
    private final AtomicBoolean begun = new AtomicBoolean();
    private final CountDownLatch ended = new CountDownLatch(1);

    /** The end of a node that runs. */
    public Shutdown() {}

    /**
     * Whether the end has begun.
     *
     * @return true from the first {@link #run} on
     */
    public boolean hasBegun() {
        return begun.get();
    }

    /**
     * Runs the steps of the end, unless they run or have run. Also steps that throw are the end.
     *
     * @param steps what is to be closed
     */
    public void run(Runnable steps) {
        if (begun.compareAndSet(false, true)) {
            try {
                steps.run();
            } finally {
                ended.countDown();
            }
        }
    }

    /**
     * Waits until the steps have run, however long the node does.
     *
     * @throws InterruptedException where the thread is interrupted meanwhile
     */
    public void await() throws InterruptedException {
        ended.await();
    }
}
