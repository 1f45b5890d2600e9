package org.globalsessions;

import com.typesafe.config.Config;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.DepartureListener;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.KeyText;
import org.globalsessions.segment.RelayPlaces;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.segment.WriteOutcome.Status;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.ClientChannel;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.NextTierProvider;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.TierHost;

/**
 * The sessions of a service: a bounded table in memory that all processes of a host share, with a relay behind it where the
 * configuration names one.
 *
 * <pre>{@code
 * try (SessionCacheManager cache = SessionCacheManager.open(Path.of("client.conf"))) {
 *     cache.set("session-1", bytes);
 *     byte[] value = cache.get("session-1").join();
 * }
 * }</pre>
 *
 * <p>Any thread may call any method. One cache for a segment and a process is enough, more do no harm. Keys are 1 or more characters and at
 * most 1,024 bytes of UTF-8; a key must fit a record, and a value that does not fit beside it lies in the overflow area, up to
 * {@code max_value_size}. Arrays handed in are copied before the call returns, arrays handed out belong to the
 * caller. Futures that wait for the relay complete on the executor given at opening, by default on a few threads of the cache's own; what
 * depends on them may block.
 *
 * <p>After {@link #close} every call but a second close and {@link #removeListener} ends with {@link IllegalStateException}. The segment stays, for the other processes and for the next
 * start, unless it is private ({@code lru.private_segment}).
 */
public final class SessionCacheManager implements AutoCloseable {
    private static final long FLUSH_NS = TimeUnit.SECONDS.toNanos(1);

    private final SharedLru lru;
    private final AnswerThreads executor;
    private final Notifier notifier;
    private final Arrivals arrivals;
    private final Loads loads;
    private final Housekeeping housekeeping;

    /** The four below are there together, where there are relays, or are all null. */
    private final Relays relays;

    private final Recovery recovery;
    private final HeldRoom heldRoom;
    private final ClientRelays clients;

    /** Tells listeners what this process takes away. */
    private final DepartureListener departures = new DepartureListener() {
        @Override
        public void onExpired(EntrySnapshot entry) {
            String key = keyOf(entry);
            notifier.tell(listener -> listener.onExpiry(key));
        }

        @Override
        public void onEvicted(EntrySnapshot entry) {
            String key = keyOf(entry);
            byte[] value = entry.valueCopy();
            notifier.tell(listener -> listener.onEviction(key, value.clone()));
        }
    };

    private final ThreadLocal<WriteOutcome> outcomes = ThreadLocal.withInitial(WriteOutcome::new);
    private volatile boolean closed;

    private SessionCacheManager(
            SharedLru lru, List<NextTier> tiers, Duration unpublishedWait, Executor wanted, ThreadFactory threads) {
        this.lru = lru;
        this.executor = new AnswerThreads(wanted);
        Failures failures = new Failures(lru.counters(), lru.file().errors());
        notifier = new Notifier(executor, lru.counters(), failures);
        arrivals = new Arrivals(this::isHere, this::get, executor);
        loads = new Loads(lru, executor, failures, this::onLoaded);
        if (tiers.isEmpty()) {
            relays = null;
            recovery = null;
            heldRoom = null;
            clients = null;
            housekeeping = new Housekeeping(lru, null, arrivals, loads, failures, threads);
            startOrEnd(housekeeping::start);
            return;
        }
        ReceiptSignal receipts = new ReceiptSignal();
        clients = new ClientRelays(lru);
        Relay.Shared shared = new Relay.Shared(lru, receipts, failures, executor, notifier, arrivals, clients, threads);
        relays = new Relays(shared, tiers, this::onConnectionChanged);
        clients.relays(relays);
        recovery = new Recovery(lru, relays, executor, failures);
        heldRoom = new HeldRoom(lru, relays, receipts, unpublishedWait);
        housekeeping = new Housekeeping(lru, relays, arrivals, loads, failures, threads);
        startOrEnd(() -> {
            housekeeping.start();
            relays.start(housekeeping::wake);
        });
    }

