package org.globalsessions.relief;

import org.globalsessions.segment.SharedLru;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;

/**
 * Takes every new session as traffic swells and lets the oldest go: the relay still has them, or has handed them off. One that nobody else has it hands
 * back, for an aging node to keep. Only where there is no aging node does it get hand-offs too, and is then the last tier for them.
 */
final class ExpansionNode extends ReliefBehaviour {
    /**
     * An expansion node over a segment.
     *
     * @param segment  the node's segment
     * @param isShared whether it works for several siblings
     */
    ExpansionNode(SharedLru segment, boolean isShared) {
        super(segment, isShared);
    }

    @Override
    PeerKind kind() {
        return PeerKind.EXPANSION;
    }

    @Override
    Frame onSession(SessionFrame frame) {
        return store(frame.correlationId(), frame.entry(), true);
    }

    @Override
    Frame onBackup(SessionBackupFrame frame) {
        return keep(frame);
    }
}
