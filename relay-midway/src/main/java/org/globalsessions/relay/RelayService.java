package org.globalsessions.relay;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.FaultCountingHandler;
import org.globalsessions.transport.LogPause;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.access.AccessRules;
import org.globalsessions.transport.access.RelayRules;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The relay's client side: takes in connections, and leads each to the path that its hello names. Everything here runs on the one
 * event loop of the relay's clients, which so owns connections, positions and announcements.
 *
 * <p>What concerns a connection without a path is counted for the relay as a whole, in the segment of its first path.
 */
final class RelayService extends FaultCountingHandler {
    private static final Logger LOGGER = LoggerFactory.getLogger(RelayService.class);

    /** A welcomed process, and the path that it is on. */
    private record Guest(PathService path, ClientEndPoint endPoint) {}

    private final Counters counters;
    private final RelayErrors errors;
    private final Duration slowLimit;
    private final Scheduler loop;
    private final LogPause tooManyPause = new LogPause();
    private final Map<Long, Connection> connections = new HashMap<>();

    /** By name; null until the paths serve, after the listener is bound. */
    private Map<String, PathService> paths;

    private boolean ending;

    /**
     * A service that lets everybody wait.
     *
     * @param slowLimit longest time for which a host may leave what it is sent where it is
     * @param segment   counts what belongs to no path
     * @param errors    told of errors that belong to no path
     * @param loop      the event loop that all of this runs on
     */
    RelayService(Duration slowLimit, SharedLru segment, RelayErrors errors, Scheduler loop) {
        super(segment.counters(), segment.file().errors(), new Log(LOGGER::debug, LOGGER::info, LOGGER::warn));
        this.slowLimit = slowLimit;
        this.counters = segment.counters();
        this.errors = errors;
        this.loop = loop;
    }

    /** Begins to serve these paths; connections that came before have waited unread. */
    void begin(Map<String, PathService> served) {
        paths = Map.copyOf(served);
        connections.values().forEach(Connection::resumeReads);
    }

    @Override
    public void onOpen(Connection connection) {
        counters.increment(Counter.CONNECTIONS);
        connections.put(connection.id(), connection);
        if (paths == null) {
            connection.pauseReads();
        }
    }

    @Override
    public void onFrame(Connection connection, Frame frame) {
        Guest guest = connection.attachment(Guest.class);
        if (guest == null) {
            if (frame instanceof HelloFrame hello) {
                greet(connection, hello);
            } else {
                refuse(counters, connection, frame.correlationId(), ErrorCode.UNEXPECTED, "a hello has to come first");
            }
            return;
        }
        guest.path.serve(guest.endPoint, frame);
    }

    @Override
    public void onWritable(Connection connection) {
        Guest guest = connection.attachment(Guest.class);
        if (guest != null) {
            // Not from within the send that this may be called by: what is read then would be told of before what that
            // is about.
            loop.execute(guest.endPoint::speedUp);
        }
    }

    private void greet(Connection connection, HelloFrame hello) {
        PathService path = paths.get(hello.path());
        if (hello.commonVersion() == 0) {
            refuse(connection, hello, ErrorCode.UNSUPPORTED_VERSION, "no protocol version in common");
        } else if (hello.kind() != PeerKind.HOST && hello.kind() != PeerKind.CLIENT) {
            refuse(connection, hello, ErrorCode.REFUSED, "this is a relay's port, for hosts alone");
        } else if (path == null) {
            refuse(connection, hello, ErrorCode.REFUSED, "path not served here: auth_path=" + hello.path());
        } else {
            ClientEndPoint endPoint =
                    path.greet(connection, hello, new Draining(connection, loop, slowLimit, path.errors()));
            if (endPoint != null) {
                connection.attachment(new Guest(path, endPoint));
            }
        }
    }

    private void refuse(Connection connection, HelloFrame hello, int code, String why) {
        refuse(counters, connection, hello.correlationId(), code, why);
    }

    /** Says why, counts it and closes the connection. */
    static void refuse(Counters counters, Connection connection, long correlationId, int code, String why) {
        counters.increment(Counter.BAD_FRAMES);
        LOGGER.warn("A connection was refused: peer={}, reason={}", connection.remoteAddress(), why);
        connection.send(new ErrorFrame(correlationId, code, why));
        connection.close();
    }

    @Override
    protected Counters countersOf(Connection connection) {
        Guest guest = connection.attachment(Guest.class);
        return guest == null ? counters : guest.path.counters();
    }

    /** Rules were read again: those that stand are judged by them, too. */
    void onRulesReloaded(Map<String, AccessRules> rules, RelayRules.Reload reload) {
        onKeysReloaded(reload.succeeded(), reload.what());
        if (!reload.succeeded()) {
            return;
        }
        rules.forEach((name, access) -> paths.get(name).access(access));
        for (Connection connection : new ArrayList<>(connections.values())) {
            Guest guest = connection.attachment(Guest.class);
            if (guest != null) {
                guest.path.judgeAgain(guest.endPoint);
            }
        }
    }

    @Override
    public void onTooMany(String remoteAddress) {
        counters.increment(Counter.CONNECTIONS_TURNED_AWAY);
        if (tooManyPause.ends()) {
            LOGGER.warn(
                    "A connection was turned away, there are as many as max_connections says: peer={}", remoteAddress);
        }
    }

    @Override
    public void onAcceptFailed(Throwable failure) {
        errors.record("accepting a connection", failure);
    }

    @Override
    public void onFailure(Connection connection, Throwable failure) {
        Guest guest = connection.attachment(Guest.class);
        if (guest == null) {
            super.onFailure(connection, failure);
        } else {
            guest.path.errors().record("serving a connection", failure);
        }
    }

    @Override
    public void onClose(Connection connection) {
        connections.remove(connection.id());
        Guest guest = connection.attachment(Guest.class);
        if (guest != null) {
            guest.path.onClose(guest.endPoint);
        }
    }

    /** Tells every host that the relay ends, and closes the connections once that has left. */
    void end() {
        if (ending) {
            return;
        }
        ending = true;
        List<Connection> open = new ArrayList<>(connections.values());
        for (Connection connection : open) {
            connection.send(new GoodbyeFrame(GoodbyeFrame.ENDING));
            connection.close();
        }
    }

    /** How many connections stand. */
    int connectionCount() {
        return connections.size();
    }
}
