package org.globalsessions;

import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.globalsessions.AppliedPosition.Claims;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.TierBusyException;

/**
 * The deletes on their way to the next tier, and the sets that have to stay behind them: until its receipt has come a tombstone's
 * version is not final, and a new life published over it would lose to what the relay makes of it.
 *
 * <p>Any thread offers; the publisher's thread sends; receipts come on the link's thread.
 */
final class DeletePublisher {
    /** Deletes that wait to be sent; beyond, those without a waiting caller are left to the sweep. */
    static final int CAPACITY = 8192;

    /**
     * What stays behind a delete.
     *
     * @param way  a marked way, -1 where a caller's set or save is meant
     * @param set  the caller's set, or null
     * @param save the caller's conditional save, or null
     */
    record Behind(int way, AwaitedSet set, ConditionalSave save) {}

    /** What became of something that a delete may have to go ahead of. */
    enum Ahead {
        /** No delete waits for its receipt: it may be sent. */
        NONE,
        /** It stays behind the delete, and is given back when that is answered. */
        KEPT,
        /** The window is full: the same again after the next receipt. */
        WINDOW_FULL
    }

    private record Delete(
            KeyDigest digest, Version version, Acknowledgement level, CompletableFuture<Boolean> caller) {}

    private final SharedLru lru;
    private final NextTier tier;
    private final AppliedPosition applied;
    private final Failures failures;
    private final Executor executor;
    private final Consumer<Boolean> onCompleted;
    private final Queue<Delete> waiting = new ArrayBlockingQueue<>(CAPACITY);

    /** The youngest delete of a key that is in flight. */
    private final Map<KeyDigest, Version> inFlight = new ConcurrentHashMap<>();

    /** What to do once a delete in flight is answered: bounded by the tier's window, since only such have an entry. */
    private final Map<KeyDigest, Set<Behind>> behind = new ConcurrentHashMap<>();

    private final BiConsumer<Behind, Boolean> onFreed;

    private final SendLoop<Delete> loop = new SendLoop<>(waiting::poll, this::send);
    private final ClockRefusals refusals;

    /**
     * Nothing waits yet.
     *
     * @param onCompleted told on the link's thread of each receipt (true) and failure (false)
     * @param onFreed     gets back what {@link #goAhead} has kept, and whether it may be sent now or the delete has failed
     */
    DeletePublisher(
            SharedLru lru,
            NextTier tier,
            AppliedPosition applied,
            Failures failures,
            Executor executor,
            Consumer<Boolean> onCompleted,
            BiConsumer<Behind, Boolean> onFreed) {
        this.lru = lru;
        this.tier = tier;
        this.applied = applied;
        this.refusals = new ClockRefusals(lru, applied);
        this.failures = failures;
        this.executor = executor;
        this.onCompleted = onCompleted;
        this.onFreed = onFreed;
    }

    /**
     * Adds a delete made here.
     *
     * @param caller completed with whether the next tier held the key; null where nobody waits
     * @return false where there was no room: the sweep sends it, and a caller is told
     */
    boolean offer(KeyDigest digest, Version version, Acknowledgement level, CompletableFuture<Boolean> caller) {
        boolean room = waiting.offer(new Delete(digest, version, level, caller));
        if (!room && caller != null) {
            caller.completeExceptionally(new TierBusyException(
                    "deleted on this host, too many deletes wait for the relay: limit=" + CAPACITY));
        }
        return room;
    }

    boolean isInFlight(KeyDigest digest) {
        return inFlight.containsKey(digest);
    }

    /** Whether nothing waits to be sent. */
    boolean isEmpty() {
        return waiting.isEmpty();
    }

    boolean hasNoneInFlight() {
        return inFlight.isEmpty();
    }

    /** Sends what waits, as the publisher's thread; false where the window is full. */
    boolean send() {
        return loop.send();
    }

    /**
     * Lets a delete of the key that has no receipt yet go first, and keeps what follows it until that is answered. As the publisher's thread.
     *
     * @param tombstone the key's tombstone, as it was read with what is to be sent
     */
    Ahead goAhead(KeyDigest digest, Version tombstone, Behind follower) {
        Version awaited = tombstone.equals(Version.NONE) ? Version.NONE : lru.awaitedDelete(digest);
        if (awaited.equals(Version.NONE)) {
            return Ahead.NONE;
        }
        if (!send() || !sendUnlessInFlight(digest, awaited)) {
            return Ahead.WINDOW_FULL;
        }
        keepBehind(digest, follower);
        return Ahead.KEPT;
    }

    private boolean sendUnlessInFlight(KeyDigest digest, Version version) {
        return version.equals(inFlight.get(digest)) || send(new Delete(digest, version, Acknowledgement.RELAY, null));
    }

    private void keepBehind(KeyDigest digest, Behind kept) {
        behind.compute(digest, (unused, others) -> {
            Set<Behind> all = others == null ? ConcurrentHashMap.newKeySet() : others;
            all.add(kept);
            return all;
        });
        // The answer may have come just before: then nobody else frees it.
        if (!inFlight.containsKey(digest)) {
            free(digest, !lru.awaitsDeleteReceipt(digest));
        }
    }

