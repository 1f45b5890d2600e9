package org.globalsessions.relay;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.globalsessions.relay.ClientEndPoint.HostId;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.access.AccessRules;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SubscribeFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.net.EventLoops;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The relay's client side: greets hosts' processes and passes their frames to what serves them. Everything here runs on the one
 * event loop of the relay's clients, which so owns connections, positions and announcements.
 */
final class RelayService implements FrameHandler {
    private static final Logger LOGGER = LoggerFactory.getLogger(RelayService.class);

    /** What serves the frames; complete only after the listener is bound. */
    private record Parts(Announcer announcer, Intake intake, Inquiry inquiry) {}

    private record Origin(HostId host, int connections) {}

    private final String pathName;
    private final SegmentFile file;
    private final Counters counters;
    private final RelayErrors errors;
    private final AccessRules access;
    private final Duration slowLimit;
    private final EventLoops loops;
    private final Map<Long, Connection> connections = new HashMap<>();
    private final Map<Integer, Origin> origins = new HashMap<>();
    private Parts parts;
    private boolean ending;

    RelayService(RelayContext context, SharedLru lru, RelayErrors errors, EventLoops loops) {
        this.pathName = context.authPath();
        this.access = context.access();
        this.slowLimit = context.slowLimit();
        this.file = lru.file();
        this.counters = lru.counters();
        this.errors = errors;
        this.loops = loops;
    }

    /** Begins to serve; connections that came before have waited unread. */
    void begin(Announcer announcer, Intake intake, Inquiry inquiry) {
        parts = new Parts(announcer, intake, inquiry);
        connections.values().forEach(Connection::resumeReads);
    }

    @Override
    public void onOpen(Connection connection) {
        counters.increment(Counter.CONNECTIONS);
        connections.put(connection.id(), connection);
        if (parts == null) {
            connection.pauseReads();
        }
    }

    @Override
    public void onFrame(Connection connection, Frame frame) {
        ClientEndPoint endPoint = connection.attachment(ClientEndPoint.class);
        if (endPoint == null) {
            if (frame instanceof HelloFrame hello) {
                greet(connection, hello);
            } else {
                refuse(connection, frame.correlationId(), ErrorCode.UNEXPECTED, "a hello has to come first");
            }
            return;
        }
        serve(endPoint, frame);
        if (!connection.isWritable()) {
            int time = endPoint.slowDown();
            if (time > 0) {
                loops.schedule(() -> endPoint.giveUp(time), slowLimit);
            }
        }
    }

    @Override
    public void onWritable(Connection connection) {
        ClientEndPoint endPoint = connection.attachment(ClientEndPoint.class);
        if (endPoint != null) {
            endPoint.speedUp();
        }
    }

    private void serve(ClientEndPoint endPoint, Frame frame) {
        Connection connection = endPoint.connection();
        Right needed = rightFor(frame);
        if (needed != null && !endPoint.may(needed)) {
            refuseWithoutRight(endPoint, frame, needed);
        } else if (frame instanceof SessionFrame session) {
            parts.intake.onSession(endPoint, session);
        } else if (frame instanceof NeedSessionFrame question) {
            parts.inquiry.onNeedSession(endPoint, question);
        } else if (frame instanceof DeleteFrame delete) {
            parts.intake.onDelete(endPoint, delete);
        } else if (frame instanceof SubscribeFrame subscribe) {
            if (!parts.announcer.subscribe(endPoint, subscribe)) {
                endPoint.send(new ErrorFrame(
                        frame.correlationId(), ErrorCode.STALE_LEASE, "another process of the host is link owner"));
            }
        } else if (frame instanceof GoodbyeFrame) {
            connection.close();
        } else {
            refuse(connection, frame.correlationId(), ErrorCode.UNEXPECTED, "a host does not send " + frame.type());
        }
    }

    /** What a frame needs; null where every host may send it. */
    private static Right rightFor(Frame frame) {
        return switch (frame.type()) {
            case SESSION, DELETE -> Right.PUBLISH;
            case NEED_SESSION -> Right.READ;
            default -> null;
        };
    }

