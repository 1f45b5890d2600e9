package org.globalsessions.relay;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.globalsessions.ValueTooLargeException;
import org.globalsessions.Version;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.TouchFrame;

/**
 * Answers hosts' questions: from the segment, from the spill file, or through the sibling, one question for all who ask for
 * the same key at the same time. What comes from a later tier is stored here on its way. A question is a use of the session; others hosts
 * tell of. On the relay's event loop alone.
 */
final class Inquiry {
    private static final int MAX_ASKERS_A_KEY = 256;
    private static final int MAX_ATTEMPTS = 3;

    /** What a question takes in memory besides its key and what its asker holds, about. */
    private static final int QUESTION_BYTES = 400;

    private static final Found MISSING = new Found(Status.MISSING, null, false);
    private static final Found UNKNOWN = new Found(Status.UNAVAILABLE, null, false);
    private static final Found BUSY = new Found(Status.UNAVAILABLE, null, true);

    /** Told the answer, and the position that it is at least as new as. */
    private interface Asker {
        void answered(Found found, long position);
    }

    private final class Open extends QuestionShares.Asked {
        final KeyDigest digest;
        final byte[] key;
        final List<Asker> askers = new ArrayList<>(1);
        private final int bytes;
        long position;
        int attempts;

        /** The highest version that is known to have replaced what an answer on its way may hold, and its life. */
        Version replacing = Version.NONE;

        long replacingLife;

        /** Whether one may have come to the relief tier since it was last asked: that it has nothing counts no more. */
        boolean isStoredSince;

        Open(KeyDigest digest, byte[] key, int held) {
            this.digest = digest;
            this.key = key;
            this.bytes = Inquiry.bytes(key, held);
        }

        void noteReplacing(Version version, long life) {
            isStoredSince = true;
            if (version.compareTo(replacing) > 0) {
                replacing = version;
                replacingLife = life;
            }
        }

        boolean isReplaced(SessionEntry answer) {
            return answer.version().compareTo(replacing) < 0 && answer.life() <= replacingLife;
        }

        @Override
        void ask() {
            Inquiry.this.ask(this);
        }

        @Override
        void giveUp() {
            finish(this, UNKNOWN);
        }

        @Override
        int bytes() {
            return bytes;
        }
    }

    private final SharedLru lru;
    private final SegmentFile file;
    private final Counters counters;
    private final SpillFile spill;
    private final RelayAgent agent;
    private final Intake intake;
    private final ClientInquiry clients;
    private final QuestionShares shares;
    private final Map<KeyDigest, Open> open = new HashMap<>();
    private final EntrySnapshot snapshot = new EntrySnapshot();
    private final WriteOutcome outcome = new WriteOutcome();

    Inquiry(
            SharedLru lru,
            SpillFile spill,
            RelayAgent agent,
            Intake intake,
            ClientInquiry clients,
            QuestionShares shares) {
        this.lru = lru;
        this.file = lru.file();
        this.counters = lru.counters();
        this.spill = spill;
        this.agent = agent;
        this.intake = intake;
        this.clients = clients;
        this.shares = shares;
        intake.onStored(this::noteStored);
    }

    /** A host asks for a key. */
    void onNeedSession(ClientEndPoint endPoint, NeedSessionFrame frame) {
        // The number first and the segment after: the answer is at least as new as the number.
        long position = file.position();
        EncodedKey key = lru.encode(frame.key());
        KeyDigest digest = key.digest();
        if (lru.find(key, snapshot)) {
            counters.increment(Counter.HITS);
            SessionEntry entry = snapshot.toEntry();
            if (!entry.isIdle()) {
                // A host that asks uses the session; find renews nothing by itself. Where the host has to find out
                // whether the session has ended, it tells.
                lru.touch(key);
                clients.used(digest, 0);
            }
            answer(endPoint, frame, Found.of(entry), position);
            return;
        }
        counters.increment(Counter.MISSES);
        lookBehind(endPoint, digest, frame.key(), 0, position, (found, asOf) -> answer(endPoint, frame, found, asOf));
    }

