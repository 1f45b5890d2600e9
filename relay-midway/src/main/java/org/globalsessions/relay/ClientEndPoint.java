package org.globalsessions.relay;

import java.util.EnumSet;
import java.util.Set;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.access.AccessRules;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.PeerKind;
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
    private final AccessRules.Shown shown;
    private Set<Right> rights;
    private final long welcomedAt;
    private final PeerKind kind;
    private final Set<Right> refused = EnumSet.noneOf(Right.class);
    private final Draining draining;
    private SessionFrame waiting;
    private boolean sentToConfirm;

    ClientEndPoint(
            Connection connection,
            HelloFrame hello,
            AccessRules.Shown shown,
            Set<Right> rights,
            long welcomedAt,
            Draining draining) {
        this.connection = connection;
        this.draining = draining;
        this.shown = shown;
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

    /**
     * Goes by other rules from now on.
     *
     * @return false where they give it other rights than it was welcomed with
     */
    boolean isJudgedAlikeBy(AccessRules rules) {
        Set<Right> before = rights;
        rights = rules.rightsOf(shown);
        return rights.equals(before);
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
        if (sent) {
            draining.sent();
        } else {
            draining.disconnect();
        }
        return sent;
    }

    /** Whether it is told what others store, and not only that they did. */
    boolean takesValues() {
        return may(Right.SUBSCRIBE) && !draining.isQuarantined();
    }

    /** The peer has taken most of what it was sent. */
    void speedUp() {
        if (!connection.isWritable()) {
            // More was sent since this was called for.
            return;
        }
        draining.drained();
        if (waiting == null) {
            connection.resumeReads();
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
        if (!draining.isSlow()) {
            connection.resumeReads();
        }
    }
}
