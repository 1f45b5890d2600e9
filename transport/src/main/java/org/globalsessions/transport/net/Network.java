package org.globalsessions.transport.net;

import java.util.function.Supplier;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.Frame;

/** What a link to a peer needs: a thread of its own with timers, and connections. */
public interface Network extends Scheduler, AutoCloseable {
    /**
     * Begins to connect, and connects again after each loss.
     *
     * @param peer     where the peer is
     * @param hello    makes the first frame of each connection
     * @param policy   pauses between attempts
     * @param settings limits and time-outs
     * @param security what protects the connection
     * @param handler  told of connections and failed attempts, on this network's thread
     * @return ends it
     */
    Dial connect(
            PeerAddress peer,
            Supplier<Frame> hello,
            ReconnectPolicy policy,
            LinkSettings settings,
            PipelineSecurity security,
            FrameHandler handler);

    /** Ends the thread, after what connections have still to send has left or its time is over. */
    @Override
    void close();

    /** A connection that is kept up. */
    interface Dial extends AutoCloseable {
        /** Closes it, and connects no more. */
        @Override
        void close();
    }
}
