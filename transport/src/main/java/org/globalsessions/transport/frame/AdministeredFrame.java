package org.globalsessions.transport.frame;

import java.util.List;
import org.globalsessions.tier.KeyDigest;

/**
 * Answer to {@link AdministerFrame}: what became of it, and the hosts that the relay remembers then.
 *
 * @param correlationId that of the frame answered
 * @param outcome       what became of it
 * @param total         how many hosts are remembered, 0 or more
 * @param hosts         those away for longest first, at most {@link FrameCodec#MAX_HOSTS_TOLD}
 */
public record AdministeredFrame(long correlationId, Outcome outcome, int total, List<KnownHost> hosts)
        implements Frame {
    /** What became of it. */
    public enum Outcome {
        /** It is done. */
        DONE,
        /** No such host is remembered. */
        UNKNOWN_HOST,
        /** The host is connected: deletes wait for what it says itself. Of a relief node: it is to be drained. */
        CONNECTED,
        /** No other relief node of its kind would be left. */
        LAST
    }

    /**
     * A host that the relay remembers.
     *
     * @param host        digest of its identity
     * @param connections how many connections it has, 0 or more
     * @param awayMs      milliseconds since its last connection ended, as far as this relay has seen; 0 while it is connected
     */
    public record KnownHost(KeyDigest host, int connections, long awayMs) {}

    @Override
    public FrameType type() {
        return FrameType.ADMINISTERED;
    }
}
