package org.globalsessions;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RelayPosition;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.TierAnswer;
import org.globalsessions.tier.Touch;

/**
 * Asks a key's relay for what the segment does not hold, and fills the segment with the answer. Concurrent misses of one key are
 * one question; where that finds nothing, those who joined it while it was open share a second one.
 *
 * <p>Any thread may call any method; nothing here waits. Answers are handled on the application's executor, since what depends
 * on a get may block, and the link's thread must not.
 *
 * <p>A question is open to further askers only until its answer has come, which is before the segment is filled: a get that
 * begins after a delete therefore either asks a new question or joins one whose answer the fill will hold against the
 * tombstone. An answer is given only as the fill found it, never past it.
 */
final class Recovery {
    /** Most keys asked for at a time; beyond, gets end with {@link TierUnavailableException}. */
    static final int MAX_QUESTIONS = 65_536;

    private static final int MAX_ATTEMPTS = 3;

    /** Ticks that the telling of a use may take, and the part of the idle time-out where that is longer. */
    private static final int LATE_TICKS = 10;

    private static final int LATE_PART = 64;

    private record Question(String key, byte[] bytes, KeyDigest digest, CompletableFuture<VersionedValue> result) {}

    private final SharedLru lru;
    private final Relays relays;
    private final Executor executor;
    private final Counters counters;
    private final Failures failures;
    private final ConcurrentHashMap<String, CompletableFuture<VersionedValue>> open = new ConcurrentHashMap<>();

    Recovery(SharedLru lru, Relays relays, Executor executor, Failures failures) {
        this.lru = lru;
        this.relays = relays;
        this.executor = executor;
        this.counters = lru.counters();
        this.failures = failures;
    }

    /**
     * Asks.
     *
     * @param key     the key
     * @param encoded the same
     * @return a future for the asker alone: the session; null where no tier has it; else {@link TierUnavailableException}
     */
    CompletableFuture<VersionedValue> recover(String key, EncodedKey encoded) {
        return answerOf(recover(key, encoded.copy(), encoded.digest(), true));
    }

    /** @param begins whether the caller's get begins now: an open question may then have been answered before it */
    private CompletableFuture<VersionedValue> recover(String key, byte[] bytes, KeyDigest digest, boolean begins) {
        CompletableFuture<VersionedValue> mine = new CompletableFuture<>();
        // Made before it is open: where there is no memory for it, nobody must find it and wait.
        Question question = new Question(key, bytes, digest, mine);
        CompletableFuture<VersionedValue> other = open.putIfAbsent(key, mine);
        if (other != null) {
            return other.thenCompose(value -> {
                if (value == null && begins) {
                    // A session that was acknowledged elsewhere before this get began may have come to the relay after
                    // its answer had left. The next question is asked later than that, whoever of the askers does it.
                    return recover(key, bytes, digest, false);
                }
                // The array belongs to one caller.
                return CompletableFuture.completedFuture(
                        value == null ? null : new VersionedValue(value.value().clone(), value.version()));
            });
        }
        if (open.size() > MAX_QUESTIONS) {
            fail(question, new TierUnavailableException("too many questions are open: limit=" + MAX_QUESTIONS));
        } else {
            ask(question, 1);
        }
        return mine;
    }

    /**
     * What an asker gets: each in a task of its own, since what depends on one answer may wait for that of another asker of the key.
     */
    private CompletableFuture<VersionedValue> answerOf(CompletableFuture<VersionedValue> value) {
        return value.thenApplyAsync(Function.identity(), executor);
    }

    void close() {
        open.forEach((key, result) ->
                result.completeExceptionally(new TierUnavailableException("the cache was closed meanwhile")));
    }

    private void ask(Question question, int attempt) {
        counters.increment(Counter.QUESTIONS);
        long announced = lru.announced(question.digest);
        try {
            var unused = relays.of(question.digest.low())
                    .tier()
                    .ask(question.bytes, question.digest)
                    .whenComplete((answer, failure) -> handOver(question, attempt, announced, answer, failure));
        } catch (Throwable e) {
            // Also a want of memory: everybody who asks for the key from now on would wait for this question.
            handOver(question, attempt, announced, null, e);
        }
    }

    private void handOver(Question question, int attempt, long announced, TierAnswer answer, Throwable failure) {
        try {
            executor.execute(() -> onAnswer(question, attempt, announced, answer, failure));
        } catch (Throwable e) {
            fail(question, Failures.unavailable("the answer could not be taken in", e));
        }
    }

    private void onAnswer(Question question, int attempt, long announced, TierAnswer answer, Throwable failure) {
        open.remove(question.key, question.result);
        if (question.result.isDone()) {
            // The cache was closed meanwhile: nobody waits, and the segment takes no writes any more.
            return;
        }
        try {
            if (failure != null) {
                fail(question, Failures.unavailable("the next tier did not answer", failure));
            } else if (answer.entry() == null) {
                // Somebody on this host may have stored it while the question was away: a user must not be logged out
                // then.
                answerMissing(question, answer.epoch());
            } else if (!Arrays.equals(answer.entry().key(), question.bytes)) {
                fail(question, new TierUnavailableException("the next tier answered for another key"));
            } else {
                fill(question, attempt, announced, answer);
            }
        } catch (Throwable e) {
            failures.unexpected("an answer of the next tier could not be taken in", e);
            fail(question, Failures.unavailable("the answer could not be taken in", e));
        }
    }