    /** A host has used sessions that it holds itself. */
    void onTouch(TouchFrame frame) {
        List<Touch> elsewhere = new ArrayList<>();
        for (Touch touch : frame.touches()) {
            clients.used(touch.digest(), touch.idleTicks());
            boolean here = lru.renew(touch.digest(), touch.life(), touch.idleTicks())
                    || (spill != null && spill.renew(touch, file.tick()));
            if (!here && agent.hasSibling()) {
                elsewhere.add(touch);
            }
            if (elsewhere.size() == NextTier.MAX_TOUCHES) {
                agent.touch(elsewhere);
                elsewhere = new ArrayList<>();
            }
        }
        if (!elsewhere.isEmpty()) {
            agent.touch(elsewhere);
        }
    }

    /**
     * Brings the key of a change here that one of the tiers behind has, and tells what became of that: the entry too, as there may be no room
     * for it. The change is held until then.
     */
    void look(ClientEndPoint endPoint, SessionEntry change, BiConsumer<Status, SessionEntry> then) {
        lookBehind(
                endPoint,
                lru.encode(change.key()).digest(),
                change.key(),
                change.value().length,
                file.position(),
                (found, asOf) -> then.accept(found.status, found.entry));
    }

    private void lookBehind(
            ClientEndPoint endPoint, KeyDigest digest, byte[] key, int held, long position, Asker asker) {
        SessionEntry spilled = intake.spilled(digest);
        if (spilled != null) {
            asker.answered(takeBack(digest, spilled), position);
        } else if (!agent.hasSibling()) {
            asker.answered(MISSING, position);
        } else {
            join(endPoint, asker, digest, key, held, position);
        }
    }

    /** What is known; busy where it was not even asked for, for want of room. */
    private record Found(Status status, SessionEntry entry, boolean busy) {
        static Found of(SessionEntry entry) {
            return new Found(Status.FOUND, entry, false);
        }
    }

    private void answer(ClientEndPoint endPoint, NeedSessionFrame frame, Found found, long position) {
        if (found.busy) {
            endPoint.send(new ErrorFrame(
                    frame.correlationId(),
                    ErrorCode.BUSY,
                    "too many questions wait to be asked further on: limit=" + QuestionShares.OWN_WAITING));
            return;
        }
        if (found.status == Status.UNAVAILABLE) {
            counters.increment(Counter.TIER_UNAVAILABLE);
        }
        endPoint.send(
                new SessionKnownFrame(frame.correlationId(), found.status, file.relayEpoch(), position, found.entry));
    }

    private void join(ClientEndPoint endPoint, Asker asker, KeyDigest digest, byte[] key, int held, long position) {
        Open question = open.get(digest);
        if (question == null) {
            question = new Open(digest, key, held);
            question.position = position;
            question.askers.add(asker);
            open.put(digest, question);
            if (shares.enter(endPoint, question) == QuestionShares.Entered.REFUSED) {
                counters.increment(Counter.QUESTIONS_REFUSED);
                finish(question, BUSY);
            }
        } else if (question.askers.size() >= MAX_ASKERS_A_KEY) {
            asker.answered(UNKNOWN, position);
        } else if (!shares.join(endPoint, question, bytes(key, held))) {
            counters.increment(Counter.QUESTIONS_REFUSED);
            asker.answered(BUSY, position);
        } else {
            question.askers.add(asker);
            if (question.attempts == 0) {
                // Not behind all that another connection has waiting; where there is no room it waits there with it.
                shares.enter(endPoint, question);
            }
        }
    }

    private static int bytes(byte[] key, int held) {
        return QUESTION_BYTES + key.length + held;
    }

    /** An answer on its way may be older than this entry, and find it gone when it comes. */
    private void noteStored(KeyDigest digest, Version version, long life) {
        Open question = open.get(digest);
        if (question != null) {
            question.noteReplacing(version, life);
        }
    }

    private void ask(Open question) {
        question.isStoredSince = false;
        if (lru.findUnsent(lru.encode(question.key), snapshot)) {
            // It goes as soon as the relief tier has it, which may be before the answer comes.
            question.noteReplacing(snapshot.version(), snapshot.life());
        }
        question.attempts++;
        question.position = file.position();
        counters.increment(Counter.QUESTIONS);
        if (!agent.ask(question.key, (status, entry) -> onAnswer(question, status, entry))) {
            finish(question, UNKNOWN);
        }
    }