    /** Without a look at the segment, so that the answer does not tell whether the key exists. */
    private void refuseWithoutRight(ClientEndPoint endPoint, Frame frame, Right needed) {
        counters.increment(Counter.REFUSED_WITHOUT_RIGHT);
        if (endPoint.isNewlyRefused(needed)) {
            LOGGER.warn(
                    "A host asks for what it has no right to: peer={}, right={}",
                    endPoint.connection().remoteAddress(),
                    needed);
        }
        endPoint.send(new ErrorFrame(frame.correlationId(), ErrorCode.REFUSED, "no right to " + nameOf(needed)));
    }

    private static String nameOf(Right right) {
        return right.name().toLowerCase(Locale.ROOT);
    }

    private void greet(Connection connection, HelloFrame hello) {
        int version = hello.commonVersion();
        Set<Right> rights = access.rightsOf(connection.peer(), hello.secret());
        if (version == 0) {
            refuse(connection, hello.correlationId(), ErrorCode.UNSUPPORTED_VERSION, "no protocol version in common");
        } else if (hello.kind() != PeerKind.HOST) {
            refuse(connection, hello.correlationId(), ErrorCode.REFUSED, "this is a relay's port, for hosts alone");
        } else if (!hello.path().equals(pathName)) {
            refuse(
                    connection,
                    hello.correlationId(),
                    ErrorCode.REFUSED,
                    "path not served here: auth_path=" + hello.path());
        } else if (rights.isEmpty()) {
            counters.increment(Counter.REFUSED_WITHOUT_RIGHT);
            refuse(
                    connection,
                    hello.correlationId(),
                    ErrorCode.REFUSED,
                    "no right on this path: the peer meets none of its rules");
        } else if (clashes(hello)) {
            refuse(connection, hello.correlationId(), ErrorCode.ORIGIN_CLASH, "origin in use by another segment");
        } else {
            ClientEndPoint endPoint = new ClientEndPoint(connection, hello, rights, errors);
            Origin known = origins.get(hello.origin());
            origins.put(hello.origin(), new Origin(endPoint.host(), known == null ? 1 : known.connections + 1));
            connection.attachment(endPoint);
            long nowMicros = System.currentTimeMillis() * 1000;
            connection.send(new WelcomeFrame(
                    hello.correlationId(),
                    version,
                    file.relayEpoch(),
                    file.position(),
                    nowMicros,
                    FrameCodec.MAX_FRAME,
                    rights));
        }
    }

    private boolean clashes(HelloFrame hello) {
        Origin known = origins.get(hello.origin());
        boolean ours = hello.origin() == file.origin();
        return ours || (known != null && !known.host.equals(new HostId(hello.idHigh(), hello.idLow())));
    }

    private void refuse(Connection connection, long correlationId, int code, String why) {
        counters.increment(Counter.BAD_FRAMES);
        LOGGER.warn("A connection was refused: peer={}, reason={}", connection.remoteAddress(), why);
        connection.send(new ErrorFrame(correlationId, code, why));
        connection.close();
    }

    @Override
    public void onBadFrame(Connection connection, String what) {
        counters.increment(Counter.BAD_FRAMES);
        LOGGER.warn("A connection was refused: peer={}, reason={}", connection.remoteAddress(), what);
    }

    @Override
    public void onRefused(String remoteAddress, String reason) {
        counters.increment(Counter.TLS_REFUSED);
        LOGGER.warn("A connection was refused: peer={}, reason={}", remoteAddress, reason);
    }

    @Override
    public void onKeysReloaded(boolean succeeded, String what) {
        if (succeeded) {
            counters.increment(Counter.KEYS_RELOADED);
            LOGGER.info("Keys were reloaded: {}", what);
        } else {
            counters.increment(Counter.KEY_RELOADS_FAILED);
            LOGGER.warn("Keys were not reloaded: {}", what);
        }
    }

    @Override
    public void onFailure(Connection connection, Throwable failure) {
        errors.record("serving a connection", failure);
    }

    @Override
    public void onClose(Connection connection) {
        connections.remove(connection.id());
        ClientEndPoint endPoint = connection.attachment(ClientEndPoint.class);
        if (endPoint == null) {
            return;
        }
        parts.announcer.leave(endPoint);
        parts.intake.onClose(endPoint);
        Origin known = origins.get(endPoint.origin());
        if (known.connections > 1) {
            origins.put(endPoint.origin(), new Origin(known.host, known.connections - 1));
        } else {
            origins.remove(endPoint.origin());
            parts.announcer.forget(endPoint.host());
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
