package org.globalsessions.transport.client;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.globalsessions.tier.TierListener;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.AnnounceDeleteFrame;
import org.globalsessions.transport.frame.AnnounceInvalidationFrame;
import org.globalsessions.transport.frame.AnnounceSessionFrame;
import org.globalsessions.transport.frame.ClientsFoundFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.EverywhereFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.frame.NotifiedFrame;
import org.globalsessions.transport.frame.PushFrame;
import org.globalsessions.transport.frame.RenewedFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.WelcomeFrame;

/** The host's side of the conversation with a relay. On the link's thread only. */
final class RelayConversation implements FrameHandler {
    private static final System.Logger LOG = System.getLogger(RelayLink.class.getName());

    private final RelayLink link;
    private final TierListener listener;
    private final LinkCounters counters;
    private boolean welcome;

    /** Why TLS came to nothing last: attempts go on, and that is said once. */
    private String lastRefusal = "";

    /** As the last welcome gave them: a change is said once. */
    private Set<Right> rights = Right.OF_HOSTS;

    RelayConversation(RelayLink link, TierListener listener, LinkCounters counters) {
        this.link = link;
        this.listener = listener;
        this.counters = counters;
    }

    @Override
    public void onConnecting() {
        link.connecting();
    }

    @Override
    public void onOpen(Connection connection) {
        // The hello is under way; everything begins with the welcome.
        welcome = false;
    }

    @Override
    public void onFrame(Connection connection, Frame frame) {
        if (frame instanceof SessionKnownFrame known) {
            link.known(known);
        } else if (frame instanceof SessionReceivedFrame received) {
            link.received(received);
        } else if (frame instanceof AnnounceSessionFrame announced) {
            listener.onAnnounced(announced.entry(), announced.epoch(), announced.position());
            link.delivered(announced.epoch(), announced.position());
        } else if (frame instanceof AnnounceDeleteFrame deleted) {
            listener.onDeleted(deleted.digest(), deleted.tombstone(), deleted.epoch(), deleted.position());
            link.delivered(deleted.epoch(), deleted.position());
        } else if (frame instanceof AnnounceInvalidationFrame stored) {
            listener.onInvalidated(stored.digest(), stored.version(), stored.epoch(), stored.position());
            link.delivered(stored.epoch(), stored.position());
        } else if (frame instanceof RenewedFrame renewed) {
            link.renewed(renewed);
            link.delivered(renewed.epoch(), renewed.position());
        } else if (frame instanceof PushFrame push) {
            listener.onPush(push.message());
        } else if (frame instanceof NotifiedFrame notified) {
            link.notified(notified);
        } else if (frame instanceof ClientsFoundFrame found) {
            link.clientsFound(found);
        } else if (frame instanceof EverywhereFrame everywhere) {
            link.everywhere(everywhere);
        } else if (frame instanceof ErrorFrame error) {
            if (error.code() == ErrorCode.ORIGIN_CLASH) {
                LOG.log(
                        System.Logger.Level.INFO,
                        "relay {0}: another segment has the origin of this one, which draws a new one",
                        link.relay());
                link.originRefused(listener);
            }
            link.refused(error);
            if (error.code() == ErrorCode.MUST_CONFIRM) {
                listener.onMustConfirm();
            }
        } else if (frame instanceof GoodbyeFrame) {
            connection.close();
        } else if (frame instanceof WelcomeFrame welcomed && !welcome) {
            welcome(connection, welcomed);
        } else {
            counters.badFrames.increment();
            connection.send(new ErrorFrame(
                    frame.correlationId(), ErrorCode.UNEXPECTED, "no frame for a host: type=" + frame.type()));
            connection.close();
        }
    }

    private void welcome(Connection connection, WelcomeFrame frame) {
        if (link.connected(connection, frame)) {
            welcome = true;
            lastRefusal = "";
            Set<Right> given = EnumSet.copyOf(Right.OF_HOSTS);
            given.retainAll(frame.rights());
            if (!given.equals(rights)) {
                rights = given;
                LOG.log(
                        rights.equals(Right.OF_HOSTS) ? System.Logger.Level.INFO : System.Logger.Level.WARNING,
                        "relay {0} gives this host the rights {1}",
                        link.relay(),
                        rights);
            }
            listener.onConnected(
                    frame.epoch(),
                    frame.position(),
                    Duration.ofMillis(frame.maxStaleMs()),
                    link.age(),
                    frame.clockMicros());
        } else {
            connection.close();
        }
    }

    @Override
    public void onBadFrame(Connection connection, String what) {
        counters.badFrames.increment();
        LOG.log(System.Logger.Level.DEBUG, "relay {0} sent what is no frame: {1}", link.relay(), what);
    }

    @Override
    public void onFailure(Connection connection, Throwable failure) {
        LOG.log(System.Logger.Level.ERROR, "conversation with relay " + link.relay(), failure);
    }

    @Override
    public void onRefused(String remoteAddress, String reason) {
        if (!reason.equals(lastRefusal)) {
            lastRefusal = reason;
            LOG.log(System.Logger.Level.WARNING, "no connection to relay {0}: {1}", link.relay(), reason);
        }
    }

    @Override
    public void onKeysReloaded(boolean succeeded, String what) {
        if (succeeded) {
            counters.keyReloads.increment();
            LOG.log(System.Logger.Level.INFO, "{0}", what);
        } else {
            counters.keyReloadsFailed.increment();
            LOG.log(System.Logger.Level.WARNING, "{0}", what);
        }
    }

    @Override
    public void onConnectFailed(int attempts, String reason, boolean gaveUp) {
        counters.failedAttempts.increment();
        link.disconnected(gaveUp ? reason + "; given up after " + attempts + " attempts" : reason);
    }

    @Override
    public void onClose(Connection connection) {
        link.disconnected("the connection was lost");
        if (welcome) {
            welcome = false;
            listener.onDisconnected();
        }
    }
}
