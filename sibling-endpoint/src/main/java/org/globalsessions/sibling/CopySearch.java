package org.globalsessions.sibling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.globalsessions.ValueTooLargeException;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.Receipt.Outcome;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.CompareFrame;
import org.globalsessions.transport.frame.ComparedFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FetchedFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.WhereaboutsFrame;
import org.globalsessions.transport.frame.WhereaboutsFrame.Fate;

/**
 * Answers relief nodes who else keeps what they have let go: asks the others that may hold it, and looks into the relay's segment. Takes what an
 * expansion node hands back, for the aging nodes that should have it.
 *
 * <p>Nothing is said to be lost that might be anywhere, and of several nodes that have let the same go one alone is told that it was the last copy: so what is found and
 * what is counted make up all that was stored. This holds as each answer is about the moment when it is given, and comes in the order of the asked node's changes:
 *
 * <ul>
 *   <li>A copy does not escape on its way from the relay to a node, as the relay is looked at first: what has left it by then was acknowledged, so
 *       the nodes are asked later. Nor on its way from a node to the relay or to another node: what has {@linkplain PassingEntries passed} a moment
 *       ago is unknown.
 *   <li>Who has it when asked asks itself once it lets go.
 * </ul>
 *
 * <p>A question ends when all nodes that were asked have answered or their connections have ended, which a silent one's does. Belongs to the
 * sibling's event loop.
 */
final class CopySearch {
    /** Questions open at a time, and entries on their way back; of a further one nothing is known. */
    static final int MAX_OPEN = 1024;

    /** What the relay has of an entry that a node has let go. */
    private enum AtRelay {
        /** Nothing: neither that version nor what counts more. */
        NOTHING,
        /** What counts more, or the entry itself, to be handed off before it goes. */
        KEPT,
        /** The entry, which may go at any time, or is just being handed off. */
        MAY_GO
    }

    private final SharedLru segment;
    private final ReliefRouter router;
    private final PassingEntries passing;
    private final ToldLosses losses = new ToldLosses();
    private final EntrySnapshot snapshot = new EntrySnapshot();

    /** Keys of entries that are being handed back, and by how many nodes. */
    private final Map<KeyDigest, Integer> returning = new HashMap<>();

    private int openReturns;
    private int open;

    /**
     * Nobody has asked.
     *
     * @param segment the relay's segment
     * @param router  knows who may hold what
     */
    CopySearch(SharedLru segment, ReliefRouter router) {
        this.segment = segment;
        this.router = router;
        this.passing = router.tier().passing();
    }

    /** A relief node has sent something: notes entries that are for the relay or another node. */
    void passes(Frame frame) {
        if (frame instanceof SessionKnownFrame known && known.entry() != null) {
            given(known.entry());
        } else if (frame instanceof FetchedFrame fetched) {
            fetched.entries().forEach(this::given);
        }
    }

    private void given(SessionEntry entry) {
        try {
            passing.given(segment.encode(entry.key()).digest(), nowNs());
        } catch (ValueTooLargeException e) {
            // No key of this tier: whoever is to take it says so.
            return;
        }
    }

    /** A node asks who keeps what it has let go; it is answered, at once or later. Of what may be void since it was away nothing is said. */
    void ask(ReliefEndPoint asker, CompareFrame frame) {
        Search search = new Search(asker, frame);
        if (open >= MAX_OPEN || !asker.isTold()) {
            search.answer();
            return;
        }
        open++;
        search.begin();
    }

    /** Answers a node. One that does not take its answers starts clean with a new connection. */
    private static void send(ReliefEndPoint to, Frame answer) {
        if (!to.connection().send(answer)) {
            to.connection().close();
        }
    }

    private long nowNs() {
        return segment.file().nanoTime();
    }

    private AtRelay atRelay(InventoryItem item) {
        if (segment.lacks(item)) {
            return AtRelay.NOTHING;
        }
        if (!segment.find(item.digest(), snapshot)) {
            // A tombstone, or the relay has just let it go.
            return segment.lacks(item) ? AtRelay.NOTHING : AtRelay.KEPT;
        }
        if (!snapshot.version().equals(item.version()) || snapshot.life() != item.life()) {
            return AtRelay.KEPT;
        }
        boolean owed = (snapshot.marks() & RecordDescriptor.NOT_HANDED_OFF) != 0
                && !passing.isJustHandedOff(item.digest(), nowNs());
        return owed ? AtRelay.KEPT : AtRelay.MAY_GO;
    }

    /** One question. */
    private final class Search {
        private final ReliefEndPoint asker;
        private final long correlationId;
        private final List<InventoryItem> items;

        /** Unknown until something else is known. */
        private final Fate[] fates;

        /** Indices of what somebody may have who cannot be asked or has not answered. */
        private final BitSet doubtful = new BitSet();

        /** Nodes that have not answered, and one while they are being asked. */
        private int awaited = 1;

        private boolean over;

        Search(ReliefEndPoint asker, CompareFrame frame) {
            this.asker = asker;
            this.correlationId = frame.correlationId();
            this.items = frame.items();
            this.fates = new Fate[items.size()];
            Arrays.fill(fates, Fate.UNKNOWN);
        }

        void begin() {
            Map<ReliefEndPoint, List<Integer>> shares = new LinkedHashMap<>();
            for (int i = 0; i < fates.length; i++) {
                InventoryItem item = items.get(i);
                if (item.tombstone() || atRelay(item) == AtRelay.KEPT) {
                    fates[i] = Fate.KEPT;
                    continue;
                }
                ReliefTier.Others others = router.tier().othersOf(item.digest(), asker.id());
                doubtful.set(i, !others.areAllConnected());
                for (ReliefEndPoint other : others.connected()) {
                    shares.computeIfAbsent(other, any -> new ArrayList<>()).add(i);
                }
            }
            shares.forEach(this::compare);
            answered();
        }

