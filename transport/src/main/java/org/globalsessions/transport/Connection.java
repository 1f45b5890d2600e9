package org.globalsessions.transport;

import java.time.Duration;
import java.util.function.Consumer;
import org.globalsessions.transport.frame.Frame;

/**
 * One connection to a peer.
 *
 * <p>Any thread may call any method; none blocks. Calls of {@link FrameHandler} for one connection come on the event loop
 * that owns it, one at a time, and frames sent from there leave in the order of the calls.
 */
public interface Connection {
    /**
     * Number of this connection, unique within the process, never used again.
     *
     * @return 1 or more
     */
    long id();

    /**
     * The peer's address for messages.
     *
     * @return host and port
     */
    String remoteAddress();

    /**
     * Who the peer is, as the connection's carrier has proven it; complete once the handler has heard of the connection.
     *
     * @return {@link PeerIdentity#UNKNOWN} where the carrier proves nothing
     */
    PeerIdentity peer();

    /**
     * Whether frames may still arrive or leave; a hint, true may already be wrong.
     *
     * @return false once closed
     */
    boolean isOpen();

    /**
     * Queues one frame for sending; it is encoded before the call returns, so its arrays may be used again.
     *
     * @param frame the frame
     * @return false if the connection is closed or its byte budget is used up: nothing of the frame was sent
     * @throws IllegalArgumentException if the frame exceeds the limits of the protocol
     */
    boolean send(Frame frame);

    /**
     * Whether the bytes not yet taken by the operating system are below the high water mark. Whoever honours this never
     * meets the byte budget.
     *
     * @return false while the peer is slow; {@link FrameHandler#onWritable} tells when it ends
     */
    boolean isWritable();

    /**
     * Bytes queued and not yet taken by the operating system.
     *
     * @return 0 or more
     */
    long pendingBytes();

    /** Stops delivery of frames, also of those received already, until {@link #resumeReads}. Pings are still sent. */
    void pauseReads();

    /** Delivers frames again. */
    void resumeReads();

    /**
     * Runs something on the event loop that owns this connection.
     *
     * @param task what to run; must not block
     */
    void execute(Runnable task);

    /**
     * Whether the caller is on the event loop that owns this connection.
     *
     * @return true on that thread
     */
    boolean inEventLoop();

    /**
     * Has the peer give a sign of life by a ping, also where it was heard a moment ago. On the event loop only.
     *
     * @param limit how long it has
     * @param heard told once on the event loop: true as soon as anything of the peer has arrived, false where nothing has in time
     *              or the connection has ended
     */
    void probe(Duration limit, Consumer<Boolean> heard);

    /** Closes after what has been sent so far has left, at most a second later. Further calls do nothing. */
    void close();

    /**
     * What the handler has attached.
     *
     * @param type class of the attachment
     * @param <T>  class of the attachment
     * @return the attachment, or null
     */
    <T> T attachment(Class<T> type);

    /**
     * Attaches something of the handler's; on the event loop only.
     *
     * @param attachment anything, or null
     */
    void attachment(Object attachment);
}
