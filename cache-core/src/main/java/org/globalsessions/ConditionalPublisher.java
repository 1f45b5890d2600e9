package org.globalsessions;

import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.RelayPosition;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.tier.ClockAheadException;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.TierBusyException;

/**
 * The saves that the relay decides, on their way there. Each leaves behind what this host has changed of its key and the relay does not have
 * yet, on the same connection, so that the relay compares with it. One whose receipt was lost with the connection is sent
 * again as it was, for a bounded time: the relay knows it by its version.
 *
 * <p>Any thread offers; the publisher's thread sends; receipts come on the link's thread.
 */
final class ConditionalPublisher {
    /** Saves that wait to be sent. */
    static final int CAPACITY = 4096;

    private final SharedLru lru;
    private final NextTier tier;
    private final AppliedPosition applied;
    private final ClockRefusals refusals;
    private final DeletePublisher deletes;
    private final Predicate<byte[]> ahead;
    private final Failures failures;
    private final Executor executor;
    private final Consumer<Boolean> onCompleted;
    private final Queue<ConditionalSave> waiting = new ArrayBlockingQueue<>(CAPACITY);

    /** Sent over a connection that was lost: bounded by the tier's window. */
    private final Queue<ConditionalSave> unanswered = new ConcurrentLinkedQueue<>();

    private final AtomicInteger inFlight = new AtomicInteger();
    private final SendLoop<ConditionalSave> loop = new SendLoop<>(this::next, this::send);
    private volatile boolean closed;

    /**
     * Nothing waits yet.
     *
     * @param deletes     sends this host's delete of a key first
     * @param ahead       sends what this host has stored of a key and the relay lacks, unless it is on its way; false where the window is full
     * @param onCompleted told on the link's thread of each receipt (true) and failure (false)
     */
    ConditionalPublisher(
            SharedLru lru,
            NextTier tier,
            AppliedPosition applied,
            DeletePublisher deletes,
            Predicate<byte[]> ahead,
            Failures failures,
            Executor executor,
            Consumer<Boolean> onCompleted) {
        this.lru = lru;
        this.tier = tier;
        this.applied = applied;
        this.refusals = new ClockRefusals(lru, applied);
        this.deletes = deletes;
        this.ahead = ahead;
        this.failures = failures;
        this.executor = executor;
        this.onCompleted = onCompleted;
    }

    /** Adds a save; where there is no room its caller is told. */
    void offer(ConditionalSave save) {
        if (!waiting.offer(save)) {
            fail(
                    save,
                    new TierBusyException(
                            "nothing stored, too many conditional saves wait for the relay: limit=" + CAPACITY));
        } else if (closed && waiting.remove(save)) {
            // Whoever closes has looked for what waits before it was there: nobody else would tell its caller.
            fail(save, new TierUnavailableException("the cache was closed meanwhile"));
        }
    }

    /** Whether nothing waits to be sent. */
    boolean isEmpty() {
        return waiting.isEmpty() && unanswered.isEmpty();
    }

    boolean hasNoneInFlight() {
        return inFlight.get() == 0;
    }

    /** Sends what waits, as the publisher's thread; false where the window is full. */
    boolean send() {
        return !tier.isConnected() || loop.send();
    }

    private ConditionalSave next() {
        if (!tier.isConnected()) {
            // What is sent then comes back at once, to wait for the next connection.
            return null;
        }
        ConditionalSave again = unanswered.poll();
        return again == null ? waiting.poll() : again;
    }

    private boolean send(ConditionalSave save) {
        if (save.isClaimed() && save.isOver()) {
            fail(save, unknown());
            return true;
        }
        if (!save.isClaimed() && !claim(save)) {
            return false;
        }
        if (!save.isClaimed()) {
            // It waits for the receipt of a delete.
            return true;
        }
        CompletableFuture<Receipt> sent = tier.publishIf(
                save.entry(),
                save.digest(),
                save.claims().epoch(),
                save.claims().position(),
                save.seenTombstone(),
                save.expected(),
                save.level());
        if (Failures.failureOf(sent) instanceof TierBusyException) {
            return false;
        }
        inFlight.incrementAndGet();
        var unused = sent.whenComplete((receipt, failure) -> onReceipt(save, receipt, failure));
        return true;
    }

    /** False where the window is full. */
    private boolean claim(ConditionalSave save) {
        AppliedPosition.Claims claims = applied.claims();
        Version tombstone = lru.tombstone(save.digest());
        DeletePublisher.Ahead delete =
                deletes.goAhead(save.digest(), tombstone, new DeletePublisher.Behind(-1, null, save));
        if (delete != DeletePublisher.Ahead.NONE) {
            return delete == DeletePublisher.Ahead.KEPT;
        }
        if (!ahead.test(save.key())) {
            return false;
        }
        EntrySnapshot here = new EntrySnapshot();
        boolean isHere = lru.find(lru.encode(save.key()), here);
        if (isHere && isAheadOf(save, here)) {
            fail(save, ConditionFailedException.otherVersion(here.version()));
            return true;
        }
        save.claim(claims, tombstone, isHere ? here : null);
        return true;
    }

    /**
     * Whether this host has stored something else before, as of a clock that a relay has refused since. That relay may refuse this too, compare the
     * save with what was there before, and take this with a lower version after the save.
     */
    private static boolean isAheadOf(ConditionalSave save, EntrySnapshot here) {
        return (here.marks() & RecordDescriptor.UNPUBLISHED) != 0
                && !here.version().equals(save.expected())
                && here.version().compareTo(save.proposedVersion()) > 0;
    }

