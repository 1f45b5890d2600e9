package org.globalsessions.relief;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.globalsessions.relief.extension.Departure;
import org.globalsessions.relief.extension.ReliefExtension;
import org.globalsessions.relief.extension.ReliefSession;
import org.globalsessions.segment.DepartureListener;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.SessionEntry;

/**
 * Tells an extension which sessions come and go, in order, on a thread of its own. What does not fit behind one that is slow is dropped and
 * counted: telling never waits and never throws.
 */
final class ExtensionEvents implements DepartureListener, AutoCloseable {
    /** Most that waits to be told. */
    static final int CAPACITY = 1024;

    /** Most bytes of keys and values that wait to be told. */
    static final long MAX_BYTES = 8L << 20;

    private static final long IDLE_S = 10;

    private final SharedLru segment;
    private final ReliefExtension extension;
    private final AtomicLong waitingBytes = new AtomicLong();
    private final ThreadPoolExecutor thread;

    ExtensionEvents(SharedLru segment, ReliefExtension extension) {
        this.segment = segment;
        this.extension = extension;
        this.thread =
                new ThreadPoolExecutor(1, 1, IDLE_S, TimeUnit.SECONDS, new LinkedBlockingQueue<>(CAPACITY), task -> {
                    Thread made = new Thread(task, "relief-events");
                    made.setDaemon(true);
                    return made;
                });
        this.thread.allowCoreThreadTimeOut(true);
    }

    void stored(SessionEntry entry) {
        byte[] key = entry.key();
        byte[] value = entry.value();
        tell((long) key.length + value.length, () -> extension.onStored(session(key, value)));
    }

    void gone(EntrySnapshot entry, Departure why) {
        byte[] key = entry.keyCopy();
        byte[] value = entry.valueCopy();
        tell((long) key.length + value.length, () -> extension.onGone(session(key, value), why));
    }

    @Override
    public void onExpired(EntrySnapshot entry) {
        gone(entry, Departure.EXPIRED);
    }

    @Override
    public void onEvicted(EntrySnapshot entry) {
        gone(entry, Departure.EVICTED);
    }

    private static ReliefSession session(byte[] key, byte[] value) {
        return new ReliefSession(new String(key, StandardCharsets.UTF_8), value);
    }

    private void tell(long bytes, Runnable call) {
        if (waitingBytes.addAndGet(bytes) > MAX_BYTES) {
            drop(bytes);
            return;
        }
        try {
            thread.execute(() -> run(bytes, call));
        } catch (RejectedExecutionException | OutOfMemoryError e) {
            drop(bytes);
        }
    }

    private void drop(long bytes) {
        waitingBytes.addAndGet(-bytes);
        segment.counters().increment(Counter.NOTIFICATIONS_DROPPED);
    }

    private void run(long bytes, Runnable call) {
        try {
            call.run();
        } catch (Throwable e) {
            // The application's, whatever it is: what comes next is told all the same.
            segment.counters().increment(Counter.LISTENER_FAILURES);
            segment.file().recordError("an extension that was told of a session failed", e);
        } finally {
            waitingBytes.addAndGet(-bytes);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
