package org.globalsessions.relief;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.globalsessions.segment.DepartureListener;
import org.globalsessions.segment.SegmentFile.Duty;
import org.globalsessions.segment.SessionLimit;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counters;
import org.globalsessions.tier.HexId;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.Shutdown;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.net.Connector;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.LinkSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A relief node: holds sessions for a relay, as aging or as expansion node, and answers its sibling, to which it connects.
 *
 * <p>One event loop does all of it, the sweep of the segment included, a slice at a time; an application's extension runs on threads of its own. Any thread may call any method. The
 * segment outlives the node, and with it the node's id: a node that starts again on its segment has its keys at once.
 */
public final class ReliefNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReliefNode.class);
    private static final Duration SWEEP_INTERVAL = Duration.ofMillis(100);

    /** Slices of a sweep: with the interval, the whole segment is seen once in ten seconds. */
    private static final int SWEEP_SLICES = 100;

    private static final Duration CLOSE_WAIT = Duration.ofMillis(500);

    private final SharedLru segment;
    private final EventLoops loops;
    private final ReliefBehaviour behaviour;

    /** Null without one. */
    private final NodeExtension extension;

    /** Null at a node of several siblings. */
    private final LastCopies lastCopies;

    /** Null without a quota. */
    private final SessionLimit limit;

    private final List<Connector> connectors = new ArrayList<>();
    private final List<SiblingConnections> conversations = new ArrayList<>();
    private final Shutdown shutdown = new Shutdown();
    private int nextBucket;

    private ReliefNode(SharedLru segment, EventLoops loops, ReliefContext context) {
        this.segment = segment;
        this.loops = loops;
        boolean isShared = context.siblings().size() > 1;
        this.behaviour = context.isAging() ? new AgingNode(segment, isShared) : new ExpansionNode(segment, isShared);
        this.limit = context.quota() == 0 ? null : segment.limit(context.quota());
        this.extension = context.extension() == null ? null : new NodeExtension(segment, loops, context.extension());
        this.lastCopies = isShared ? null : new LastCopies(segment, loops, !context.isAging());
        List<DepartureListener> listeners = new ArrayList<>();
        if (lastCopies != null) {
            listeners.add(lastCopies);
        }
        if (extension != null) {
            behaviour.observedBy(extension.events());
            if (extension.gateway() != null) {
                behaviour.besideGateway();
            }
            listeners.add(extension.events());
        }
        // Without a listener nothing is copied.
        segment.departures(listeners.isEmpty() ? null : new DepartureListeners(listeners));
    }

    /**
     * Opens the node's segment and connects to its siblings, now or as soon as they are there.
     *
     * @param context the settings, which are concluded by this
     * @return the running node
     * @throws IOException where the segment cannot be opened
     */
    public static ReliefNode launch(ReliefContext context) throws IOException {
        context.conclude();
        return launch(context, SharedLru.open(context.segment()));
    }

    /** With a segment that is open, and closed with the node: a test has clocks of its own in it. */
    static ReliefNode launch(ReliefContext context, SharedLru segment) {
        EventLoops loops = null;
        try {
            loops = EventLoops.start("relief", 1);
            ReliefNode node = new ReliefNode(segment, loops, context);
            node.start(context);
            return node;
        } catch (RuntimeException e) {
            if (loops != null) {
                loops.close();
            }
            segment.close();
            throw e;
        }
    }

    private void start(ReliefContext context) {
        long idHigh = context.nodeIdHigh(segment.file().identityHigh());
        long idLow = context.nodeIdLow(segment.file().identityLow());
        Supplier<Frame> hello = () -> HelloFrame.ofReliefNode(
                1,
                behaviour.kind(),
                idHigh,
                idLow,
                context.pathName(),
                (int) context.weightInHundredths(),
                context.hostId(),
                !segment.knowsNothing());
        for (ReliefContext.SiblingAddress sibling : context.siblings()) {
            SiblingConnections conversation = new SiblingConnections(segment, behaviour, extension, lastCopies);
            conversations.add(conversation);
            connectors.add(Connector.start(
                    loops,
                    sibling.peer(),
                    hello,
                    sibling.policy(),
                    LinkSettings.DEFAULTS,
                    sibling.security(),
                    conversation));
        }
        loops.schedule(this::sweep, SWEEP_INTERVAL);
        loops.schedule(this::watchFilters, SWEEP_INTERVAL);
        LOG.info(
                "{} node {} has its segment in {}",
                behaviour.kind(),
                HexId.text(idHigh, idLow),
                segment.file().path());
    }

    private void sweep() {
        if (shutdown.hasBegun()) {
            return;
        }
        try {
            if (segment.file().acquireOrRenew(Duty.SWEEPER) != 0) {
                int slice = segment.bucketCount() / SWEEP_SLICES + 1;
                segment.sweep(nextBucket, slice);
                nextBucket = nextBucket + slice < segment.bucketCount() ? nextBucket + slice : 0;
                if (limit != null) {
                    limit.slice();
                }
            }
        } catch (RuntimeException e) {
            segment.file().recordError("sweep of a relief node", e);
            LOG.error("the sweep failed and goes on with the next slice", e);
        }
        loops.schedule(this::sweep, SWEEP_INTERVAL);
    }

    private void watchFilters() {
        if (!shutdown.hasBegun()) {
            conversations.forEach(SiblingConnections::watchFilter);
            loops.schedule(this::watchFilters, SWEEP_INTERVAL);
        }
    }

    /**
     * Whether any sibling is connected at this moment.
     *
     * @return true if one is
     */
    public boolean isConnected() {
        return connectors.stream().anyMatch(connector -> connector.connection() != null);
    }

    /**
     * The counters of this node.
     *
     * @return counters in its segment
     */
    public Counters counters() {
        return segment.counters();
    }

    /**
     * Waits until this node is closed.
     *
     * @throws InterruptedException where the thread is interrupted meanwhile
     */
    public void awaitClose() throws InterruptedException {
        shutdown.await();
    }

    /** Tells the siblings and closes everything; the segment stays, with all that it holds. Takes at most about a second. */
    @Override
    public void close() {
        shutdown.run(() -> {
            if (!loops.executeAndWait(this::sayGoodbye, CLOSE_WAIT)) {
                LOG.warn("the event loop takes long to end");
            }
            connectors.forEach(Connector::close);
            loops.close();
            segment.departures(null);
            if (lastCopies != null) {
                lastCopies.close();
            }
            if (extension != null) {
                extension.close();
            }
            segment.file().release(Duty.SWEEPER);
            segment.close();
            LOG.info("{} node closed", behaviour.kind());
        });
    }

    private void sayGoodbye() {
        for (Connector connector : connectors) {
            Connection connection = connector.connection();
            if (connection != null) {
                connection.send(new GoodbyeFrame(GoodbyeFrame.ENDING));
            }
        }
    }
}
