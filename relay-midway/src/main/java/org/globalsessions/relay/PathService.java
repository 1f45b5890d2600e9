package org.globalsessions.relay;

import java.time.Duration;
import java.util.HashMap;
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
import org.globalsessions.transport.Right;
import org.globalsessions.transport.access.AccessRules;
import org.globalsessions.transport.frame.AdministerFrame;
import org.globalsessions.transport.frame.AttendFrame;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FindClientsFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.NeedEverywhereFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.NotifyFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.RenewFrame;
import org.globalsessions.transport.frame.RenewedFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SubscribeFrame;
import org.globalsessions.transport.frame.TouchFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the hosts of one path: gives them their rights, and passes their frames to what answers them. On the relay's event loop
 * alone.
 */
final class PathService {
    private static final Logger LOGGER = LoggerFactory.getLogger(PathService.class);

    private record Origin(HostId host, int connections) {}

    private final SegmentFile file;
    private final Counters counters;
    private final RelayErrors errors;
    private AccessRules access;
    private final Announcer announcer;
    private final EarlierHosts earlier;
    private final Intake intake;
    private final Inquiry inquiry;
    private final HostLeases leases;
    private final FarDeletes farDeletes;
    private final HostAdministration administration;
    private final ClientInquiry clients;
    private final Pushes pushes;
    private final SkewLimit skew;
    private final Duration maxStale;
    private final Map<Integer, Origin> origins = new HashMap<>();

    /**
     * A service without hosts.
     *
     * @param lru       the path's table
     * @param errors    told of errors
     * @param settings   who may do what, and for how long a host serves what it cannot confirm
     * @param announcer  tells hosts what others have changed
     * @param earlier    hosts that come from an earlier epoch
     * @param intake     takes what they publish
     * @param inquiry    answers what they ask
     * @param leases     remembers hosts that may serve what they have
     * @param farDeletes tells when a delete is everywhere
     * @param clients    knows the path's remote clients
     */
    PathService(
            SharedLru lru,
            RelayErrors errors,
            PathSettings<?> settings,
            Announcer announcer,
            EarlierHosts earlier,
            Intake intake,
            Inquiry inquiry,
            HostLeases leases,
            FarDeletes farDeletes,
            ClientInquiry clients) {
        this.file = lru.file();
        this.counters = lru.counters();
        this.errors = errors;
        this.access = settings.access();
        this.maxStale = settings.maxStale();
        this.announcer = announcer;
        this.earlier = earlier;
        this.intake = intake;
        this.inquiry = inquiry;
        this.leases = leases;
        this.farDeletes = farDeletes;
        this.clients = clients;
        this.pushes = new Pushes(clients);
        this.skew = new SkewLimit(lru, intake, settings.maxClockSkew());
        this.administration = new HostAdministration(file.pathKey(), leases, farDeletes);
        earlier.whenReady(this::subscribe);
    }

    /**
     * Welcomes a host's process, or sends it away.
     *
     * @param connection where it comes from
     * @param hello      what it says; of this path and of a protocol version that we speak
     * @param draining   watches how it takes what it is sent
     * @return the process, or null where it was sent away
     */
    ClientEndPoint greet(Connection connection, HelloFrame hello, Draining draining) {
        AccessRules.Shown shown = AccessRules.Shown.of(connection.peer(), hello.secret());
        Set<Right> rights = access.rightsOf(shown);
        if (rights.isEmpty()) {
            counters.increment(Counter.REFUSED_WITHOUT_RIGHT);
            refuse(
                    connection,
                    hello.correlationId(),
                    ErrorCode.REFUSED,
                    "no right on this path: the peer meets none of its rules");
            return null;
        }
        if (clashes(hello)) {
            refuse(connection, hello.correlationId(), ErrorCode.ORIGIN_CLASH, "origin in use by another segment");
            return null;
        }
        if (hello.kind() == PeerKind.HOST
                && !leases.enter(new HostId(hello.idHigh(), hello.idLow()), file.position())) {
            refuse(
                    connection,
                    hello.correlationId(),
                    ErrorCode.BUSY,
                    "no further host can be remembered: limit=" + HostLeases.MAX_HOSTS);
            return null;
        }
        ClientEndPoint endPoint = new ClientEndPoint(connection, hello, shown, rights, file.position(), draining);
        Origin known = origins.get(hello.origin());
        origins.put(hello.origin(), new Origin(endPoint.host(), known == null ? 1 : known.connections + 1));
        connection.send(new WelcomeFrame(
                hello.correlationId(),
                hello.commonVersion(),
                file.relayEpoch(),
                file.position(),
                skew.clockMicros(),
                FrameCodec.MAX_FRAME,
                rights,
                maxStale.toMillis()));
        return endPoint;
    }

