package org.globalsessions.relief;

import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.FaultCountingHandler;
import org.globalsessions.transport.frame.CalledFrame;
import org.globalsessions.transport.frame.CommandFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FilteredFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.ValidateFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.frame.WhereaboutsFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives what one sibling sends to a relief node, and sends the answers.
 *
 * <p>Called on the node's event loop.
 */
final class SiblingConnections extends FaultCountingHandler {
    private static final Logger LOG = LoggerFactory.getLogger(SiblingConnections.class);

    private final SharedLru segment;
    private final ReliefBehaviour behaviour;

    /** Null without one. */
    private final NodeExtension extension;

    /** Null at a node of several siblings. */
    private final LastCopies lastCopies;

    /** The one to the sibling, or null. */
    private Connection current;

    private boolean joined;

    /** Whether a person has been told that the sibling is away, so that it is said once. */
    private boolean awayLogged;

    /**
     * A conversation that has not begun.
     *
     * @param segment   the node's segment
     * @param behaviour answers what concerns sessions
     * @param extension answers what concerns the application, or null
     * @param lastCopies asks the sibling who keeps what the node lets go; null at a node of several siblings
     */
    SiblingConnections(SharedLru segment, ReliefBehaviour behaviour, NodeExtension extension, LastCopies lastCopies) {
        super(segment.counters(), segment.file().errors(), new Log(LOG::debug, LOG::info, LOG::warn));
        this.segment = segment;
        this.behaviour = behaviour;
        this.extension = extension;
        this.lastCopies = lastCopies;
    }

    @Override
    public void onOpen(Connection connection) {
        current = connection;
        joined = false;
    }

    @Override
    public void onFrame(Connection connection, Frame frame) {
        if (frame instanceof WelcomeFrame) {
            joined = true;
            awayLogged = false;
            forgetRefusal();
            LOG.info("{} node joined the sibling at {}", behaviour.kind(), connection.remoteAddress());
            if (lastCopies != null) {
                lastCopies.joined(connection);
            }
        } else if (lastCopies != null && isAnswer(frame) && lastCopies.answered(frame)) {
            // Taken.
            return;
        } else if (frame instanceof ErrorFrame error) {
            onError(connection, error);
        } else if (frame instanceof CommandFrame command) {
            onCommand(connection, command);
        } else if (frame instanceof ValidateFrame validate && extension != null && extension.gateway() != null) {
            extension.gateway().validate(validate, answer -> send(connection, answer));
        } else if (!(frame instanceof GoodbyeFrame || isAnswer(frame))) {
            answer(connection, frame);
        }
    }

    /** What may answer a question of this node; a sibling's questions are of other types. */
    private static boolean isAnswer(Frame frame) {
        return frame instanceof WhereaboutsFrame
                || frame instanceof SessionReceivedFrame
                || (frame instanceof ErrorFrame && frame.correlationId() != 0);
    }

    private void onError(Connection connection, ErrorFrame error) {
        segment.counters().increment(Counter.ERRORS);
        logRefusal(connection.remoteAddress(), "the sibling refused, code=" + error.code() + ": " + error.text());
    }

    private void onCommand(Connection connection, CommandFrame command) {
        if (extension == null) {
            send(connection, new CalledFrame(command.correlationId(), CalledFrame.Outcome.UNKNOWN_COMMAND));
        } else {
            extension.commands().run(command, answer -> send(connection, answer));
        }
    }

    private void answer(Connection connection, Frame frame) {
        Frame answer = behaviour.answer(frame);
        if (answer == null) {
            onBadFrame(connection, "a sibling does not send " + frame.type());
            connection.send(new ErrorFrame(0, ErrorCode.UNEXPECTED, "a relief node does not take " + frame.type()));
            connection.close();
            return;
        }
        if (lastCopies != null) {
            lastCopies.done(frame, answer);
        }
        send(connection, answer);
    }

    private void send(Connection connection, Frame answer) {
        if (!connection.isOpen()) {
            // Nobody waits for it any more.
            return;
        }
        if (!connection.send(answer)) {
            // The sibling does not take its answers: it would wait for them in vain, whereas a new connection starts
            // clean.
            segment.counters().increment(Counter.ERRORS);
            connection.close();
            return;
        }
        if (!connection.isWritable()) {
            connection.pauseReads();
        }
    }

    @Override
    public void onWritable(Connection connection) {
        connection.resumeReads();
        if (lastCopies != null) {
            lastCopies.advance();
        }
    }

    @Override
    public void onConnectFailed(int attempts, String reason, boolean gaveUp) {
        if (gaveUp) {
            LOG.error("gave up after {} attempts: {}", attempts, reason);
        } else if (!awayLogged) {
            awayLogged = true;
            LOG.info("the sibling is away, trying on: {}", reason);
        }
    }

    /** Tells the sibling where the filter that it has of this node does not count any more. To be called a few times a second. */
    void watchFilter() {
        if (current != null && behaviour.filters().takeNoMoreUse()) {
            send(current, FilteredFrame.ofNoMoreUse());
        }
    }

    @Override
    public void onClose(Connection connection) {
        current = null;
        behaviour.filters().forget();
        if (joined) {
            joined = false;
            LOG.info("the connection to the sibling at {} has ended", connection.remoteAddress());
            if (lastCopies != null) {
                lastCopies.left();
            }
        }
    }
}
