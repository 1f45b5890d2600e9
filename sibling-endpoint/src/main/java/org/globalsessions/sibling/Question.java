package org.globalsessions.sibling;

import java.util.HashSet;
import java.util.Set;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;

/**
 * A question for one key. The highest version of those who may hold it wins, where a node has it {@linkplain ReliefTier#countsAlone whose word counts alone}, or all have answered; "missing" takes the word of all owners of the key
 * in the current ring and in each one under which entries went out, one of each complete. Otherwise it is "unavailable". A node whose {@linkplain NodeFilter filter} lacks the key is not asked: it has said "missing". What would be "missing" a gateway to
 * another system is asked for, where a node that was asked has one. Of what every node has that should have it the relay is told so: it need not be handed off to them again.
 */
final class Question extends Request {
    private final byte[] key;
    private final KeyDigest digest;
    private final Set<ReliefEndPoint> denials = new HashSet<>();
    private final Set<ReliefEndPoint> holders = new HashSet<>();

    /** Who had missed nothing when it was asked. */
    private final Set<ReliefEndPoint> trusted = new HashSet<>();

    private SessionEntry best;

    /** Whether some node has another version, or what was found is nowhere stored. */
    private boolean mustBeHandedOff;

    /** Whether a node has it whose word counts alone. */
    private boolean bestCounts;

    private boolean askedAll;
    private boolean askedAny;

    /** A node with a gateway to another system, until that is asked; null without one. */
    private ReliefEndPoint gateway;

    Question(int ipcSession, NeedSessionFrame frame, KeyDigest digest, long deadlineNs) {
        super(ipcSession, frame.correlationId(), deadlineNs);
        this.key = frame.key();
        this.digest = digest;
    }

    byte[] key() {
        return key;
    }

    KeyDigest digest() {
        return digest;
    }

    /**
     * A node is asked.
     *
     * @param countsAlone whether it has the newest version, if it has any
     */
    void asking(ReliefEndPoint endPoint, boolean countsAlone) {
        askedAny = true;
        if (countsAlone) {
            trusted.add(endPoint);
        }
    }

    /** A node's filter says that it does not have the key, which counts as if the node had said so. */
    void deniedByFilterOf(ReliefEndPoint endPoint) {
        denials.add(endPoint);
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
            if (known.status() == Status.MISSING_HERE && gateway == null) {
                gateway = from;
            }
        } else {
            found(from, entry);
        }
    }

    /** Of one version the copy counts that was told of the latest use. */
    private void found(ReliefEndPoint from, SessionEntry entry) {
        int order = best == null ? 1 : entry.version().compareTo(best.version());
        mustBeHandedOff |= best != null && order != 0;
        holders.add(from);
        if (order > 0 || (order == 0 && entry.idleTicks() < best.idleTicks())) {
            best = entry;
        }
        boolean counts = trusted.contains(from);
        bestCounts = order > 0 ? counts : bestCounts || (order == 0 && counts);
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
        boolean missing = !hasFailed() && router.tier().isDenied(this);
        if (best == null && missing && gateway != null) {
            ReliefEndPoint asked = gateway;
            gateway = null;
            mustBeHandedOff = true;
            if (router.askGateway(this, asked)) {
                return null;
            }
            missing = false;
        }
        if (missing && !askedAny) {
            router.countFiltered();
        }
        boolean allAnswered = best != null && !hasFailed() && router.tier().areAllThere(this);
        boolean kept = allAnswered && !mustBeHandedOff && router.tier().areAllKeepersAmong(holders, this);
        return answer(
                bestCounts || allAnswered,
                kept ? Status.FOUND_KEPT : Status.FOUND,
                missing ? Status.MISSING : Status.UNAVAILABLE);
    }

    @Override
    Frame timedOut() {
        // Whoever has not answered might have it.
        return answer(bestCounts, Status.FOUND, Status.UNAVAILABLE);
    }

    /** A node that has come back may not have heard yet of what has replaced the version that it has. */
    private Frame answer(boolean counts, Status withEntry, Status withoutEntry) {
        SessionEntry entry = counts ? best : null;
        Status status = entry != null ? withEntry : best != null ? Status.UNAVAILABLE : withoutEntry;
        return new SessionKnownFrame(correlationId(), status, 0, 0, entry);
    }
}
