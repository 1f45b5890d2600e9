package org.globalsessions.relay;

import java.time.Duration;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.net.LinkSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a peer takes what it is sent, and what becomes of it where it does not. On the relay's event loop alone.
 *
 * <ol>
 *   <li>Slow, from the bytes on at which its connection is not writable: nothing is read from it, so that its own questions do not fill the
 *       memory of the relay.
 *   <li>Quarantined, after a quarter of the time that it is given, or half of the bytes that may wait: of sessions stored elsewhere it is
 *       told that they are, in sixty bytes each, and no value any more. So neither its position nor a delete is ever passed over, and it asks
 *       for what it needs.
 *   <li>Closed, after all of that time, or when nothing more fits: it comes back with its position.
 * </ol>
 */
final class Draining {
    /** Bytes waiting to leave from which on a peer is quarantined. */
    static final int QUARANTINE_BYTES = LinkSettings.DEFAULTS.byteBudget() / 2;

    private static final int QUARANTINE_PART = 4;

    private static final Logger LOGGER = LoggerFactory.getLogger(Draining.class);

    private final Connection connection;
    private final Scheduler loop;
    private final Duration limit;
    private final RelayErrors errors;
    private boolean quarantined;

    /** What comes next if it stays slow; null while it is not. */
    private Scheduler.Scheduled next;

    /**
     * Of a peer that has been sent nothing.
     *
     * @param limit  longest time for which it may leave what it is sent where it is
     * @param errors has the counters of its path
     */
    Draining(Connection connection, Scheduler loop, Duration limit, RelayErrors errors) {
        this.connection = connection;
        this.loop = loop;
        this.limit = limit;
        this.errors = errors;
    }

    /** Something was sent. */
    void sent() {
        if (connection.isWritable() || !connection.isOpen()) {
            return;
        }
        if (next == null) {
            slowDown();
        }
        if (connection.pendingBytes() > QUARANTINE_BYTES) {
            quarantine();
        }
    }

    private void slowDown() {
        errors.count(Counter.CONNECTIONS_SLOWED);
        connection.pauseReads();
        Duration part = limit.dividedBy(QUARANTINE_PART);
        next = loop.schedule(
                () -> {
                    next = loop.schedule(this::disconnect, limit.minus(part));
                    quarantine();
                },
                part);
    }

    private void quarantine() {
        if (!quarantined && connection.isOpen()) {
            quarantined = true;
            errors.count(Counter.CONNECTIONS_QUARANTINED);
            LOGGER.warn(
                    "A host does not drain what it is sent, it is told of no more values until it does: {}",
                    connection.remoteAddress());
        }
    }

    /** The peer has taken most of what it was sent. */
    void drained() {
        if (next != null) {
            next.cancel();
            next = null;
        }
        quarantined = false;
    }

    /** Ends it: a gap in what it was told would be worse, and an answer that is missing, too. */
    void disconnect() {
        if (connection.isOpen()) {
            errors.count(Counter.CONNECTIONS_NOT_DRAINED);
            errors.record("a host did not drain what it was sent and was disconnected");
            LOGGER.warn("A host does not drain what it is sent, it is disconnected: {}", connection.remoteAddress());
            connection.close();
        }
    }

    boolean isSlow() {
        return next != null;
    }

    boolean isQuarantined() {
        return quarantined;
    }
}
