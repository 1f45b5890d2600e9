package org.globalsessions.relief;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.globalsessions.segment.SegmentFile.Duty;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.SimulatedMachine;
import org.globalsessions.simulation.SimulatedProcess;
import org.globalsessions.simulation.VirtualTime;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.Network;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.globalsessions.transport.net.ReconnectPolicy;

/** A relief node in a simulated process: its behaviour, its conversation with the sibling and its sweep. */
public final class SimulatedRelief {
    private static final long SWEEP_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final LastCopies lastCopies;

    private SimulatedRelief(LastCopies lastCopies) {
        this.lastCopies = lastCopies;
    }

    /** Whether it has let sessions go of which it does not know yet whether they are lost: a kill loses their count. */
    public boolean hasUncounted() {
        return lastCopies.hasWaiting();
    }

    /** Starts a node, which connects to its sibling. */
    public static SimulatedRelief start(
            SharedLru lru,
            SimulatedProcess process,
            Network network,
            PeerAddress sibling,
            String path,
            int weight,
            String machine,
            boolean aging) {
        ReliefBehaviour behaviour = aging ? new AgingNode(lru, false) : new ExpansionNode(lru, false);
        Supplier<Frame> hello = () -> HelloFrame.ofReliefNode(
                1,
                behaviour.kind(),
                lru.file().identityHigh(),
                lru.file().identityLow(),
                path,
                weight,
                machine,
                !lru.knowsNothing());
        Sweep sweep = new Sweep(lru, process.time());
        process.threads(() -> SimulatedMachine.tick(lru), sweep::round, SWEEP_NS);
        LastCopies lastCopies = new LastCopies(lru, network, !aging);
        lru.departures(lastCopies);
        network.connect(
                sibling,
                hello,
                new ReconnectPolicy(Duration.ofMillis(200), Duration.ofSeconds(2), 0),
                LinkSettings.DEFAULTS,
                PipelineSecurity.plain(),
                new SiblingConnections(lru, behaviour, null, lastCopies));
        return new SimulatedRelief(lastCopies);
    }

    private static final class Sweep {
        private final SharedLru lru;
        private final VirtualTime time;
        private long nextNs;

        Sweep(SharedLru lru, VirtualTime time) {
            this.lru = lru;
            this.time = time;
        }

        void round() {
            if (time.nowNs() >= nextNs && lru.file().acquireOrRenew(Duty.SWEEPER) != 0) {
                nextNs = time.nowNs() + SWEEP_NS;
                lru.sweep(0, lru.bucketCount());
            }
        }
    }
}
