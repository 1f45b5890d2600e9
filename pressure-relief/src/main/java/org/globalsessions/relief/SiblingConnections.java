package org.globalsessions.relief;

import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.FaultCountingHandler;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
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
    private boolean joined;

    /** Whether a person has been told that the sibling is away, so that it is said once. */
    private boolean awayLogged;

    SiblingConnections(SharedLru segment, ReliefBehaviour behaviour) {
        super(segment.counters(), segment.file().errors(), new Log(LOG::debug, LOG::info, LOG::warn));
        this.segment = segment;
        this.behaviour = behaviour;
    }

    @Override
    public void onOpen(Connection connection) {
        joined = false;
    }

    @Override
    public void onFrame(Connection connection, Frame frame) {
        if (frame instanceof WelcomeFrame) {
            joined = true;
            awayLogged = false;
            forgetRefusal();
            LOG.info("{} node joined the sibling at {}", behaviour.kind(), connection.remoteAddress());
        } else if (frame instanceof ErrorFrame error) {
            onError(connection, error);
        } else if (!(frame instanceof GoodbyeFrame)) {
            answer(connection, frame);
        }
    }

    private void onError(Connection connection, ErrorFrame error) {
        segment.counters().increment(Counter.ERRORS);
        logRefusal(connection.remoteAddress(), "the sibling refused, code=" + error.code() + ": " + error.text());
    }

    private void answer(Connection connection, Frame frame) {
        Frame answer = behaviour.answer(frame);
        if (answer == null) {
            onBadFrame(connection, "a sibling does not send " + frame.type());
            connection.send(new ErrorFrame(0, ErrorCode.UNEXPECTED, "a relief node does not take " + frame.type()));
            connection.close();
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

    @Override
    public void onClose(Connection connection) {
        if (joined) {
            joined = false;
            LOG.info("the connection to the sibling at {} has ended", connection.remoteAddress());
        }
    }
}
