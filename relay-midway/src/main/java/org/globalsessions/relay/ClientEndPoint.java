package org.globalsessions.relay;

import java.util.EnumSet;
import java.util.Set;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection of a host's process, after its hello. On the relay's event loop alone. */
final class ClientEndPoint {
    /**
     * A host's segment.
     *
     * @param high upper half of its identity
     * @param low  lower half
     */
    record HostId(long high, long low) {}

    private static final Logger LOGGER = LoggerFactory.getLogger(ClientEndPoint.class);

    private final Connection connection;
    private final HostId host;
    private final int origin;
    private final Set<Right> rights;
    private final long welcomedAt;
    private final PeerKind kind;
    private final Set<Right> refused = EnumSet.noneOf(Right.class);
    private final RelayErrors errors;
    private SessionFrame waiting;
    private boolean slow;
    private int timesSlow;
    private boolean sentToConfirm;

    ClientEndPoint(Connection connection, HelloFrame hello, Set<Right> rights, long welcomedAt, RelayErrors errors) {
        this.connection = connection;
        this.errors = errors;
        this.rights = rights;
        this.welcomedAt = welcomedAt;
        this.kind = hello.kind();
        this.host = new HostId(hello.idHigh(), hello.idLow());
        this.origin = hello.origin();
    }

    Connection connection() {
        return connection;
    }

    HostId host() {
        return host;
    }

    int origin() {
        return origin;
    }

    PeerKind kind() {
        return kind;
    }

    /** The relay's position that its welcome has told. */
    long welcomedAt() {
        return welcomedAt;
    }

    boolean may(Right right) {
        return rights.contains(right);
    }

    /** Notes that something was refused for want of a right; true the first time. */
    boolean isNewlyRefused(Right right) {
        return refused.add(right);
    }

    /**
     * Notes that the host was sent away to confirm what it has, to come back with the position of this connection's welcome.
     *
     * @return true the first time; later ones that position is too old as well
     */
    boolean isNewlySentToConfirm() {
        boolean first = !sentToConfirm;
        sentToConfirm = true;
        return first;
    }

    /**
     * Sends a frame. A host that does not take what it is sent is disconnected rather than left without an answer, or with a gap in
     * what it was told: it asks again, and comes back with its position.
     *
     * @return false where the connection is closed, or is now
     */
    boolean send(Frame frame) {
        boolean sent = connection.send(frame);
        if (!sent) {
            disconnect();
        }
        return sent;
    }

    private void disconnect() {
        if (connection.isOpen()) {
            errors.count(Counter.CONNECTIONS_NOT_DRAINED);
            errors.record("a host did not drain what it was sent and was disconnected");
            LOGGER.warn("A host does not drain what it is sent, it is disconnected: {}", connection.remoteAddress());
            connection.close();
        }
    }

    /**
     * Stops reading until the peer has taken what it was sent, so that its own questions do not fill the memory of the relay.
     *
     * @return the number of this time, 0 where it was slow already
     */
    int slowDown() {
        if (slow) {
            return 0;
        }
        slow = true;
        timesSlow++;
        errors.count(Counter.CONNECTIONS_SLOWED);
        connection.pauseReads();
        return timesSlow;
    }

    /** The peer has taken most of what it was sent. */
    void speedUp() {
        slow = false;
        if (waiting == null) {
            connection.resumeReads();
        }
    }

    /** Disconnects a peer that has been slow for the whole time since. */
    void giveUp(int sinceTime) {
        if (slow && timesSlow == sinceTime) {
            disconnect();
        }
    }

    /** The frame that found no room, or null; while there is one, nothing is read from the connection. */
    SessionFrame waiting() {
        return waiting;
    }

    /** Keeps a frame that found no room and stops reading. */
    void hold(SessionFrame frame) {
        if (waiting == null) {
            connection.pauseReads();
        }
        waiting = frame;
    }

    /** The frame was taken: reading goes on. */
    void release() {
        waiting = null;
        if (!slow) {
            connection.resumeReads();
        }
    }
}
