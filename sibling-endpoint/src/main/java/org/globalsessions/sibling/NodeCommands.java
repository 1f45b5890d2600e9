package org.globalsessions.sibling;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.transport.frame.CalledFrame;
import org.globalsessions.transport.frame.CalledFrame.Outcome;
import org.globalsessions.transport.frame.CommandFrame;
import org.globalsessions.transport.frame.Frame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Passes commands of operators on to the extensions of relief nodes, and the answers back. Knows neither what a command means nor what it is
 * given, and logs neither. On the sibling's event loop alone.
 */
final class NodeCommands {
    /** Most commands that a node was sent and has not answered. */
    static final int MAX_OPEN = 16;

    /** How long a node has: longer than it gives a command, shorter than the operator waits. */
    static final long PATIENCE_NS = TimeUnit.MILLISECONDS.toNanos(1500);

    private static final Logger LOG = LoggerFactory.getLogger(NodeCommands.class);

    private final SharedLru segment;
    private final ReliefTier tier;

    /** In the order of their deadlines. */
    private final List<Open> open = new ArrayList<>();

    NodeCommands(SharedLru segment, ReliefTier tier) {
        this.segment = segment;
        this.tier = tier;
    }

    /** A command that a node has been sent. */
    private static final class Open {
        private final ReliefEndPoint endPoint;
        private final long correlationId;
        private final Consumer<CalledFrame> answer;
        private final long deadlineNs;
        private boolean over;

        Open(ReliefEndPoint endPoint, long correlationId, Consumer<CalledFrame> answer, long deadlineNs) {
            this.endPoint = endPoint;
            this.correlationId = correlationId;
            this.answer = answer;
            this.deadlineNs = deadlineNs;
        }

        private boolean isOver() {
            return over;
        }

        private void end(CalledFrame called) {
            over = true;
            answer.accept(called.withCorrelationId(correlationId));
        }
    }

    /**
     * Passes a command on.
     *
     * @param frame    the command, and for which node
     * @param operator his address, for the log
     * @param answer   given the answer, before this returns or later
     */
    void run(CommandFrame frame, String operator, Consumer<CalledFrame> answer) {
        NodeId id = new NodeId(frame.node().high(), frame.node().low());
        ReliefEndPoint endPoint = tier.connectionOf(id);
        if (!frame.name().isEmpty()) {
            LOG.warn(
                    "an operator asks: a command of node {}{}, operator={}",
                    id,
                    endPoint == null ? ", which is away" : "",
                    operator);
        }
        long asked = frame.correlationId();
        if (endPoint == null) {
            answer.accept(new CalledFrame(asked, Outcome.NO_NODE));
            return;
        }
        Open command = new Open(endPoint, asked, answer, segment.file().nanoTime() + PATIENCE_NS);
        boolean isSent =
                open.stream().filter(other -> other.endPoint == endPoint).count() < MAX_OPEN
                        && endPoint.inquire(command::isOver, told -> answered(command, told), frame::withCorrelationId);
        if (isSent) {
            open.add(command);
        } else {
            answer.accept(new CalledFrame(asked, Outcome.BUSY));
        }
    }

    private void answered(Open command, Frame told) {
        open.remove(command);
        if (command.over) {
            // The operator was told that it is late.
            return;
        }
        if (told == null) {
            command.end(new CalledFrame(0, Outcome.NO_NODE));
        } else {
            // A refusal is not the operator's to understand: it says that these two are of different versions.
            command.end(told instanceof CalledFrame called ? called : new CalledFrame(0, Outcome.FAILED));
        }
    }

    /** Answers what a node has had too long. */
    void timeOut(long nowNs) {
        for (Iterator<Open> i = open.iterator(); i.hasNext(); ) {
            Open command = i.next();
            if (command.deadlineNs - nowNs >= 0) {
                return;
            }
            i.remove();
            command.end(new CalledFrame(0, Outcome.LATE));
        }
    }
}
