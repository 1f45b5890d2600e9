package org.globalsessions.relief;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.globalsessions.segment.DepartureListener;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.CompareFrame;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.VoidFrame;
import org.globalsessions.transport.frame.VoidFrame.Voided;
import org.globalsessions.transport.frame.WhereaboutsFrame;

/**
 * Finds out of each live entry that a node lets go for space whether it was the last copy, by asking the sibling, and counts it as lost if so.
 * An expansion node hands it back first, and counts what nobody takes.
 *
 * <p>What cannot be found out counts as lost: what no longer fits into the queue of those not yet known, and what is in it when the node ends. A
 * node that is killed counts none of these. While the sibling is away, or cannot say, entries wait in that queue for as long as they would have lived.
 *
 * <p>Belongs to the node's event loop, where all methods are called; entries leave the segment there, too.
 */
final class LastCopies implements DepartureListener {
    /** Most entries not yet known. */
    static final int CAPACITY = 65_536;

    /** Most bytes of entries that may have to be handed back. */
    static final long MAX_BYTES = 32L << 20;

    /** Entries of one question: what a node looks up in a quarter of a millisecond. */
    static final int PART = 256;

    /** Questions open at a time. */
    static final int MAX_QUESTIONS = 8;

    /** Entries on their way back at a time. */
    static final int MAX_HANDED_BACK = 64;

    /** After this long a question counts as not answered: the sibling has at most as long to answer the relay. */
    static final Duration PATIENCE = Duration.ofSeconds(20);

    /** Entries that go within this time share a question. */
    static final Duration GATHERING = Duration.ofMillis(10);

    private static final Duration WATCH_INTERVAL = Duration.ofMillis(250);

    /** The first correlation id: the HELLO has 1. */
    private static final long FIRST_ID = 2;

    /** What was sent, and when. */
    private record Open(List<LetGo> about, boolean handedBack, long sentNs) {}

    private final SharedLru segment;
    private final Scheduler scheduler;
    private final boolean handsBack;
    private final LetGoQueue queue;

    /** What nobody else has, to be handed back. */
    private final ArrayDeque<LetGo> last = new ArrayDeque<>();

    /** In the order in which they were sent. */
    private final Map<Long, Open> open = new LinkedHashMap<>();

    private long nextId = FIRST_ID;
    private int handedBack;

    /** The sibling, or null while it is away. */
    private Connection sibling;

    private boolean gathering;
    private boolean watching;
    private boolean closed;

    /**
     * Nothing has gone yet.
     *
     * @param segment   the node's segment
     * @param scheduler the node's event loop
     * @param handsBack whether the node hands back what nobody else has
     */
    LastCopies(SharedLru segment, Scheduler scheduler, boolean handsBack) {
        this.segment = segment;
        this.scheduler = scheduler;
        this.handsBack = handsBack;
        this.queue = new LetGoQueue(CAPACITY, MAX_BYTES, pushedOut -> countLost());
    }

    @Override
    public void onExpired(EntrySnapshot entry) {
        // Its time was over: nothing is lost.
    }

    @Override
    public void onEvicted(EntrySnapshot entry) {
        queue.add(new LetGo(segment.digest(entry), entry, segment.file().tick(), handsBack));
        if (!gathering) {
            gathering = true;
            scheduler.schedule(this::gathered, GATHERING);
        }
    }

    @Override
    public void onOverLimit(EntrySnapshot entry) {
        if (handsBack) {
            onEvicted(entry);
        }
        // Else it is lost because it was to be, and counted for that.
    }

    private void gathered() {
        gathering = false;
        advance();
    }

    /** The sibling is there. */
    void joined(Connection connection) {
        left();
        sibling = connection;
        advance();
    }

    /** The sibling is away: what it was asked has no answer. */
    void left() {
        sibling = null;
        List<Open> failed = new ArrayList<>(open.values());
        open.clear();
        failed.forEach(this::unanswered);
        last.forEach(queue::unanswered);
        last.clear();
    }

    private void unanswered(Open question) {
        handedBack -= question.handedBack() ? 1 : 0;
        question.about().forEach(queue::unanswered);
    }

    /**
     * Takes an answer of the sibling.
     *
     * @return false where nothing of that correlation id is open here
     */
    boolean answered(Frame answer) {
        Open question = open.remove(answer.correlationId());
        if (question == null) {
            return false;
        }
        if (question.handedBack()) {
            handedBack--;
            onHandedBack(question.about().get(0), answer);
        } else if (answer instanceof WhereaboutsFrame told
                && told.fates().size() == question.about().size()) {
            for (int i = 0; i < told.fates().size(); i++) {
                onFate(question.about().get(i), told.fates().get(i));
            }
        } else {
            askAgain(question.about());
        }
        advance();
        return true;
    }

