package org.globalsessions.relief;

import org.globalsessions.segment.SharedLru;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;

/**
 * Keeps old sessions until they expire: takes hand-offs and copies of them, and nothing else. It is the last tier: when it is full the oldest goes, and
 * where nobody else has that it is lost, and counted.
 */
final class AgingNode extends ReliefBehaviour {
    /**
     * An aging node over a segment.
     *
     * @param segment  the node's segment
     * @param isShared whether it works for several siblings
     */
    AgingNode(SharedLru segment, boolean isShared) {
        super(segment, isShared);
    }

    @Override
    PeerKind kind() {
        return PeerKind.AGING;
    }

    @Override
    Frame onSession(SessionFrame frame) {
        // New entries would push out the old ones, which nobody else has.
        return refused(frame);
    }

    @Override
    Frame onBackup(SessionBackupFrame frame) {
        return keep(frame);
    }
}
