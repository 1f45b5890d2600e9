package org.globalsessions.transport;

import org.globalsessions.transport.frame.Frame;

/**
 * Receives what happens on connections. Calls for one connection come on its event loop, one at a time, and must not block:
 * {@link #onOpen} first, {@link #onClose} last and once.
 *
 * <p>Pings are answered beneath and are not shown. The first frame of an accepted connection is a {@code HelloFrame}, that of
 * a connector's a {@code WelcomeFrame} or an {@code ErrorFrame}: others are refused beneath. An exception thrown from here
 * closes the connection and is shown to {@link #onFailure}.
 */
public interface FrameHandler {
    /**
     * The connection stands, nothing has been received. A connector has sent its hello.
     *
     * @param connection the connection
     */
    void onOpen(Connection connection);

    /**
     * A frame has arrived.
     *
     * @param connection the connection
     * @param frame      the frame; the handler may keep it
     */
    void onFrame(Connection connection, Frame frame);

    /**
     * The connection was not writable and is so again.
     *
     * @param connection the connection
     */
    default void onWritable(Connection connection) {}

    /**
     * The peer sent what is no frame, or one that is not allowed now; it is told by an error frame, or by TLS where it broke
     * that, and the connection is closed. At most once a connection.
     *
     * @param connection the connection
     * @param what       what was wrong, fit for a log line
     */
    void onBadFrame(Connection connection, String what);

    /**
     * The handler itself, or the connection beneath it, failed unexpectedly; the connection is closed.
     *
     * @param connection the connection
     * @param failure    what was thrown
     */
    void onFailure(Connection connection, Throwable failure);

    /**
     * A peer could not be trusted or did not trust this side, or spoke another protocol than TLS where TLS is asked for; the
     * connection is closed. At most once a connection, and mostly before {@link #onOpen}, so that neither that nor
     * {@link #onClose} is called for it.
     *
     * @param remoteAddress the peer's address
     * @param reason        what was wrong, fit for a log line
     */
    default void onRefused(String remoteAddress, String reason) {}

    /**
     * The files with keys and certificates have changed and were read before a handshake.
     *
     * @param succeeded whether the new ones count now; else the last good ones stay
     * @param what      what became of them, fit for a log line
     */
    default void onKeysReloaded(boolean succeeded, String what) {}

    /** A connector begins an attempt. */
    default void onConnecting() {}

    /**
     * A connector's attempt failed; it tries again by itself unless it has given up.
     *
     * @param attempts failed attempts since the last connection, 1 or more
     * @param reason   what happened, with the address
     * @param gaveUp   whether that was the last attempt that the policy allows
     */
    default void onConnectFailed(int attempts, String reason, boolean gaveUp) {}

    /**
     * A listener could not accept a connection, for instance for want of file descriptors; it tries again a second later.
     *
     * @param failure what was thrown
     */
    default void onAcceptFailed(Throwable failure) {}

    /**
     * A connection came to a listener that has as many as it may have; it is told so where it can be, and closed.
     *
     * @param remoteAddress the peer's address
     */
    default void onTooMany(String remoteAddress) {}

    /**
     * The connection is gone.
     *
     * @param connection the connection
     */
    void onClose(Connection connection);
}
