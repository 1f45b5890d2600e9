package org.globalsessions;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;

/**
 * Tells listeners what happened, in order and one call at a time, on the application's executor.
 *
 * <p>Any thread may call any method; telling never waits, never throws, and runs no listener inside the call. At most
 * {@link #CAPACITY} notifications wait, further ones are dropped and counted.
 */
final class Notifier {
    /** Most notifications that wait. */
    static final int CAPACITY = 1024;

    private final List<SessionListener> listeners = new CopyOnWriteArrayList<>();
    private final ArrayDeque<Consumer<SessionListener>> waiting = new ArrayDeque<>();
    private final Executor executor;
    private final Counters counters;
    private final Failures failures;
    private final Executor elsewhere = new CompletableFuture<>().defaultExecutor();
    private boolean scheduled;

    Notifier(Executor executor, Counters counters, Failures failures) {
        this.executor = executor;
        this.counters = counters;
        this.failures = failures;
    }

    void add(SessionListener listener) {
        listeners.add(listener);
    }

    boolean remove(SessionListener listener) {
        return listeners.remove(listener);
    }

    boolean hasListeners() {
        return !listeners.isEmpty();
    }

    void tell(Consumer<SessionListener> notification) {
        if (!hasListeners()) {
            return;
        }
        synchronized (waiting) {
            if (waiting.size() >= CAPACITY) {
                counters.increment(Counter.NOTIFICATIONS_DROPPED);
            } else {
                waiting.add(notification);
            }
            if (scheduled) {
                return;
            }
            scheduled = true;
        }
        Delivery delivery = new Delivery();
        try {
            executor.execute(delivery);
        } catch (Throwable e) {
            // An executor without threads or memory: what waits goes with the next notification. The teller's own work
            // is done.
            synchronized (waiting) {
                scheduled = false;
            }
            failures.unexpected("the executor refused a notification", e);
        } finally {
            delivery.handedOverBy = null;
        }
    }

    /** One handing over to the executor. */
    private final class Delivery implements Runnable {
        /** The teller's thread until the executor has taken this. */
        private volatile Thread handedOverBy = Thread.currentThread();

        @Override
        public void run() {
            if (Thread.currentThread() == handedOverBy) {
                // A listener that calls the cache must not do so in the middle of what it is told of.
                elsewhere.execute(Notifier.this::deliver);
            } else {
                deliver();
            }
        }
    }

    private void deliver() {
        while (true) {
            Consumer<SessionListener> next;
            synchronized (waiting) {
                next = waiting.poll();
                if (next == null) {
                    scheduled = false;
                    return;
                }
            }
            for (SessionListener listener : listeners) {
                try {
                    next.accept(listener);
                } catch (Throwable e) {
                    // One listener's error is not the next one's; and after any that got out of here nothing would be
                    // told any more.
                    counters.increment(Counter.LISTENER_FAILURES);
                    failures.unexpected("a listener of the application failed", e);
                }
            }
        }
    }
}
