package org.globalsessions.sibling;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.IdleStrategy;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.State;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.SharedMemoryIdle;
import org.globalsessions.transport.Shutdown;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.Listener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sibling of a relay: takes what the relay passes on over Aeron IPC and spreads it over relief nodes, which connect to it
 * over TCP.
 *
 * <p>Two threads: an agent owns the Aeron streams, an event loop owns the relief nodes and what is in flight to them; bounded
 * queues lie between. Any thread may call any method.
 *
 * <p>It attaches to the relay's segment and keeps the list of relief nodes beside it, in {@code <segment file>.members}, and what those missed that are
 * away, in {@code <segment file>.voids}.
 */
public final class SiblingEndpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SiblingEndpoint.class);
    private static final Duration TICK = Duration.ofMillis(100);
    private static final long MAX_PARK_NS = 1_000_000;
    private static final Duration CLOSE_WAIT = Duration.ofMillis(500);

    private final SharedLru segment;
    private final EventLoops loops;
    private final ReliefRouter router;
    private final MissedVoids missed;
    private final MemberAdministration administration;
    private final NodeCommands commands;
    private final List<Refill> refills;
    private final AntiEntropy antiEntropy;
    private final NodeFilters filters;
    private final AgentRunner agentRunner;
    private final Shutdown shutdown = new Shutdown();
    private Listener listener;

    /** Null without a Unix socket. */
    private Listener unixListener;

    private SiblingEndpoint(
            SharedLru segment, EventLoops loops, Membership membership, MissedVoids missed, SiblingContext context) {
        this.segment = segment;
        this.loops = loops;
        this.missed = missed;
        IpcExchange exchange = new IpcExchange(() -> loops.execute(this::drain));
        ReliefTier tier = new ReliefTier(segment, membership, missed);
        this.router = new ReliefRouter(
                segment, tier, exchange, context.requestTimeout().toNanos());
        this.administration = new MemberAdministration(segment, membership, tier);
        this.commands = new NodeCommands(segment, tier);
        RefillPace pace = new RefillPace(context.refillRate());
        this.refills = Stream.of(Kind.values())
                .map(kind -> new Refill(segment, loops, pace, tier, kind, context.leaveAfter()))
                .toList();
        this.antiEntropy = new AntiEntropy(segment, loops, pace, tier, context.antiEntropyInterval());
        this.filters = new NodeFilters(segment, loops, tier, FilterRenewal.CHECK_INTERVAL, FilterRenewal.OLD_AFTER);
        this.agentRunner = new AgentRunner(
                new AgentIdle(), this::onAgentError, null, new SiblingAgent(segment, exchange, context));
    }

    /**
     * Attaches to the relay's segment, listens for relief nodes and links to the relay as soon as it is there.
     *
     * @param context the settings, which are concluded by this
     * @return the running sibling
     * @throws IOException where the segment does not appear, the list of members is damaged, or the port cannot be taken
     */
    public static SiblingEndpoint launch(SiblingContext context) throws IOException {
        context.conclude();
        SharedLru segment = SharedLru.open(context.segment());
        EventLoops loops = null;
        try {
            Path membersFile = MemberList.fileOf(segment.file().path());
            Membership membership = Membership.load(
                    membersFile, context.replicas(), () -> segment.file().wallClockMicros() / 1000);
            long awaited = membership.members().stream()
                    .filter(member -> member.state() != State.GONE)
                    .count();
            if (awaited > 0) {
                LOG.info(
                        "waiting for the {} relief nodes that joined earlier; where one never comes back, its sessions are"
                                + " unavailable until it is forgotten (global-sessions members)",
                        awaited);
            }
            MissedVoids missed =
                    MissedVoids.open(segment, MissedVoids.fileOf(segment.file().path()));
            loops = EventLoops.start("sibling", 1);
            SiblingEndpoint endpoint = new SiblingEndpoint(segment, loops, membership, missed, context);
            endpoint.start(context);
            return endpoint;
        } catch (IOException | RuntimeException e) {
            if (loops != null) {
                loops.close();
            }
            segment.close();
            throw e;
        }
    }

    private void start(SiblingContext context) throws IOException {
        if (!context.security().isProtected()) {
            warnOfPlainTcp(context.address());
        }
        ReliefConnections connections =
                new ReliefConnections(segment, router, administration, commands, context.pathName(), this::wakeAgent);
        listener = Listener.bind(
                loops, context.address(), context.port(), context.links(), context.security(), connections);
        if (context.unixSocket() != null) {
            unixListener = Listener.bindUnix(loops, context.unixSocket(), context.links(), connections);
        }
        loops.schedule(this::tick, TICK);
        if (!context.antiEntropyInterval().isZero() && context.replicas().areSeveral()) {
            loops.execute(antiEntropy::start);
        }
        AgentRunner.startOnThread(agentRunner, task -> {
            Thread thread = new Thread(task, "sibling-agent");
            thread.setDaemon(true);
            return thread;
        });
        if (context.stopWithParent() && ParentWatch.hasParent()) {
            ParentWatch.start(System.in, () -> {
                LOG.info("standard input has ended, so the relay is gone: closing");
                close();
            });
        }
        LOG.info("listening for relief nodes on {}:{}", context.address(), listener.port());
    }

    private void warnOfPlainTcp(String address) throws IOException {
        if (!InetAddress.getByName(address).isLoopbackAddress()) {
            segment.counters().increment(Counter.PLAIN_TCP_LISTENERS);
            LOG.warn("listening on {} without protection: whoever reaches it can read and change sessions", address);
        }
    }

    private void drain() {
        router.drain();
        wakeAgent();
    }

    private void tick() {
        if (shutdown.hasBegun()) {
            return;
        }
        try {
            router.timeOut(segment.file().nanoTime());
            commands.timeOut(segment.file().nanoTime());
            wakeAgent();
        } finally {
            loops.schedule(this::tick, TICK);
        }
    }

    /** The agent's, which waits for frames of the relay. */
    private static final class AgentIdle implements IdleStrategy {
        private final SharedMemoryIdle frames = new SharedMemoryIdle(MAX_PARK_NS);

        @Override
        public void idle(int workCount) {
            if (workCount > 0) {
                frames.reset();
            } else {
                frames.idle();
            }
        }

        @Override
        public void idle() {
            frames.idle();
        }

        @Override
        public void reset() {
            frames.reset();
        }
    }

    /** An idle agent is parked; what it shall send must not wait for the end of that. */
    private void wakeAgent() {
        Thread thread = agentRunner.thread();
        if (thread != null && thread != AgentRunner.TOMBSTONE) {
            LockSupport.unpark(thread);
        }
    }

    private void onAgentError(Throwable failure) {
        segment.file().recordError("agent of the sibling", failure);
        LOG.error("the sibling's agent failed and goes on", failure);
    }

    /**
     * The port on which relief nodes are taken in.
     *
     * @return the port, also where a free one was asked for
     */
    public int port() {
        return listener.port();
    }

    /**
     * Waits until this sibling is closed, by {@link #close} or because its parent is gone.
     *
     * @throws InterruptedException where the thread is interrupted meanwhile
     */
    public void awaitClose() throws InterruptedException {
        shutdown.await();
    }

    /** Tells the relief nodes, closes everything and leaves the segment to the relay. Takes at most about a second. */
    @Override
    public void close() {
        shutdown.run(() -> {
            listener.close();
            if (unixListener != null) {
                unixListener.close();
            }
            agentRunner.close((int) CLOSE_WAIT.toMillis(), thread -> LOG.warn("the sibling's agent takes long to end"));
            if (!loops.executeAndWait(this::sayGoodbye, CLOSE_WAIT)) {
                LOG.warn("the sibling's event loop takes long to end");
            }
            loops.close();
            missed.close();
            segment.close();
            LOG.info("closed");
        });
    }

    private void sayGoodbye() {
        refills.forEach(Refill::close);
        antiEntropy.close();
        filters.close();
        for (ReliefEndPoint endPoint : router.tier().endPoints()) {
            endPoint.connection().send(new GoodbyeFrame(GoodbyeFrame.ENDING));
            endPoint.connection().close();
        }
    }
}
