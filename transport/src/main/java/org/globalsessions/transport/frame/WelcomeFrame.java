package org.globalsessions.transport.frame;

import java.util.Set;
import org.globalsessions.transport.Right;

/**
 * Answer to a hello: the connection may be used.
 *
 * @param correlationId that of the frame answered
 * @param version protocol version of all that follows
 * @param epoch the answering node's epoch; 0 where it has none
 * @param position its position at this moment, 0 or more
 * @param clockMicros its clock, microseconds since 1970
 * @param maxFrame longest frame in bytes that it takes
 * @param rights what a host may do on the path; none for a relief node, which is asked and does not ask
 * @param maxStaleMs milliseconds for which a host serves what it has after it last heard of the relay; 0 for no limit, and to a relief node
 */
public record WelcomeFrame(
        long correlationId,
        int version,
        long epoch,
        long position,
        long clockMicros,
        int maxFrame,
        Set<Right> rights,
        long maxStaleMs)
        implements Frame {
    @Override
    public FrameType type() {
        return FrameType.WELCOME;
    }
}
