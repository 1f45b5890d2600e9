package org.globalsessions;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.LoadClaims;
import org.globalsessions.segment.LoadClaims.Claim;
import org.globalsessions.segment.LoadStart;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;

/**
 * Loads what no tier has with the application's own loader: of all threads and processes of the host that miss a key at the same time
 * one runs it, the others wait for what it stores.
 *
 * <p>Any thread may call any method; nothing here waits but the loader, on the application's executor. Within the process a key has
 * one open load, which others join; between processes a claim in the segment says who loads. Whoever waits for another process
 * looks every few milliseconds, and loads itself when that process is dead, stopped or too slow.
 */
final class Loads {
    /** Most keys loaded at a time by a process. */
    static final int MAX_LOADS = 65_536;

    /** How long another process's loader is waited for before it is run here. */
    static final long WAIT_NS = TimeUnit.SECONDS.toNanos(10);

    private static final long LOOK_MS = 5;
    private static final int MAX_ATTEMPTS = 3;

    private final SharedLru lru;
    private final Executor executor;

    /** Only hands over, so that a failure of the executor is seen. */
    private final Executor later = CompletableFuture.delayedExecutor(LOOK_MS, TimeUnit.MILLISECONDS, Runnable::run);

    private final Failures failures;
    private final Consumer<Stored> onStored;
    private final ConcurrentHashMap<String, CompletableFuture<byte[]>> open = new ConcurrentHashMap<>();
    private final Set<Claim> held = ConcurrentHashMap.newKeySet();

    /** A value that a loader brought and that is in the segment now. */
    record Stored(String key, int way) {}

    /**
     * What a load came to.
     *
     * @param value null for nothing
     */
    private record Answer(byte[] value) {}

    private record Load(
            String key, byte[] bytes, Function<? super String, byte[]> loader, CompletableFuture<byte[]> result) {}

    Loads(SharedLru lru, Executor executor, Failures failures, Consumer<Stored> onStored) {
        this.lru = lru;
        this.executor = executor;
        this.failures = failures;
        this.onStored = onStored;
    }

    /** Loads a key that was just missed, or joins who does. */
    CompletableFuture<byte[]> load(String key, byte[] bytes, Function<? super String, byte[]> loader) {
        CompletableFuture<byte[]> mine = new CompletableFuture<>();
        // Made before it is open: where there is no memory for it, nobody must find it and wait.
        Load load = new Load(key, bytes, loader, mine);
        CompletableFuture<byte[]> other = open.putIfAbsent(key, mine);
        if (other != null) {
            // The array belongs to one caller.
            return answerOf(other.thenApply(value -> value == null ? null : value.clone()));
        }
        if (open.size() > MAX_LOADS) {
            fail(load, new TierUnavailableException("too many loads are open: limit=" + MAX_LOADS));
        } else {
            handOver(load, () -> begin(load, 1, 0));
        }
        return answerOf(mine);
    }

    /**
     * What an asker gets: each in a task of its own, since what depends on one answer may wait for that of another asker of the key.
     */
    private CompletableFuture<byte[]> answerOf(CompletableFuture<byte[]> value) {
        return value.thenApplyAsync(Function.identity(), executor);
    }

    /** Keeps the claims of loaders at work; called several times a second. */
    void renew() {
        held.forEach(lru.claims()::renew);
    }

    void close() {
        open.forEach((key, result) ->
                result.completeExceptionally(new TierUnavailableException("the cache was closed meanwhile")));
        held.forEach(claim -> lru.claims().release(claim, false));
    }

    private void begin(Load load, int attempt, long beyond) {
        if (load.result.isDone() || answered(load)) {
            return;
        }
        LoadStart start = lru.beginLoad(lru.encode(load.bytes), beyond);
        if (start.claim().exists() && !start.claim().mine()) {
            lru.counters().increment(Counter.LOADS_AWAITED);
            await(load, attempt, start.claim(), System.nanoTime() + WAIT_NS);
        } else {
            run(load, attempt, start);
        }
    }