        private void compare(ReliefEndPoint at, List<Integer> share) {
            List<InventoryItem> asked = share.stream().map(items::get).toList();
            awaited++;
            if (!at.inquire(() -> over, answer -> onCompared(share, answer), id -> new CompareFrame(id, asked))) {
                onCompared(share, null);
            }
        }

        private void onCompared(List<Integer> share, Frame answer) {
            boolean known = answer instanceof ComparedFrame compared && compared.count() == share.size();
            for (int i = 0; i < share.size(); i++) {
                if (!known) {
                    doubtful.set(share.get(i));
                } else if (!((ComparedFrame) answer).lacking().get(i)) {
                    fates[share.get(i)] = Fate.KEPT;
                }
            }
            answered();
        }

        private void answered() {
            awaited--;
            if (awaited > 0) {
                return;
            }
            for (int i = 0; i < fates.length; i++) {
                if (fates[i] != Fate.KEPT) {
                    fates[i] = conclude(items.get(i), doubtful.get(i));
                }
            }
            over = true;
            open--;
            answer();
        }

        private Fate conclude(InventoryItem item, boolean isDoubtful) {
            AtRelay atRelay = atRelay(item);
            boolean handsBack = asker.kind() == Kind.EXPANSION;
            if (atRelay == AtRelay.KEPT || losses.countsAnother(item, asker.id(), nowNs())) {
                return Fate.KEPT;
            }
            // What only the relay has an expansion node hands back all the same: no aging node has it.
            boolean mayGo = atRelay == AtRelay.MAY_GO && !handsBack;
            boolean moves = returning.containsKey(item.digest()) || passing.isOnItsWay(item.digest(), nowNs());
            if (isDoubtful || mayGo || moves) {
                return Fate.UNKNOWN;
            }
            if (!handsBack) {
                losses.tell(item, asker.id(), nowNs());
            }
            return Fate.LAST;
        }

        void answer() {
            send(asker, new WhereaboutsFrame(correlationId, List.of(fates)));
        }
    }

    /** An expansion node hands back what nobody else has; it is answered, at once or later. */
    void takeBack(ReliefEndPoint from, SessionBackupFrame frame) {
        KeyDigest digest;
        try {
            digest = segment.encode(frame.entry().key()).digest();
        } catch (ValueTooLargeException e) {
            // No node of this tier can have it.
            send(from, new ErrorFrame(frame.correlationId(), ErrorCode.BUSY, "the key is too long for this tier"));
            return;
        }
        SessionEntry entry = frame.entry();
        InventoryItem item = InventoryItem.entry(digest, entry.version(), entry.life());
        if (!from.isTold()) {
            send(from, new ErrorFrame(frame.correlationId(), ErrorCode.UNAVAILABLE, "it may be void by now"));
            return;
        }
        if (openReturns >= MAX_OPEN) {
            send(from, new ErrorFrame(frame.correlationId(), ErrorCode.UNAVAILABLE, "too much is handed back"));
            return;
        }
        openReturns++;
        new Return(from, frame, item).begin();
    }

    /** One entry that is handed back. */
    private final class Return {
        private final ReliefEndPoint from;
        private final SessionBackupFrame frame;
        private final InventoryItem item;
        private Receipt taken;
        private boolean doubtful;
        private int awaited = 1;
        private boolean over;

        Return(ReliefEndPoint from, SessionBackupFrame frame, InventoryItem item) {
            this.from = from;
            this.frame = frame;
            this.item = item;
        }

        void begin() {
            returning.merge(item.digest(), 1, Integer::sum);
            if (atRelay(item) == AtRelay.KEPT || losses.countsAnother(item, from.id(), nowNs())) {
                taken = superseded();
            } else {
                ReliefTier.Others owners = router.tier().keepersOf(item.digest());
                doubtful = !owners.areAllConnected();
                owners.connected().forEach(this::offer);
            }
            answered();
        }

        private Receipt superseded() {
            return new Receipt(Outcome.SUPERSEDED, item.version(), item.life(), false, 0, 0);
        }

        private void offer(ReliefEndPoint to) {
            awaited++;
            boolean asked = to.inquire(
                    () -> over, this::onAnswer, id -> new SessionBackupFrame(id, frame.entry(), frame.freeOnly()));
            if (!asked) {
                onAnswer(null);
            }
        }

        private void onAnswer(Frame answer) {
            if (answer instanceof SessionReceivedFrame received) {
                taken = received.receipt();
            } else if (!(answer instanceof ErrorFrame error)
                    || (error.code() != ErrorCode.BUSY && error.code() != ErrorCode.TOO_LARGE)) {
                doubtful = true;
            }
            answered();
        }

        private void answered() {
            awaited--;
            if (awaited > 0) {
                return;
            }
            over = true;
            returning.computeIfPresent(item.digest(), (digest, count) -> count > 1 ? count - 1 : null);
            openReturns--;
            long id = frame.correlationId();
            if (taken != null) {
                send(from, new SessionReceivedFrame(id, taken));
            } else if (doubtful || atRelay(item) != AtRelay.NOTHING) {
                send(from, new ErrorFrame(id, ErrorCode.UNAVAILABLE, "it is not known whether anybody has it"));
            } else if (losses.countsAnother(item, from.id(), nowNs())) {
                send(from, new SessionReceivedFrame(id, superseded()));
            } else {
                losses.tell(item, from.id(), nowNs());
                send(from, new ErrorFrame(id, ErrorCode.BUSY, "no aging node has a free place for it"));
            }
        }
    }
}
