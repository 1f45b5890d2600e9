package org.globalsessions.queue;

import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Supplier;
import org.globalsessions.queue.OwnerTransaction.Taken;
import org.globalsessions.queue.Pulled.End;

/**
 * The pulls of this process that wait for a message: at most one for each name of an owner, the newest. The owner's entry has the {@link PullTicket} of the newest one of all
 * processes: an older one ends.
 *
 * <p>Any thread. They look for a message when this process commits something of the owner or hears of another host's, else five times a second whether another
 * process of this host has.
 */
final class WaitingPulls {
    private static final Duration LONGEST_CLOSE = Duration.ofSeconds(1);
    private static final Duration LOOK_INTERVAL = Duration.ofMillis(200);

    /** Every so many looks by the host's table alone, one that asks the relay where the table does not have the owner any more. */
    private static final int LOOKS_A_QUESTION = 25;

    /** Which queue. */
    private record Queue(String owner, String name) {}

    /** One pull. */
    private static final class Waiter {
        final boolean keep;
        final PullTicket ticket;
        final CompletableFuture<Pulled> result = new CompletableFuture<>();

        Waiter(boolean keep, PullTicket ticket) {
            this.keep = keep;
            this.ticket = ticket;
        }

        /** Whether there may be something for it under its name: a message, or the end by a newer pull. */
        boolean isConcerned(OwnerState.Named named) {
            return !named.messages().isEmpty() || ticket.isBehind(named.ticket);
        }
    }

    /** A queue that somebody waits for, or that a message is being taken from. */
    private static final class Slot {
        final Queue queue;
        Waiter waiter;
        boolean taking;
        boolean again;

        /** Whether this host had the owner's entry at the last look. */
        boolean wasHere;

        Slot(Queue queue) {
            this.queue = queue;
        }
    }

    /** Runs a transaction of an owner. */
    @FunctionalInterface
    interface Transactions {
        <T> CompletableFuture<T> run(String owner, Function<OwnerTransaction, T> function);
    }

    private final Transactions transactions;
    private final OwnerEntries entries;
    private final long timeoutMs;
    private final LongAdder lost;
    private final InstantSource clock;

    /** Messages that are being taken or put back. */
    private final AtomicInteger underWay = new AtomicInteger();

    private final Map<Queue, Slot> slots = new ConcurrentHashMap<>();
    private final Executor executor;
    private final Executor later;
    private final AtomicBoolean looking = new AtomicBoolean();
    private int looks;
    private volatile boolean closed;

    /**
     * Nobody waits.
     *
     * @param transactions runs the transactions of an owner
     * @param entries      what the host's table has of them
     * @param timeout      how long a pull waits
     * @param lost         counts messages that nobody got and that could not be put back
     * @param clock        says when a pull begins
     * @param executor     runs what depends on a pull, and the looks
     */
    WaitingPulls(
            Transactions transactions,
            OwnerEntries entries,
            Duration timeout,
            LongAdder lost,
            InstantSource clock,
            Executor executor) {
        this.transactions = transactions;
        this.entries = entries;
        this.timeoutMs = timeout.toMillis();
        this.lost = lost;
        this.clock = clock;
        this.executor = executor;
        this.later = CompletableFuture.delayedExecutor(LOOK_INTERVAL.toMillis(), TimeUnit.MILLISECONDS, executor);
    }

    /** Waits for a message, in the place of whoever waits under the same name. */
    CompletableFuture<Pulled> pull(String owner, String name, boolean keep) {
        Waiter[] earlierAndNow = new Waiter[2];
        Slot slot = slots.compute(new Queue(owner, name), (queue, present) -> {
            Slot now = present == null ? new Slot(queue) : present;
            earlierAndNow[0] = now.waiter;
            // Here, as of two at a time the one that stays is to have the higher number.
            earlierAndNow[1] = new Waiter(keep, ticket(owner, name, now.waiter));
            now.waiter = earlierAndNow[1];
            return now;
        });
        if (earlierAndNow[0] != null) {
            earlierAndNow[0].result.complete(Pulled.without(End.TAKEN_OVER));
        }
        Waiter waiter = earlierAndNow[1];
        CompletableFuture<Pulled> result = waiter.result;
        var unusedEnd = result.completeOnTimeout(Pulled.without(End.TIMED_OUT), timeoutMs, TimeUnit.MILLISECONDS)
                .whenComplete((pulled, failure) -> leave(slot, waiter));
        // What depends on a pull may block, and must not do so where the pull ends: on the timer's thread, or on that
        // of a newer pull.
        CompletableFuture<Pulled> told = result.thenApplyAsync(Function.identity(), executor);
        var unusedCancel = told.whenComplete((pulled, failure) -> result.cancel(false));
        if (closed) {
            result.complete(Pulled.without(End.CLOSED));
        } else {
            take(slot);
            lookLater();
        }
        return told;
    }

