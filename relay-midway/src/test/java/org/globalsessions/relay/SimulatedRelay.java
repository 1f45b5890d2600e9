package org.globalsessions.relay;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.globalsessions.relay.RelayContext.Announce;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.SimulatedMachine;
import org.globalsessions.simulation.SimulatedProcess;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.Frame;

/** One path of a relay with all its parts in a simulated process, but for listener, threads and Aeron. */
public final class SimulatedRelay {
    private static final int MOST_CYCLES = 20;

    private final RelayPath path;
    private final RelayService service;
    private final Link link;

    /** What a simulation decides about a relay. */
    public record Settings(
            String path,
            SegmentSettings segment,
            Duration maxStale,
            Announce announce,
            boolean hasSibling,
            long spillLimit) {}

    private SimulatedRelay(SharedLru lru, SimulatedProcess process, Scheduler loop, Settings settings, Link link)
            throws IOException {
        this.link = link;
        RelayContext context = new RelayContext()
                .port(0)
                .authPath(settings.path)
                .segment(settings.segment)
                .maxStale(settings.maxStale)
                .announce(settings.announce)
                .unpublishedWait(Duration.ofMillis(50))
                .siblingExternal(settings.hasSibling)
                .spillLimit(settings.spillLimit)
                .conclude();
        path = RelayPath.over(lru, context.paths().get(0), 0);
        path.assemble(loop, link == null ? null : link::made);
        service = new RelayService(context.slowLimit(), lru, path.errors(), loop);
        service.begin(Map.of(path.name(), path.service()));
        process.threads(() -> SimulatedMachine.tick(lru), this::work, TimeUnit.MILLISECONDS.toNanos(20));
    }

    /**
     * Starts a relay.
     *
     * @param lru       its segment
     * @param toSibling takes what it sends to the sibling; null for none
     */
    public static SimulatedRelay start(
            SharedLru lru, SimulatedProcess process, Scheduler loop, Settings settings, Consumer<Frame> toSibling)
            throws IOException {
        return new SimulatedRelay(lru, process, loop, settings, toSibling == null ? null : new Link(toSibling));
    }

    private void work() {
        for (int i = 0; i < MOST_CYCLES && path.agent().doWork() > 0; i++) {
            // As the agent's thread does while there is work.
        }
    }

    /** Serves hosts. */
    public FrameHandler handler() {
        return service;
    }

    /** A sibling can be reached, or not any more. */
    public void siblingConnected(boolean connected) {
        link.connected = connected;
        if (!connected) {
            link.arrived.clear();
        }
    }

    /** What the sibling has sent. */
    public void fromSibling(Frame frame) {
        if (link.connected) {
            link.arrived.add(frame);
        }
    }

    /** Ends what is open of it, as the death of a process does. */
    public void end() {
        path.stop();
    }

    private static final class Link implements SiblingLink {
        private final Consumer<Frame> toSibling;
        private final Queue<Frame> arrived = new ArrayDeque<>();
        private Consumer<Frame> receiver;
        private boolean connected;

        Link(Consumer<Frame> toSibling) {
            this.toSibling = toSibling;
        }

        Link made(Consumer<Frame> frames) {
            receiver = frames;
            return this;
        }

        @Override
        public boolean isDriverActive() {
            return true;
        }

        @Override
        public void open() {
            // It always is.
        }

        @Override
        public boolean isLost() {
            return false;
        }

        @Override
        public boolean isConnected() {
            return connected;
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public boolean send(Frame frame) {
            if (connected) {
                toSibling.accept(frame);
            }
            return connected;
        }

        @Override
        public int flush() {
            return 0;
        }

        @Override
        public int poll() {
            int count = 0;
            for (Frame next = arrived.poll(); next != null; next = arrived.poll()) {
                receiver.accept(next);
                count++;
            }
            return count;
        }

        @Override
        public void close() {
            connected = false;
        }
    }
}
