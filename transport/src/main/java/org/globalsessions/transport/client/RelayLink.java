package org.globalsessions.transport.client;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.globalsessions.Acknowledgement;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.Version;
import org.globalsessions.tier.ClientQuery;
import org.globalsessions.tier.ClockAheadException;
import org.globalsessions.tier.FoundClients;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.LeaseRenewal;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.PushMessage;
import org.globalsessions.tier.PushReach;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.TierAnswer;
import org.globalsessions.tier.TierBusyException;
import org.globalsessions.tier.TierHost;
import org.globalsessions.tier.TierListener;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.AttendFrame;
import org.globalsessions.transport.frame.ClientsFoundFrame;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.EverywhereFrame;
import org.globalsessions.transport.frame.FindClientsFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.NeedEverywhereFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.NotifiedFrame;
import org.globalsessions.transport.frame.NotifyFrame;
import org.globalsessions.transport.frame.RenewFrame;
import org.globalsessions.transport.frame.RenewedFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.TouchFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.Network;

/**
 * The relay as the next tier of a host's segment: one connection, kept up by itself.
 *
 * <p>Any thread may call any method; none blocks but {@link #close}, which waits for its thread at most 2 s. Everything asked
 * is answered, or ends with {@link TierUnavailableException} within the request time-out; when the connection is lost, at
 * once. Futures complete on the link's one thread, mostly.
 *
 * <p>A question asked while an attempt to connect is under way waits for it; one asked in the pause between two attempts fails
 * at once. Changes never wait: their marks stay in the segment, and they are sent again from there.
 */
public final class RelayLink implements NextTier {
    /** What a delete waits to be everywhere where no lease ends. */
    private static final Duration LONGEST_WAIT = Duration.ofHours(1);

    private enum Phase {
        NOT_STARTED,
        PAUSED,
        CONNECTING,
        CONNECTED,
        CLOSED
    }

    private final RelayLinkSettings settings;
    private final Supplier<Network> networks;
    private final LinkCounters counters = new LinkCounters();

    /** Guards all below. Frames are sent under it, so they leave in the order of their requests; nobody is called under it. */
    private final Object lock = new Object();

    private final OpenRequests open;

    /** Those whose answer may take as long as a lease; apart from the others, as each list is in the order of its deadlines. */
    private final OpenRequests waits;

    private final Subscription subscription = new Subscription();

    /** Whether messages to remote clients are wanted here. */
    private boolean attends;

    private Phase phase = Phase.NOT_STARTED;
    private Connection connection;
    private TierHost host;

    /** What the relay lets this host do; what it does not would only be refused there, again and again. */
    private Set<Right> rights = Right.ALL;

    private Duration maxStale = Duration.ZERO;
    private long helloNs;
    private String lastReason = "not started";
    private long nextCorrelationId = 1;
    private boolean timerArmed;
    private Network network;
    private Network.Dial dial;

    /**
     * Makes a link; it connects when it is started.
     *
     * @param settings where the relay is
     * @param host     who asks
     */
    public RelayLink(RelayLinkSettings settings, TierHost host) {
        this(settings, host, () -> EventLoops.start("global-sessions-relay-link", 1));
    }

    /** Over any network, which is opened by the start and closed by the close. */
    RelayLink(RelayLinkSettings settings, TierHost host, Supplier<Network> networks) {
        this.settings = settings;
        this.networks = networks;
        this.host = host;
        this.open = new OpenRequests(settings.window(), settings.windowBytes());
        this.waits = new OpenRequests(settings.window(), settings.windowBytes());
    }

    @Override
    public void start(TierListener listener) {
        synchronized (lock) {
            if (phase != Phase.NOT_STARTED) {
                throw new IllegalStateException("a link is started once: phase=" + phase);
            }
            phase = Phase.CONNECTING;
            network = networks.get();
            dial = network.connect(
                    settings.relay(),
                    this::hello,
                    settings.reconnect(),
                    settings.link(),
                    settings.security(),
                    new RelayConversation(this, listener, counters));
        }
    }

