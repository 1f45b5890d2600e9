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
        try {
            executor.execute(this::run);
            return true;
        } catch (RejectedExecutionException e) {
            synchronized (this) {
                running = false;
                waiting.clear();
            }
            return false;
        }
    }

    private void run() {
        while (true) {
            Runnable next;
            synchronized (this) {
                next = waiting.poll();
                if (next == null) {
                    running = false;
                    return;
                }
            }
            next.run();
        }
    }
}