    private void fill(Question question, int attempt, long announced, TierAnswer answer) {
        SessionEntry entry = answer.entry();
        if (entry.isIdle() && wasUsedHereLast(question, entry)) {
            question.result.complete(null);
            return;
        }
        // Positions of different relay epochs say nothing about each other; tombstones are held against the entry all
        // the same.
        RelayPosition relay = relays.of(question.digest.low()).position();
        boolean comparable = answer.epoch() == relay.epoch();
        WriteOutcome outcome = new WriteOutcome();
        lru.fill(
                lru.encode(question.bytes),
                entry.usedNow(),
                relay,
                comparable ? answer.position() : Long.MAX_VALUE,
                0,
                true,
                announced,
                outcome);
        boolean served =
                outcome.status() == WriteOutcome.Status.STORED || outcome.status() == WriteOutcome.Status.NO_ROOM;
        if (entry.isIdle() && served) {
            // The relay did not take the question for a use. It is one here, so that the next walk tells it where this
            // does not arrive.
            lru.touch(lru.encode(question.bytes));
            relays.of(question.digest.low()).tier().touch(List.of(new Touch(question.digest, entry.life(), 0)));
        }
        switch (outcome.status()) {
            case STORED, NO_ROOM -> found(question, new VersionedValue(entry.value(), entry.version()));
            // All have answered, and what they have is older than what has ended here.
            case EXPIRED -> question.result.complete(null);
            case BEATEN_BY_TOMBSTONE -> question.result.complete(here(question, 0));
            case SUPERSEDED -> {
                VersionedValue newer = here(question, entry.life());
                if (newer != null) {
                    found(question, newer);
                } else {
                    askAgain(question, attempt);
                }
            }
            default -> askAgain(question, attempt);
        }
    }

    /**
     * Whether no tier knows of a later use than this host's own, so that the idle time has run out for certain. Else the session may have been
     * used elsewhere since, and only that host knows as yet.
     */
    private boolean wasUsedHereLast(Question question, SessionEntry entry) {
        int here = lru.idleTicks(lru.encode(question.bytes), entry.life());
        // What this host has told of its own use reached the relay a little later.
        return here != SharedLru.ABSENT
                // Used here meanwhile, or by another question's answer: it has not ended.
                && here >= entry.idleLimitTicks()
                && here - entry.idleTicks() <= Math.max(LATE_TICKS, entry.idleLimitTicks() / LATE_PART);
    }

    private void found(Question question, VersionedValue value) {
        counters.increment(Counter.TIER_HITS);
        question.result.complete(value);
    }

    private void askAgain(Question question, int attempt) {
        if (attempt >= MAX_ATTEMPTS) {
            fail(
                    question,
                    new TierUnavailableException("the next tier's answers were older than this host's deletes: asked "
                            + attempt + " times"));
        } else {
            ask(question, attempt + 1);
        }
    }

    /** What this host has of the key and may serve, as its lease covers it or the relay has just confirmed that life. */
    private VersionedValue here(Question question, long confirmedLife) {
        EntrySnapshot snapshot = new EntrySnapshot();
        boolean served = lru.find(lru.encode(question.bytes), snapshot)
                && (snapshot.life() == confirmedLife || relays.covers(snapshot));
        return served ? new VersionedValue(snapshot.valueCopy(), snapshot.version()) : null;
    }

    /**
     * No tier has it. What this host has and may not serve without them goes, as it has ended elsewhere; but a relay that has lost its segment may not have heard of it
     * yet.
     *
     * @param epoch of the relay that has answered
     */
    private void answerMissing(Question question, long epoch) {
        long known = relays.of(question.digest.low()).position().epoch();
        boolean isOfAnother = epoch != 0 && known != 0 && epoch != known;
        EntrySnapshot snapshot = new EntrySnapshot();
        while (lru.find(lru.encode(question.bytes), snapshot)) {
            if (relays.covers(snapshot)) {
                question.result.complete(new VersionedValue(snapshot.valueCopy(), snapshot.version()));
                return;
            }
            if (isOfAnother) {
                fail(question, new TierUnavailableException("the relay has not heard yet of the session that is here"));
                return;
            }
            if (lru.discard(snapshot)) {
                counters.increment(Counter.DISCARDED_UNCONFIRMED);
            }
        }
        question.result.complete(null);
    }

    private void fail(Question question, TierUnavailableException failure) {
        open.remove(question.key, question.result);
        counters.increment(Counter.TIER_UNAVAILABLE);
        question.result.completeExceptionally(failure);
    }
}
