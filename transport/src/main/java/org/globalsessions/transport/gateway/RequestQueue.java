package org.globalsessions.transport.gateway;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** Runs the requests of one client one after the other, in the order in which they came. Any thread. */
final class RequestQueue {
    private final int most;
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private boolean running;

    RequestQueue(int most) {
        this.most = most;
    }

    /** False where too many wait. */
    boolean offer(Runnable request, Executor executor) {
        synchronized (this) {
            if (waiting.size() >= most) {
                return false;
            }
            waiting.add(request);
            if (running) {
                return true;
            }
            running = true;
        }
        if (next(executor)) {
            return true;
        }
        synchronized (this) {
            running = false;
            waiting.clear();
        }
        return false;
    }

    /** One request at a time takes a thread, so that a client with many does not keep it from the others. */
    private boolean next(Executor executor) {
        try {
            executor.execute(() -> runOne(executor));
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    private void runOne(Executor executor) {
        Runnable request;
        synchronized (this) {
            request = waiting.poll();
        }
        boolean more = request != null;
        while (more) {
            try {
                request.run();
            } finally {
                synchronized (this) {
                    more = !waiting.isEmpty();
                    running = more;
                }
                if (more && next(executor)) {
                    more = false;
                } else if (more) {
                    // No room for it among what waits for a thread: this one goes on.
                    synchronized (this) {
                        request = waiting.poll();
                    }
                }
            }
        }
    }
}
