package org.globalsessions.sibling;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.Receipt.Outcome;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.VoidFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.net.Connector;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.ReconnectPolicy;

/** Plays a relief node over real TCP: keeps everything it gets in a map. */
final class ReliefStub implements FrameHandler, AutoCloseable {
    private static final ReconnectPolicy AT_ONCE = new ReconnectPolicy(Duration.ofMillis(5), Duration.ofMillis(20), 0);

    private final EventLoops loops = EventLoops.start("relief-stub", 1);
    private final SharedLru digests;
    private final Map<KeyDigest, SessionEntry> entries = new ConcurrentHashMap<>();
    private final Connector connector;
    private volatile boolean welcome;
    private volatile String refusal;
    private volatile boolean silent;

    /** A node of an id; the segment is only used to compute digests. */
    ReliefStub(SharedLru digests, int port, PeerKind kind, long id, String path) {
        this(digests, port, HelloFrame.ofReliefNode(1, kind, id, id, path, HelloFrame.DEFAULT_WEIGHT, "", false));
    }

    ReliefStub(SharedLru digests, int port, HelloFrame hello) {
        this.digests = digests;
        this.connector = Connector.start(loops, "localhost", port, () -> hello, AT_ONCE, this);
    }

    boolean isWelcome() {
        return welcome;
    }

    String refusal() {
        return refusal;
    }

    /** What it holds. */
    Map<KeyDigest, SessionEntry> entries() {
        return entries;
    }

    boolean holds(String key) {
        return entries.containsKey(digests.encode(key).digest());
    }

    /** Whether to leave everything unanswered. */
    void silent(boolean value) {
        silent = value;
    }

    @Override
    public void onOpen(Connection connection) {}

    @Override
    public void onFrame(Connection connection, Frame frame) {
        if (frame instanceof WelcomeFrame) {
            welcome = true;
        } else if (frame instanceof ErrorFrame error) {
            refusal = error.text();
        } else if (!silent) {
            answer(connection, frame);
        }
    }

    private void answer(Connection connection, Frame frame) {
        if (frame instanceof NeedSessionFrame need) {
            SessionEntry entry = entries.get(digests.encode(need.key()).digest());
            connection.send(new SessionKnownFrame(
                    frame.correlationId(), entry == null ? Status.MISSING : Status.FOUND, 0, 0, entry));
        } else if (frame instanceof SessionBackupFrame backup) {
            keep(backup.entry());
            receive(connection, frame, backup.entry().version(), false);
        } else if (frame instanceof SessionFrame session) {
            keep(session.entry());
            receive(connection, frame, session.entry().version(), false);
        } else if (frame instanceof DeleteFrame delete) {
            receive(connection, frame, delete.tombstone(), entries.remove(delete.digest()) != null);
        } else if (frame instanceof VoidFrame voids) {
            for (VoidFrame.Voided voided : voids.voided()) {
                entries.computeIfPresent(
                        voided.digest(),
                        (digest, entry) -> entry.version().compareTo(voided.version()) < 0 ? null : entry);
            }
            receive(connection, frame, Version.NONE, false);
        }
    }

    private void keep(SessionEntry entry) {
        entries.put(digests.encode(entry.key()).digest(), entry);
    }

    private static void receive(Connection connection, Frame frame, Version version, boolean held) {
        connection.send(
                new SessionReceivedFrame(frame.correlationId(), new Receipt(Outcome.STORED, version, 1, held, 0, 0)));
    }

    @Override
    public void onBadFrame(Connection connection, String what) {
        refusal = what;
    }

    @Override
    public void onFailure(Connection connection, Throwable failure) {
        refusal = failure.toString();
    }

    @Override
    public void onClose(Connection connection) {
        welcome = false;
    }

    @Override
    public void close() {
        connector.close();
        loops.close();
    }
}