    /** Drops what made sending fail, as the publisher's thread; its tombstone is in the segment. */
    void dropHeld(TierUnavailableException why) {
        loop.drop(held -> {
            inFlight.remove(held.digest, held.version);
            fail(held, why);
        });
    }

    /** Tells callers who wait; the deletes keep their places, before the sets that follow them. */
    void failCallers(TierUnavailableException why) {
        if (loop.held() != null) {
            fail(loop.held(), why);
        }
        waiting.forEach(delete -> fail(delete, why));
    }

    /**
     * A delete as the one that has its place by now, as it may have waited long: the host's highest that has no receipt yet, else the one that
     * stands, whoever's it is. The relay would take the earlier one for a later delete than what has begun since. It may have a lower version
     * than was offered, where the relay has refused that as too far ahead.
     *
     * @return null where none has its place any more: the relay has acknowledged it, or a later one, and all questions of that time are over
     */
    private Delete asOfNow(Delete offered) {
        Version awaited = lru.awaitedDelete(offered.digest);
        Version now = awaited.equals(Version.NONE) ? lru.tombstone(offered.digest) : awaited;
        return now.equals(Version.NONE) ? null : new Delete(offered.digest, now, offered.level, offered.caller);
    }

    private boolean send(Delete offered) {
        Delete delete = asOfNow(offered);
        if (delete == null) {
            fail(offered, new TierUnavailableException("deleted on this host, the relay was told long ago"));
            return true;
        }
        inFlight.put(delete.digest, delete.version);
        Claims asOfNow = applied.claims();
        boolean unjudged = lru.file().relays().isUnjudged(delete.version.clock());
        Claims claims = unjudged ? asOfNow.withoutPosition() : asOfNow;
        boolean under = false;
        CompletableFuture<Receipt> sent;
        try {
            // That it is everywhere is asked once it has its number.
            Acknowledgement level = delete.level == Acknowledgement.EVERYWHERE ? Acknowledgement.RELAY : delete.level;
            sent = tier.delete(delete.digest, delete.version, claims.epoch(), claims.position(), level);
            under = !(Failures.failureOf(sent) instanceof TierBusyException);
        } finally {
            if (!under) {
                inFlight.remove(delete.digest, delete.version);
            }
        }
        if (!under) {
            return false;
        }
        var unused = sent.whenComplete((receipt, failure) -> onReceipt(delete, claims, receipt, failure));
        return true;
    }

    private void onReceipt(Delete delete, Claims claims, Receipt receipt, Throwable failure) {
        Throwable problem = failure;
        try {
            if (failure != null && lower(delete, failure)) {
                return;
            }
            if (failure == null) {
                lru.confirmDelete(delete.digest, delete.version, receipt, applied.place());
                applied.acknowledged(claims, receipt.epoch(), receipt.position());
            }
        } catch (Throwable e) {
            // Also a want of memory: what waits behind this delete would wait for ever.
            failures.unexpected("a delete's receipt could not be taken in", e);
            problem = e;
        }
        if (inFlight.remove(delete.digest, delete.version)) {
            free(delete.digest, problem == null);
        }
        onCompleted.accept(failure == null);
        if (delete.caller != null && problem == null && delete.level == Acknowledgement.EVERYWHERE) {
            var unused = tier.awaitEverywhere(delete.digest, receipt.epoch(), receipt.position())
                    .whenComplete((reached, late) -> tell(
                            delete.caller,
                            receipt.held(),
                            late,
                            "deleted on this host and at the relay, it is not known whether everywhere"));
        } else if (delete.caller != null) {
            tell(
                    delete.caller,
                    problem == null && receipt.held(),
                    problem,
                    "deleted on this host, the relay did not acknowledge it");
        }
    }

    /**
     * Where the relay has refused a delete as too far ahead of its clock it is sent again with a lower version, and what stays behind it comes
     * back to do so again.
     *
     * @return false where it cannot be
     */
    private boolean lower(Delete refused, Throwable failure) {
        WriteOutcome outcome = refusals.lower(
                failure, (refusal, into) -> lru.lowerDelete(refused.digest, refused.version, refusal, into));
        if (outcome == null) {
            return false;
        }
        boolean lowered = outcome.status() == WriteOutcome.Status.STORED;
        inFlight.remove(refused.digest, refused.version);
        // Before what stays behind it is let go. Without room the sweep sends it, or what stays behind it does.
        boolean unused =
                offer(refused.digest, lowered ? outcome.version() : refused.version, refused.level, refused.caller);
        free(refused.digest, true);
        onCompleted.accept(false);
        return true;
    }

    /** On the executor: what depends on the caller's future may block. */
    private void tell(CompletableFuture<Boolean> caller, boolean held, Throwable problem, String what) {
        executor.execute(() -> {
            if (problem == null) {
                caller.complete(held);
            } else {
                caller.completeExceptionally(Failures.unavailable(what, problem));
            }
        });
    }

    private void free(KeyDigest digest, boolean acknowledged) {
        Set<Behind> kept = behind.remove(digest);
        if (kept != null) {
            kept.forEach(each -> onFreed.accept(each, acknowledged));
        }
    }

    private void fail(Delete delete, TierUnavailableException failure) {
        if (delete.caller != null && !delete.caller.isDone()) {
            executor.execute(() -> delete.caller.completeExceptionally(failure));
        }
    }
}
