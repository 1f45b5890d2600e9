package org.globalsessions.transport.net;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Who waits for a sign of life of a connection's peer. On the connection's event loop only. */
final class Probes {
    private record Probe(Consumer<Boolean> heard, Future<?> timer) {}

    private final List<Probe> open = new ArrayList<>();

    /**
     * Somebody begins to wait.
     *
     * @param loop  the connection's
     * @param loops guards what runs on it
     * @param limit how long
     * @param heard told once what has come of it
     */
    void add(EventLoop loop, EventLoops loops, Duration limit, Consumer<Boolean> heard) {
        Probe[] probe = new Probe[1];
        Runnable timeOut = () -> {
            if (open.remove(probe[0])) {
                heard.accept(false);
            }
        };
        probe[0] = new Probe(heard, loop.schedule(loops.guarded(timeOut), limit.toNanos(), TimeUnit.NANOSECONDS));
        open.add(probe[0]);
    }

    /** Something has arrived, or nothing can any more. */
    void end(boolean heard) {
        if (open.isEmpty()) {
            return;
        }
        List<Probe> ended = List.copyOf(open);
        open.clear();
        for (Probe probe : ended) {
            probe.timer().cancel(false);
            probe.heard().accept(heard);
        }
    }
}
