package org.globalsessions.sibling;

import org.globalsessions.Version;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.Receipt.Outcome;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionReceivedFrame;

/**
 * A new entry, a hand-off or a delete on its way to whom it concerns: acknowledged when each of them has acknowledged it,
 * refused otherwise.
 */
final class Change extends Request {
    private Outcome outcome = Outcome.STORED;
    private Version version;
    private final long life;
    private boolean held;

    /**
     * A change.
     *
     * @param ipcSession    the connection to the relay that it came over
     * @param correlationId what the relay called it
     * @param version       version of the entry or of the delete
     * @param life          life of the entry, 0 for a delete
     * @param deadlineNs    time by the segment's clock after which it is refused
     */
    Change(int ipcSession, long correlationId, Version version, long life, long deadlineNs) {
        super(ipcSession, correlationId, deadlineNs);
        this.version = version;
        this.life = life;
    }

    @Override
    void answered(ReliefEndPoint from, Frame answer) {
        if (!(answer instanceof SessionReceivedFrame received)) {
            fail();
            return;
        }
        Receipt receipt = received.receipt();
        held |= receipt.held();
        // A tombstone at one owner counts more than another owner's "stored": the relay has to hear of it.
        if (receipt.outcome().compareTo(outcome) > 0) {
            outcome = receipt.outcome();
            version = receipt.version();
        } else if (receipt.outcome() == outcome && receipt.version().compareTo(version) > 0) {
            version = receipt.version();
        }
    }

    @Override
    Frame conclude(ReliefRouter router) {
        if (hasFailed()) {
            return refusal();
        }
        long countingLife = outcome == Outcome.BEATEN_BY_TOMBSTONE ? 0 : life;
        return new SessionReceivedFrame(correlationId(), new Receipt(outcome, version, countingLife, held, 0, 0));
    }

    @Override
    Frame timedOut() {
        fail();
        return refusal();
    }
}
