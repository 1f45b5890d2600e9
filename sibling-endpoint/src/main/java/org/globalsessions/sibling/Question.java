package org.globalsessions.sibling;

import java.util.HashSet;
import java.util.Set;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;

/**
 * A question for one key. The highest version of those who may hold it wins; "missing" takes, for the current ring and each one
 * under which entries went out, the word of all its owners of the key that are connected and complete, of one at least. Otherwise
 * it is "unavailable".
 */
final class Question extends Request {
    private final byte[] key;
    private final Set<ReliefEndPoint> denials = new HashSet<>();
    private SessionEntry best;
    private boolean askedAll;

    Question(int ipcSession, NeedSessionFrame frame, long deadlineNs) {
        super(ipcSession, frame.correlationId(), deadlineNs);
        this.key = frame.key();
    }

    byte[] key() {
        return key;
    }

    /** Whether a connection's node said that it does not have the key. */
    boolean isDeniedBy(ReliefEndPoint endPoint) {
        return denials.contains(endPoint);
    }

    @Override
    void answered(ReliefEndPoint from, Frame answer) {
        if (!(answer instanceof SessionKnownFrame known) || known.status() == Status.UNAVAILABLE) {
            fail();
            return;
        }
        SessionEntry entry = known.entry();
        if (entry == null) {
            denials.add(from);
        } else if (best == null || isBetter(entry)) {
            best = entry;
        }
    }

    /** Of one version the copy counts that was told of the latest use. */
    private boolean isBetter(SessionEntry entry) {
        int order = entry.version().compareTo(best.version());
        return order > 0 || (order == 0 && entry.idleTicks() < best.idleTicks());
    }

    @Override
    Frame conclude(ReliefRouter router) {
        if (best == null && !hasFailed() && !askedAll) {
            // Nobody who may hold it has it. The others are asked as well, as a list of members made anew knows no
            // past.
            askedAll = true;
            if (router.askOthers(this)) {
                return null;
            }
        }
        return answer(!hasFailed() && router.isDenied(this) ? Status.MISSING : Status.UNAVAILABLE);
    }

    @Override
    Frame timedOut() {
        // Whoever has not answered might have it.
        return answer(Status.UNAVAILABLE);
    }

    private Frame answer(Status withoutEntry) {
        return new SessionKnownFrame(correlationId(), best == null ? withoutEntry : Status.FOUND, 0, 0, best);
    }
}
