package org.globalsessions.transport.gateway;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.globalsessions.client.ClientAddress;
import org.globalsessions.client.ClientControl;
import org.globalsessions.client.ClientState;
import org.globalsessions.client.User;

/**
 * A client that this gateway serves. What is sent and received belongs to the gateway's event loop; what {@link ClientControl} tells, any thread may
 * ask.
 */
final class ServedClient implements ClientControl {
    /** A table that holds fewer clients than are served here must not be asked for all of them again and again. */
    private static final long ASK_PAUSE_NS = TimeUnit.SECONDS.toNanos(5);

    private final ServedClients all;
    private final User user;
    private final int maxPendingSize;
    private final GatewayCounters counters;
    private final RequestQueue requests;
    private final MessageRate rate;

    /** Null once it is gone. Guarded by this client for changes, as is all that follows the shared table. */
    private volatile String identifier;

    private volatile ClientAddress address;
    private volatile boolean bound;
    private volatile boolean closed;
    private final CompletableFuture<Void> closing = new CompletableFuture<>();

    private volatile long lastInboundNanos = System.nanoTime();
    private volatile long lastRequestNanos = lastInboundNanos;
    private volatile Instant lastInbound = Instant.now();
    private volatile Instant lastOutbound = lastInbound;

    /** When this host was last found not to have the entry; the clock's thread alone. */
    private long askedElsewhereNanos = lastInboundNanos - ASK_PAUSE_NS;

    private final Deque<Outgoing> pending = new ArrayDeque<>();
    private int pendingSize;
    private ClientLink link;

    ServedClient(ServedClients all, User user, ClientState state, GatewaySettings settings, GatewayCounters counters) {
        this.all = all;
        this.user = user;
        this.identifier = state.identifier();
        this.maxPendingSize = settings.maxPendingSize();
        this.counters = counters;
        this.requests = new RequestQueue(settings.maxRequests());
        this.rate = new MessageRate(settings.maxMessageRate());
    }

    // What any thread may call.

    @Override
    public boolean destroy() {
        try {
            return destroyAsync().join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    @Override
    public CompletableFuture<Boolean> destroyAsync() {
        return all.destroy(this);
    }

    @Override
    public User user() {
        return closed ? null : user;
    }

    @Override
    public Instant lastInbound() {
        return lastInbound;
    }

    @Override
    public Instant lastOutbound() {
        return lastOutbound;
    }

    @Override
    public String identifier() {
        return closed ? null : identifier;
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public CompletionStage<Void> whenClosed() {
        return closing.minimalCompletionStage();
    }

    /** Also of one that is gone. */
    User formerUser() {
        return user;
    }

    /** Also of one that is gone. */
    String lastIdentifier() {
        return identifier;
    }

    ClientAddress address() {
        return address;
    }

    boolean isBound() {
        return bound;
    }

    RequestQueue requests() {
        return requests;
    }

    /** To be called with this client's lock held. */
    void follow(ClientState state) {
        if (state.isBound() && (!bound || !Objects.equals(address, state.address()))) {
            // Bound anew, by whichever process: its time counts from now.
            asked();
        }
        identifier = state.identifier();
        address = state.address();
        bound = state.isBound();
    }

    /** To be called with this client's lock held. False where it was before. */
    boolean markClosed() {
        boolean first = !closed;
        closed = true;
        address = null;
        bound = false;
        return first;
    }

    long silentNanos(long now) {
        return now - lastInboundNanos;
    }

    long idleNanos(long now) {
        return now - lastRequestNanos;
    }

    /** Whether the tiers behind are to be asked for the entry; the clock's thread alone. */
    boolean mayAskElsewhere(long now) {
        if (now - askedElsewhereNanos < ASK_PAUSE_NS) {
            return false;
        }
        askedElsewhereNanos = now;
        return true;
    }

    /** It has asked for something, or was bound anew: its time as one that is bound counts from now. */
    void asked() {
        lastRequestNanos = System.nanoTime();
    }

    void written() {
        lastOutbound = Instant.now();
    }

    // What the event loop alone may call.

    void heard() {
        lastInboundNanos = System.nanoTime();
        lastInbound = Instant.now();
    }

    /** Of what comes by requests of their own. */
    MessageRate rate() {
        return rate;
    }

    ClientLink link() {
        return link;
    }

    /** Goes on over a link; an earlier one is closed. */
    void attach(ClientLink newLink) {
        ClientLink earlier = link;
        link = newLink;
        if (earlier != null && earlier != newLink) {
            earlier.close(null);
        }
        drain();
    }

    /** A link is gone, which may have been replaced before. */
    void detach(ClientLink gone) {
        if (link == gone) {
            link = null;
        }
    }

    void send(Outgoing message) {
        if (closed) {
            return;
        }
        if (pendingSize > 0 && pendingSize + message.size() > maxPendingSize) {
            counters.increment(GatewayCounter.DROPPED);
            return;
        }
        pending.add(message);
        pendingSize += message.size();
        drain();
    }

    /** Sends what waits, as far as it can go. */
    void drain() {
        if (link == null || pending.isEmpty()) {
            return;
        }
        int before = pending.size();
        link.drain(pending);
        int sent = before - pending.size();
        if (sent > 0) {
            counters.add(GatewayCounter.SENT, sent);
            pendingSize = 0;
            pending.forEach(left -> pendingSize += left.size());
        }
    }

    /** Says a last word and lets go of all that waits. */
    void end(Outgoing last) {
        closing.complete(null);
        ClientLink current = link;
        link = null;
        pending.clear();
        pendingSize = 0;
        if (current != null) {
            current.close(last);
        }
    }
}