    private boolean clashes(HelloFrame hello) {
        Origin known = origins.get(hello.origin());
        boolean ours = hello.origin() == file.origin();
        return ours || (known != null && !known.host.equals(new HostId(hello.idHigh(), hello.idLow())));
    }

    /** Other rules count from now on. */
    void access(AccessRules rules) {
        access = rules;
    }

    /**
     * Judges a welcomed process by the rules that count now. One that has other rights by them is sent away: it comes back and is told what
     * it may do, or refused.
     */
    void judgeAgain(ClientEndPoint endPoint) {
        if (!endPoint.isJudgedAlikeBy(access)) {
            LOGGER.warn(
                    "A host has other rights by the new rules, its connection is ended: peer={}",
                    endPoint.connection().remoteAddress());
            endPoint.connection().send(new GoodbyeFrame(GoodbyeFrame.RESTARTING));
            endPoint.connection().close();
        }
    }

    /** A welcomed process sends a frame. */
    void serve(ClientEndPoint endPoint, Frame frame) {
        Connection connection = endPoint.connection();
        Right needed = rightFor(frame);
        if (needed != null && !endPoint.may(needed)) {
            refuseWithoutRight(endPoint, frame, needed);
        } else if (frame instanceof SessionFrame session) {
            if (skew.admits(endPoint, session)) {
                publish(endPoint, session);
            }
        } else if (frame instanceof NeedSessionFrame question) {
            inquiry.onNeedSession(endPoint, question);
        } else if (frame instanceof DeleteFrame delete) {
            if (skew.admits(endPoint, delete)) {
                intake.onDelete(endPoint, delete);
            }
        } else if (frame instanceof SubscribeFrame subscribe) {
            subscribe(endPoint, subscribe);
        } else if (frame instanceof RenewFrame renew) {
            renew(endPoint, renew);
        } else if (frame instanceof NeedEverywhereFrame everywhere) {
            farDeletes.onNeedEverywhere(endPoint, everywhere);
        } else if (frame instanceof TouchFrame touch) {
            inquiry.onTouch(touch);
        } else if (frame instanceof AttendFrame attend) {
            pushes.attend(endPoint, attend.wanted());
        } else if (frame instanceof InventoriedFrame inventoried && inventoried.correlationId() == 0) {
            intake.onEarlierDeletes(endPoint, skew.admitted(inventoried.items()));
        } else if (frame instanceof NotifyFrame notify) {
            pushes.onNotify(endPoint, notify);
        } else if (frame instanceof FindClientsFrame find) {
            clients.onFindClients(endPoint, find);
        } else if (frame instanceof AdministerFrame administer) {
            administer(endPoint, administer);
        } else if (frame instanceof GoodbyeFrame) {
            connection.close();
        } else {
            refuse(connection, frame.correlationId(), ErrorCode.UNEXPECTED, "a host does not send " + frame.type());
        }
    }

    private void administer(ClientEndPoint endPoint, AdministerFrame frame) {
        if (frame.action() == AdministerFrame.Action.CHECK_CLIENTS) {
            clients.check(endPoint, frame.correlationId());
        } else {
            administration.onAdminister(endPoint, frame);
        }
    }

