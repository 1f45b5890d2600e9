package org.globalsessions.transport.frame;

import org.globalsessions.tier.TierHost;

/**
 * First frame of whoever connects: who it is and which protocol versions it speaks.
 *
 * @param correlationId ties the answer to this, not 0
 * @param minVersion lowest protocol version spoken, 1 to 65535
 * @param maxVersion highest, not below the lowest
 * @param kind what the peer is
 * @param idHigh upper half of the identity: of the segment for a host, of the node for a relief node
 * @param idLow lower half
 * @param origin the segment's 32-bit origin; 0 for a relief node
 * @param slot attach slot of the process; 0 for a relief node
 * @param incarnation incarnation of that slot; 0 for a relief node
 * @param path name of the path, at most {@link FrameCodec#MAX_PATH} bytes of UTF-8
 * @param secret shared secret by which the path gives rights, at most {@link FrameCodec#MAX_SECRET} bytes of UTF-8; empty for none
 * @param weight of a relief node: its share of keys beside other nodes' in hundredths, 1 to {@link FrameCodec#MAX_WEIGHT}; 0 for others
 * @param hostId of a relief node: name of its machine, at most {@link FrameCodec#MAX_HOST_ID} bytes of UTF-8, empty where it
 *               is not told; empty for others
 * @param holdsSessions of a relief node: whether it holds any; false for others
 */
public record HelloFrame(
        long correlationId,
        int minVersion,
        int maxVersion,
        PeerKind kind,
        long idHigh,
        long idLow,
        int origin,
        int slot,
        int incarnation,
        String path,
        String secret,
        int weight,
        String hostId,
        boolean holdsSessions)
        implements Frame {
    /** Weight of a relief node that does not say: 1. */
    public static final int DEFAULT_WEIGHT = 100;

    /**
     * The hello of anybody but a relief node, or of an empty one with the weight 1 and a machine without a name.
     *
     * @param correlationId ties the answer to this, not 0
     * @param minVersion    lowest protocol version spoken
     * @param maxVersion    highest
     * @param kind          what the peer is
     * @param idHigh        upper half of the identity
     * @param idLow         lower half
     * @param origin        the segment's 32-bit origin
     * @param slot          attach slot of the process
     * @param incarnation   incarnation of that slot
     * @param path          name of the path
     * @param secret        shared secret, empty for none
     */
    public HelloFrame(
            long correlationId,
            int minVersion,
            int maxVersion,
            PeerKind kind,
            long idHigh,
            long idLow,
            int origin,
            int slot,
            int incarnation,
            String path,
            String secret) {
        this(
                correlationId,
                minVersion,
                maxVersion,
                kind,
                idHigh,
                idLow,
                origin,
                slot,
                incarnation,
                path,
                secret,
                kind.isRelief() ? DEFAULT_WEIGHT : 0,
                "",
                false);
    }

    @Override
    public FrameType type() {
        return FrameType.HELLO;
    }

    /**
     * The hello of a host's process, in the versions that this library speaks.
     *
     * @param host          who connects
     * @param path          name of the path
     * @param secret        shared secret, empty for none
     * @param correlationId ties the welcome to it
     * @return the frame
     */
    public static HelloFrame ofHost(long correlationId, TierHost host, String path, String secret) {
        return new HelloFrame(
                correlationId,
                FrameCodec.MIN_VERSION,
                FrameCodec.MAX_VERSION,
                PeerKind.HOST,
                host.identityHigh(),
                host.identityLow(),
                host.origin(),
                host.slot(),
                host.incarnation(),
                path,
                secret);
    }

    /**
     * The hello of a relief node, in the versions that this library speaks.
     *
     * @param correlationId ties the welcome to it
     * @param kind          aging or expansion
     * @param idHigh        upper half of the node's stable id
     * @param idLow         lower half
     * @param path          name of the path
     * @param weight        its share of keys beside other nodes', in hundredths
     * @param hostId        name of its machine, empty where it is not told
     * @param holdsSessions whether it holds any
     * @return the frame
     */
    public static HelloFrame ofReliefNode(
            long correlationId,
            PeerKind kind,
            long idHigh,
            long idLow,
            String path,
            int weight,
            String hostId,
            boolean holdsSessions) {
        return new HelloFrame(
                correlationId,
                FrameCodec.MIN_VERSION,
                FrameCodec.MAX_VERSION,
                kind,
                idHigh,
                idLow,
                0,
                0,
                0,
                path,
                "",
                weight,
                hostId,
                holdsSessions);
    }

    /**
     * The highest version that both speak.
     *
     * @return the version for the welcome, or 0 if there is none
     */
    public int commonVersion() {
        int highest = Math.min(maxVersion, FrameCodec.MAX_VERSION);
        return highest >= Math.max(minVersion, FrameCodec.MIN_VERSION) ? highest : 0;
    }

    /** Without the secret, which must not get into a log or message. */
    @Override
    public String toString() {
        return "HelloFrame[correlationId=" + correlationId + ", minVersion=" + minVersion + ", maxVersion=" + maxVersion
                + ", kind=" + kind + ", path=" + path + "]";
    }
}
