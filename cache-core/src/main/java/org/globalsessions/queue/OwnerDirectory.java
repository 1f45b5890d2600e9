package org.globalsessions.queue;

import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SessionListener;

/**
 * The owners of named sessions and queues in a cache's path. One for a cache is enough. Any thread may call any method.
 *
 * <pre>{@code
 * OwnerDirectory owners = new OwnerDirectory(cache, QueueSettings.DEFAULTS);
 * QueueOwner ann = owners.owner("ann");
 * ann.transact(t -> {
 *     t.notify("{\"text\":\"hello\"}", "phone");
 *     return null;
 * });
 * Pulled pulled = ann.pull("phone").join();
 * }</pre>
 */
public final class OwnerDirectory implements AutoCloseable {
    /** Longest name of an owner, in bytes of UTF-8. */
    public static final int MAX_OWNER_BYTES = 512;

    private final SessionCacheManager cache;
    private final OwnerEntries entries;
    private final OwnerRules rules;
    private final WaitingPulls pulls;
    private final int maxSessions;
    private final ConcurrentHashMap<String, OwnerWork> works = new ConcurrentHashMap<>();
    private final LongAdder dropped = new LongAdder();

    private final SessionListener listener = new SessionListener() {
        @Override
        public void onArrival(String key) {
            String owner = OwnerEntries.ownerOf(key);
            if (owner != null) {
                pulls.arrived(owner);
            }
        }
    };

    /**
     * The owners of a path.
     *
     * @param cache    the path's cache; stays the caller's to close, after this
     * @param settings how queues behave; {@link QueueSettings#from} has them from a configuration
     */
    public OwnerDirectory(SessionCacheManager cache, QueueSettings settings) {
        this(cache, settings, InstantSource.system());
    }

    OwnerDirectory(SessionCacheManager cache, QueueSettings settings, InstantSource clock) {
        settings.check();
        this.cache = Objects.requireNonNull(cache, "cache");
        this.entries = new OwnerEntries(cache, settings.acknowledgement());
        this.rules = new OwnerRules(settings, clock);
        this.pulls =
                new WaitingPulls(this::run, entries, settings.backchannelTimeout(), dropped, clock, cache.executor());
        this.maxSessions = settings.maxSessions();
        cache.addListener(listener);
    }

    /**
     * An owner, who need not be known yet.
     *
     * @param name 1 to {@value #MAX_OWNER_BYTES} bytes
     * @return the owner
     */
    public QueueOwner owner(String name) {
        int bytes = OwnerTransaction.utf8("owner's name", name).length;
        if (bytes < 1 || bytes > MAX_OWNER_BYTES) {
            throw new IllegalArgumentException(
                    "owner's name is too long or empty: bytes=" + bytes + ", limit=1 to " + MAX_OWNER_BYTES);
        }
        return new QueueOwner(name, this);
    }

    /**
     * How many messages this process has dropped, as more came than may wait or their name went, or as nobody got what could not be put back either.
     *
     * @return the count since the start
     */
    public long dropped() {
        return dropped.sum();
    }

    /** How many names an owner should have at most. */
    int maxSessions() {
        return maxSessions;
    }

    /** Runs what depends on what comes from here: it may block. */
    Executor executor() {
        return cache.executor();
    }

    WaitingPulls pulls() {
        return pulls;
    }

    <T> CompletableFuture<T> run(String owner, Function<OwnerTransaction, T> function) {
        Objects.requireNonNull(function, "function");
        boolean[] reserved = new boolean[1];
        OwnerWork work = works.compute(owner, (name, present) -> {
            OwnerWork of = present != null
                    ? present
                    : new OwnerWork(name, entries, rules, this::committed, () -> forget(owner), cache.executor());
            reserved[0] = of.reserve();
            return of;
        });
        return reserved[0]
                ? work.submit(function)
                : CompletableFuture.failedFuture(new RejectedExecutionException(
                        "too many transactions of an owner wait: limit=" + OwnerWork.CAPACITY));
    }

    private void forget(String owner) {
        works.computeIfPresent(owner, (name, present) -> present.isIdle() ? null : present);
    }

    private void committed(String owner, OwnerState state) {
        dropped.add(state.droppedSince());
        pulls.committed(owner, state);
    }

    /** Ends all pulls that wait. Transactions still work, as long as the cache is open. */
    @Override
    public void close() {
        cache.removeListener(listener);
        pulls.close();
    }
}