    /** Drawn now where the host has the owner: a pull that begins while this one's transaction waits is the newer one. */
    private PullTicket ticket(String owner, String name, Waiter earlier) {
        PullTicket ticket = new PullTicket(clock);
        long before = earlier == null ? PullTicket.NONE : earlier.ticket.drawn();
        Optional<OwnerState> here = here(owner);
        if (here.isPresent() || before != PullTicket.NONE) {
            OwnerState.Named named = here.map(state -> state.find(name)).orElse(null);
            ticket.drawAbove(Math.max(before, named == null ? PullTicket.NONE : named.ticket));
        }
        return ticket;
    }

    private void leave(Slot slot, Waiter waiter) {
        slots.computeIfPresent(slot.queue, (queue, present) -> {
            if (present == slot && slot.waiter == waiter) {
                slot.waiter = null;
            }
            return isUsed(present) ? present : null;
        });
    }

    private static boolean isUsed(Slot slot) {
        return slot.waiter != null || slot.taking;
    }

    /** What waits for an owner looks for the messages that it has now. */
    void committed(String owner, OwnerState state) {
        if (slots.isEmpty()) {
            return;
        }
        for (OwnerState.Named named : state.all()) {
            Slot slot = slots.get(new Queue(owner, named.name));
            Waiter waiter = slot == null ? null : waiterOf(slot);
            if (waiter != null && waiter.isConcerned(named)) {
                take(slot);
            }
        }
    }

    /** Another host has stored something of an owner. */
    void arrived(String owner) {
        List<Slot> waiting = slots.values().stream()
                .filter(slot -> slot.queue.owner.equals(owner))
                .toList();
        if (waiting.isEmpty()) {
            return;
        }
        Optional<OwnerState> here = here(owner);
        for (Slot slot : waiting) {
            OwnerState.Named named = named(here, slot);
            Waiter waiter = waiterOf(slot);
            if (waiter != null && (named == null || waiter.isConcerned(named))) {
                take(slot);
            }
        }
    }

    /** What an owner has under the name of a slot; null for nothing. */
    private static OwnerState.Named named(Optional<OwnerState> here, Slot slot) {
        return here.map(state -> state.find(slot.queue.name)).orElse(null);
    }

    /** Takes a message for whoever waits. One at a time: what comes meanwhile is looked for afterwards. */
    private void take(Slot slot) {
        Waiter[] to = new Waiter[1];
        slots.computeIfPresent(slot.queue, (queue, present) -> {
            if (present == slot && slot.taking) {
                slot.again = true;
            } else if (present == slot && slot.waiter != null) {
                slot.taking = true;
                to[0] = slot.waiter;
            }
            return present;
        });
        if (to[0] == null) {
            return;
        }
        underWay.incrementAndGet();
        var unused = running(() -> transactions.run(
                        slot.queue.owner,
                        // A pull that has ended meanwhile must take nothing, and end nobody.
                        transaction -> to[0].result.isDone()
                                ? null
                                : transaction.takeFirst(slot.queue.name, to[0].keep, to[0].ticket)))
                .whenComplete((taken, failure) -> {
                    try {
                        taken(slot, to[0], taken, failure);
                    } finally {
                        over();
                    }
                });
    }

