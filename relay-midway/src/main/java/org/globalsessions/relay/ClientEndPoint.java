package org.globalsessions.relay;

import java.util.EnumSet;
import java.util.Set;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.SessionFrame;

/** One connection of a host's process, after its hello. On the relay's event loop alone. */
final class ClientEndPoint {
    /**
     * A host's segment.
     *
     * @param high upper half of its identity
     * @param low  lower half
     */
    record HostId(long high, long low) {}

    private final Connection connection;
    private final HostId host;
    private final int origin;
    private final Set<Right> rights;
    private final Set<Right> refused = EnumSet.noneOf(Right.class);
    private SessionFrame waiting;

    ClientEndPoint(Connection connection, HelloFrame hello, Set<Right> rights) {
        this.connection = connection;
        this.rights = rights;
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

    boolean may(Right right) {
        return rights.contains(right);
    }

    /** Notes that something was refused for want of a right; true the first time. */
    boolean isNewlyRefused(Right right) {
        return refused.add(right);
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
        connection.resumeReads();
    }
}