    @Override
    public boolean isConnected() {
        synchronized (lock) {
            return phase == Phase.CONNECTED;
        }
    }

    /**
     * Counts since the link was made.
     *
     * @return a copy
     */
    public RelayLinkStatistics statistics() {
        return counters.snapshot();
    }

    @Override
    public CompletableFuture<TierAnswer> ask(byte[] key, KeyDigest digest) {
        if (key.length == 0 || key.length > FrameCodec.MAX_KEY) {
            return CompletableFuture.failedFuture(new IllegalArgumentException(
                    "key out of range: bytes=" + key.length + ", allowed=1.." + FrameCodec.MAX_KEY));
        }
        Request.KeyBytes keyBytes = new Request.KeyBytes(key, digest.low());
        synchronized (lock) {
            if (phase != Phase.CONNECTED && phase != Phase.CONNECTING) {
                return CompletableFuture.failedFuture(away());
            }
            if (!rights.contains(Right.READ)) {
                return CompletableFuture.failedFuture(notAllowed(Right.READ));
            }
            Request.Question joined = open.question(keyBytes);
            if (joined != null) {
                counters.joinedQuestions.increment();
                // A copy, so that who cancels his own cancels nobody else's.
                return joined.answer.copy();
            }
            if (!open.hasRoomForQuestion()) {
                return CompletableFuture.failedFuture(busy("questions open=" + settings.window()));
            }
            NeedSessionFrame frame = new NeedSessionFrame(nextCorrelationId++, key);
            Request.Question question =
                    new Request.Question(frame, FrameCodec.encodedLength(frame), deadlineNs(), keyBytes);
            if (phase == Phase.CONNECTED && !connection.send(frame)) {
                return CompletableFuture.failedFuture(notSent());
            }
            question.sent = phase == Phase.CONNECTED;
            open.add(question);
            armTimer();
            return question.answer.copy();
        }
    }

    @Override
    public CompletableFuture<Receipt> publish(
            SessionEntry entry,
            KeyDigest digest,
            long epoch,
            long appliedPosition,
            Version seenTombstone,
            Acknowledgement level) {
        synchronized (lock) {
            return change(new SessionFrame(nextCorrelationId++, level, epoch, appliedPosition, seenTombstone, entry));
        }
    }

    @Override
    public CompletableFuture<Receipt> publishIf(
            SessionEntry entry,
            KeyDigest digest,
            long epoch,
            long appliedPosition,
            Version seenTombstone,
            Version expected,
            Acknowledgement level) {
        Objects.requireNonNull(expected, "expected");
        synchronized (lock) {
            return change(new SessionFrame(
                    nextCorrelationId++, level, epoch, appliedPosition, seenTombstone, expected, entry));
        }
    }

    @Override
    public CompletableFuture<Receipt> delete(
            KeyDigest digest, Version tombstone, long epoch, long appliedPosition, Acknowledgement level) {
        synchronized (lock) {
            return change(new DeleteFrame(nextCorrelationId++, level, epoch, appliedPosition, digest, tombstone));
        }
    }

    private CompletableFuture<Receipt> change(Frame frame) {
        return send(frame, Right.PUBLISH, 0, Request.Change::new);
    }

    /** Makes what waits for the answer to a frame. */
    private interface Waiting<T> {
        Request<T> of(Frame frame, int length, long deadlineNs);
    }