    /** What a call throws is its future's failure: whoever waits would else wait in vain. */
    private static <T> CompletableFuture<T> running(Supplier<CompletableFuture<T>> call) {
        try {
            return call.get();
        } catch (Throwable e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void taken(Slot slot, Waiter by, Taken taken, Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof RejectedExecutionException) {
            // Too much is under way for this owner: one of the next looks finds it.
            lookLater();
        } else if (cause != null) {
            by.result.completeExceptionally(cause);
        } else if (taken != null && taken.removed()) {
            deliver(slot, taken);
        } else if (taken != null) {
            // Whoever has taken over gets it again.
            by.result.complete(taken.pulled());
        }
        // Only now: for who has his message by then none must be taken.
        boolean[] more = new boolean[1];
        slots.computeIfPresent(slot.queue, (queue, present) -> {
            slot.taking = false;
            more[0] = slot.again || (slot.waiter != null && slot.waiter != by);
            slot.again = false;
            return isUsed(slot) ? slot : null;
        });
        if (more[0]) {
            take(slot);
        }
    }

    /**
     * Gives a message that is no longer in its queue to whoever waits; back to the queue where nobody does any more, or who does wants it to stay there until it is
     * acknowledged: that one takes it anew.
     */
    private void deliver(Slot slot, Taken taken) {
        Waiter to = waiterOf(slot);
        while (to != null && !to.keep && !to.result.complete(taken.pulled())) {
            leave(slot, to);
            to = waiterOf(slot);
        }
        if (to == null || to.keep) {
            underWay.incrementAndGet();
            var unused = running(() -> transactions.run(slot.queue.owner, transaction -> {
                        transaction.putBack(slot.queue.name, taken);
                        return null;
                    }))
                    .whenComplete((nothing, failure) -> {
                        if (failure != null) {
                            lost.increment();
                        }
                        over();
                    });
        }
    }

    private Waiter waiterOf(Slot slot) {
        Waiter[] waiter = new Waiter[1];
        slots.computeIfPresent(slot.queue, (queue, present) -> {
            waiter[0] = present.waiter;
            return present;
        });
        return waiter[0];
    }

    private void over() {
        synchronized (underWay) {
            underWay.decrementAndGet();
            underWay.notifyAll();
        }
    }

    private void lookLater() {
        if (looking.compareAndSet(false, true)) {
            later.execute(this::look);
        }
    }

    private void look() {
        looking.set(false);
        if (slots.isEmpty() || closed) {
            return;
        }
        looks++;
        Map<String, Optional<OwnerState>> states = new HashMap<>();
        for (Slot slot : List.copyOf(slots.values())) {
            Optional<OwnerState> here = states.computeIfAbsent(slot.queue.owner, this::here);
            OwnerState.Named named = named(here, slot);
            boolean hasGone = here.isEmpty() && slot.wasHere;
            slot.wasHere = here.isPresent();
            Waiter waiter = waiterOf(slot);
            if (waiter != null
                    && (hasGone
                            || (here.isEmpty() && looks % LOOKS_A_QUESTION == 0)
                            || (here.isPresent() && isToTake(waiter, named)))) {
                take(slot);
            }
        }
        lookLater();
    }

    private static boolean isToTake(Waiter waiter, OwnerState.Named named) {
        return named == null || waiter.isConcerned(named) || waiter.ticket.isAhead(named.ticket);
    }

    /** What this host has of an owner; nothing also where that is none of an owner's: whoever waits is told by its own attempt. */
    private Optional<OwnerState> here(String owner) {
        try {
            return Optional.ofNullable(entries.here(owner));
        } catch (IllegalStateException e) {
            return Optional.empty();
        }
    }

    /** Ends all pulls, and those to come. Waits a moment for messages that are just being taken: who is closed gets none, and they have to go back. */
    void close() {
        closed = true;
        for (Slot slot : List.copyOf(slots.values())) {
            Waiter waiter = waiterOf(slot);
            if (waiter != null) {
                waiter.result.complete(Pulled.without(End.CLOSED));
            }
        }
        long deadlineNs = System.nanoTime() + LONGEST_CLOSE.toNanos();
        synchronized (underWay) {
            long leftMs = LONGEST_CLOSE.toMillis();
            while (underWay.get() > 0 && leftMs > 0) {
                try {
                    underWay.wait(leftMs);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
                leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
            }
        }
    }
}
