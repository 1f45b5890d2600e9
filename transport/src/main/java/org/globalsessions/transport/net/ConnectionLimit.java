package org.globalsessions.transport.net;

import io.netty.channel.Channel;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many connections a node has at most, over all its listeners: each counts from the moment at which it is accepted, its handshake
 * included. A few beyond that are let in to be told so; what comes while those stand is closed without a word.
 *
 * <p>Any thread.
 */
public final class ConnectionLimit {
    /** Most connections that are told at a time that there are too many. */
    static final int TOLD_AT_A_TIME = 64;

    /** What becomes of an accepted connection. */
    enum Place {
        SERVED,
        TOLD,
        CLOSED
    }

    private final int most;
    private final AtomicInteger served = new AtomicInteger();
    private final AtomicInteger told = new AtomicInteger();

    /**
     * A limit for listeners of one node.
     *
     * @param most most connections at a time, 1 or more
     */
    public ConnectionLimit(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("too few connections: most=" + most + ", limit=1");
        }
        this.most = most;
    }

    /** A limit that nobody meets. */
    static ConnectionLimit none() {
        return new ConnectionLimit(Integer.MAX_VALUE);
    }

    /** Takes a place, which the channel gives back when it is closed. */
    Place take(Channel channel) {
        if (take(served, most, channel)) {
            return Place.SERVED;
        }
        return take(told, TOLD_AT_A_TIME, channel) ? Place.TOLD : Place.CLOSED;
    }

    private static boolean take(AtomicInteger taken, int most, Channel channel) {
        if (taken.incrementAndGet() > most) {
            taken.decrementAndGet();
            return false;
        }
        channel.closeFuture().addListener(closed -> taken.decrementAndGet());
        return true;
    }

    /** What a peer beyond the limit is told. */
    String refusal() {
        return "too many connections: limit=" + most + "; try again later";
    }
}
