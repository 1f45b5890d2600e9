package org.globalsessions.transport.gateway;

import java.util.Deque;

/** A way by which a client is reached at the moment. Event loop alone. */
interface ClientLink {
    /** Sends what waits, oldest first, as far as it can go now, and takes that away. */
    void drain(Deque<Outgoing> waiting);

    /** The client goes on over another link, or is gone: says a last word, if there is one, and closes. */
    void close(Outgoing last);
}