    private void onAnswer(Open question, Status status, SessionEntry entry) {
        KeyDigest digest = question.digest;
        if (open.get(digest) != question) {
            return;
        }
        Found found = null;
        SessionEntry spilled = intake.spilled(digest);
        if (spilled != null && (entry == null || spilled.version().compareTo(entry.version()) > 0)) {
            // Stored and spilled since the question was asked.
            found = takeBack(digest, spilled);
        } else if (status.isFound() && intake.isLost(lru.encode(question.key), entry.version())) {
            // What had replaced it is lost: older than that nobody is to see.
            found = MISSING;
        } else if (status.isFound() && lru.encode(entry.key()).digest().equals(digest)) {
            counters.increment(Counter.TIER_HITS);
            // What the relief tier keeps as it is need not be handed off to it again.
            found = takeIn(question, entry, status == Status.FOUND_KEPT ? 0 : RecordDescriptor.NOT_HANDED_OFF);
        } else {
            found = storedSince(question, status);
        }
        if (found == null && question.attempts < MAX_ATTEMPTS) {
            ask(question);
        } else {
            finish(question, found == null ? UNKNOWN : found);
        }
    }

    /** Where the relief tier has nothing, or cannot tell; null where it has to be asked again. */
    private Found storedSince(Open question, Status status) {
        EncodedKey key = lru.encode(question.key);
        if (lru.find(key, snapshot)) {
            return Found.of(snapshot.toEntry());
        }
        // What has ended and is still owed here has not gone there. Else it may have, after that tier was asked.
        boolean isGone = status == Status.MISSING && question.isStoredSince && !lru.findUnsent(key, snapshot);
        return isGone ? null : status == Status.MISSING ? MISSING : UNKNOWN;
    }

    private void finish(Open question, Found found) {
        open.remove(question.digest);
        try {
            for (Asker asker : question.askers) {
                asker.answered(found, question.position);
            }
        } finally {
            // Also where an answer fails: its connection's share would be taken for ever.
            shares.over(question, found.status == Status.FOUND);
        }
    }

    /** A connection is gone. */
    void onClose(ClientEndPoint endPoint) {
        shares.onClose(endPoint);
    }

    /** Stores what a relief node answered to a question; null where it has to be asked again. */
    private Found takeIn(Open question, SessionEntry entry, int marks) {
        if (!question.isReplaced(entry) || lru.find(lru.encode(entry.key()), snapshot)) {
            return takeIn(question.digest, entry, question.position, marks);
        }
        // What has replaced it has ended and the relief tier lacks it, or is gone: then that tier knows what became of
        // it.
        boolean owed = lru.findUnsent(lru.encode(entry.key()), snapshot);
        return owed ? MISSING : null;
    }

    /** Stores what a later tier has; null where it has to be asked again. */
    private Found takeIn(KeyDigest digest, SessionEntry entry, long position, int marks) {
        EncodedKey key = lru.encode(entry.key());
        SessionEntry kept = entry.isIdle() ? entry : entry.usedNow();
        try {
            lru.fill(key, kept, position, marks, true, outcome);
        } catch (ValueTooLargeException e) {
            // Too large for this segment's records: answered, not kept. The relief tier has it.
            counters.increment(Counter.ERRORS);
            return Found.of(entry);
        }
        if (outcome.status() == WriteOutcome.Status.STORED) {
            clients.stored(digest, kept);
        }
        Found found = switch (outcome.status()) {
            case STORED, NO_ROOM -> entry.hasEnded() ? MISSING : Found.of(entry);
            case SUPERSEDED -> lru.find(lru.encode(entry.key()), snapshot) ? Found.of(snapshot.toEntry()) : null;
            case BEATEN_BY_TOMBSTONE, EXPIRED -> MISSING;
            default -> null;
        };
        intake.checkRoom(digest);
        return found;
    }

    /** Stores what lay in the spill file, and takes it out there once it is held here. */
    private Found takeBack(KeyDigest digest, SessionEntry entry) {
        // As new as can be: every change of this key since has passed through here and removed it.
        Found found = takeIn(digest, entry, Long.MAX_VALUE, RecordDescriptor.NOT_HANDED_OFF);
        intake.takenBack(digest, entry, outcome);
        return found == null ? UNKNOWN : found;
    }
}
