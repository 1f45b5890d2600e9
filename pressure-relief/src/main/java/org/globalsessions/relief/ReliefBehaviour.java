package org.globalsessions.relief;

import org.globalsessions.Version;
import org.globalsessions.relief.extension.Departure;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.Receipt.Outcome;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FilterFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.MovedFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.TouchFrame;
import org.globalsessions.transport.frame.VoidFrame;
import org.globalsessions.transport.frame.VoidFrame.Voided;

/**
 * What a relief node does with the frames of a sibling. Both kinds answer questions, apply deletes and take in uses; they differ in what they
 * take and in what it means when an entry loses its place.
 *
 * <p>One thread at a time: the node's event loop.
 */
abstract sealed class ReliefBehaviour permits AgingNode, ExpansionNode {
    private final SharedLru segment;
    private final boolean isShared;
    private final EntrySnapshot snapshot = new EntrySnapshot();
    private final WriteOutcome outcome = new WriteOutcome();
    private final TransferAnswers transfers;
    private final FilterAnswers filters;

    /** Null where nobody is told. */
    private ExtensionEvents events;

    /** What is said of a session that is not here. */
    private Status missing = Status.MISSING;

    /**
     * A behaviour over a segment.
     *
     * @param segment  the node's segment
     * @param isShared whether it works for several siblings, of which each knows its own sessions only
     */
    ReliefBehaviour(SharedLru segment, boolean isShared) {
        this.segment = segment;
        this.isShared = isShared;
        this.transfers = new TransferAnswers(segment);
        this.filters = new FilterAnswers(segment, isShared);
    }

    /** Tells somebody from now on what comes and goes; what goes for age or space the segment tells. */
    final void observedBy(ExtensionEvents value) {
        events = value;
    }

    /** Says from now on that another system may know what is not here. */
    final void besideGateway() {
        missing = Status.MISSING_HERE;
    }

    /** What the node says it is. */
    abstract PeerKind kind();

    /** A new entry, as a host has just set it. */
    abstract Frame onSession(SessionFrame frame);

    /** An entry that the relay hands off, so that its place there may be taken. */
    abstract Frame onBackup(SessionBackupFrame frame);

    /**
     * Answers a frame.
     *
     * @param frame what a sibling sent
     * @return the answer, or null where such a frame is none of a sibling's to send
     */
    final Frame answer(Frame frame) {
        if (frame instanceof NeedSessionFrame need) {
            return onQuestion(need);
        }
        if (frame instanceof SessionFrame session) {
            return onSession(session);
        }
        if (frame instanceof SessionBackupFrame backup) {
            return onBackup(backup);
        }
        if (frame instanceof DeleteFrame delete) {
            return onDelete(delete);
        }
        if (frame instanceof TouchFrame touch) {
            return onTouch(touch);
        }
        if (frame instanceof MovedFrame moved) {
            return onMoved(moved);
        }
        if (frame instanceof FilterFrame filter) {
            return missing == Status.MISSING
                    ? filters.answer(filter)
                    : new ErrorFrame(frame.correlationId(), ErrorCode.REFUSED, "a gateway may know what is not here");
        }
        return frame instanceof VoidFrame voids ? onVoid(voids) : transfers.answer(frame);
    }

    /** What the node tells of its keys. */
    final FilterAnswers filters() {
        return filters;
    }

    private Frame onMoved(MovedFrame moved) {
        if (isShared) {
            return new ErrorFrame(moved.correlationId(), ErrorCode.REFUSED, "this node works for several siblings");
        }
        for (InventoryItem item : moved.items()) {
            boolean same = !item.tombstone()
                    && segment.find(item.digest(), snapshot)
                    && snapshot.version().equals(item.version())
                    && snapshot.life() == item.life();
            if (same && !segment.discard(snapshot)) {
                return new ErrorFrame(moved.correlationId(), ErrorCode.BUSY, "an entry has just changed");
            }
            if (same && events != null) {
                events.gone(snapshot, Departure.MOVED);
            }
        }
        return done(moved.correlationId());
    }

    private Frame onQuestion(NeedSessionFrame need) {
        EncodedKey key = segment.encode(need.key());
        if (!segment.find(key, snapshot)) {
            return new SessionKnownFrame(need.correlationId(), missing, 0, 0, null);
        }
        SessionEntry entry = snapshot.toEntry();
        if (!entry.isIdle()) {
            // Used, so that not this one goes next for want of space: the relay may hand it off no more. One that has
            // been idle for too long has ended for whoever asks, and must not come back by the question.
            segment.touch(key);
        }
        return new SessionKnownFrame(need.correlationId(), Status.FOUND, 0, 0, entry);
    }

