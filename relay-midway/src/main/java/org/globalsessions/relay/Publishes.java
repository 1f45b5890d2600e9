package org.globalsessions.relay;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionFrame;

/**
 * Passes new entries and deletes on to the sibling, and takes in its acknowledgements.
 *
 * <p>{@link #offer} and {@link #offerDelete} are for any thread, the rest is the agent's. What finds no place in the queue
 * keeps its mark in the segment, so the sweep sends it.
 */
final class Publishes {
    /** Lowest bits of the correlation ids. */
    static final int KIND = 1;

    private static final int QUEUE_CAPACITY = 8192;

    private sealed interface Change permits NewEntry, NewDelete {
        ClientSide.Waiter waiter();
    }

    private record NewEntry(int way, long stateWord, Version version, byte[] key, ClientSide.Waiter waiter)
            implements Change {}

    private record NewDelete(KeyDigest digest, Version version, long position, ClientSide.Waiter waiter)
            implements Change {}

    private final SharedLru lru;
    private final Marks marks;
    private final Executor loop;
    private final ClientSide clientSide;
    private final ManyToOneConcurrentArrayQueue<Change> queue = new ManyToOneConcurrentArrayQueue<>(QUEUE_CAPACITY);
    private final ArrayDeque<Change> again = new ArrayDeque<>();
    private final InFlightTable<Change> inFlight;
    private final Map<Integer, Version> versionByWay = new HashMap<>();
    private final Map<KeyDigest, Version> deletesInFlight = new HashMap<>();
    private final EntrySnapshot snapshot = new EntrySnapshot();

    Publishes(SharedLru lru, Executor loop, ClientSide clientSide, int capacity, long timeoutNs) {
        this.lru = lru;
        this.marks = new Marks(lru);
        this.loop = loop;
        this.clientSide = clientSide;
        this.inFlight = new InFlightTable<>(capacity, KIND, timeoutNs);
    }

    /** Queues an entry just stored; false where the queue is full. */
    boolean offer(int way, Version version, ClientSide.Waiter waiter) {
        return queue.offer(new NewEntry(way, 0, version, null, waiter));
    }

    /** Queues a delete just applied; false where the queue is full. */
    boolean offerDelete(KeyDigest digest, Version version, long position, ClientSide.Waiter waiter) {
        return queue.offer(new NewDelete(digest, version, position, waiter));
    }

    boolean hasQueued() {
        return !queue.isEmpty() || !again.isEmpty();
    }

    int inFlight() {
        return inFlight.size();
    }

    boolean isFull() {
        return inFlight.isFull();
    }

    /** Sends what is queued, as far as the sink and the table take it. */
    int send(FrameSink sink, int limit, long nowNs) {
        int count = 0;
        while (count < limit && sink.isReady() && !inFlight.isFull()) {
            Change change = again.poll();
            if (change == null) {
                change = queue.poll();
            }
            if (change == null) {
                break;
            }
            count++;
            if (change instanceof NewDelete delete) {
                sendDelete(sink, delete, nowNs);
            } else if (change instanceof NewEntry entry) {
                sendQueued(sink, entry, nowNs);
            }
        }
        return count;
    }

    /** While no sibling is there: the marks stay, those who wait are told. */
    int drop(int limit) {
        int count = 0;
        while (count < limit) {
            Change change = again.poll();
            if (change == null) {
                change = queue.poll();
            }
            if (change == null) {
                break;
            }
            count++;
            tell(change.waiter(), null);
        }
        return count;
    }

    private void sendQueued(FrameSink sink, NewEntry queued, long nowNs) {
        if (lru.readUnsent(queued.way, snapshot) && snapshot.version().equals(queued.version)) {
            boolean underWay = queued.version.equals(versionByWay.get(queued.way));
            boolean marked = (snapshot.marks() & RecordDescriptor.UNPUBLISHED) != 0;
            if (queued.waiter == null && (underWay || !marked)) {
                return;
            }
            sendEntry(sink, queued.waiter, nowNs);
        } else {
            // Overwritten, deleted or evicted since: whoever did that has queued its own change.
            tell(queued.waiter, null);
        }
    }

