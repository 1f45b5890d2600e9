package org.globalsessions;

import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongPredicate;
import org.globalsessions.AppliedPosition.Claims;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.TierBusyException;

/**
 * Sends what this host wrote and deleted to one of its relays: the fast path beside the sweep, which makes it certain.
 *
 * <p>Any thread offers; one daemon thread sends, so that a delete leaves before the set that followed it. It parks while there is nothing
 * to send or the window is full, and is unparked on work. What it queues are way numbers, not messages: it reads the way when its
 * turn comes, so a session written ten times meanwhile is sent once, and a queue that is full may drop, since the mark is in the
 * segment.
 */
final class Publisher implements Runnable {
    /** Ways that wait to be sent; beyond, they wait for the sweep. */
    static final int RING_CAPACITY = 1 << 15;

    /** Entries sent and not acknowledged. */
    static final int WINDOW = 1024;

    /** Sets whose callers wait for the next tier. */
    static final int AWAITED_CAPACITY = 4096;

    private static final int URGENT_CAPACITY = 1024;
    private static final int BURST = 256;

    /** How long after its start the first connection may take before callers who wait for it are told that the relay is away. */
    private static final long FIRST_CONNECTION_NS = TimeUnit.SECONDS.toNanos(2);

    private static final long IDLE_PARK_NS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final long WINDOW_PARK_NS = TimeUnit.MILLISECONDS.toNanos(50);

    /** What the thread waits for, so that only that wakes it. */
    enum Wait {
        NOTHING,
        WORK,
        WINDOW,
        CONNECTION
    }

    /** What became of an attempt to send an entry. */
    private enum Sent {
        /** It is in flight, and its snapshot with it. */
        YES,
        /** The window is full: the same again after the next receipt. */
        WINDOW_FULL,
        /** There is nothing to send, or it stays behind a delete. */
        NOT
    }

    private final SharedLru lru;
    private final NextTier tier;

    /** Whether a key is this relay's, by the lower half of its digest. */
    private final LongPredicate owns;

    private final AppliedPosition applied;
    private final ClockRefusals refusals;
    private final ReceiptSignal receipts;
    private final Failures failures;
    private final Executor executor;
    private final Thread thread;

    private final WayRing fresh = new WayRing(RING_CAPACITY);
    private final WayRing urgent = new WayRing(URGENT_CAPACITY);
    private final DeletePublisher deletes;
    private final ConditionalPublisher conditionals;
    private final Queue<AwaitedSet> awaited = new ArrayBlockingQueue<>(AWAITED_CAPACITY);
    private final ConcurrentHashMap<Integer, Long> waysInFlight = new ConcurrentHashMap<>();

    /** Snapshots not in use: with those in flight never more than the window. */
    private final ArrayBlockingQueue<EntrySnapshot> snapshots = new ArrayBlockingQueue<>(WINDOW);

    /** Acknowledgements and failures so far: what a full window waits for. */
    private final ReceiptSignal completions = new ReceiptSignal();

    private volatile Wait waitsFor = Wait.NOTHING;
    private volatile boolean closed;
    private volatile Runnable onDrained = () -> {};

    private long startNs;

    // Owned by the sending thread.
    private boolean wasConnected;

    /** What found the window full, and is sent next. */
    private int heldWay = -1;

    private AwaitedSet heldSet;

    Publisher(
            SharedLru lru,
            NextTier tier,
            LongPredicate owns,
            AppliedPosition applied,
            ReceiptSignal receipts,
            Failures failures,
            Executor executor,
            ThreadFactory threads) {
        this.lru = lru;
        this.tier = tier;
        this.owns = owns;
        this.applied = applied;
        this.refusals = new ClockRefusals(lru, applied);
        this.receipts = receipts;
        this.failures = failures;
        this.executor = executor;
        deletes = new DeletePublisher(lru, tier, applied, failures, executor, this::completed, this::onFreed);
        conditionals = new ConditionalPublisher(
                lru, tier, applied, deletes, this::sendAhead, failures, executor, this::completed);
        for (int i = 0; i < WINDOW; i++) {
            snapshots.add(new EntrySnapshot());
        }
        thread = threads.newThread(this);
        thread.setName("global-sessions-publisher");
        thread.setDaemon(true);
    }

