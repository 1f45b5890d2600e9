package org.globalsessions.sibling;

import java.util.Objects;
import org.agrona.concurrent.Agent;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.IpcExchange.Message;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.IpcNote;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameType;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.InventoryFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.TouchFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns the Aeron streams between relay and sibling: finds the driver, says hello, lets frames in while there is room for
 * them, and sends the answers.
 *
 * <p>The driver's folder and the path's streams stand in the note that the relay leaves in its segment. A relay that starts again brings a new
 * driver in a new folder, so the note is read again every quarter of a second, and a link to another folder than the one
 * noted is given up at once, long before its client would notice that the driver is gone.
 *
 * <p>One thread calls {@link #doWork}, which never blocks.
 */
final class SiblingAgent implements Agent {
    private static final Logger LOG = LoggerFactory.getLogger(SiblingAgent.class);
    private static final long NOTE_INTERVAL_NS = 250_000_000L;
    private static final int FRAGMENT_LIMIT = 64;
    private static final int ANSWER_LIMIT = 64;

    private final SharedLru segment;
    private final IpcExchange exchange;
    private final SiblingContext context;
    private final AeronLink.Receiver receiver = new AeronLink.Receiver() {
        @Override
        public void onFrame(Frame frame) {
            SiblingAgent.this.onFrame(frame);
        }

        @Override
        public void onBadFrame(String what) {
            segment.counters().increment(Counter.BAD_FRAMES);
            LOG.warn("refused what came over Aeron IPC: {}", what);
        }
    };

    private AeronLink link;
    private String linkedNote = "";
    private long nextNoteNs = System.nanoTime();

    /** Which of the link's relays the hello is for, 0 for none. */
    private int greetedRelay;

    private boolean helloSent;
    private int ipcSession;

    /** Whether a person has been told that there is no driver, so that it is said once. */
    private boolean awayLogged;

    SiblingAgent(SharedLru segment, IpcExchange exchange, SiblingContext context) {
        this.segment = segment;
        this.exchange = exchange;
        this.context = context;
    }

    @Override
    public int doWork() {
        int workCount = 0;
        long nowNs = System.nanoTime();
        if (nextNoteNs - nowNs < 0) {
            nextNoteNs = nowNs + NOTE_INTERVAL_NS;
            workCount += followNote();
        }
        if (link == null) {
            return workCount + dropAnswers();
        }
        workCount += link.invoke();
        if (link.isClosed()) {
            unlink("the Aeron client was closed");
            return workCount + 1;
        }
        if (!link.isConnected()) {
            greetedRelay = 0;
            return workCount + dropAnswers();
        }
        if (greetedRelay != link.relayStarts()) {
            greetedRelay = link.relayStarts();
            helloSent = false;
            // What was asked by an earlier relay is no longer awaited by this one.
            ipcSession++;
        }
        if (!helloSent) {
            helloSent = send(hello());
            return workCount + (helloSent ? 1 : 0);
        }
        workCount += sendAnswers();
        workCount += link.poll(Math.min(FRAGMENT_LIMIT, exchange.room()));
        exchange.letInDone();
        return workCount;
    }

    private int followNote() {
        String note = segment.file().note();
        if (link != null && note.equals(linkedNote)) {
            return 0;
        }
        if (link != null) {
            unlink("the relay has started again");
        }
        IpcNote noted = IpcNote.parse(note);
        if (noted == null) {
            // Also where the folder is configured: the streams are not, and another path's are not ours.
            return 0;
        }
        String aeronDir = context.aeronDir() != null ? context.aeronDir() : noted.aeronDir();
        IpcNote place = new IpcNote(aeronDir, noted.relayEpoch(), noted.stream());
        link = AeronLink.connect(place, context.driverTimeout().toMillis(), receiver, this::onAeronError);
        if (link == null) {
            if (!awayLogged) {
                awayLogged = true;
                LOG.info("no media driver is alive in {}, the relay seems to be away: waiting for it", aeronDir);
            }
            return 0;
        }
        awayLogged = false;
        linkedNote = note;
        LOG.info("linked to the relay's media driver in {}", aeronDir);
        return 1;
    }

    private void onAeronError(Throwable failure) {
        segment.file().recordError("Aeron client of the sibling", failure);
        LOG.warn("the Aeron client failed: {}", Objects.toString(failure.getMessage(), failure.toString()));
    }

    private void unlink(String why) {
        LOG.info("the link to the relay ends: {}", why);
        AeronLink old = link;
        link = null;
        linkedNote = "";
        greetedRelay = 0;
        helloSent = false;
        old.close();
    }

    private Frame hello() {
        return new HelloFrame(
                1,
                FrameCodec.MIN_VERSION,
                FrameCodec.MAX_VERSION,
                PeerKind.SIBLING,
                segment.file().identityHigh(),
                segment.file().identityLow(),
                0,
                segment.file().slot(),
                segment.file().incarnation(),
                context.pathName(),
                "");
    }

    private boolean send(Frame frame) {
        if (link.offer(frame)) {
            segment.counters().increment(Counter.IPC_SENT);
            return true;
        }
        segment.counters().increment(Counter.IPC_BACK_PRESSURE);
        return false;
    }

    private int sendAnswers() {
        int sent = 0;
        while (sent < ANSWER_LIMIT) {
            Message message = exchange.peekAnswer();
            if (message == null || (message.ipcSession() == ipcSession && !send(message.frame()))) {
                break;
            }
            exchange.answerTaken();
            sent++;
        }
        return sent;
    }

    /** Nobody waits for these any more: the relay asks again once it is back. */
    private int dropAnswers() {
        int dropped = 0;
        while (exchange.peekAnswer() != null) {
            exchange.answerTaken();
            dropped++;
        }
        return dropped;
    }

    private void onFrame(Frame frame) {
        segment.counters().increment(Counter.IPC_RECEIVED);
        if (frame instanceof NeedSessionFrame
                || frame instanceof SessionFrame
                || frame instanceof SessionBackupFrame
                || frame instanceof DeleteFrame
                || frame instanceof TouchFrame
                || frame instanceof InventoryFrame) {
            exchange.letIn(new Message(ipcSession, frame));
        } else if (frame instanceof ErrorFrame error) {
            segment.counters().increment(Counter.ERRORS);
            LOG.warn("the relay refused the sibling: code {}: {}", error.code(), error.text());
        } else if (frame.type() != FrameType.WELCOME) {
            receiver.onBadFrame("a frame that the relay has no business to send: " + frame.type());
        }
    }

    @Override
    public void onClose() {
        if (link != null) {
            link.close();
            link = null;
        }
    }

    @Override
    public String roleName() {
        return "sibling-agent";
    }
}