    /** Sends what needs a right, and takes room in the window, as does an answer that is longer than the others. */
    private <T> CompletableFuture<T> send(Frame frame, Right needed, int answerLength, Waiting<T> waiting) {
        if (phase != Phase.CONNECTED) {
            return CompletableFuture.failedFuture(away());
        }
        if (!rights.contains(needed)) {
            return CompletableFuture.failedFuture(notAllowed(needed));
        }
        try {
            int length = FrameCodec.encodedLength(frame) + answerLength;
            if (!open.hasRoom(length)) {
                return CompletableFuture.failedFuture(
                        busy("window=" + settings.window() + ", windowBytes=" + settings.windowBytes()));
            }
            return send(open, waiting.of(frame, length, deadlineNs()));
        } catch (IllegalArgumentException e) {
            // Out of the protocol's limits: it could never be sent, so it is the caller's error and no outage.
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public void subscribe(long leaseEpoch, long epoch, long position) {
        synchronized (lock) {
            subscription.want(leaseEpoch, epoch, position);
            if (phase == Phase.CONNECTED && !connection.send(subscription.frame(nextCorrelationId++))) {
                // Its budget is full or it is closing: only a new connection can be relied on to be told.
                connection.close();
            }
        }
    }

    @Override
    public CompletableFuture<LeaseRenewal> renew(long leaseEpoch, long epoch, long position) {
        synchronized (lock) {
            if (phase != Phase.CONNECTED) {
                return CompletableFuture.failedFuture(away());
            }
            RenewFrame frame = new RenewFrame(nextCorrelationId++, leaseEpoch, epoch, position);
            Request.Renewal request = new Request.Renewal(frame, FrameCodec.encodedLength(frame), deadlineNs());
            return send(open, request);
        }
    }

    @Override
    public boolean touch(List<Touch> touches) {
        synchronized (lock) {
            if (phase != Phase.CONNECTED) {
                return false;
            }
            // Who may not read uses nothing here, and would only be refused.
            return !rights.contains(Right.READ) || connection.send(new TouchFrame(nextCorrelationId++, touches));
        }
    }

    @Override
    public boolean mayPublish() {
        synchronized (lock) {
            return rights.contains(Right.PUBLISH);
        }
    }

    @Override
    public boolean tellDeletes(List<InventoryItem> deletes) {
        synchronized (lock) {
            if (phase != Phase.CONNECTED) {
                return false;
            }
            // Who may not publish would only be refused.
            return !rights.contains(Right.PUBLISH) || connection.send(new InventoriedFrame(0, 0, deletes));
        }
    }

    @Override
    public void attend(boolean wanted) {
        synchronized (lock) {
            attends = wanted;
            if (phase == Phase.CONNECTED && !connection.send(new AttendFrame(nextCorrelationId++, wanted))) {
                // As with a subscription: only a new connection can be relied on.
                connection.close();
            }
        }
    }

    @Override
    public CompletableFuture<PushReach> push(PushMessage message) {
        synchronized (lock) {
            return send(new NotifyFrame(nextCorrelationId++, message), Right.PUBLISH, 0, Request.Push::new);
        }
    }

    @Override
    public CompletableFuture<FoundClients> findClients(ClientQuery query) {
        synchronized (lock) {
            FindClientsFrame frame = new FindClientsFrame(nextCorrelationId++, query);
            return send(
                    frame,
                    frame.tellsClients() ? Right.SUBSCRIBE : Right.READ,
                    query.most() * FindClientsFrame.BYTES_A_CLIENT,
                    Request.Clients::new);
        }
    }

    @Override
    public CompletableFuture<Void> awaitEverywhere(KeyDigest digest, long epoch, long position) {
        synchronized (lock) {
            if (phase != Phase.CONNECTED) {
                return CompletableFuture.failedFuture(away());
            }
            if (waits.size() >= settings.window()) {
                return CompletableFuture.failedFuture(
                        busy("deletes that wait to be everywhere, window=" + settings.window()));
            }
            NeedEverywhereFrame frame = new NeedEverywhereFrame(nextCorrelationId++, digest, epoch, position);
            Duration longest = maxStale.isZero() ? LONGEST_WAIT : maxStale.plus(settings.requestTimeout());
            Request.Everywhere request =
                    new Request.Everywhere(frame, FrameCodec.encodedLength(frame), deadlineNs() + longest.toNanos());
            return send(waits, request);
        }
    }

    private <T> CompletableFuture<T> send(OpenRequests list, Request<T> request) {
        request.sent = connection.send(request.frame);
        if (!request.sent) {
            return CompletableFuture.failedFuture(notSent());
        }
        list.add(request);
        armTimer();
        return request.answer;
    }

    @Override
    public void close() {
        List<Request<?>> left;
        Network ending;
        synchronized (lock) {
            if (phase == Phase.CONNECTED && !connection.send(new GoodbyeFrame(GoodbyeFrame.ENDING))) {
                counters.refused.increment();
            }
            phase = Phase.CLOSED;
            lastReason = "the link is closed";
            left = removeAll();
            ending = network;
        }
        TierUnavailableException reason = away();
        left.forEach(request -> request.fail(reason));
        if (ending != null) {
            dial.close();
            ending.close();
        }
    }

    private HelloFrame hello() {
        synchronized (lock) {
            helloNs = network.nanoTime();
            return HelloFrame.ofHost(nextCorrelationId++, host, settings.path(), settings.secret());
        }
    }

    // What follows is called by the conversation, on the link's thread.

    void connecting() {
        synchronized (lock) {
            if (phase == Phase.PAUSED) {
                phase = Phase.CONNECTING;
            }
        }
    }

    /** The next hello says another origin. */
    void originRefused(TierListener listener) {
        int refused;
        synchronized (lock) {
            refused = host.origin();
        }
        int drawn = listener.onOriginRefused(refused);
        synchronized (lock) {
            host = host.withOrigin(drawn);
        }
    }

    /** Repeats the subscription, then sends what has waited. */
    boolean connected(Connection welcomed, WelcomeFrame welcome) {
        if (welcome.version() < FrameCodec.MIN_VERSION || welcome.version() > FrameCodec.MAX_VERSION) {
            return false;
        }
        synchronized (lock) {
            if (phase == Phase.CLOSED) {
                return false;
            }
            phase = Phase.CONNECTED;
            connection = welcomed;
            rights = welcome.rights();
            maxStale = Duration.ofMillis(welcome.maxStaleMs());
            counters.connections.increment();
            // Of another epoch the host has to say anew what it has.
            boolean isRepeated = subscription.isWanted() && subscription.isOf(welcome.epoch());
            boolean sent = !isRepeated || welcomed.send(subscription.frame(nextCorrelationId++));
            sent &= !attends || welcomed.send(new AttendFrame(nextCorrelationId++, true));
            for (Request<?> request : open.all()) {
                // What does not fit is left to its time-out: questions alone never fill the budget.
                request.sent = request.sent || welcomed.send(request.frame);
            }
            return sent;
        }
    }

    /** The connection, or the attempt, is over. */
    void disconnected(String reason) {
        List<Request<?>> cut;
        synchronized (lock) {
            if (phase == Phase.CLOSED) {
                return;
            }
            phase = Phase.PAUSED;
            connection = null;
            // Questions may be asked again while the next welcome, with rights of its own, is waited for.
            rights = Right.ALL;
            lastReason = reason;
            cut = removeAll();
        }
        counters.cutOff.add(cut.size());
        TierUnavailableException failure = away();
        cut.forEach(request -> request.fail(failure));
    }

    void received(SessionReceivedFrame frame) {
        if (remove(frame.correlationId()) instanceof Request.Change change) {
            change.answer.complete(frame.receipt());
        } else {
            counters.lateAnswers.increment();
        }
    }

    void known(SessionKnownFrame frame) {
        if (!(remove(frame.correlationId()) instanceof Request.Question question)) {
            counters.lateAnswers.increment();
        } else if (!frame.status().isFound() && frame.status() != SessionKnownFrame.Status.MISSING) {
            question.fail(new TierUnavailableException(
                    "a tier behind relay " + relay() + " did not answer, so nobody knows whether the session exists"));
        } else if (frame.entry() != null && !question.key.isKey(frame.entry().key())) {
            counters.badFrames.increment();
            question.fail(new TierUnavailableException("relay " + relay() + " answered for another key"));
        } else {
            question.answer.complete(new TierAnswer(frame.entry(), frame.epoch(), frame.position()));
        }
    }

    void refused(ErrorFrame error) {
        Request<?> request = error.correlationId() == 0 ? null : remove(error.correlationId());
        String text = "relay " + relay() + " refused, code=" + error.code() + ": " + error.text();
        if (request == null) {
            synchronized (lock) {
                lastReason = text;
            }
        } else if (error.code() == ErrorCode.BUSY) {
            request.fail(new TierBusyException(text));
        } else if (error.code() == ErrorCode.CLOCK_AHEAD) {
            request.fail(new ClockAheadException(text, error.clockMicros(), error.highest()));
        } else {
            request.fail(new TierUnavailableException(text));
        }
    }

    void renewed(RenewedFrame frame) {
        if (remove(frame.correlationId()) instanceof Request.Renewal request) {
            request.answer.complete(new LeaseRenewal(frame.epoch(), frame.position()));
        } else {
            counters.lateAnswers.increment();
        }
    }

    void notified(NotifiedFrame frame) {
        if (remove(frame.correlationId()) instanceof Request.Push request) {
            request.answer.complete(frame.reach());
        } else {
            counters.lateAnswers.increment();
        }
    }

    void clientsFound(ClientsFoundFrame frame) {
        if (remove(frame.correlationId()) instanceof Request.Clients request) {
            request.answer.complete(frame.found());
        } else {
            counters.lateAnswers.increment();
        }
    }

    void everywhere(EverywhereFrame frame) {
        if (remove(frame.correlationId()) instanceof Request.Everywhere request) {
            request.answer.complete(null);
        } else {
            counters.lateAnswers.increment();
        }
    }

    /** Since this host asked for the connection that stands. */
    Duration age() {
        synchronized (lock) {
            return Duration.ofNanos(network.nanoTime() - helloNs);
        }
    }

    void delivered(long epoch, long position) {
        synchronized (lock) {
            subscription.delivered(epoch, position);
        }
    }

    private Request<?> remove(long correlationId) {
        synchronized (lock) {
            Request<?> request = open.remove(correlationId);
            return request == null ? waits.remove(correlationId) : request;
        }
    }

    /** Under the lock. */
    private List<Request<?>> removeAll() {
        List<Request<?>> all = open.removeAll();
        all.addAll(waits.removeAll());
        return all;
    }

    private long deadlineNs() {
        return network.nanoTime() + settings.requestTimeout().toNanos();
    }

    /** One timer for all, at the oldest one's deadline; under the lock. */
    private void armTimer() {
        if (!timerArmed) {
            timerArmed = true;
            long nowNs = network.nanoTime();
            // Never longer than what is sent next may wait: the timer runs already then.
            long delayNs = Math.min(
                    settings.requestTimeout().toNanos(), Math.min(open.firstDelayNs(nowNs), waits.firstDelayNs(nowNs)));
            network.schedule(this::expire, Duration.ofNanos(delayNs));
        }
    }

    private void expire() {
        List<Request<?>> due;
        synchronized (lock) {
            timerArmed = false;
            long nowNs = network.nanoTime();
            due = open.removeDue(nowNs);
            due.addAll(waits.removeDue(nowNs));
            if (!open.isEmpty() || !waits.isEmpty()) {
                armTimer();
            }
        }
        counters.timeOuts.add(due.size());
        for (Request<?> request : due) {
            request.fail(new TierUnavailableException(
                    request instanceof Request.Everywhere
                            ? "relay " + relay() + " did not say in time that the delete is everywhere"
                            : "relay " + relay() + " did not answer within "
                                    + settings.requestTimeout().toMillis() + " ms"));
        }
    }

    private TierUnavailableException away() {
        synchronized (lock) {
            return new TierUnavailableException("relay " + relay() + " is away: " + lastReason);
        }
    }

    private TierUnavailableException notAllowed(Right right) {
        return new TierUnavailableException("relay " + relay() + " does not give this host the right to "
                + right.name().toLowerCase(Locale.ROOT) + " on path " + settings.path());
    }

    private TierUnavailableException notSent() {
        return connection.isOpen()
                ? busy("bytes not yet sent=" + connection.pendingBytes())
                : new TierUnavailableException("relay " + relay() + " is away: the connection is closing");
    }

    private TierBusyException busy(String what) {
        counters.refused.increment();
        return new TierBusyException("relay " + relay() + " is busy: " + what);
    }

    String relay() {
        return settings.relay().toString();
    }
}