    /**
     * Begins to send.
     *
     * @param drained called by the sending thread whenever nothing waits any more
     */
    void start(Runnable drained) {
        onDrained = drained;
        startNs = lru.file().nanoTime();
        thread.start();
    }

    /** A way that a set has marked. */
    void offer(int way) {
        if (fresh.offer(way)) {
            wake(Wait.WORK);
        }
    }

    /** A way whose place a writer waits for: sent before the others. */
    void offerUrgent(int way) {
        if (urgent.offer(way)) {
            wake(Wait.WORK);
        }
    }

    /**
     * A way that the sweep found marked.
     *
     * @return false where the sweep should go on later
     */
    boolean offerSwept(EntrySnapshot entry) {
        if (fresh.isHalfFull()) {
            return false;
        }
        if (!isInFlight(entry)) {
            offer(entry.way());
        }
        return true;
    }

    /** Whether the sweep has stopped for want of room that there is now. */
    boolean hasRoomForSweep() {
        return !fresh.isHalfFull();
    }

    /** A set whose caller waits for the next tier. */
    void offerAwaited(AwaitedSet set) {
        if (awaited.offer(set)) {
            wake(Wait.WORK);
        } else {
            fail(
                    set,
                    new TierBusyException(
                            "stored on this host, too many wait for the relay: limit=" + AWAITED_CAPACITY));
        }
    }

    /** A save that the relay decides. */
    void offerConditional(ConditionalSave save) {
        conditionals.offer(save);
        wake(Wait.WORK);
    }

    /**
     * A delete made here; where there is no room the sweep sends it, and a caller is told.
     *
     * @param caller completed with whether the next tier held the key; null where nobody waits
     */
    void offerDelete(KeyDigest digest, Version version, Acknowledgement level, CompletableFuture<Boolean> caller) {
        if (deletes.offer(digest, version, level, caller)) {
            wake(Wait.WORK);
        }
    }

    /** A tombstone that the sweep found unacknowledged; false where the sweep should go on later. */
    boolean offerSweptDelete(KeyDigest digest, Version version) {
        boolean room = deletes.isInFlight(digest) || deletes.offer(digest, version, Acknowledgement.RELAY, null);
        wake(Wait.WORK);
        return room;
    }

    /** The connection's state has changed. */
    void onConnectionChanged() {
        LockSupport.unpark(thread);
        receipts.signal();
    }

    /**
     * Waits until everything offered is acknowledged or has failed.
     *
     * @param timeoutNs longest wait in nanoseconds
     * @return false where something is left
     */
    boolean flush(long timeoutNs) {
        long deadlineNs = System.nanoTime() + timeoutNs;
        while (tier.isConnected()) {
            long seen = completions.count();
            // In this order: the thread holds nothing while it waits for work, and what it took before is in flight.
            boolean idle = isEmpty() && waitsFor == Wait.WORK;
            if (idle && waysInFlight.isEmpty() && deletes.hasNoneInFlight() && conditionals.hasNoneInFlight()) {
                return true;
            }
            long leftNs = deadlineNs - System.nanoTime();
            if (leftNs <= 0) {
                return false;
            }
            boolean progressed = completions.awaitAfter(seen, Math.min(leftNs, TimeUnit.MILLISECONDS.toNanos(5)));
            if (!progressed) {
                LockSupport.unpark(thread);
            }
        }
        return false;
    }