    /**
     * The node has answered a frame of the sibling. What has been let go and is void by that is asked about no more, now rather than with the next
     * question: a tombstone or newer version may be gone by then, and the older one must not come back.
     *
     * @param frame  what the sibling has sent
     * @param answer what it is answered
     */
    void done(Frame frame, Frame answer) {
        if (queue.isEmpty() || !(answer instanceof SessionReceivedFrame)) {
            return;
        }
        if (frame instanceof DeleteFrame delete) {
            LetGo gone = queue.find(delete.digest());
            if (gone != null && gone.item().life() <= delete.tombstone().clock()) {
                queue.settle(gone);
            }
        } else if (frame instanceof VoidFrame voids) {
            for (Voided voided : voids.voided()) {
                LetGo gone = queue.find(voided.digest());
                if (gone != null && gone.item().version().compareTo(voided.version()) < 0) {
                    queue.settle(gone);
                }
            }
        } else if (frame instanceof SessionFrame session) {
            onStored(session.entry());
        } else if (frame instanceof SessionBackupFrame backup) {
            onStored(backup.entry());
        }
    }

    private void onStored(SessionEntry entry) {
        LetGo gone = queue.find(segment.encode(entry.key()).digest());
        if (gone != null && !segment.lacks(gone.item())) {
            queue.settle(gone);
        }
    }

    private void onFate(LetGo gone, WhereaboutsFrame.Fate fate) {
        switch (fate) {
            case KEPT -> queue.settle(gone);
            case UNKNOWN -> queue.again(gone, scheduler.nanoTime());
            case LAST -> {
                if (gone.isWhole()) {
                    last.add(gone);
                } else {
                    lost(gone);
                }
            }
        }
    }

    private void onHandedBack(LetGo gone, Frame answer) {
        if (answer instanceof SessionReceivedFrame) {
            queue.settle(gone);
        } else if (answer instanceof ErrorFrame error && error.code() == ErrorCode.BUSY) {
            lost(gone);
        } else {
            askAgain(List.of(gone));
        }
    }

    private void askAgain(List<LetGo> about) {
        about.forEach(gone -> queue.again(gone, scheduler.nanoTime()));
    }

    private void lost(LetGo gone) {
        // One that was pushed out meanwhile has been counted.
        if (!gone.isSettled()) {
            queue.settle(gone);
            countLost();
        }
    }

    private void countLost() {
        segment.counters().increment(Counter.LOST_FOR_SPACE);
    }

    /** The connection takes frames again. */
    void advance() {
        if (closed) {
            return;
        }
        while (canSend() && handedBack < MAX_HANDED_BACK && !last.isEmpty()) {
            handBack(last.remove());
        }
        while (canSend() && open.size() - handedBack < MAX_QUESTIONS) {
            List<LetGo> about = queue.take(PART, scheduler.nanoTime(), this::isOver);
            if (about.isEmpty()) {
                break;
            }
            List<InventoryItem> items = about.stream().map(LetGo::item).toList();
            send(new Open(about, false, scheduler.nanoTime()), new CompareFrame(nextId, items));
        }
        watch();
    }

    private boolean canSend() {
        return sibling != null && sibling.isOpen() && sibling.isWritable();
    }

    private void handBack(LetGo gone) {
        if (gone.isSettled()) {
            return;
        }
        if (isOver(gone)) {
            queue.settle(gone);
            return;
        }
        handedBack++;
        Frame frame = new SessionBackupFrame(nextId, gone.entryAt(segment.file().tick()), true);
        send(new Open(List.of(gone), true, scheduler.nanoTime()), frame);
    }

    private void send(Open question, Frame frame) {
        if (sibling.send(frame)) {
            open.put(nextId, question);
        } else {
            handedBack -= question.handedBack() ? 1 : 0;
            askAgain(question.about());
        }
        nextId++;
    }

    /** Whether its time is over, or this node knows what stands for it: the entry itself again, something newer or a tombstone. */
    private boolean isOver(LetGo gone) {
        return gone.hasEnded(segment.file().tick()) || !segment.lacks(gone.item());
    }

    private void watch() {
        if (!watching && !queue.isEmpty()) {
            watching = true;
            scheduler.schedule(this::watched, WATCH_INTERVAL);
        }
    }

    private void watched() {
        watching = false;
        long nowNs = scheduler.nanoTime();
        for (Iterator<Open> i = open.values().iterator(); i.hasNext(); ) {
            Open oldest = i.next();
            if (nowNs - oldest.sentNs() < PATIENCE.toNanos()) {
                break;
            }
            i.remove();
            handedBack -= oldest.handedBack() ? 1 : 0;
            askAgain(oldest.about());
        }
        advance();
    }

    /** Whether it is not known of anything yet whether it was the last copy. */
    boolean hasWaiting() {
        return !queue.isEmpty();
    }

    /** Ends it, after the event loop has ended: of what is not known yet nobody will ever know. */
    void close() {
        closed = true;
        queue.takeAll().stream()
                .filter(gone -> !gone.hasEnded(segment.file().tick()))
                .forEach(gone -> countLost());
    }
}
