package org.globalsessions.relief;

import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.FrameHandler;
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
final class SiblingConnections implements FrameHandler {
    private static final Logger LOG = LoggerFactory.getLogger(SiblingConnections.class);

    private final SharedLru segment;
    private final ReliefBehaviour behaviour;
    private boolean joined;

    /** Whether a person has been told that the sibling is away, so that it is said once. */
    private boolean awayLogged;

    /** Why the sibling refused this node last: it tries on, and that is said once. */
    private String lastRefusal = "";

    SiblingConnections(SharedLru segment, ReliefBehaviour behaviour) {
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
            lastRefusal = "";
            LOG.info("{} node joined the sibling at {}", behaviour.kind(), connection.remoteAddress());
        } else if (frame instanceof ErrorFrame error) {
            onError(connection, error);
        } else if (!(frame instanceof GoodbyeFrame)) {
            answer(connection, frame);
        }
    }

    private void onError(Connection connection, ErrorFrame error) {
        segment.counters().increment(Counter.ERRORS);
        if (!error.text().equals(lastRefusal)) {
            lastRefusal = error.text();
            LOG.warn("the sibling at {} refused: code {}: {}", connection.remoteAddress(), error.code(), error.text());
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
    public void onBadFrame(Connection connection, String what) {
        segment.counters().increment(Counter.BAD_FRAMES);
        LOG.warn("refused what {} sent: {}", connection.remoteAddress(), what);
    }

    @Override
    public void onRefused(String remoteAddress, String reason) {
        segment.counters().increment(Counter.TLS_REFUSED);
        if (reason.equals(lastRefusal)) {
            LOG.debug("no connection with {}: {}", remoteAddress, reason);
        } else {
            lastRefusal = reason;
            LOG.warn("no connection with {}: {}", remoteAddress, reason);
        }
    }

    @Override
    public void onKeysReloaded(boolean succeeded, String what) {
        if (succeeded) {
            segment.counters().increment(Counter.KEYS_RELOADED);
            LOG.info("keys were reloaded: {}", what);
        } else {
            segment.counters().increment(Counter.KEY_RELOADS_FAILED);
            LOG.warn("keys were not reloaded: {}", what);
        }
    }

    @Override
    public void onFailure(Connection connection, Throwable failure) {
        segment.counters().increment(Counter.ERRORS);
        segment.file().errors().record("the connection to a sibling failed", failure);
        LOG.warn("the connection to {} failed", connection.remoteAddress(), failure);
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
