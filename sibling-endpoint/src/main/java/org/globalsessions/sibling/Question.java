package org.globalsessions.sibling;

import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;

/**
 * A question for one key. The highest version of those who may hold it wins; "missing" takes the word of all of them, so a
 * member away makes it "unavailable" unless another one has the session.
 */
final class Question extends Request {
    private final byte[] key;
    private SessionEntry best;
    private boolean askedAll;

    Question(int ipcSession, NeedSessionFrame frame, long deadlineNs) {
        super(ipcSession, frame.correlationId(), deadlineNs);
        this.key = frame.key();
    }

    byte[] key() {
        return key;
    }

    @Override
    void answered(Frame answer) {
        if (!(answer instanceof SessionKnownFrame known) || known.status() == Status.UNAVAILABLE) {
            fail();
            return;
        }
        SessionEntry entry = known.entry();
        if (entry != null && (best == null || isBetter(entry))) {
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
            // Those who may hold it say no. The others are asked as well, as a list of members made anew knows no past.
            askedAll = true;
            if (router.askOthers(this)) {
                return null;
            }
        }
        return answer();
    }

    @Override
    Frame timedOut() {
        // Whoever has not answered might have it.
        fail();
        return answer();
    }

    private Frame answer() {
        if (best != null) {
            return new SessionKnownFrame(correlationId(), Status.FOUND, 0, 0, best);
        }
        return new SessionKnownFrame(correlationId(), hasFailed() ? Status.UNAVAILABLE : Status.MISSING, 0, 0, null);
    }
}
