package org.globalsessions.transport.net;

import java.util.function.Supplier;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.frame.Frame;

/**
 * Keeps one connection to one address: connects, says hello, and connects again after each loss, with jittered growing
 * pauses. Any thread may call any method.
 */
public final class Connector implements AutoCloseable {
    private Connector() {}

    /**
     * Begins to connect.
     *
     * @param loops   threads; the connection's is one of them
     * @param address host name or address, resolved anew for each attempt
     * @param port    TCP port
     * @param hello   makes the first frame of each connection
     * @param policy  pauses between attempts
     * @param handler told of connections and failed attempts
     * @return the connector
     */
    public static Connector start(
            EventLoops loops,
            String address,
            int port,
            Supplier<Frame> hello,
            ReconnectPolicy policy,
            FrameHandler handler) {
        return start(loops, address, port, hello, policy, LinkSettings.DEFAULTS, PipelineSecurity.plain(), handler);
    }

    /**
     * Begins to connect.
     *
     * @param loops    threads; the connection's is one of them
     * @param address  host name or address, resolved anew for each attempt
     * @param port     TCP port
     * @param hello    makes the first frame of each connection
     * @param policy   pauses between attempts
     * @param settings limits and time-outs
     * @param security what protects the connection
     * @param handler  told of connections and failed attempts
     * @return the connector
     */
    public static Connector start(
            EventLoops loops,
            String address,
            int port,
            Supplier<Frame> hello,
            ReconnectPolicy policy,
            LinkSettings settings,
            PipelineSecurity security,
            FrameHandler handler) {
        throw new UnsupportedOperationException();
    }

    /**
     * The connection.
     *
     * @return the open connection, or null while there is none
     */
    public Connection connection() {
        throw new UnsupportedOperationException();
    }

    /**
     * Whether an attempt is under way at this moment, as opposed to a pause before the next one.
     *
     * @return true between the begin of an attempt and its success or failure
     */
    public boolean isConnecting() {
        throw new UnsupportedOperationException();
    }

    /** Closes the connection and connects no more. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