    private void publish(ClientEndPoint endPoint, SessionFrame frame) {
        boolean isEarlier = earlier.isEarlier(frame.claimEpoch());
        boolean isConfirming = isEarlier && earlier.isConfirming(endPoint.host());
        // On a condition also where it has heard all: what it saw it has not published again.
        if (isEarlier && !isConfirming && (frame.isConditional() || !announcer.isSubscribed(endPoint.host()))) {
            endPoint.send(new ErrorFrame(
                    frame.correlationId(),
                    ErrorCode.UNAVAILABLE,
                    "the host has not heard yet what was deleted before this relay lost its segment"));
        } else if (frame.isConditional() && intake.mustLook(frame)) {
            inquiry.look(endPoint, frame.entry(), (status, behind) -> intake.onLooked(endPoint, frame, status, behind));
        } else if (frame.isConditional()) {
            intake.onConditional(endPoint, frame, null);
        } else if (intake.mustConfirm(frame, isConfirming)) {
            inquiry.look(endPoint, frame.entry(), (status, behind) -> intake.onConfirmed(endPoint, frame, status));
        } else {
            intake.onSession(endPoint, frame);
        }
    }

    private void subscribe(ClientEndPoint endPoint, SubscribeFrame frame) {
        switch (announcer.subscribe(endPoint, frame)) {
            case STALE_LEASE ->
                endPoint.send(new ErrorFrame(
                        frame.correlationId(), ErrorCode.STALE_LEASE, "another process of the host is link owner"));
            case MUST_CONFIRM -> {
                counters.increment(Counter.HOSTS_TOO_FAR_BEHIND);
                endPoint.send(new ErrorFrame(
                        frame.correlationId(),
                        ErrorCode.MUST_CONFIRM,
                        "away for so long that deletes since then are forgotten here"));
                if (!endPoint.isNewlySentToConfirm()) {
                    // Deletes since its welcome are forgotten too: without a later welcome it would come back in vain
                    // for ever.
                    endPoint.connection().close();
                }
            }
            case DONE, WAITS -> {}
        }
    }

    private void renew(ClientEndPoint endPoint, RenewFrame frame) {
        if (frame.epoch() != file.relayEpoch() || !announcer.isSubscribed(endPoint)) {
            endPoint.send(new ErrorFrame(
                    frame.correlationId(), ErrorCode.STALE_LEASE, "this connection has no subscription that counts"));
            return;
        }
        leases.applied(endPoint.host(), frame.position());
        leases.renew(endPoint.host());
        // All that was announced up to the present position has left before this.
        endPoint.send(new RenewedFrame(frame.correlationId(), file.relayEpoch(), file.position()));
        farDeletes.lookSoon();
    }

    /** What a frame needs; null where every host may send it. */
    private static Right rightFor(Frame frame) {
        return switch (frame.type()) {
            case SESSION, DELETE, INVENTORIED, NEED_EVERYWHERE, NOTIFY -> Right.PUBLISH;
            case ATTEND -> Right.SUBSCRIBE;
            case NEED_SESSION, TOUCH -> Right.READ;
            // Who has a client's identifier is that client.
            case FIND_CLIENTS -> ((FindClientsFrame) frame).tellsClients() ? Right.SUBSCRIBE : Right.READ;
            case ADMINISTER -> Right.ADMINISTER;
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

    private void refuse(Connection connection, long correlationId, int code, String why) {
        RelayService.refuse(counters, connection, correlationId, code, why);
    }

    /** A welcomed process is gone. */
    void onClose(ClientEndPoint endPoint) {
        announcer.leave(endPoint);
        intake.onClose(endPoint);
        inquiry.onClose(endPoint);
        farDeletes.onClose(endPoint);
        pushes.onClose(endPoint);
        if (endPoint.kind() == PeerKind.HOST) {
            leases.leave(endPoint.host());
        }
        Origin known = origins.get(endPoint.origin());
        if (known.connections > 1) {
            origins.put(endPoint.origin(), new Origin(known.host, known.connections - 1));
        } else {
            origins.remove(endPoint.origin());
            announcer.forget(endPoint.host());
            earlier.forget(endPoint.host());
        }
    }

    /** Whoever serves this path came upon an error. */
    RelayErrors errors() {
        return errors;
    }

    /** Counters of this path. */
    Counters counters() {
        return counters;
    }
}
