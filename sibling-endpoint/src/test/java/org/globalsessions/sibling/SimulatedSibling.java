package org.globalsessions.sibling;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.SimulatedMachine;
import org.globalsessions.sibling.IpcExchange.Message;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.simulation.SimulatedProcess;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.AdministerFrame;
import org.globalsessions.transport.frame.AdministeredFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.PeerKind;

/** A sibling in a simulated process: all of it but the agent with its Aeron streams, the listener and the threads. */
public final class SimulatedSibling {
    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(1);
    private static final int REFILL_RATE = 10_000;
    private static final Duration LEAVE_AFTER = Duration.ofSeconds(5);
    private static final Duration FILTER_PAUSE = Duration.ofMillis(20);
    private static final Duration FILTER_OLD_AFTER = Duration.ofSeconds(1);
    private static final long TICK_NS = TimeUnit.MILLISECONDS.toNanos(50);

    private final SharedLru segment;
    private final SimulatedProcess process;
    private final String pathName;
    private final Consumer<Frame> toRelay;
    private final IpcExchange exchange;
    private final ReliefRouter router;
    private final ReliefConnections connections;
    private final MemberAdministration administration;
    private int ipcSession;

    /**
     * Starts a sibling.
     *
     * @param segment the relay's segment, attached to
     * @param scheduler its event loop
     * @param members the list of relief nodes
     * @param filters whether it keeps filters of their keys, made anew each second
     * @param toRelay takes what it sends to the relay
     */
    public SimulatedSibling(
            SharedLru segment,
            SimulatedProcess process,
            Scheduler scheduler,
            String pathName,
            int replicas,
            Path members,
            boolean filters,
            Consumer<Frame> toRelay)
            throws IOException {
        this.segment = segment;
        this.process = process;
        this.pathName = pathName;
        this.toRelay = toRelay;
        exchange = new IpcExchange(() -> process.execute(this::drain));
        Membership membership = Membership.load(
                members,
                new Replicas(replicas, replicas),
                () -> TimeUnit.MICROSECONDS.toMillis(segment.file().wallClockMicros()));
        MissedVoids missed = MissedVoids.open(segment, members.resolveSibling(members.getFileName() + ".voids"));
        router = new ReliefRouter(segment, new ReliefTier(segment, membership, missed), exchange, TIMEOUT_NS);
        RefillPace pace = new RefillPace(REFILL_RATE);
        for (Kind kind : Kind.values()) {
            new Refill(segment, scheduler, pace, router.tier(), kind, LEAVE_AFTER);
        }
        if (filters) {
            new NodeFilters(segment, scheduler, router.tier(), FILTER_PAUSE, FILTER_OLD_AFTER);
        }
        administration = new MemberAdministration(segment, membership, router.tier());
        connections = new ReliefConnections(
                segment, router, administration, new NodeCommands(segment, router.tier()), pathName, () -> {});
        process.threads(() -> SimulatedMachine.tick(segment), this::sendAnswers, TICK_NS);
        process.schedule(this::timeOut, TICK_NS);
    }

    /** Serves relief nodes. */
    public FrameHandler handler() {
        return connections;
    }

    /** An operator has a relief node drained; says what becomes of that. */
    public String drain(long idHigh, long idLow) {
        Frame answer = administration.answer(
                new AdministerFrame(1, AdministerFrame.Action.DRAIN, new KeyDigest(idHigh, idLow)), "operator");
        return answer instanceof AdministeredFrame done ? done.outcome().toString() : answer.toString();
    }

    /** Whether sessions are looked for by more rings than the present ones. */
    public boolean hasEarlierRings() {
        return Stream.of(Kind.values())
                .anyMatch(kind -> !router.tier().earlierRings(kind).isEmpty());
    }

    /** A relay is there, this one or a new one. */
    public void relayStarted() {
        ipcSession++;
        toRelay.accept(new HelloFrame(
                1,
                FrameCodec.MIN_VERSION,
                FrameCodec.MAX_VERSION,
                PeerKind.SIBLING,
                segment.file().identityHigh(),
                segment.file().identityLow(),
                0,
                segment.file().slot(),
                segment.file().incarnation(),
                pathName,
                ""));
    }

    /** What the relay has sent. */
    public void fromRelay(Frame frame) {
        exchange.letIn(new Message(ipcSession, frame));
        exchange.letInDone();
    }

    private void drain() {
        router.drain();
    }

    private void timeOut() {
        router.timeOut(segment.file().nanoTime());
        process.schedule(this::timeOut, TICK_NS);
    }

    private void sendAnswers() {
        for (Message next = exchange.peekAnswer(); next != null; next = exchange.peekAnswer()) {
            if (next.ipcSession() == ipcSession) {
                toRelay.accept(next.frame());
            }
            exchange.answerTaken();
        }
    }
}