    private Frame onTouch(TouchFrame frame) {
        for (Touch touch : frame.touches()) {
            // What is not here some other node may have.
            segment.renew(touch.digest(), touch.life(), touch.idleTicks());
        }
        return done(frame.correlationId());
    }

    private Frame onDelete(DeleteFrame delete) {
        boolean isTold = events != null && segment.find(delete.digest(), snapshot);
        segment.applyDelete(delete.digest(), delete.tombstone(), 0, outcome);
        if (isTold && outcome.held()) {
            events.gone(snapshot, Departure.DELETED);
        }
        if (outcome.status() != WriteOutcome.Status.STORED) {
            // The entry is gone, but this node could not say so of a copy that comes later: it does not hold the
            // tombstone.
            return new ErrorFrame(delete.correlationId(), ErrorCode.BUSY, "no room for a tombstone");
        }
        return new SessionReceivedFrame(
                delete.correlationId(), new Receipt(Outcome.STORED, outcome.version(), 0, outcome.held(), 0, 0));
    }

    /** Newer versions went to others: takes away what they replace. */
    private Frame onVoid(VoidFrame frame) {
        for (Voided voided : frame.voided()) {
            boolean isTold = events != null && segment.find(voided.digest(), snapshot);
            if (segment.removeOlder(voided.digest(), voided.version()) && isTold) {
                events.gone(snapshot, Departure.REPLACED);
            }
        }
        return done(frame.correlationId());
    }

    /**
     * Stores a hand-off or a copy. What loses its place to it {@link LastCopies} looks after; at a node of several siblings it counts as lost, as none of
     * them could say who has it.
     */
    final Frame keep(SessionBackupFrame backup) {
        Frame answer = store(backup.correlationId(), backup.entry(), !backup.freeOnly());
        if (isShared && answer instanceof SessionReceivedFrame && outcome.evicted()) {
            segment.counters().increment(Counter.LOST_FOR_SPACE);
        }
        return answer;
    }

    /**
     * Stores an entry.
     *
     * @param correlationId what is answered
     * @param entry         the entry
     * @param evict         whether in the place of the oldest one if need be
     * @return the receipt or refusal
     */
    final Frame store(long correlationId, SessionEntry entry, boolean evict) {
        if (entry.value().length > segment.maxValueLength(entry.key().length)) {
            return new ErrorFrame(correlationId, ErrorCode.TOO_LARGE, "the entry exceeds a record of this relief node");
        }
        segment.fill(segment.encode(entry.key()), entry, Long.MAX_VALUE, 0, evict, outcome);
        if (events != null && outcome.status() == WriteOutcome.Status.STORED && !entry.hasEnded()) {
            events.stored(entry);
        }
        return switch (outcome.status()) {
            case STORED -> received(correlationId, Outcome.STORED, outcome.life());
            case SUPERSEDED -> {
                // Of the same life and no newer, but used since: who sends it may let its own copy go now.
                segment.renew(segment.encode(entry.key()).digest(), entry.life(), entry.idleTicks());
                yield received(correlationId, Outcome.SUPERSEDED, outcome.life());
            }
            case BEATEN_BY_TOMBSTONE -> received(correlationId, Outcome.BEATEN_BY_TOMBSTONE, 0);
            default -> new ErrorFrame(correlationId, ErrorCode.BUSY, "no room for the entry");
        };
    }

    private Frame received(long correlationId, Outcome what, long life) {
        return new SessionReceivedFrame(correlationId, new Receipt(what, outcome.version(), life, false, 0, 0));
    }

    /** The receipt of what needs no version. */
    static Frame done(long correlationId) {
        return new SessionReceivedFrame(correlationId, new Receipt(Outcome.STORED, Version.NONE, 0, false, 0, 0));
    }

    /** The refusal of what this kind of node does not take. */
    final Frame refused(Frame frame) {
        return new ErrorFrame(
                frame.correlationId(), ErrorCode.REFUSED, kind() + " nodes do not take " + frame.type() + " frames");
    }

    final SharedLru segment() {
        return segment;
    }
}
