package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.TierHost;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.NeedEverywhereFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.RenewFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SubscribeFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.net.Connector;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.globalsessions.transport.net.ReconnectPolicy;

/** A host's process at a real socket, without a segment: sends frames and keeps what comes. */
final class TestHost implements FrameHandler, AutoCloseable {
    static final Duration LIMIT = Duration.ofSeconds(20);
    private static final AtomicLong CLOCK = new AtomicLong((System.currentTimeMillis() * 1000) << Version.LOGICAL_BITS);

    final List<Frame> announced = new CopyOnWriteArrayList<>();
    final List<Frame> unasked = new CopyOnWriteArrayList<>();
    volatile WelcomeFrame welcome;
    volatile boolean goodbye;
    private final int origin;
    private final EventLoops loops = EventLoops.start("test-host", 1);
    private final Map<Long, CompletableFuture<Frame>> open = new ConcurrentHashMap<>();
    private final AtomicLong correlations = new AtomicLong(100);
    private final Connector connector;

    TestHost(int port, int number) {
        this(port, number, number, "auths");
    }

    TestHost(int port, int identity, int origin, String path) {
        this(PeerAddress.tcp("localhost", port), PipelineSecurity.plain(), identity, origin, path, "");
    }

    TestHost(PeerAddress relay, PipelineSecurity security, int identity, int origin, String path, String secret) {
        this.origin = origin;
        TierHost host = new TierHost(identity, identity, origin, 0, 1);
        connector = Connector.start(
                loops,
                relay,
                () -> HelloFrame.ofHost(1, host, path, secret),
                ReconnectPolicy.DEFAULT,
                LinkSettings.DEFAULTS,
                security,
                this);
    }

    TestHost welcomed() {
        await().atMost(LIMIT).until(() -> welcome != null);
        return this;
    }

    CompletableFuture<Frame> send(Frame frame) {
        CompletableFuture<Frame> answer = new CompletableFuture<>();
        open.put(frame.correlationId(), answer);
        if (!connector.connection().send(frame)) {
            answer.completeExceptionally(new IllegalStateException("not sent"));
        }
        return answer;
    }

    Frame ask(Frame frame) {
        try {
            return send(frame).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    static Version newVersion(int origin) {
        // As of now: what is far behind the clock counts as long on its way.
        long now = TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis()) << Version.LOGICAL_BITS;
        return new Version(CLOCK.updateAndGet(last -> Math.max(last + 1, now)), origin);
    }

    SessionFrame session(String key, byte[] value, Acknowledgement level) {
        Version version = newVersion(origin);
        SessionEntry entry = new SessionEntry(key.getBytes(UTF_8), value, version, version.clock(), true, 0, 0, 0);
        return new SessionFrame(
                correlations.incrementAndGet(), level, welcome.epoch(), welcome.position(), Version.NONE, entry);
    }

    Frame set(String key, String value) {
        return ask(session(key, value.getBytes(UTF_8), Acknowledgement.RELAY));
    }

    /** A save over a version, by a host that does not hold that version itself. */
    SessionFrame conditional(String key, String value, Version expected) {
        SessionFrame plain = session(key, value.getBytes(UTF_8), Acknowledgement.RELAY);
        return new SessionFrame(
                plain.correlationId(),
                plain.level(),
                plain.claimEpoch(),
                plain.claimPosition(),
                plain.seenTombstone(),
                expected,
                plain.entry());
    }

    Frame delete(KeyDigest digest, Acknowledgement level) {
        return ask(new DeleteFrame(correlations.incrementAndGet(), level, digest, newVersion(origin)));
    }

    SessionKnownFrame get(String key) {
        return (SessionKnownFrame) ask(new NeedSessionFrame(correlations.incrementAndGet(), key.getBytes(UTF_8)));
    }

    CompletableFuture<Frame> getLater(String key) {
        return send(new NeedSessionFrame(correlations.incrementAndGet(), key.getBytes(UTF_8)));
    }

    TestHost subscribed(long leaseEpoch, long epoch, long position) {
        welcomed();
        connector.connection().send(new SubscribeFrame(correlations.incrementAndGet(), leaseEpoch, epoch, position));
        // Frames of one connection are served in order: an answer to a later one means that this one was served.
        get("-");
        return this;
    }

    long nextId() {
        return correlations.incrementAndGet();
    }

    /** Its answer comes only where it is refused. */
    CompletableFuture<Frame> subscribe(long leaseEpoch, long epoch, long position) {
        return send(new SubscribeFrame(nextId(), leaseEpoch, epoch, position));
    }

    Frame renew(long leaseEpoch, long position) {
        return ask(new RenewFrame(nextId(), leaseEpoch, welcome.epoch(), position));
    }

    CompletableFuture<Frame> needEverywhere(KeyDigest digest, long epoch, long position) {
        return send(new NeedEverywhereFrame(nextId(), digest, epoch, position));
    }

    Connection connection() {
        return connector.connection();
    }

    @Override
    public void onOpen(Connection connection) {}

    @Override
    public void onFrame(Connection connection, Frame frame) {
        if (frame instanceof WelcomeFrame greeting) {
            welcome = greeting;
        } else if (frame instanceof GoodbyeFrame) {
            goodbye = true;
        } else if (frame.correlationId() == 0) {
            announced.add(frame);
        } else {
            CompletableFuture<Frame> answer = open.remove(frame.correlationId());
            if (answer == null) {
                unasked.add(frame);
            } else {
                answer.complete(frame);
            }
        }
    }

    @Override
    public void onBadFrame(Connection connection, String what) {
        throw new AssertionError(what);
    }

    @Override
    public void onFailure(Connection connection, Throwable failure) {
        throw new AssertionError(failure);
    }

    @Override
    public void onClose(Connection connection) {}

    @Override
    public void close() {
        connector.close();
        loops.close();
    }
}
