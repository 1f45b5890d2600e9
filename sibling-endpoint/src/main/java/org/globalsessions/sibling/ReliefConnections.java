package org.globalsessions.sibling;

import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.FaultCountingHandler;
import org.globalsessions.transport.LogPause;
import org.globalsessions.transport.frame.AdministerFrame;
import org.globalsessions.transport.frame.CalledFrame;
import org.globalsessions.transport.frame.CommandFrame;
import org.globalsessions.transport.frame.CompareFrame;
import org.globalsessions.transport.frame.ComparedFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FetchedFrame;
import org.globalsessions.transport.frame.FilteredFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameType;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives what relief nodes send: takes them in as members, or says why not, and passes their answers on. An operator may connect as well, who
 * is let in as a relief node is.
 *
 * <p>Called on the sibling's event loop.
 */
final class ReliefConnections extends FaultCountingHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ReliefConnections.class);

    /** Within this an earlier connection of a node's id gives a sign of life, or is taken for one that has ended. */
    static final Duration PROBE_LIMIT = Duration.ofSeconds(1);

    private final SharedLru segment;
    private final ReliefRouter router;
    private final MemberAdministration administration;
    private final NodeCommands commands;
    private final CopySearch copies;
    private final String pathName;
    private final Runnable answersReady;
    private final LogPause failurePause = new LogPause();

    /** An operator's connection, which is no member's. */
    private static final class Operator {}

    /** A relief node's connection before its welcome. */
    private static final class Newcomer {}

    /**
     * The handler.
     *
     * @param segment        the relay's segment
     * @param router         gets nodes and answers
     * @param administration does what operators ask for
     * @param commands       passes on what operators ask nodes for
     * @param pathName       the path that is served here
     * @param answersReady   called after what may have made answers for the relay
     */
    ReliefConnections(
            SharedLru segment,
            ReliefRouter router,
            MemberAdministration administration,
            NodeCommands commands,
            String pathName,
            Runnable answersReady) {
        super(segment.counters(), segment.file().errors(), new Log(LOG::debug, LOG::info, LOG::warn));
        this.segment = segment;
        this.router = router;
        this.administration = administration;
        this.commands = commands;
        this.copies = new CopySearch(segment, router);
        this.pathName = pathName;
        this.answersReady = answersReady;
    }

    @Override
    public void onOpen(Connection connection) {
        segment.counters().increment(Counter.CONNECTIONS);
    }

    @Override
    public void onFrame(Connection connection, Frame frame) {
        Object known = connection.attachment(Object.class);
        if (known instanceof ReliefEndPoint endPoint) {
            onFrameOfNode(connection, endPoint, frame);
        } else if (known instanceof Operator) {
            onFrameOfOperator(connection, frame);
        } else if (known instanceof Newcomer) {
            if (!(frame instanceof GoodbyeFrame)) {
                refuse(connection, frame, ErrorCode.UNEXPECTED, "a relief node waits for its welcome");
            }
        } else if (frame instanceof HelloFrame hello) {
            onHello(connection, hello);
        } else {
            refuse(connection, frame, ErrorCode.UNEXPECTED, "a hello comes first");
        }
    }

    private void onFrameOfOperator(Connection connection, Frame frame) {
        if (frame instanceof AdministerFrame administer) {
            connection.send(administration.answer(administer, connection.remoteAddress()));
            answersReady.run();
        } else if (frame instanceof CommandFrame command) {
            commands.run(command, connection.remoteAddress(), connection::send);
        } else if (!(frame instanceof GoodbyeFrame)) {
            refuse(connection, frame, ErrorCode.UNEXPECTED, "an operator does not send " + frame.type());
        }
    }

    private void onFrameOfNode(Connection connection, ReliefEndPoint endPoint, Frame frame) {
        copies.passes(frame);
        if (frame instanceof SessionReceivedFrame
                || frame instanceof SessionKnownFrame
                || frame instanceof InventoriedFrame) {
            onAnswer(endPoint, frame);
        } else if (frame instanceof ComparedFrame || frame instanceof FetchedFrame || frame instanceof CalledFrame) {
            // One that nobody waits for any more comes late.
            endPoint.answerInquiry(frame);
        } else if (frame instanceof CompareFrame compare) {
            copies.ask(endPoint, compare);
        } else if (frame instanceof SessionBackupFrame backup
                && endPoint.kind() == Kind.EXPANSION
                && backup.freeOnly()) {
            copies.takeBack(endPoint, backup);
        } else if (frame instanceof FilteredFrame filtered) {
            onFiltered(endPoint, filtered);
        } else if (frame instanceof ErrorFrame error) {
            onError(endPoint, error);
        } else if (!(frame instanceof GoodbyeFrame)) {
            refuse(connection, frame, ErrorCode.UNEXPECTED, "a relief node does not send " + frame.type());
        }
    }

    private static void onFiltered(ReliefEndPoint endPoint, FilteredFrame filtered) {
        if (!filtered.isOfNoMoreUse()) {
            endPoint.answerInquiry(filtered);
        } else if (endPoint.filter() != null) {
            LOG.info("node {} is asked for all keys: another process has opened its segment", endPoint.id());
            endPoint.filter().drop();
        }
    }

    private void onHello(Connection connection, HelloFrame hello) {
        Kind kind = kindOf(hello.kind());
        if (hello.commonVersion() == 0) {
            refuse(connection, hello, ErrorCode.UNSUPPORTED_VERSION, "no protocol version in common");
            return;
        }
        if (kind == null && hello.kind() != PeerKind.CLIENT) {
            refuse(connection, hello, ErrorCode.REFUSED, "this is a sibling, which serves aging and expansion nodes");
            return;
        }
        if (!hello.path().equals(pathName)) {
            refuse(connection, hello, ErrorCode.REFUSED, "this sibling serves another path");
            return;
        }
        if (kind == null) {
            connection.attachment(new Operator());
            welcome(connection, hello);
            return;
        }
        NodeId id = new NodeId(hello.idHigh(), hello.idLow());
        connection.attachment(new Newcomer());
        try {
            join(
                    connection,
                    hello,
                    new ReliefEndPoint(
                            new Seat(id, hello.weight(), hello.hostId()), kind, hello.holdsSessions(), connection));
        } catch (IllegalArgumentException e) {
            refuse(connection, hello, ErrorCode.REFUSED, e.getMessage());
        }
    }

    /**
     * Takes a node in, unless one of its id is connected and alive: of two nodes with one id each would be asked for what the other one holds. One
     * that comes back is the only one, though its earlier connection may not have ended here yet.
     */
    private void join(Connection connection, HelloFrame hello, ReliefEndPoint endPoint) {
        ReliefEndPoint there = router.tier().connectionOf(endPoint.id());
        // Of another kind it is refused for that.
        if (there == null || !there.connection().isOpen() || there.kind() != endPoint.kind()) {
            admit(connection, hello, endPoint);
            return;
        }
        there.connection().probe(PROBE_LIMIT, heard -> {
            if (!connection.isOpen()) {
                return;
            }
            if (router.tier().connectionOf(endPoint.id()) != there) {
                join(connection, hello, endPoint);
            } else if (heard && there.connection().isOpen()) {
                refuse(connection, hello, ErrorCode.REFUSED, twice(endPoint.id(), there.connection()));
            } else {
                admit(connection, hello, endPoint);
            }
        });
    }

    private static String twice(NodeId id, Connection there) {
        return "node " + id + " is connected already, from "
                + there.remoteAddress().replaceFirst(":[0-9]+$", "")
                + ": give this one another node_id, or a new segment where it has none";
    }

    private void admit(Connection connection, HelloFrame hello, ReliefEndPoint endPoint) {
        ReliefEndPoint before;
        try {
            before = router.connected(endPoint);
        } catch (MembershipFile.WriteException e) {
            onJoinFailed(e);
            if (failurePause.ends()) {
                LOG.warn("a relief node cannot join: {}", e.getMessage());
            }
            refuse(
                    connection,
                    hello,
                    ErrorCode.INTERNAL,
                    "the sibling cannot write its list of members: its log says why");
            return;
        } catch (IOException e) {
            onJoinFailed(e);
            refuse(connection, hello, ErrorCode.REFUSED, e.getMessage());
            return;
        }
        connection.attachment(endPoint);
        welcome(connection, hello);
        endPoint.flushVoids();
        if (before != null) {
            before.connection().close();
        }
        LOG.info("{} node {} is here, from {}", endPoint.kind().word(), endPoint.id(), connection.remoteAddress());
        answersReady.run();
    }

    private void onJoinFailed(IOException failure) {
        segment.file().recordError("a relief node cannot join", failure);
    }

    private void welcome(Connection connection, HelloFrame hello) {
        connection.send(new WelcomeFrame(
                hello.correlationId(),
                hello.commonVersion(),
                segment.file().relayEpoch(),
                segment.file().position(),
                segment.file().wallClockMicros(),
                FrameCodec.MAX_FRAME,
                Set.of(),
                0));
    }

    private static Kind kindOf(PeerKind kind) {
        return switch (kind) {
            case AGING -> Kind.AGING;
            case EXPANSION -> Kind.EXPANSION;
            default -> null;
        };
    }

    private void onError(ReliefEndPoint endPoint, ErrorFrame error) {
        // Without the text: nobody here answers for what a peer writes.
        LOG.debug("{} node {} refused: code {}", endPoint.kind().word(), endPoint.id(), error.code());
        if (error.correlationId() != 0) {
            onAnswer(endPoint, error);
        }
    }

    private void onAnswer(ReliefEndPoint endPoint, Frame answer) {
        if (!endPoint.answerInquiry(answer)) {
            router.onAnswer(endPoint, answer);
            answersReady.run();
        }
    }

    private void refuse(Connection connection, Frame frame, int code, String why) {
        segment.counters().increment(Counter.BAD_FRAMES);
        logRefusal(connection.remoteAddress(), frame.type() + ": " + why);
        long answered = frame.type() == FrameType.HELLO ? frame.correlationId() : 0;
        connection.send(new ErrorFrame(answered, code, why));
        connection.close();
    }

    @Override
    public void onClose(Connection connection) {
        if (connection.attachment(Object.class) instanceof ReliefEndPoint endPoint) {
            LOG.info("{} node {} is away", endPoint.kind().word(), endPoint.id());
            router.disconnected(endPoint);
            endPoint.failInquiries();
            answersReady.run();
        }
    }
}