    private void await(Load load, int attempt, Claim other, long deadlineNs) {
        later.execute(() -> handOver(load, () -> look(load, attempt, other, deadlineNs)));
    }

    private void look(Load load, int attempt, Claim other, long deadlineNs) {
        if (load.result.isDone() || answered(load)) {
            return;
        }
        LoadClaims.End end = lru.claims().look(other);
        boolean late = deadlineNs - System.nanoTime() <= 0;
        if (end == LoadClaims.End.NOTHING) {
            complete(load, null);
        } else if (end == LoadClaims.End.HELD && !late) {
            await(load, attempt, other, deadlineNs);
        } else {
            begin(load, attempt, late ? other.word() : 0);
        }
    }

    /** Whether the value is here by now. */
    private boolean answered(Load load) {
        byte[] value = here(load);
        if (value != null) {
            complete(load, value);
        }
        return value != null;
    }

    private byte[] here(Load load) {
        EntrySnapshot snapshot = new EntrySnapshot();
        return lru.find(lru.encode(load.bytes), snapshot) ? snapshot.valueCopy() : null;
    }

    private void run(Load load, int attempt, LoadStart start) {
        Claim claim = start.claim();
        if (claim.exists()) {
            held.add(claim);
        } else {
            lru.counters().increment(Counter.LOADS_WITHOUT_CLAIM);
        }
        boolean nothing = false;
        Answer answer;
        try {
            lru.counters().increment(Counter.LOADS);
            byte[] value = load.loader.apply(load.key); // LAYOUT load 4
            // Nobody joins from here on: a get that begins after a delete must not get what was loaded before it.
            open.remove(load.key, load.result);
            nothing = value == null;
            answer = nothing ? new Answer(null) : store(load, attempt, start, value);
        } finally {
            held.remove(claim);
            lru.claims().release(claim, nothing);
        }
        if (answer == null) {
            begin(load, attempt + 1, 0);
        } else {
            // Only now: the asker may ask again at once, and would be told to wait for this very claim.
            load.result.complete(answer.value);
        }
    }

    /** Returns null where the session was, or may have been, deleted meanwhile, so that the value must not be stored: to be loaded again. */
    private Answer store(Load load, int attempt, LoadStart start, byte[] value) {
        WriteOutcome outcome = new WriteOutcome();
        lru.finishLoad(lru.encode(load.bytes), value, start, outcome);
        return switch (outcome.status()) {
            case STORED -> {
                onStored.accept(new Stored(load.key, outcome.way()));
                yield new Answer(value.clone());
            }
            case SUPERSEDED -> {
                byte[] newer = here(load);
                yield new Answer(newer == null ? value.clone() : newer);
            }
            case BEATEN_BY_TOMBSTONE -> attempt < MAX_ATTEMPTS ? null : new Answer(null);
            // After the last attempt: nobody has joined since the first, so this one began after all who get it had
            // asked, and is no older than that.
            case STALE -> attempt < MAX_ATTEMPTS ? null : new Answer(value.clone());
            // Every place is held by what the relay does not have yet: the value counts, the next miss loads it again.
            default -> new Answer(value.clone());
        };
    }

    private void complete(Load load, byte[] value) {
        open.remove(load.key, load.result);
        load.result.complete(value);
    }

    private void fail(Load load, Throwable failure) {
        open.remove(load.key, load.result);
        load.result.completeExceptionally(failure);
    }

    private void handOver(Load load, Runnable piece) {
        try {
            executor.execute(() -> doSafely(load, piece));
        } catch (Throwable e) {
            // An executor without threads: everybody who asks for the key from now on would wait for this load.
            fail(load, e);
        }
    }

    private void doSafely(Load load, Runnable piece) {
        try {
            piece.run();
        } catch (Throwable e) {
            // The loader's failure is the asker's to see; whatever else it was, nobody may wait for ever.
            failures.unexpected("a load failed", e);
            fail(load, e);
        }
    }
}
