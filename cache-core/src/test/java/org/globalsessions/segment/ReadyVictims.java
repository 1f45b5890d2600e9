package org.globalsessions.segment;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Child JVMs started ahead, since a test that ends hundreds of them would mostly wait for the next one to start. */
final class ReadyVictims<T extends Closeable> implements AutoCloseable {
    private final ExecutorService starters;
    private final Deque<Future<T>> ready = new ArrayDeque<>();
    private final Callable<T> start;
    private int toStart;

    /**
     * Starts the first ones.
     *
     * @param total how many will be taken in all
     * @param ahead how many may wait
     */
    ReadyVictims(Callable<T> start, int total, int ahead) {
        this.start = start;
        this.toStart = total;
        starters = Executors.newFixedThreadPool(2);
        for (int i = 0; i < ahead; i++) {
            startOne();
        }
    }

    private void startOne() {
        if (toStart > 0) {
            toStart--;
            ready.add(starters.submit(start));
        }
    }

    /** The next one, the caller's to close. */
    T take() throws Exception {
        startOne();
        return ready.remove().get();
    }

    @Override
    public void close() throws IOException {
        starters.shutdown();
        for (Future<T> each : ready) {
            try {
                each.get().close();
            } catch (ExecutionException e) {
                throw new IOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