    /** Ends the thread; callers who still wait are told so. */
    void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join(TimeUnit.SECONDS.toMillis(1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void run() {
        while (!closed) {
            long completed = completions.count();
            park(round(), completed);
        }
        String why = "the cache was closed before the relay answered";
        failWaiting(why);
        conditionals.close(new TierUnavailableException(why));
    }

    /** Sends what can be sent now; what to wait for then. */
    Wait round() {
        try {
            boolean connected = tier.isConnected();
            wasConnected |= connected;
            Wait next = connected ? sendSome() : Wait.CONNECTION;
            if (!connected && (wasConnected || lru.file().nanoTime() - startNs >= FIRST_CONNECTION_NS)) {
                failWaiting("done on this host; the relay is away and will be told later");
            }
            if (next == Wait.WORK) {
                onDrained.run();
            }
            return next;
        } catch (Throwable e) {
            // Also a want of memory: a host whose publisher has ended would keep its changes to itself for ever.
            failures.unexpected("publishing failed", e);
            dropHeld(e);
            return Wait.WINDOW;
        }
    }

    /** What failed once must not stand in the way of all others; its mark is in the segment. */
    private void dropHeld(Throwable cause) {
        TierUnavailableException told = Failures.unavailable("done on this host; telling the relay failed", cause);
        if (heldSet != null) {
            fail(heldSet, told);
        }
        deletes.dropHeld(told);
        conditionals.dropHeld(told);
        heldSet = null;
        heldWay = -1;
    }

    private void park(Wait next, long completed) {
        if (next == Wait.NOTHING) {
            return;
        }
        waitsFor = next;
        // Pairs with wake: whoever offers after this look sees waitsFor and unparks.
        if (!closed && !isReady(next, completed)) {
            LockSupport.parkNanos(this, next == Wait.WINDOW ? WINDOW_PARK_NS : IDLE_PARK_NS);
        }
        waitsFor = Wait.NOTHING;
    }

    private boolean isReady(Wait next, long completed) {
        return switch (next) {
            case WORK -> !isEmpty();
            case WINDOW -> completions.count() != completed;
            case CONNECTION -> tier.isConnected();
            case NOTHING -> true;
        };
    }

    private void wake(Wait what) {
        if (waitsFor == what) {
            LockSupport.unpark(thread);
        }
    }

    private boolean isEmpty() {
        return fresh.isEmpty() && urgent.isEmpty() && deletes.isEmpty() && awaited.isEmpty() && conditionals.isEmpty();
    }

    /** Sends until nothing is left, the window is full, or a burst is over. */
    private Wait sendSome() {
        for (int i = 0; i < BURST; i++) {
            if (!deletes.send() || !conditionals.send()) {
                return Wait.WINDOW;
            }
            if (heldSet == null) {
                heldSet = awaited.poll();
            }
            if (heldSet != null) {
                if (!send(heldSet)) {
                    return Wait.WINDOW;
                }
                heldSet = null;
                continue;
            }
            if (heldWay < 0) {
                heldWay = urgent.poll();
            }
            if (heldWay < 0) {
                heldWay = fresh.poll();
            }
            if (heldWay < 0) {
                return Wait.WORK;
            }
            if (!send(heldWay)) {
                return Wait.WINDOW;
            }
            heldWay = -1;
        }
        return Wait.NOTHING;
    }

    private boolean send(int way) {
        EntrySnapshot snapshot = snapshots.poll();
        if (snapshot == null) {
            return false;
        }
        Sent sent = Sent.NOT;
        try {
            Claims claims = applied.claims();
            boolean wanted = lru.readUnsent(way, snapshot)
                    && (snapshot.marks() & RecordDescriptor.UNPUBLISHED) != 0
                    && !isInFlight(snapshot);
            if (wanted) {
                sent = publish(snapshot, claims, Acknowledgement.RELAY, null);
            }
            return sent != Sent.WINDOW_FULL;
        } finally {
            if (sent != Sent.YES) {
                snapshots.add(snapshot);
            }
        }
    }

    /** Sends what this host has of a key and the relay lacks, unless it is in flight; false where the window is full. */
    private boolean sendAhead(byte[] key) {
        EntrySnapshot snapshot = new EntrySnapshot();
        return !lru.findUnsent(lru.encode(key), snapshot) || send(snapshot.way());
    }

    private boolean send(AwaitedSet set) {
        EntrySnapshot snapshot = snapshots.poll();
        if (snapshot == null) {
            return false;
        }
        Sent sent = Sent.NOT;
        try {
            Claims claims = applied.claims();
            if (lru.findUnsent(lru.encode(set.key()), snapshot)) {
                // Possibly a newer version than the caller's: once the tier has that one, the caller's is superseded,
                // not lost.
                sent = publish(snapshot, claims, set.level(), set);
                return sent != Sent.WINDOW_FULL;
            }
            // An older tombstone says nothing of this write, which began a new life over it.
            boolean deleted = lru.tombstone(lru.encode(set.key()).digest()).compareTo(set.version()) > 0;
            fail(
                    set,
                    deleted
                            ? new ConditionFailedException(
                                    "the session was deleted before the relay had it",
                                    ConditionFailedException.Reason.DELETED)
                            : new TierUnavailableException(
                                    "the session left this host before the relay answered for it"));
            return true;
        } finally {
            if (sent != Sent.YES) {
                snapshots.add(snapshot);
            }
        }
    }

    /** Sends one entry; the snapshot stays the caller's unless it was sent. */
    private Sent publish(EntrySnapshot snapshot, Claims asOfNow, Acknowledgement level, AwaitedSet caller) {
        KeyDigest digest = lru.encode(snapshot.keyCopy()).digest();
        if (!owns.test(digest.low())) {
            // The way has been taken since it was offered, by a key of another relay: that one has it on its own list,
            // or the sweep finds it.
            return Sent.NOT;
        }
        Version seenTombstone = lru.tombstone(digest);
        if (snapshot.life() <= seenTombstone.clock() && !isThereAfter(seenTombstone, snapshot)) {
            // Deleted since it was read. Sent with that very tombstone it would look like a life begun over it.
            if (caller != null) {
                fail(
                        caller,
                        new ConditionFailedException(
                                "the session was deleted before the relay had it",
                                ConditionFailedException.Reason.DELETED));
            }
            return Sent.NOT;
        }
        boolean unjudged = (snapshot.marks() & RecordDescriptor.LIFE_UNCONFIRMED) != 0
                && lru.file().relays().isUnjudged(snapshot.life());
        Claims claims = unjudged ? asOfNow.withoutPosition() : asOfNow;
        SessionEntry entry = snapshot.toEntry();
        DeletePublisher.Behind follower =
                new DeletePublisher.Behind(caller == null ? snapshot.way() : -1, caller, null);
        DeletePublisher.Ahead ahead = deletes.goAhead(digest, seenTombstone, follower);
        if (ahead != DeletePublisher.Ahead.NONE) {
            return ahead == DeletePublisher.Ahead.KEPT ? Sent.NOT : Sent.WINDOW_FULL;
        }
        waysInFlight.put(snapshot.way(), snapshot.stateWord());
        CompletableFuture<Receipt> sent = null;
        try {
            sent = tier.publish(entry, digest, claims.epoch(), claims.position(), seenTombstone, level);
        } finally {
            if (sent == null || isBusy(sent)) {
                waysInFlight.remove(snapshot.way(), snapshot.stateWord());
            }
        }
        if (isBusy(sent)) {
            return Sent.WINDOW_FULL;
        }
        var unused = sent.whenComplete((receipt, failure) -> onReceipt(snapshot, claims, caller, receipt, failure));
        return Sent.YES;
    }

    /** Reads the key's entry again; true where it belongs to a life that is newer than the tombstone. */
    private boolean isThereAfter(Version tombstone, EntrySnapshot snapshot) {
        return lru.findUnsent(lru.encode(snapshot.keyCopy()), snapshot) && snapshot.life() > tombstone.clock();
    }

    private static boolean isBusy(CompletableFuture<?> sent) {
        return Failures.failureOf(sent) instanceof TierBusyException;
    }

    private void onReceipt(
            EntrySnapshot snapshot, Claims claims, AwaitedSet caller, Receipt receipt, Throwable failure) {
        Throwable problem = failure;
        AwaitedSet waiting = caller;
        try {
            if (failure != null && lower(snapshot, caller, failure)) {
                waiting = null;
            }
            if (failure == null) {
                lru.confirm(snapshot, receipt, applied.place());
                if (receipt.outcome() == Receipt.Outcome.STORED) {
                    lru.counters().increment(Counter.PUBLISHED);
                }
                applied.acknowledged(claims, receipt.epoch(), receipt.position());
            }
        } catch (Throwable e) {
            // Also a want of memory: the way and its snapshot would count as in flight for ever.
            failures.unexpected("a receipt could not be taken in", e);
            problem = e;
        }
        Version published = snapshot.version();
        waysInFlight.remove(snapshot.way(), snapshot.stateWord());
        snapshots.add(snapshot);
        completed(failure == null);
        if (waiting != null) {
            Throwable told = problem;
            executor.execute(() -> caller.complete(published, receipt, told));
        }
    }

    /**
     * Where the relay has refused an entry as too far ahead of its clock it is sent again as of a lower version. What has come in its place
     * meanwhile is sent as it is, and lowered in its turn.
     *
     * @return false where nothing of it can be sent now
     */
    private boolean lower(EntrySnapshot refused, AwaitedSet caller, Throwable failure) {
        WriteOutcome outcome = refusals.lower(failure, (refusal, into) -> lru.lower(refused, refusal, into));
        if (outcome == null) {
            return false;
        }
        boolean lowered = outcome.status() == WriteOutcome.Status.STORED;
        if (caller != null) {
            boolean callers = lowered && caller.version().equals(refused.version());
            offerAwaited(callers ? caller.of(outcome.version()) : caller);
        } else if (lowered) {
            offer(outcome.way());
        }
        return true;
    }

    private void completed(boolean acknowledged) {
        completions.signal();
        wake(Wait.WINDOW);
        if (acknowledged) {
            receipts.signal();
        }
    }

    private boolean isInFlight(EntrySnapshot entry) {
        Long word = waysInFlight.get(entry.way());
        return word != null && word == entry.stateWord();
    }

    /**
     * Ends what callers wait for. The marks stay, and the deletes keep their places before the sets that follow them: all of it is sent
     * when the relay is back.
     */
    private void failWaiting(String why) {
        TierUnavailableException failure = new TierUnavailableException(why);
        if (heldSet != null) {
            fail(heldSet, failure);
            heldSet = null;
        }
        for (AwaitedSet set = awaited.poll(); set != null; set = awaited.poll()) {
            fail(set, failure);
        }
        deletes.failCallers(failure);
        conditionals.failWaiting(new TierUnavailableException("nothing stored; the relay is away"));
    }

    /** On the executor: what depends on the caller's future may block, and must hold up neither this thread nor the link's. */
    private void fail(AwaitedSet set, RuntimeException failure) {
        executor.execute(() -> set.fail(failure));
    }

    /** What stayed behind a delete: a way whose delete has failed is left to the sweep. */
    private void onFreed(DeletePublisher.Behind kept, boolean acknowledged) {
        if (kept.save() != null) {
            if (acknowledged) {
                offerConditional(kept.save());
            } else {
                conditionals.fail(
                        kept.save(),
                        new TierUnavailableException(
                                "nothing stored, the relay did not acknowledge the delete before it"));
            }
        } else if (acknowledged && kept.set() != null) {
            offerAwaited(kept.set());
        } else if (acknowledged) {
            offer(kept.way());
        } else if (kept.set() != null) {
            fail(
                    kept.set(),
                    new TierUnavailableException(
                            "stored on this host, the relay did not acknowledge the delete before it"));
        }
    }
}