    private void onReceipt(ConditionalSave save, Receipt receipt, Throwable failure) {
        inFlight.decrementAndGet();
        if (failure != null && proposeAgain(save, failure)) {
            onCompleted.accept(false);
            return;
        }
        if (failure != null && !tier.isConnected() && !save.isOver() && keepForNextConnection(save)) {
            onCompleted.accept(false);
            return;
        }
        try {
            if (failure == null) {
                takeIn(save, receipt);
                applied.acknowledged(save.claims(), receipt.epoch(), receipt.position());
            }
        } catch (Throwable e) {
            // The relay has decided, and announces it to this host, too.
            failures.unexpected("the receipt of a conditional save could not be taken in", e);
        }
        onCompleted.accept(failure == null);
        if (failure == null) {
            executor.execute(() -> save.complete(receipt));
        } else {
            TierUnavailableException cause = Failures.unavailable("the relay could not be asked", failure);
            fail(
                    save,
                    cause instanceof TierBusyException
                            ? cause
                            : new TierUnavailableException(
                                    "not acknowledged, read the session again: " + cause.getMessage(), cause));
        }
    }

    /** Where the relay has refused it as too far ahead of its clock it waits for its turn with another version. */
    private boolean proposeAgain(ConditionalSave save, Throwable failure) {
        try {
            ClockAheadException refusal = refusals.takeIn(failure);
            if (refusal == null || !save.proposeAgain(lru, applied.place(), refusal)) {
                return false;
            }
        } catch (Throwable e) {
            failures.unexpected("a conditional save could not be proposed again", e);
            return false;
        }
        offer(save);
        return true;
    }

    private boolean keepForNextConnection(ConditionalSave save) {
        save.sendAgain();
        unanswered.add(save);
        // Whoever closes looks for what waits after having said so.
        return !closed || !unanswered.remove(save);
    }

    private void takeIn(ConditionalSave save, Receipt receipt) {
        RelayPosition relay = applied.place();
        switch (receipt.outcome()) {
            case STORED -> fill(save, receipt, relay);
            case BEATEN_BY_TOMBSTONE ->
                lru.applyDelete(
                        save.digest(),
                        receipt.version(),
                        relay,
                        receipt.epoch(),
                        receipt.position(),
                        new WriteOutcome());
            // So that who reads again is given what counts, and not once more what has lost.
            case CONDITION_FAILED, SUPERSEDED -> lru.removeOlder(save.digest(), receipt.version());
        }
    }

    private void fill(ConditionalSave save, Receipt receipt, RelayPosition relay) {
        confirmExpected(save, receipt, relay);
        boolean comparable = receipt.epoch() == relay.epoch();
        if (receipt.life() == 0 || (comparable && relay.position() > receipt.position())) {
            // What was announced since is applied already: what it made void must not come back.
            lru.removeOlder(save.digest(), receipt.version());
            return;
        }
        lru.fill(
                lru.encode(save.key()),
                save.stored(receipt),
                relay,
                comparable ? receipt.position() : Long.MAX_VALUE,
                0,
                true,
                SharedLru.ANNOUNCED,
                new WriteOutcome());
    }

    /**
     * The relay had what the save was to replace, in the life that it told: that is the receipt of it, too. Its own may still be on its way, and what
     * was begun here stays until it is judged.
     */
    private void confirmExpected(ConditionalSave save, Receipt receipt, RelayPosition relay) {
        EntrySnapshot there = new EntrySnapshot();
        boolean holds = receipt.life() != 0
                && lru.find(lru.encode(save.key()), there)
                && there.version().equals(save.expected());
        if (holds) {
            lru.confirm(
                    there,
                    new Receipt(
                            Receipt.Outcome.STORED,
                            save.expected(),
                            receipt.life(),
                            receipt.held(),
                            receipt.epoch(),
                            receipt.position()),
                    relay);
        }
    }

    /** Drops what made sending fail, as the publisher's thread. */
    void dropHeld(TierUnavailableException why) {
        loop.drop(held -> fail(held, why));
    }

    /** The relay is away, as the publisher's thread: what it has not been sent is not stored, what it has is sent again if it comes back soon. */
    void failWaiting(TierUnavailableException why) {
        if (loop.held() != null && !loop.held().isClaimed()) {
            dropHeld(why);
        }
        for (ConditionalSave save = waiting.poll(); save != null; save = waiting.poll()) {
            fail(save, why);
        }
        if (loop.held() != null && loop.held().isOver()) {
            dropHeld(unknown());
        }
        unanswered.removeIf(save -> {
            boolean over = save.isOver();
            if (over) {
                fail(save, unknown());
            }
            return over;
        });
    }

    /** No more is sent, as the publisher's thread. */
    void close(TierUnavailableException why) {
        closed = true;
        failWaiting(why);
        dropHeld(unknown());
        for (ConditionalSave save = unanswered.poll(); save != null; save = unanswered.poll()) {
            fail(save, unknown());
        }
    }

    private static TierUnavailableException unknown() {
        return new TierUnavailableException(
                "the relay went away before it answered: not known whether the session is stored, read it again");
    }

    /** On the executor: what depends on the caller's future may block. */
    void fail(ConditionalSave save, RuntimeException failure) {
        executor.execute(() -> save.fail(failure));
    }
}
