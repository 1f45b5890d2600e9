package org.globalsessions.transport.client;

import io.netty.buffer.Unpooled;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.frame.AdministerFrame;
import org.globalsessions.transport.frame.AdministerFrame.Action;
import org.globalsessions.transport.frame.AdministeredFrame;
import org.globalsessions.transport.frame.CalledFrame;
import org.globalsessions.transport.frame.ClientsCheckedFrame;
import org.globalsessions.transport.frame.CommandFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.Network;

/**
 * An operator's connection to a relay: asks which hosts it remembers, and has it forget one. It has no segment and is no host. Likewise to a
 * sibling, about relief nodes, and has their extensions run commands.
 *
 * <p>Any thread may ask; futures complete on the connection's thread, with {@link TierUnavailableException} where the relay is away,
 * refuses, or does not answer in time.
 */
public final class RelayOperator implements AutoCloseable {
    private final String peer;
    private final RelayLinkSettings settings;
    private final Network network = EventLoops.start("global-sessions-operator", 1);
    private final CompletableFuture<Connection> welcomed = new CompletableFuture<>();
    private final Map<Long, CompletableFuture<Frame>> open = new ConcurrentHashMap<>();
    private final AtomicLong correlations = new AtomicLong();
    private final Network.Dial dial;

    private RelayOperator(String kind, RelayLinkSettings settings) {
        this.peer = kind + " " + settings.relay();
        this.settings = settings;
        SecureRandom random = new SecureRandom();
        HelloFrame hello = new HelloFrame(
                correlations.incrementAndGet(),
                FrameCodec.MIN_VERSION,
                FrameCodec.MAX_VERSION,
                PeerKind.CLIENT,
                random.nextLong(),
                random.nextLong(),
                random.nextInt(),
                0,
                0,
                settings.path(),
                settings.secret());
        this.dial = network.connect(
                settings.relay(),
                () -> hello,
                settings.reconnect(),
                settings.link(),
                settings.security(),
                new Conversation());
    }

    /**
     * Begins to connect.
     *
     * @param settings where the relay is
     * @return the connection, which may be used at once
     */
    public static RelayOperator connect(RelayLinkSettings settings) {
        return new RelayOperator("relay", settings);
    }

    /**
     * Begins to connect to a sibling.
     *
     * @param settings where it is, as a relief node's file has it
     * @return the connection, which may be used at once
     */
    public static RelayOperator connectToSibling(RelayLinkSettings settings) {
        return new RelayOperator("sibling", settings);
    }

    /**
     * Asks which hosts the relay remembers, or which relief nodes are members.
     *
     * @return the answer
     */
    public CompletableFuture<AdministeredFrame> hosts() {
        return ask(Action.LIST, AdministerFrame.NO_HOST);
    }

    /**
     * Has a host forgotten that is away: no delete waits for it any more. Or a relief node: nobody counts on what it has.
     *
     * @param host digest of its identity, or the node's id
     * @return what became of it
     */
    public CompletableFuture<AdministeredFrame> forget(KeyDigest host) {
        return ask(Action.FORGET, host);
    }

    /**
     * Has a relief node drained: it gets no new sessions, and others get those that it has.
     *
     * @param node its id
     * @return what became of it
     */
    public CompletableFuture<AdministeredFrame> drain(KeyDigest node) {
        return ask(Action.DRAIN, node);
    }

    /**
     * Has the relay compare what it knows of remote clients with the entries of its segment.
     *
     * @return what came of it
     */
    public CompletableFuture<ClientsCheckedFrame> checkClients() {
        return ask(
                new AdministerFrame(correlations.incrementAndGet(), Action.CHECK_CLIENTS, AdministerFrame.NO_HOST),
                ClientsCheckedFrame.class);
    }

    /**
     * Has a command run by the extension of a relief node.
     *
     * @param node      its id
     * @param name      which command; empty to be told which there are
     * @param arguments what the command is given
     * @return what became of it
     * @throws IllegalArgumentException where name or arguments are beyond the limits of the protocol
     */
    public CompletableFuture<CalledFrame> call(KeyDigest node, String name, List<String> arguments) {
        CommandFrame frame = new CommandFrame(correlations.incrementAndGet(), node, name, List.copyOf(arguments));
        FrameCodec.encode(frame, Unpooled.buffer());
        return ask(frame, CalledFrame.class);
    }

    private CompletableFuture<AdministeredFrame> ask(Action action, KeyDigest host) {
        return ask(new AdministerFrame(correlations.incrementAndGet(), action, host), AdministeredFrame.class);
    }

    private <T extends Frame> CompletableFuture<T> ask(Frame frame, Class<T> type) {
        CompletableFuture<Frame> answer = new CompletableFuture<>();
        open.put(frame.correlationId(), answer);
        var unused = welcomed.whenComplete((connection, failure) -> {
            if (failure != null) {
                answer.completeExceptionally(failure);
            } else if (!connection.send(frame)) {
                answer.completeExceptionally(away("the connection was lost"));
            }
        });
        return answer.orTimeout(settings.requestTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .handle((told, failure) -> {
                    open.remove(frame.correlationId());
                    if (failure instanceof java.util.concurrent.TimeoutException) {
                        throw away(
                                "no answer within " + settings.requestTimeout().toMillis() + " ms");
                    } else if (failure instanceof TierUnavailableException known) {
                        throw known;
                    } else if (failure != null) {
                        throw new IllegalStateException(failure);
                    }
                    return type.cast(told);
                });
    }

    private TierUnavailableException away(String why) {
        return new TierUnavailableException(peer + " is away: " + why);
    }

    private void fail(TierUnavailableException reason) {
        welcomed.completeExceptionally(reason);
        open.values().forEach(answer -> answer.completeExceptionally(reason));
    }

    @Override
    public void close() {
        dial.close();
        network.close();
        fail(away("this side has closed"));
    }

    private final class Conversation implements FrameHandler {
        @Override
        public void onOpen(Connection connection) {}

        @Override
        public void onFrame(Connection connection, Frame frame) {
            if (frame instanceof WelcomeFrame) {
                welcomed.complete(connection);
            } else if (frame instanceof ErrorFrame error) {
                TierUnavailableException refused =
                        new TierUnavailableException(peer + " refused, code=" + error.code() + ": " + error.text());
                CompletableFuture<Frame> answer = open.get(error.correlationId());
                if (answer != null) {
                    answer.completeExceptionally(refused);
                } else {
                    fail(refused);
                }
            } else if (frame instanceof AdministeredFrame
                    || frame instanceof CalledFrame
                    || frame instanceof ClientsCheckedFrame) {
                CompletableFuture<Frame> answer = open.get(frame.correlationId());
                if (answer != null) {
                    answer.complete(frame);
                }
            }
        }

        @Override
        public void onBadFrame(Connection connection, String what) {
            fail(away("it sent what is no frame: " + what));
        }

        @Override
        public void onFailure(Connection connection, Throwable failure) {
            fail(new TierUnavailableException("conversation with " + peer, failure));
        }

        @Override
        public void onRefused(String remoteAddress, String reason) {
            fail(away(reason));
        }

        @Override
        public void onConnectFailed(int attempts, String reason, boolean gaveUp) {
            fail(away(reason));
        }

        @Override
        public void onClose(Connection connection) {
            fail(away("the connection was lost"));
        }
    }
}
