package org.globalsessions.queue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;

/**
 * One owner of named sessions and their queues, a user or a group of devices: all of it is one entry of the shared table, so that every process and host sees
 * the same, and a kill leaves each transaction done or not at all.
 *
 * <p>Any thread may call any method. Where it cannot be known whether a transaction counts it ends with {@link
 * org.globalsessions.TierUnavailableException}: begin again, and see what was remembered.
 */
public final class QueueOwner {
    private final String name;
    private final OwnerDirectory directory;

    QueueOwner(String name, OwnerDirectory directory) {
        this.name = name;
        this.directory = directory;
    }

    /**
     * Runs a function as a transaction, and waits until what it has changed counts.
     *
     * @param function may run several times, as others change the owner meanwhile, and must not wait; where it throws nothing is changed
     * @param <T>      what it gives
     * @return what it has given
     * @throws org.globalsessions.ValueTooLargeException where all that is kept of the owner does not fit its entry any more: nothing is changed
     * @throws org.globalsessions.TierUnavailableException where it is not known whether the changes count
     * @throws java.util.concurrent.RejectedExecutionException where too many transactions of the owner wait in this process
     * @throws IllegalStateException where the cache is closed, or within another transaction
     */
    public <T> T transact(Function<OwnerTransaction, T> function) {
        OwnerWork.refuseWithin();
        try {
            return directory.run(name, function).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw e;
        }
    }

    /**
     * As {@link #transact}, without waiting.
     *
     * @param function as above
     * @param <T>      what it gives
     * @return its result; exceptionally as above, or with what the function has thrown
     */
    public <T> CompletableFuture<T> transactAsync(Function<OwnerTransaction, T> function) {
        OwnerWork.refuseWithin();
        // What depends on it may wait for another transaction of the owner, which the committing thread must not.
        return directory.run(name, function).thenApplyAsync(Function.identity(), directory.executor());
    }

    /**
     * Waits for the next message under a name, which is there from then on. The message leaves its queue: it comes once, or not at all where it gets
     * lost on its way to the client. A pull that waits under the same name, in whichever process, ends then.
     *
     * @param session the name
     * @return the message, or why there is none; exceptionally with {@link org.globalsessions.TierUnavailableException}. Cancel it where its client is gone
     */
    public CompletableFuture<Pulled> pull(String session) {
        OwnerWork.refuseWithin();
        return directory.pulls().pull(name, OwnerTransaction.checked(session), false);
    }

    /**
     * As {@link #pull}, but the message stays the first in its queue until it is acknowledged: it comes at least once.
     *
     * @param session the name
     * @return as above
     */
    public CompletableFuture<Pulled> pullToAcknowledge(String session) {
        OwnerWork.refuseWithin();
        return directory.pulls().pull(name, OwnerTransaction.checked(session), true);
    }

    /**
     * Takes a message out of its queue that was pulled to be acknowledged.
     *
     * @param session the name
     * @param number  {@link Pulled#number}
     * @return false where it is no longer the first: it was acknowledged before, or dropped
     */
    public CompletableFuture<Boolean> acknowledge(String session, long number) {
        String checked = OwnerTransaction.checked(session);
        return transactAsync(transaction -> transaction.acknowledge(checked, number));
    }

    /** Names nobody. */
    @Override
    public String toString() {
        return "QueueOwner";
    }
}
