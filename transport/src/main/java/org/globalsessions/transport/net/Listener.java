package org.globalsessions.transport.net;

import java.io.IOException;
import org.globalsessions.transport.FrameHandler;

/** Accepts connections on one TCP port. Any thread may call any method. */
public final class Listener implements AutoCloseable {
    private Listener() {}

    /**
     * Begins to accept.
     *
     * @param loops   threads that will own the connections
     * @param address host name or address to listen on
     * @param port    TCP port, 0 for a free one
     * @param handler told of every connection
     * @return the listener
     * @throws IOException if the port is in use, the address not ours, or not allowed; the message names both and says what
     *                     to do
     */
    public static Listener bind(EventLoops loops, String address, int port, FrameHandler handler) throws IOException {
        return bind(loops, address, port, LinkSettings.DEFAULTS, PipelineSecurity.plain(), handler);
    }

    /**
     * Begins to accept.
     *
     * @param loops    threads that will own the connections
     * @param address  host name or address to listen on
     * @param port     TCP port, 0 for a free one
     * @param settings limits and time-outs
     * @param security what protects the connections
     * @param handler  told of every connection
     * @return the listener
     * @throws IOException if the port is in use, the address not ours, or not allowed; the message names both and says what
     *                     to do
     */
    public static Listener bind(
            EventLoops loops,
            String address,
            int port,
            LinkSettings settings,
            PipelineSecurity security,
            FrameHandler handler)
            throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * The port listened on.
     *
     * @return the port, also where 0 was asked for
     */
    public int port() {
        throw new UnsupportedOperationException();
    }

    /** Stops accepting. Connections accepted before stay; their owner closes them. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
