package org.globalsessions.sibling;

import java.io.IOException;
import java.util.Set;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.FaultCountingHandler;
import org.globalsessions.transport.frame.AdministerFrame;
import org.globalsessions.transport.frame.ComparedFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FetchedFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameType;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.PeerKind;
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

    private final SharedLru segment;
    private final ReliefRouter router;
    private final MemberAdministration administration;
    private final String pathName;
    private final Runnable answersReady;

    /** An operator's connection, which is no member's. */
    private static final class Operator {}

    /**
     * The handler.
     *
     * @param segment        the relay's segment
     * @param router         gets nodes and answers
     * @param administration does what operators ask for
     * @param pathName       the path that is served here
     * @param answersReady   called after what may have made answers for the relay
     */
    ReliefConnections(
            SharedLru segment,
            ReliefRouter router,
            MemberAdministration administration,
            String pathName,
            Runnable answersReady) {
        super(segment.counters(), segment.file().errors(), new Log(LOG::debug, LOG::info, LOG::warn));
        this.segment = segment;
        this.router = router;
        this.administration = administration;
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
        } else if (!(frame instanceof GoodbyeFrame)) {
            refuse(connection, frame, ErrorCode.UNEXPECTED, "an operator does not send " + frame.type());
        }
    }

    private void onFrameOfNode(Connection connection, ReliefEndPoint endPoint, Frame frame) {
        if (frame instanceof SessionReceivedFrame || frame instanceof SessionKnownFrame) {
            onAnswer(endPoint, frame);
        } else if (frame instanceof InventoriedFrame
                || frame instanceof ComparedFrame
                || frame instanceof FetchedFrame) {
            // One that nobody waits for any more comes late.
            endPoint.answerInquiry(frame);
        } else if (frame instanceof ErrorFrame error) {
            onError(endPoint, error);
        } else if (!(frame instanceof GoodbyeFrame)) {
            refuse(connection, frame, ErrorCode.UNEXPECTED, "a relief node does not send " + frame.type());
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
        ReliefEndPoint endPoint;
        ReliefEndPoint before;
        try {
            NodeId id = new NodeId(hello.idHigh(), hello.idLow());
            endPoint = new ReliefEndPoint(new Seat(id, hello.weight(), hello.hostId()), kind, connection);
            before = router.connected(endPoint);
        } catch (IllegalArgumentException e) {
            refuse(connection, hello, ErrorCode.REFUSED, e.getMessage());
            return;
        } catch (IOException e) {
            segment.counters().increment(Counter.ERRORS);
            segment.file().errors().record("a relief node cannot join", e);
            refuse(connection, hello, ErrorCode.REFUSED, e.getMessage());
            return;
        }
        connection.attachment(endPoint);
        welcome(connection, hello);
        if (before != null) {
            before.connection().close();
        }
        LOG.info("{} node {} is here, from {}", kind.word(), endPoint.id(), connection.remoteAddress());
        answersReady.run();
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