    /** Whatever the start ends with, no part of this cache goes on over a segment that is closed. */
    private void startOrEnd(Runnable start) {
        try {
            start.run();
        } catch (Throwable e) {
            closed = true;
            try {
                closeParts();
            } catch (RuntimeException | Error second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    /**
     * Opens the cache that a client's configuration file describes: creates or attaches to its segment, and begins to connect to the relays
     * that it names. Does not wait for the relays, but where their list has changed up to {@code attach_timeout} for processes of the segment
     * that have the earlier one.
     *
     * @param config the file
     * @return the cache, to be closed by the caller
     * @throws IOException where the segment cannot be made or has no room
     * @throws org.globalsessions.config.ConfigurationException with everything that is wrong in the file
     */
    public static SessionCacheManager open(Path config) throws IOException {
        return open(NodeConfig.loadClient(config), null);
    }

    /**
     * Opens the cache that a configuration describes which the application has put together itself.
     *
     * @param config the configuration, resolved
     * @return the cache, to be closed by the caller
     * @throws IOException where the segment cannot be made or has no room
     * @throws org.globalsessions.config.ConfigurationException with everything that is wrong in it
     */
    public static SessionCacheManager open(Config config) throws IOException {
        return open(NodeConfig.loadClient(config), null);
    }

    /**
     * Opens the cache that a configuration describes, with an executor of the application's choice.
     *
     * @param config   the configuration, resolved
     * @param executor runs what waits for the relay's answers, the loaders, the listeners, and what depends on transactions and pulls of queues; must not run tasks on the
     *                 calling thread, and needs a further thread for each of these that itself waits for a get, a transaction or a pull, or they wait for each other for
     *                 ever
     * @return the cache, to be closed by the caller
     * @throws IOException where the segment cannot be made or has no room
     * @throws org.globalsessions.config.ConfigurationException with everything that is wrong in it
     */
    public static SessionCacheManager open(Config config, Executor executor) throws IOException {
        return open(NodeConfig.loadClient(config), Objects.requireNonNull(executor, "executor"));
    }

    private static SessionCacheManager open(NodeConfig config, Executor executor) throws IOException {
        if (!config.missing().isEmpty()) {
            throw new IllegalStateException(config.missing().stream()
                    .map(Object::toString)
                    .collect(Collectors.joining(
                            "; ", "the configuration asks for what this version does not have: ", "")));
        }
        List<Config> sections = config.relaySections();
        Duration wait = config.cache().unpublishedWait();
        if (sections.isEmpty()) {
            return open(config.cache().toSegmentSettings(Role.STANDALONE), List.of(), wait, executor);
        }
        // Looked for before the segment is made: nothing is left behind by a start that cannot succeed.
        NextTierProvider provider = provider();
        SegmentSettings settings = config.cache().toSegmentSettings(Role.HOST);
        List<RelaySource> relays = sections.stream()
                .map(section -> new RelaySource(NodeConfig.relayName(section), host -> provider.open(section, host)))
                .toList();
        return open(settings, relays, wait, executor);
    }

    /**
     * Opens a cache over any tiers.
     *
     * @param settings        the segment; gets the relays' ids
     * @param relays          the relays, empty for none; the role in the settings has to fit
     * @param unpublishedWait longest wait of a write without an acknowledgement
     * @param executor        as above, or null for threads of the cache's own
     */
    static SessionCacheManager open(
            SegmentSettings settings, List<RelaySource> relays, Duration unpublishedWait, Executor executor)
            throws IOException {
        settings.relays(
                relays.stream().mapToLong(relay -> RelayPlaces.id(relay.name())).toArray());
        return open(SharedLru.open(settings), relays, unpublishedWait, executor, Thread::new);
    }

    /**
     * Opens a cache over a segment that is open, which is closed with it, or here where that fails.
     *
     * @param threads makes the two kinds of threads that the cache has for itself
     */
    static SessionCacheManager open(
            SharedLru lru,
            List<RelaySource> relays,
            Duration unpublishedWait,
            Executor executor,
            ThreadFactory threads) {
        List<NextTier> tiers = new ArrayList<>();
        try {
            TierHost host = hostOf(lru.file());
            for (RelaySource relay : relays) {
                tiers.add(relay.tier().apply(host));
            }
            return new SessionCacheManager(lru, tiers, unpublishedWait, executor, threads);
        } catch (Throwable e) {
            // Again, where the start has failed and not the making: closing twice does nothing more.
            tiers.forEach(NextTier::close);
            lru.close();
            throw e;
        }
    }

    private static TierHost hostOf(SegmentFile file) {
        return new TierHost(file.identityHigh(), file.identityLow(), file.origin(), file.slot(), file.incarnation());
    }

    /**
     * The session's value, from here or from the tiers behind.
     *
     * @param key the key
     * @return already complete where this host has it. The value; null where every tier that could hold it has answered that it is
     *     not there; else exceptionally {@link TierUnavailableException}
     */
    public CompletableFuture<byte[]> get(String key) {
        ensureOpen();
        EncodedKey encoded = lru.encode(key);
        byte[] value = lru.get(encoded);
        if (recovery == null || (value != null && relays.covers(encoded))) {
            return CompletableFuture.completedFuture(value);
        }
        return recovery.recover(key, encoded).thenApply(found -> found == null ? null : found.value());
    }

    /**
     * The session's value, from here, from the tiers behind, or else from the application's own loader, whose value is stored as a write
     * of this host.
     *
     * <p>Of all threads and processes of the host that miss a key at the same time one runs its loader, the others wait for what it
     * stores: at most ten seconds for each process whose loader they wait for, or one second after it has died or was stopped, and then one
     * of them runs its own. Where a loader throws, its own askers get that, and one of the others runs the next.
     * What was set meanwhile counts more than what the loader brought; what was deleted meanwhile is loaded again. Where the host
     * loads more than 64 keys at a time, further ones are loaded without regard to other processes
     * ({@link Counter#LOADS_WITHOUT_CLAIM}).
     *
     * @param key    the key
     * @param loader gives the value for the key, or null, which stores nothing and is the answer of all who waited; runs on the cache's
     *               executor and may block; must not wait for this cache's get of the same key
     * @return as {@link #get(String)}; exceptionally what the loader threw. The loader does not run where a tier could not answer,
     *     as the session may be there
     */
    public CompletableFuture<byte[]> get(String key, Function<? super String, byte[]> loader) {
        ensureOpen();
        Objects.requireNonNull(loader, "loader");
        EncodedKey encoded = lru.encode(key);
        byte[] value = lru.get(encoded);
        if (value != null && mayServe(encoded)) {
            return CompletableFuture.completedFuture(value);
        }
        byte[] bytes = encoded.copy();
        if (recovery == null) {
            return loads.load(key, bytes, loader);
        }
        return recovery.recover(key, encoded)
                .thenCompose(found -> found != null
                        ? CompletableFuture.completedFuture(found.value())
                        : loads.load(key, bytes, loader));
    }

    /**
     * The session's value with its version: pass the version on when writing back what was read.
     *
     * @param key the key
     * @return as {@link #get(String)}
     */
    public CompletableFuture<VersionedValue> getVersioned(String key) {
        ensureOpen();
        EncodedKey encoded = lru.encode(key);
        EntrySnapshot snapshot = new EntrySnapshot();
        if (lru.find(encoded, snapshot) && (relays == null || relays.covers(snapshot))) {
            // A read is a use, also this one; find alone renews nothing. Where the session has just gone, the value
            // read still counts.
            boolean stillThere = lru.touch(encoded, snapshot);
            lru.counters().increment(stillThere ? Counter.HITS : Counter.MISSES);
            return CompletableFuture.completedFuture(new VersionedValue(snapshot.valueCopy(), snapshot.version()));
        }
        lru.counters().increment(Counter.MISSES);
        return recovery == null ? CompletableFuture.completedFuture(null) : recovery.recover(key, encoded);
    }

    /**
     * The session's value if this host's segment has it; asks nobody else.
     *
     * @param key the key
     * @return the value, or null, which says nothing about the tiers behind; also where this host has been cut off from the relay for longer
     *     than that allows ({@code max_stale}), and did not begin the session since
     */
    public byte[] getLocal(String key) {
        ensureOpen();
        EncodedKey encoded = lru.encode(key);
        byte[] value = lru.get(encoded);
        return value == null || mayServe(encoded) ? value : null;
    }

    /**
     * Copies the session's value if this host's segment has it; asks nobody else and allocates nothing.
     *
     * @param key    the key
     * @param target where the value goes
     * @param offset first byte of the target to write
     * @return the value's length; -1 where it is not here, or not to be served ({@link #getLocal(String)}); -2 - length where the target is too small, and nothing is copied then
     */
    public int getLocal(String key, byte[] target, int offset) {
        ensureOpen();
        EncodedKey encoded = lru.encode(key);
        int length = lru.getInto(encoded, target, offset);
        return length == SharedLru.ABSENT || mayServe(encoded) ? length : SharedLru.ABSENT;
    }

    private boolean mayServe(EncodedKey key) {
        return relays == null || relays.covers(key);
    }

    /**
     * Stores a value on this host and returns; it goes to the relay by itself. Over a session that was deleted it begins a new
     * one. Waits only where the segment is full of what the relay does not have yet, and the link drains: at most ten times
     * {@code unpublished_wait}.
     *
     * @param key   the key
     * @param value the value, may be empty
     * @throws ValueTooLargeException where the key does not fit a record, or the value neither a record nor {@code max_value_size};
     *     nothing is stored
     * @throws IllegalStateException where the cache is closed, or other writers held every place that the write could have taken;
     *     nothing is stored then
     */
    public void set(String key, byte[] value) {
        ensureOpen();
        // One a thread: a plain set allocates nothing.
        WriteOutcome outcome = outcomes.get();
        EncodedKey encoded = lru.encode(key);
        long digestLow = encoded.digestLow();
        store(encoded, value, SetOptions.DEFAULTS, outcome);
        if (outcome.status() != Status.STORED) {
            throw new IllegalStateException("the segment refused a set: " + outcome.status());
        }
        if (relays != null) {
            relays.of(digestLow).publisher().offer(outcome.way());
        }
        arrived(key);
    }

    /**
     * Stores a value as the options say.
     *
     * @param key     the key
     * @param value   the value, may be empty
     * @param options lifetime, how far to wait, condition
     * @return the version that counts; exceptionally {@link ConditionFailedException} where the write lost, or
     *     {@link TierUnavailableException} where the acknowledgement asked for did not come: it stands on this host, unless the message says that it has left it. A condition that the
     *     relay has to decide leaves this host as it was until then: {@code TierUnavailableException} means that nothing is stored, or,
     *     where the request may have reached the relay, that this is not known and the session is to be read again
     * @throws ValueTooLargeException   where the key does not fit a record, or the value neither a record nor
     *     {@code max_value_size}; nothing is stored
     * @throws IllegalStateException    as {@link #set(String, byte[])}
     * @throws IllegalArgumentException where the acknowledgement is one of deletes
     */
    public CompletableFuture<Version> set(String key, byte[] value, SetOptions options) {
        ensureOpen();
        Acknowledgement level = options.acknowledgement();
        if (level == Acknowledgement.EVERYWHERE) {
            throw new IllegalArgumentException("an acknowledgement of deletes alone: acknowledgement=" + level);
        }
        if (options.expectedVersion() != null && level != Acknowledgement.LOCAL) {
            return saveIf(key, value, options);
        }
        WriteOutcome outcome = new WriteOutcome();
        EncodedKey encoded = lru.encode(key);
        store(encoded, value, options, outcome);
        if (outcome.status() != Status.STORED) {
            return CompletableFuture.failedFuture(lost(outcome));
        }
        Version version = outcome.version();
        CompletableFuture<Version> result = new CompletableFuture<>();
        if (level == Acknowledgement.LOCAL) {
            if (relays != null) {
                relays.of(encoded.digestLow()).publisher().offer(outcome.way());
            }
            result.complete(version);
        } else if (relays == null) {
            result.completeExceptionally(new TierUnavailableException("stored on this host; no relay is configured"));
        } else {
            relays.of(encoded.digestLow())
                    .publisher()
                    .offerAwaited(new AwaitedSet(encoded.copy(), version, level, result));
        }
        arrived(key);
        return result;
    }

    /** Has the key's relay decide, and stores the value here once it has said yes. */
    private CompletableFuture<Version> saveIf(String key, byte[] value, SetOptions options) {
        EncodedKey encoded = lru.encode(key);
        Version expected = options.expectedVersion();
        SessionEntry proposed = lru.propose(encoded, value, options.lifetimeTicks(), expected);
        if (relays == null) {
            return CompletableFuture.failedFuture(
                    new TierUnavailableException("nothing stored; no relay is configured that could decide"));
        }
        CompletableFuture<Version> result = new CompletableFuture<>();
        relays.of(encoded.digestLow())
                .publisher()
                .offerConditional(
                        new ConditionalSave(proposed, encoded.digest(), expected, options.acknowledgement(), result));
        return result.thenApply(version -> {
            arrived(key);
            return version;
        });
    }

    /**
     * Deletes a session on this host and returns; every other tier is told by itself. No get on this host that begins after the future
     * has completed returns that session.
     *
     * @param key the key
     * @return true if this host's segment held it
     */
    public CompletableFuture<Boolean> delete(String key) {
        return delete(key, Acknowledgement.LOCAL);
    }

    /**
     * Deletes a session and waits until a later tier has it, or until no host serves it any more.
     *
     * @param key   the key
     * @param level how far to wait
     * @return true if a tier that has answered by then held the session; exceptionally {@link TierUnavailableException} where the session is
     *     gone on this host and the acknowledgement asked for did not come
     */
    public CompletableFuture<Boolean> delete(String key, Acknowledgement level) {
        ensureOpen();
        Objects.requireNonNull(level, "level");
        EncodedKey encoded = lru.encode(key);
        WriteOutcome outcome = new WriteOutcome();
        lru.delete(encoded, outcome);
        boolean held = outcome.held();
        if (held) {
            notifier.tell(listener -> listener.onDeletion(key));
        }
        if (outcome.status() == Status.NO_TOMBSTONE_ROOM
                && (heldRoom == null || !heldRoom.delete(outcome, takeHeld -> lru.delete(encoded, outcome)))) {
            return CompletableFuture.failedFuture(new TierUnavailableException(
                    "deleted on this host; too many deletes wait for the relay to note this one"));
        }
        if (relays == null) {
            return level == Acknowledgement.LOCAL
                    ? CompletableFuture.completedFuture(held)
                    : CompletableFuture.failedFuture(
                            new TierUnavailableException("deleted on this host; no relay is configured"));
        }
        if (level == Acknowledgement.LOCAL) {
            // Where the queue is full the sweep finds the tombstone.
            relays.of(encoded.digestLow())
                    .publisher()
                    .offerDelete(encoded.digest(), outcome.version(), Acknowledgement.RELAY, null);
            return CompletableFuture.completedFuture(held);
        }
        CompletableFuture<Boolean> further = new CompletableFuture<>();
        relays.of(encoded.digestLow()).publisher().offerDelete(encoded.digest(), outcome.version(), level, further);
        return further.thenApply(heldThere -> held || heldThere);
    }

    /**
     * Renews a session's idle time and recency without reading its value; brings it here where only a later tier has it.
     *
     * @param key the key
     * @return true if the session is live; else as {@link #get(String)}
     */
    public CompletableFuture<Boolean> touch(String key) {
        ensureOpen();
        EncodedKey encoded = lru.encode(key);
        boolean here = lru.touch(encoded) && mayServe(encoded);
        if (here || recovery == null) {
            return CompletableFuture.completedFuture(here);
        }
        return recovery.recover(key, encoded).thenApply(found -> found != null);
    }

    /**
     * Stores the SHA-256 digest of a value in place of the value, for later comparison; on this host, as {@link #set(String, byte[])}
     * does.
     *
     * @param key   the key
     * @param value what to remember the digest of
     * @return the digest, 32 bytes
     */
    public byte[] hashSet(String key, byte[] value) {
        byte[] digest = sha256(value);
        set(key, digest);
        return digest;
    }

    /**
     * Whether a value is the one whose digest {@link #hashSet} has stored. Takes as long for a value that differs early as for one that
     * differs late.
     *
     * @param key   the key
     * @param value the value to compare
     * @return true if it is; false where it is another one or the session is not there; else as {@link #get(String)}
     */
    public CompletableFuture<Boolean> checkHash(String key, byte[] value) {
        byte[] digest = sha256(value);
        return get(key).thenApply(stored -> stored != null && MessageDigest.isEqual(stored, digest));
    }

    /**
     * How many live sessions this host's segment has. Looks at every place.
     *
     * @return the count, approximate while others write
     */
    public int size() {
        ensureOpen();
        return lru.liveCount();
    }

    /**
     * Shows every live session of this host's segment, while others go on to write. Asks no other tier and renews nothing.
     *
     * <p>A session that lives during the whole iteration is seen exactly once, with a value that it had at some moment of it. One that is set
     * or ends meanwhile is seen once or not at all. (An overwrite may move a session to another place. The iteration looks through the
     * segment again until each part was at rest over one look, eight times at most; only a session whose part is written without a
     * pause, and that each time has just moved to a place passed before, is missed.) Takes 32 to 64 bytes of memory for each session
     * meanwhile.
     *
     * @param visitor sees them, on this thread; may call this cache
     */
    public void forEach(SessionVisitor visitor) {
        ensureOpen();
        new Iteration(lru, relays, 0, Objects.requireNonNull(visitor, "visitor")).run();
    }

    /**
     * Evicts sessions of this host's segment now, without waiting until their places are needed: those unused for longer than
     * {@code aged_out_secs}, oldest first. Never a fresher one, nor one that the next tier does not have yet. Looks through the
     * whole segment.
     *
     * @param count most sessions to evict
     * @return how many went; 0 where the configuration gives no {@code aged_out_secs}
     */
    public int evict(int count) {
        ensureOpen();
        return lru.evict(count, entry -> {});
    }

    /**
     * As {@link #evict}, and hands what went to the caller, whose it is from then on.
     *
     * @param count most sessions to evict
     * @return keys and values, oldest first
     */
    public Map<String, byte[]> evictMapped(int count) {
        ensureOpen();
        Map<String, byte[]> evicted = new LinkedHashMap<>();
        lru.evict(count, entry -> evicted.put(keyOf(entry), entry.valueCopy()));
        return evicted;
    }

    /**
     * As {@link #evictMapped}, but only where a key's own places are, so that it finds room. Looks at 32 places.
     *
     * @param key   the key, which need not be here
     * @param count most sessions to evict
     * @return keys and values, oldest first
     */
    public Map<String, byte[]> evictNear(String key, int count) {
        ensureOpen();
        Map<String, byte[]> evicted = new LinkedHashMap<>();
        lru.evictNear(lru.encode(key), count, entry -> evicted.put(keyOf(entry), entry.valueCopy()));
        return evicted;
    }

    /**
     * Waits for a session that is about to arrive, from another process or host. At most {@value Arrivals#CAPACITY} may wait in a
     * process.
     *
     * @param key     the key
     * @param timeout from zero to one day; the future completes at most a quarter of a second later
     * @return the value; null where it had not come by then; exceptionally {@link TierUnavailableException} where that could not be told, or
     *     {@link RejectedExecutionException} where too many wait
     */
    public CompletableFuture<byte[]> whenArrives(String key, Duration timeout) {
        ensureOpen();
        return arrivals.await(key, timeout);
    }

    /**
     * The way of messages to remote clients whom other processes serve, for the client directory.
     *
     * @return the channel; null where no relay stands behind this host's segment
     */
    public ClientChannel clientChannel() {
        return clients;
    }

    /**
     * Adds a listener.
     *
     * @param listener told from now on
     */
    public void addListener(SessionListener listener) {
        ensureOpen();
        notifier.add(Objects.requireNonNull(listener, "listener"));
        // Not before somebody listens: each departure is copied for it.
        lru.departures(departures);
    }

    /**
     * Removes a listener, also after the close; a notification under way may still reach it.
     *
     * @param listener the listener
     * @return false where it was not there
     */
    public boolean removeListener(SessionListener listener) {
        return notifier.remove(listener);
    }

    /**
     * A counter of the segment: of all its processes together, since it was created.
     *
     * @param counter which
     * @return its value
     */
    public long counter(Counter counter) {
        ensureOpen();
        return lru.counters().get(counter);
    }

    /**
     * What runs what depends on this cache's answers: the executor given at opening, or the cache's own threads, on which tasks may block and wait for this cache. Takes tasks
     * also after the close.
     *
     * @return the executor
     */
    public Executor executor() {
        return executor;
    }

    /**
     * Sends what is not yet sent, for at most a second, gives the leases up and leaves the segment to the others. What is unsent then, another
     * process of this host or the next start sends; of a private segment it is lost.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (relays != null) {
            relays.flush(FLUSH_NS);
        }
        closeParts();
    }

    private void closeParts() {
        if (relays != null) {
            relays.closePublishers();
        }
        housekeeping.close();
        if (relays != null) {
            relays.closeLinks();
            recovery.close();
        }
        arrivals.close();
        loads.close();
        lru.close();
        executor.close();
    }

    private void store(EncodedKey key, byte[] value, SetOptions options, WriteOutcome outcome) {
        int lifetime = options.lifetimeTicks();
        lru.set(key, value, 0, value.length, lifetime, options.expectedVersion(), false, outcome);
        if (outcome.status() == Status.NO_ROOM && heldRoom != null) {
            storeHeld(key, value, options, outcome);
        }
        if (outcome.status() == Status.NO_ROOM) {
            throw noRoom(key, value.length);
        }
    }

    private IllegalStateException noRoom(EncodedKey key, int length) {
        return new IllegalStateException("no room for a value, nothing stored: key digest="
                + lru.file().logDigest(key.digest()) + ", bytes=" + length + ", file="
                + lru.file().path()
                + "; other processes hold every place that it could take, as one that is stopped inside a set does until it goes on or ends:"
                + " let it, or end it; for values larger than a record a larger overflow_share gives more places");
    }

    /** Apart from {@link #store}, which would allocate for the lambda at each call. */
    private void storeHeld(EncodedKey key, byte[] value, SetOptions options, WriteOutcome outcome) {
        heldRoom.store(
                key,
                outcome,
                takeHeld -> lru.set(
                        key,
                        value,
                        0,
                        value.length,
                        options.lifetimeTicks(),
                        options.expectedVersion(),
                        takeHeld,
                        outcome));
    }

    private static ConditionFailedException lost(WriteOutcome outcome) {
        return switch (outcome.status()) {
            case ABSENT ->
                new ConditionFailedException("the session is not there", ConditionFailedException.Reason.ABSENT);
            case OTHER_VERSION, SUPERSEDED -> ConditionFailedException.otherVersion(outcome.version());
            case BEATEN_BY_TOMBSTONE ->
                new ConditionFailedException(
                        "the session was deleted", ConditionFailedException.Reason.DELETED, outcome.version());
            default -> throw new IllegalStateException("the segment refused a set: " + outcome.status());
        };
    }

    private void onLoaded(Loads.Stored stored) {
        if (relays != null) {
            relays.of(lru.encode(stored.key()).digestLow()).publisher().offer(stored.way());
        }
        arrived(stored.key());
    }

    private void arrived(String key) {
        if (!arrivals.isEmpty()) {
            arrivals.arrived(key::equals);
        }
    }

    private static String keyOf(EntrySnapshot entry) {
        return KeyText.of(entry.keyCopy());
    }

    private static byte[] sha256(byte[] value) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(value);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private boolean isHere(String key) {
        EntrySnapshot snapshot = new EntrySnapshot();
        return lru.find(lru.encode(key), snapshot) && (relays == null || relays.covers(snapshot));
    }

    private void onConnectionChanged() {
        housekeeping.wake();
    }

    private void ensureOpen() {
        if (closed) {
            throw new IllegalStateException("the cache is closed");
        }
    }

    private static NextTierProvider provider() {
        ClassLoader loader = NextTierProvider.class.getClassLoader();
        return ServiceLoader.load(NextTierProvider.class, loader)
                .findFirst()
                .orElseThrow(
                        () -> new IllegalStateException(
                                "the configuration names a relay, but no client for one is on the class path: add the module transport"));
    }
}