    /** Sends an entry that the sweep found marked, unless it is under way. */
    void sendMarked(FrameSink sink, EntrySnapshot marked, long nowNs) {
        if (marked.version().equals(versionByWay.get(marked.way()))) {
            return;
        }
        if (lru.readUnsent(marked.way(), snapshot) && snapshot.version().equals(marked.version())) {
            sendEntry(sink, null, nowNs);
        }
    }

    private void sendEntry(FrameSink sink, ClientSide.Waiter waiter, long nowNs) {
        SegmentFile file = lru.file();
        SessionEntry entry = snapshot.toEntry();
        Frame frame = new SessionFrame(
                inFlight.nextId(),
                waiter == null ? Acknowledgement.RELAY : Acknowledgement.RELIEF,
                file.relayEpoch(),
                file.position(),
                Version.NONE,
                entry);
        if (!sink.send(frame)) {
            tell(waiter, null);
            return;
        }
        inFlight.add(new NewEntry(snapshot.way(), snapshot.stateWord(), entry.version(), entry.key(), waiter), nowNs);
        versionByWay.put(snapshot.way(), entry.version());
    }

    /** Sends a delete that the sweep found unacknowledged, unless it is under way. */
    void sendUnacknowledged(FrameSink sink, KeyDigest digest, Version version, long position, long nowNs) {
        if (!version.equals(deletesInFlight.get(digest))) {
            sendDelete(sink, new NewDelete(digest, version, position, null), nowNs);
        }
    }

    private void sendDelete(FrameSink sink, NewDelete delete, long nowNs) {
        Acknowledgement level = delete.waiter == null ? Acknowledgement.RELAY : Acknowledgement.RELIEF;
        if (!sink.send(new DeleteFrame(inFlight.nextId(), level, delete.digest, delete.version))) {
            tell(delete.waiter, null);
            return;
        }
        inFlight.add(delete, nowNs);
        deletesInFlight.put(delete.digest, delete.version);
    }

    /** Takes in an acknowledgement. */
    void onReceipt(long correlationId, Receipt receipt) {
        Change change = inFlight.remove(correlationId);
        if (change == null) {
            return;
        }
        forget(change);
        if (change instanceof NewDelete delete) {
            SegmentFile file = lru.file();
            lru.confirmDelete(
                    delete.digest,
                    delete.version,
                    new Receipt(
                            Receipt.Outcome.STORED,
                            delete.version,
                            0,
                            receipt.held(),
                            file.relayEpoch(),
                            delete.position));
        } else if (change instanceof NewEntry entry) {
            lru.counters().increment(Counter.PUBLISHED);
            if (receipt.outcome() == Receipt.Outcome.BEATEN_BY_TOMBSTONE) {
                // The tombstone takes it away, and its mark with it: who is killed before that must send it once more.
                KeyDigest digest = lru.encode(entry.key).digest();
                loop.execute(() -> clientSide.onBeaten(digest, receipt.version()));
            } else {
                marks.clear(entry.way, entry.stateWord, entry.version, RecordDescriptor.UNPUBLISHED);
                if (receipt.supersedes(entry.version)) {
                    loop.execute(() -> clientSide.onSuperseded(entry.key, receipt.version()));
                }
            }
        }
        tell(change.waiter(), receipt);
    }

    /** The sibling refused or could not: the mark stays, so the sweep sends it again. */
    void onRefused(long correlationId) {
        Change change = inFlight.remove(correlationId);
        if (change != null) {
            fail(change);
        }
    }

    int expire(long nowNs) {
        return inFlight.expire(nowNs, this::fail);
    }

    /** The sibling began anew: what somebody waits for is sent again at once, the rest by the sweep. */
    void restart() {
        for (Change change : inFlight.removeAll()) {
            forget(change);
            if (change.waiter() != null) {
                again.add(change);
            }
        }
    }

    private void fail(Change change) {
        forget(change);
        tell(change.waiter(), null);
    }

    private void forget(Change change) {
        if (change instanceof NewDelete delete) {
            deletesInFlight.remove(delete.digest, delete.version);
        } else if (change instanceof NewEntry entry) {
            versionByWay.remove(entry.way, entry.version);
        }
    }

    private void tell(ClientSide.Waiter waiter, Receipt receipt) {
        if (waiter != null) {
            loop.execute(() -> waiter.done(receipt));
        }
    }
}
